package v2

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Search finds accounts, posts and hashtags, and looks up addresses.
type Search struct{ v1.Deps }

// NewSearch returns the handlers.
func NewSearch(d v1.Deps) *Search { return &Search{d} }

// Routes is the table.
func (h *Search) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v2/search", Auth: httpx.OptionalUser, Scopes: []string{"read:search"},
		Act: access.Read, Handler: h.search,
	}}
}

const usualResults, mostResults = 20, 40

// What a search can be narrowed to.
const (
	onlyAccounts = "accounts"
	onlyStatuses = "statuses"
	onlyHashtags = "hashtags"
)

type searchInput struct {
	Query     string           `json:"q"`
	Type      string           `json:"type"`
	Resolve   bool             `json:"resolve"`
	Following bool             `json:"following"`
	AccountID social.AccountID `json:"account_id"`
}

// Validate implements httpx.Validator.
func (in *searchInput) Validate() error {
	in.Query = strings.TrimSpace(in.Query)
	switch in.Type {
	case "", onlyAccounts, onlyStatuses, onlyHashtags:
	default:
		return fault.New(fault.Malformed, "type must be accounts, statuses or hashtags.")
	}
	if in.Query == "" {
		return fault.New(fault.Malformed, "q must not be empty.")
	}
	return nil
}

func (in *searchInput) wants(kind string) bool { return in.Type == "" || in.Type == kind }

// Both let strangers make the server work hard, the second even for others.
var (
	errPaging  = fault.New(fault.Unauthorized, "Search queries pagination is not supported without authentication")
	errResolve = fault.New(fault.Unauthorized, "Search queries that resolve remote resources are not supported without authentication")
)

func (h *Search) search(c echo.Context) error {
	var in searchInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, usualResults, mostResults)
	if err != nil {
		return err
	}
	if v1.ViewerID(c) == 0 && page.Offset > 0 {
		return errPaging
	}
	if v1.ViewerID(c) == 0 && in.Resolve {
		return errResolve
	}
	if v1.IsAddress(in.Query) {
		return h.address(c, in, page)
	}
	var resolved *social.Account
	if in.Resolve && in.wants(onlyAccounts) && page.Offset == 0 && !in.Following {
		if resolved, _, err = h.Lookup(c, in.Query); err != nil {
			return err
		}
	}
	var out entity.SearchResults
	err = h.Do(c, func(ctx context.Context, r *v1.Call) error {
		out = entity.SearchResults{}
		return h.words(ctx, r, in, page, resolved, &out)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// words searches by text.
func (h *Search) words(ctx context.Context, r *v1.Call, in searchInput, page httpx.Page, resolved *social.Account, out *entity.SearchResults) error {
	if in.wants(onlyAccounts) {
		found, err := v1.SearchAccounts(ctx, r, store.AccountSearch{
			Text: in.Query, Following: in.Following, Limit: page.Limit, Offset: page.Offset,
		}, resolved)
		if err != nil {
			return err
		}
		out.Accounts = h.Render.Accounts(r.Tenant, found)
	}
	// Posts are searched for people alone, as in Mastodon: strangers get no full-text index.
	if in.wants(onlyStatuses) && r.Viewer != 0 && !strings.HasPrefix(in.Query, "#") && !strings.HasPrefix(in.Query, "@") {
		found, err := store.SearchStatuses(ctx, r.Scope, r.Viewer, store.StatusSearch{
			Text: in.Query, AccountID: in.AccountID, MaxID: page.MaxID, MinID: page.Floor(), Limit: page.Limit, Offset: page.Offset,
		})
		if err != nil {
			return err
		}
		if out.Statuses, err = h.Render.Statuses(ctx, r.Scope, r.Tenant, r.Viewer, found); err != nil {
			return err
		}
	}
	if in.wants(onlyHashtags) && !strings.HasPrefix(in.Query, "@") {
		return h.tags(ctx, r, in.Query, page, out)
	}
	return nil
}

func (h *Search) tags(ctx context.Context, r *v1.Call, query string, page httpx.Page, out *entity.SearchResults) error {
	found, err := store.SearchTags(ctx, r.Scope, htmlsafe.NormaliseTag(query), page.Limit, page.Offset)
	if err != nil || len(found) == 0 {
		return err
	}
	followed := map[string]bool{}
	if r.Viewer != 0 {
		if followed, err = store.WhichTagsFollowed(ctx, r.Scope, r.Viewer, found); err != nil {
			return err
		}
	}
	out.Hashtags = make(entity.Array[entity.Tag], len(found))
	for i, tag := range found {
		out.Hashtags[i] = h.Render.Tag(r.Tenant, tag, followed[tag], nil)
	}
	return nil
}
