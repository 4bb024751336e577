package console

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/tenant/access"
	"rookery/tenant/export"
)

// What each list of an account holds, by its file.
var takeWords = map[string]string{
	"following_accounts.csv": "Whom it follows",
	"followers.csv":          "Its followers",
	"blocked_accounts.csv":   "Whom it blocks",
	"muted_accounts.csv":     "Whom it mutes",
	"blocked_domains.csv":    "Servers it blocks",
	"bookmarks.csv":          "Its bookmarks",
}

// registerTake puts the lists of one account that go along to another server on the console.
func (h *Handlers) registerTake(long func(string, echo.HandlerFunc)) {
	for _, file := range export.TableNames() {
		long("/tenants/:id/accounts/:account/"+file, h.signedIn(h.inRoom(h.take(file))))
	}
}

// mayTake: whoever may ask for the archive of the company, which has the same lists, and an
// owner of this account. Also while the company ends: it is the last time to take them.
func (v *visitor) mayTake(a ourAccount) error {
	if access.Allow(a.role, access.Manage) == nil {
		return nil
	}
	return v.may(access.ManageData)
}

// takeFiles are the lists on the page of an account; none for who may not have them.
func (h *Handlers) takeFiles(v *visitor, a ourAccount) (out []TakeFile) {
	if v.mayTake(a) != nil {
		return nil
	}
	for _, file := range export.TableNames() {
		out = append(out, TakeFile{Name: file, What: takeWords[file], URL: h.accountURL(v.tenant, a.Account) + "/" + file})
	}
	return out
}

// take is GET …/accounts/:account/following_accounts.csv and its like: a page in memory at a
// time. That somebody begins to is recorded.
func (h *Handlers) take(file string) handler {
	return func(c echo.Context, v *visitor) error {
		a, err := h.ourAccount(c, v)
		if err != nil {
			return err
		}
		if err := v.mayTake(a); err != nil {
			return err
		}
		table, ok := export.OpenTable(v.tenant, a.ID, file)
		if !ok {
			return web.ErrNotFound
		}
		var text []byte
		var more bool
		isHead := c.Request().Method == http.MethodHead
		if !isHead {
			entry := h.accountEntry(c, v, a.Account, "account.export")
			entry.Detail["file"] = file
			err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
				if text, more, err = table.Next(ctx, scope); err != nil {
					return err
				}
				return audit.Append(ctx, scope, entry)
			})
		}
		if err != nil {
			return err
		}
		header := c.Response().Header()
		header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		// Mastodon's import guesses what a file is by how its name begins: it is kept as it is.
		header.Set(echo.HeaderContentDisposition, `attachment; filename="`+file+`"`)
		c.Response().WriteHeader(http.StatusOK)
		if isHead {
			return nil
		}
		if err := h.writeTable(c, v, table, text, more); err != nil {
			h.Log.ErrorContext(c.Request().Context(), "write a list of an account", "tenant", int64(v.tenant.ID), "file", file, "error", err)
			panic(http.ErrAbortHandler) // a file that ends early must not look whole
		}
		return nil
	}
}

// writeTable sends the pages of a list, the first of which is read.
func (h *Handlers) writeTable(c echo.Context, v *visitor, table *export.Table, text []byte, more bool) error {
	for {
		if _, err := c.Response().Write(text); err != nil || !more {
			return err
		}
		c.Response().Flush()
		err := h.DB.Read(c.Request().Context(), v.tenant.ID, func(scope *pg.Scope) (err error) {
			text, more, err = table.Next(c.Request().Context(), scope)
			return err
		})
		if err != nil {
			return err
		}
	}
}
