package v1

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// lister reads a list of accounts that pages by an id of its own.
type lister func(ctx context.Context, scope *pg.Scope, account social.AccountID, page store.Page) ([]*store.Listed, error)

// sendList answers with a page of accounts. Its Link header carries the ids of
// the rows, not of the accounts: apps must follow it.
func (d Deps) sendList(c echo.Context, read func(context.Context, *Call, store.Page) ([]*store.Listed, error)) error {
	page, err := httpx.PageOf(c, usualAccounts, mostAccounts)
	if err != nil {
		return err
	}
	var out entity.Array[*entity.Account]
	err = d.Do(c, func(ctx context.Context, r *Call) error {
		rows, err := read(ctx, r, storePage(page))
		if err != nil {
			return err
		}
		found := make([]social.AccountID, len(rows))
		for i, row := range rows {
			found[i] = row.AccountID
		}
		if len(rows) > 0 {
			httpx.SetLink(c, rows[0].ID, rows[len(rows)-1].ID, len(rows) == page.Limit)
		}
		out, err = d.Render.AccountsByIDs(ctx, r.Scope, r.Tenant, found)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// textIDs are ids as sent: what is no id names nothing and is left out.
type textIDs []string

// maxIDs is how many accounts one request may name.
const maxIDs = 40

// accountIDs reads ids, each once.
func accountIDs(texts textIDs) []social.AccountID {
	out := make([]social.AccountID, 0, min(len(texts), maxIDs))
	seen := make(map[int64]bool, cap(out))
	for _, text := range texts {
		id, ok := ids.Parse(text)
		if !ok || seen[id] {
			continue
		}
		if seen[id] = true; len(out) < maxIDs {
			out = append(out, social.AccountID(id))
		}
	}
	return out
}

// parseHandle reads user, @user or user@host. A host of the tenant's own is none;
// in development hosts carry a port.
func parseHandle(text string, t *tenant.Tenant) (social.Handle, bool) {
	user, host, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "@"), "@")
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == t.HandleDomain || host == t.Host {
		host = ""
	}
	ok := user != "" && !strings.ContainsAny(user, " /@:?#") && !strings.ContainsAny(host, " /@?#")
	return social.Handle{User: user, Host: host}, ok
}

// AccountByName finds an account by its handle, a local one also by a name that
// it had before: a used name never leads to anybody else.
func AccountByName(ctx context.Context, r *Call, handle social.Handle) (*social.Account, error) {
	found, err := store.AccountByHandle(ctx, r.Scope, handle)
	if fault.IsNotFound(err) && handle.Host == "" {
		return store.LocalAccountByAnyHandle(ctx, r.Scope, handle.User)
	}
	return found, err
}
