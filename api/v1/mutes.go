package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// Mutes serves whom the viewer has muted.
type Mutes struct{ Deps }

// NewMutes returns the handlers.
func NewMutes(d Deps) *Mutes { return &Mutes{d} }

// Routes is the table.
func (h *Mutes) Routes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/api/v1/mutes", Auth: httpx.User, Scopes: []string{"read:mutes", "follow"},
		Act: access.Read, Handler: h.list,
	}}
}

// mutedAccount is an account with the end of its mute.
type mutedAccount struct {
	*entity.Account
	MuteExpiresAt *entity.Time `json:"mute_expires_at"`
}

func (h *Mutes) list(c echo.Context) error {
	page, err := httpx.PageOf(c, usualAccounts, mostAccounts)
	if err != nil {
		return err
	}
	var out entity.Array[mutedAccount]
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		rows, err := store.MutesOf(ctx, r.Scope, r.Viewer, storePage(page))
		if err != nil || len(rows) == 0 {
			return err
		}
		httpx.SetLink(c, rows[0].ID, rows[len(rows)-1].ID, len(rows) == page.Limit)
		found := make([]social.AccountID, len(rows))
		for i, row := range rows {
			found[i] = row.AccountID
		}
		accounts, err := store.AccountsByIDs(ctx, r.Scope, found)
		if err != nil {
			return err
		}
		out = make(entity.Array[mutedAccount], 0, len(rows))
		for _, row := range rows {
			if a := accounts[row.AccountID]; a != nil {
				out = append(out, mutedAccount{h.Render.Account(r.Tenant, a), entity.OptionalTime(row.ExpiresAt)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}
