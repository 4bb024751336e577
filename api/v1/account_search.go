package v1

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

type accountSearchInput struct {
	Query     string `json:"q"`
	Resolve   bool   `json:"resolve"`
	Following bool   `json:"following"`
}

func (a *Accounts) search(c echo.Context) error {
	var in accountSearchInput
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	page, err := httpx.PageOf(c, usualAccounts, mostAccounts)
	if err != nil {
		return err
	}
	var resolved *social.Account
	if in.Resolve && page.Offset == 0 && !in.Following {
		if resolved, _, err = a.Lookup(c, in.Query); err != nil {
			return err
		}
	}
	var out entity.Array[*entity.Account]
	err = a.Do(c, func(ctx context.Context, r *Call) error {
		found, err := SearchAccounts(ctx, r, store.AccountSearch{
			Text: in.Query, Following: in.Following, Limit: page.Limit, Offset: page.Offset,
		}, resolved)
		out = a.Render.Accounts(r.Tenant, found)
		return err
	})
	if err != nil {
		return err
	}
	httpx.SetOffsetLink(c, page, len(out) == page.Limit)
	return c.JSON(http.StatusOK, out)
}

// SearchAccounts finds accounts; one that was just looked up elsewhere comes first.
func SearchAccounts(ctx context.Context, r *Call, q store.AccountSearch, resolved *social.Account) ([]*social.Account, error) {
	// People paste handles with the tenant's own host, under which nothing is stored.
	if handle, ok := parseHandle(q.Text, r.Tenant); ok && handle.Host == "" {
		q.Text = handle.User
	}
	found, err := store.SearchAccounts(ctx, r.Scope, r.Viewer, q)
	if err != nil || resolved == nil {
		return found, err
	}
	found = slices.DeleteFunc(found, func(a *social.Account) bool { return a.ID == resolved.ID })
	found = slices.Insert(found, 0, resolved)
	return found[:min(len(found), q.Limit)], nil
}

// IsAddress tells a profile's or post's address from words to search for.
func IsAddress(query string) bool {
	return strings.HasPrefix(query, "https://") || strings.HasPrefix(query, "http://")
}

// Lookup asks other servers about a handle or an address that is not known here.
// That nothing was found, or that a server does not answer, is no error: the
// search goes on with what is known.
func (d Deps) Lookup(c echo.Context, query string) (*social.Account, *social.Status, error) {
	query = strings.TrimSpace(query)
	home := tenant.FromContext(c.Request().Context())
	if d.Resolver == nil || !IsAddress(query) && !d.isForeign(c, query, home) {
		return nil, nil, nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), ResolveTimeout)
	defer cancel()
	account, status, err := d.Resolver.Resolve(ctx, home, query)
	switch {
	case err == nil:
		return account, status, nil
	case fault.CodeOf(err) != fault.Internal, errors.Is(err, context.DeadlineExceeded):
		return nil, nil, nil
	}
	return nil, nil, err
}

// isForeign reports whether a query is a full handle of somebody elsewhere whom
// this tenant does not know yet.
func (d Deps) isForeign(c echo.Context, query string, home *tenant.Tenant) bool {
	handle, ok := parseHandle(query, home)
	if !ok || handle.Host == "" {
		return false
	}
	err := d.Do(c, func(ctx context.Context, r *Call) error {
		_, err := store.AccountByHandle(ctx, r.Scope, handle)
		return err
	})
	return fault.IsNotFound(err)
}
