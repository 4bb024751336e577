package v1

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/store"
	"rookery/tenant"
)

// Deps are what the handlers of accounts, relations, media and search work with.
type Deps struct {
	DB       *pg.DB
	Render   *render.Renderer
	Accounts *account.Service
	Relate   *relate.Service
	Media    *media.Service
	Resolver Resolver // nil: nothing is looked up elsewhere
}

// Resolver looks up elsewhere what a person has typed: a handle, or the address
// of a profile or post. It uses the network, so it is never called inside a
// transaction. It answers with one of the two, or with fault.NotFound.
type Resolver interface {
	Resolve(ctx context.Context, t *tenant.Tenant, query string) (*social.Account, *social.Status, error)
}

// ResolveTimeout is how long a request may wait for other servers.
const ResolveTimeout = 5 * time.Second

// Call is one request inside its transaction: who asks, where.
type Call struct {
	Scope  *pg.Scope
	Tenant *tenant.Tenant
	Viewer social.AccountID // 0: a stranger
}

// Do runs fn for a request on its tenant's data: GET with a scope that only reads,
// anything else in a transaction.
func (d Deps) Do(c echo.Context, fn func(ctx context.Context, r *Call) error) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	run := d.DB.Tenant
	if method := c.Request().Method; method == http.MethodGet || method == http.MethodHead {
		run = d.DB.Read
	}
	return run(ctx, home.ID, func(scope *pg.Scope) error {
		return fn(ctx, &Call{Scope: scope, Tenant: home, Viewer: ViewerID(c)})
	})
}

// ViewerID is the account that asks; 0 for a stranger.
func ViewerID(c echo.Context) social.AccountID {
	if viewer := httpx.Viewer(c); viewer != nil {
		return viewer.Account
	}
	return 0
}

// storePage is the part of a list that a request asks for.
func storePage(p httpx.Page) store.Page {
	return store.Page{MaxID: p.MaxID, SinceID: p.SinceID, MinID: p.MinID, Limit: p.Limit}
}

// AccountRoutes is the table of everything that is made from Deps.
func AccountRoutes(d Deps) []httpx.Route {
	var out []httpx.Route
	for _, table := range [][]httpx.Route{
		NewAccounts(d).Routes(), NewCredentials(d).Routes(), NewRelationships(d).Routes(), NewFollowRequests(d).Routes(),
		NewBlocks(d).Routes(), NewDomainBlocks(d).Routes(), NewMutes(d).Routes(), NewMedia(d).Routes(), NewPreferences(d).Routes(), NewMarkers(d).Routes(),
		NewFollowedTags(d).Routes(), NewTags(d).Routes(),
	} {
		out = append(out, table...)
	}
	return out
}
