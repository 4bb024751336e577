package v1

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// DomainBlocks serves the domains that the viewer does without.
type DomainBlocks struct{ Deps }

// NewDomainBlocks returns the handlers.
func NewDomainBlocks(d Deps) *DomainBlocks { return &DomainBlocks{d} }

// Routes is the table.
func (h *DomainBlocks) Routes() []httpx.Route {
	route := func(method, scope string, act access.Action, handler echo.HandlerFunc) httpx.Route {
		return httpx.Route{Method: method, Path: "/api/v1/domain_blocks", Auth: httpx.User, Scopes: []string{scope, "follow"}, Act: act, WorksUntil: tenant.Restricted, Handler: handler}
	}
	return []httpx.Route{
		route(http.MethodGet, "read:blocks", access.Read, h.list),
		route(http.MethodPost, "write:blocks", access.Relate, h.block),
		route(http.MethodDelete, "write:blocks", access.Relate, h.unblock),
	}
}

// mostDomains is one page of blocked domains.
const mostDomains = 100

func (h *DomainBlocks) list(c echo.Context) error {
	page, err := httpx.PageOf(c, mostDomains, mostDomains)
	if err != nil {
		return err
	}
	var out entity.Array[string]
	err = h.Do(c, func(ctx context.Context, r *Call) error {
		rows, err := store.DomainBlocksOf(ctx, r.Scope, r.Viewer, storePage(page))
		if err != nil || len(rows) == 0 {
			return err
		}
		httpx.SetLink(c, rows[0].ID, rows[len(rows)-1].ID, len(rows) == page.Limit)
		out = make(entity.Array[string], len(rows))
		for i, row := range rows {
			out[i] = row.Domain
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (h *DomainBlocks) block(c echo.Context) error {
	return h.change(c, func(ctx context.Context, r *Call, domain string) error {
		_, err := h.Relate.BlockDomain(ctx, r.Scope, r.Tenant, r.Viewer, domain)
		return err
	})
}

func (h *DomainBlocks) unblock(c echo.Context) error {
	return h.change(c, func(ctx context.Context, r *Call, domain string) error {
		_, _, err := h.Relate.UnblockDomain(ctx, r.Scope, r.Tenant, r.Viewer, domain)
		return err
	})
}

func (h *DomainBlocks) change(c echo.Context, act func(ctx context.Context, r *Call, domain string) error) error {
	var in struct {
		Domain string `json:"domain"`
	}
	if err := httpx.Bind(c, &in); err != nil {
		return err
	}
	err := h.Do(c, func(ctx context.Context, r *Call) error { return act(ctx, r, in.Domain) })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}
