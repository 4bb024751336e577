package v2

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// address answers for the address of a profile or post: what is known here
// first, then what its server says.
func (h *Search) address(c echo.Context, in searchInput, page httpx.Page) error {
	var out entity.SearchResults
	if page.Offset > 0 {
		return c.JSON(http.StatusOK, out)
	}
	known := func(account *social.Account, post *social.Status) (found bool, err error) {
		err = h.Do(c, func(ctx context.Context, r *v1.Call) error {
			out, found = entity.SearchResults{}, false
			if account == nil && post == nil {
				if account, post, err = local(ctx, r, in.Query); err != nil {
					return err
				}
			}
			found = account != nil || post != nil
			return h.show(ctx, r, in, account, post, &out)
		})
		return found, err
	}
	found, err := known(nil, nil)
	if err != nil {
		return err
	}
	if !found && in.Resolve {
		account, post, err := h.Lookup(c, in.Query)
		if err != nil {
			return err
		}
		if account != nil || post != nil {
			if _, err := known(account, post); err != nil {
				return err
			}
		}
	}
	return c.JSON(http.StatusOK, out)
}

// show puts an account or a post that the viewer may see into the results.
func (h *Search) show(ctx context.Context, r *v1.Call, in searchInput, account *social.Account, post *social.Status, out *entity.SearchResults) error {
	if account != nil && in.wants(onlyAccounts) {
		out.Accounts = h.Render.Accounts(r.Tenant, []*social.Account{account})
	}
	if post == nil || !in.wants(onlyStatuses) {
		return nil
	}
	seen, err := store.VisibleStatus(ctx, r.Scope, r.Viewer, post.ID)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	out.Statuses, err = h.Render.Statuses(ctx, r.Scope, r.Tenant, r.Viewer, []*social.Status{seen})
	return err
}

// local finds what has the address as its id or, for the tenant's own, as its page.
func local(ctx context.Context, r *v1.Call, address string) (*social.Account, *social.Status, error) {
	user, post := ownPage(r.Tenant, address)
	var account *social.Account
	var status *social.Status
	var err error
	switch {
	case post != 0:
		status, err = store.StatusByID(ctx, r.Scope, post)
	case user != "":
		account, err = v1.AccountByName(ctx, r, social.Handle{User: user})
	default:
		account, err = store.AccountByURI(ctx, r.Scope, address)
		if fault.IsNotFound(err) {
			account = nil
			status, err = store.StatusByURI(ctx, r.Scope, address)
		}
	}
	if fault.IsNotFound(err) {
		return nil, nil, nil
	}
	return account, status, err
}

// ownPage reads the tenant's own page addresses: /@user and /@user/123.
func ownPage(t *tenant.Tenant, address string) (user string, post social.StatusID) {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Host, t.Host) {
		return "", 0
	}
	user, number, _ := strings.Cut(strings.TrimPrefix(u.Path, "/@"), "/")
	if !strings.HasPrefix(u.Path, "/@") {
		return "", 0
	}
	if number == "" {
		return user, 0
	}
	if id, ok := ids.Parse(number); ok {
		return user, social.StatusID(id)
	}
	return "", 0
}
