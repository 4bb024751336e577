// Package apitest gives tests of the client API a running one: two tenants on a
// real database, the mounted route tables, apps with tokens.
//
// Tests alone import it. It must not shortcut the frame: requests pass through
// httpx with real tokens, so that scopes, roles and tenants are judged as they
// are in service.
package apitest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/api/render"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/stream"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// AllScopes let a token do whatever its operator's role allows.
const AllScopes = "read write follow push profile"

// Parts are what handlers are made of.
type Parts struct {
	DB        *pg.DB
	Key       *seal.Key
	Streams   *stream.Bus
	Render    *render.Renderer
	Addresses media.Addresses
}

// World is two tenants that are strangers to one another, behind one API.
// Alice owns an account of A, Bob one of B.
type World struct {
	*fixture.World
	Parts
	Alice, Bob *Client
	Routes     []httpx.Route
	tables     func(Parts) []httpx.Route
	echo       *echo.Echo
}

// New makes a World that serves the tables.
func New(t testing.TB, tables func(Parts) []httpx.Route) *World {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	w := &World{World: fixture.New(t), tables: tables}
	addresses := media.Addresses{Scheme: "https", Host: "files.test"}
	w.Parts = Parts{DB: w.PG, Key: key, Streams: stream.New(w.PG, slog.New(slog.DiscardHandler)), Addresses: addresses}
	w.Forget(t)
	w.Alice = w.Client(t, w.A, w.A.Account, people.Owner, AllScopes)
	w.Bob = w.Client(t, w.B, w.B.Account, people.Owner, AllScopes)
	return w
}

// Forget serves the same data as a process would that has just started: no token is
// known and nothing was rendered yet.
func (w *World) Forget(t testing.TB) {
	t.Helper()
	w.Render = render.New(w.Addresses)
	w.Routes, w.echo = w.tables(w.Parts), echo.New()
	w.echo.IPExtractor = echo.ExtractIPDirect()
	log := slog.New(slog.DiscardHandler)
	deps := httpx.Deps{
		Auth: access.New(w.PG, log), Limiter: limit.ByClass{Limiter: limit.New(limit.Options{Factor: limit.Off})}, Log: log,
	}
	if err := httpx.Mount(w.echo, deps, w.Routes); err != nil {
		t.Fatal(err)
	}
}

// Client lets the home's person act as an account in a role and returns a client
// with a token for it.
func (w *World) Client(t testing.TB, h *fixture.Home, a *social.Account, role people.Role, scopes string) *Client {
	t.Helper()
	h.Grant(t, a.ID, h.Person, role)
	wanted, err := access.ParseScopes(scopes)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{world: w, Home: h, Account: a}
	h.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		app, _, err := access.RegisterApp(ctx, scope, access.NewApp{Name: "Test app", RedirectURIs: []string{"urn:ietf:wg:oauth:2.0:oob"}, Scopes: scopes})
		if err != nil {
			return err
		}
		c.App = app
		issued, err := access.CreateToken(ctx, scope, a.ID, h.Person, wanted, app)
		if err != nil {
			return err
		}
		c.Token = issued.Secret
		return nil
	})
	return c
}

// Add makes another local account of the home and a client of its owner.
func (w *World) Add(t testing.TB, h *fixture.Home, username string) *Client {
	t.Helper()
	return w.Client(t, h, h.AddAccount(t, username), people.Owner, AllScopes)
}

// Colleague is a client of another person who acts as the account of c in a role.
func (w *World) Colleague(t testing.TB, c *Client, role people.Role) *Client {
	t.Helper()
	home := *c.Home
	home.Person = w.Person(t, strings.ToLower(rand.Text())+"@"+c.Home.Tenant.Host)
	return w.Client(t, &home, c.Account, role, AllScopes)
}

// Stranger is a client without a token.
func (w *World) Stranger(h *fixture.Home) *Client { return &Client{world: w, Home: h} }
