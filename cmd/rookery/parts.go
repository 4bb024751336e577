package main

import (
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/render"
	"rookery/api/streaming"
	"rookery/dashboard/console"
	"rookery/federation"
	"rookery/federation/actor"
	"rookery/federation/deliver"
	"rookery/federation/discovery"
	"rookery/federation/fetch"
	"rookery/federation/inbox"
	"rookery/internal/barred"
	"rookery/internal/limit"
	"rookery/internal/social"
	"rookery/internal/social/moderate"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant"
)

// parts are what serving the public and working the queues share.
type parts struct {
	bus       *stream.Bus
	servers   *moderate.Servers
	barred    *barred.List
	statuses  *status.Service
	relate    *relate.Service
	render    *render.Renderer
	streams   *streaming.Server
	fetcher   *fetch.Fetcher
	keys      *fetch.Keys
	health    *deliver.Health
	inbox     *inbox.Inbox
	actors    *actor.Handlers
	discovery *discovery.Handlers
	console   *console.Handlers // since newWeb
	limits    limit.Options
	limiter   *limit.Limiter
}

func (s *system) newParts() (*parts, error) {
	factor, err := limit.ParseFactor(s.cfg.String("limits"))
	if err != nil {
		return nil, err
	}
	p := &parts{limits: limit.Options{Factor: factor}}
	p.limiter = limit.New(p.limits)
	p.bus = stream.New(s.db, s.log)
	p.statuses = status.New(status.Options{Streams: p.bus})
	p.relate = relate.New(p.bus)
	p.render = render.NewSized(s.urls, s.cfg.Int("render_cache_mib")<<20)
	s.judge.Follow(p.bus)
	s.keyring.Follow(p.bus)
	p.servers = moderate.NewServers(s.db, s.log)
	p.servers.Follow(p.bus)
	p.barred = barred.NewList(s.db, s.log)
	p.barred.Follow(p.bus)
	p.streams = streaming.New(streaming.Deps{DB: s.db, Bus: p.bus, Render: p.render, Log: s.log, Tenants: s.registry})
	p.fetcher = fetch.New(fetch.Options{HTTP: s.http, DB: s.db, Keyring: s.keyring, Tenants: s.registry, Statuses: p.statuses, Servers: p.servers, Log: s.log})
	p.keys = fetch.NewKeys(p.fetcher)
	p.bus.Listen(store.KeysChanged, p.keys.Heard)
	p.health = deliver.NewHealth(s.db, s.log, nil)
	p.inbox = inbox.New(inbox.Options{
		DB: s.db, Tenants: s.registry, Fetcher: p.fetcher, Keys: p.keys, Statuses: p.statuses, Relations: p.relate, Limits: p.limiter,
		Servers: p.servers, Heard: p.health.Revive, Log: s.log,
	})
	p.actors = actor.New(actor.Options{DB: s.db, Media: s.urls, Reader: p.reader, Servers: p.servers})
	p.discovery = discovery.New(discovery.Options{
		DB: s.db, Hosts: s.registry, Probe: s.probeProof, Version: strings.TrimPrefix(version(), "v"),
		ChangePassword: func(t *tenant.Tenant) string { return t.URL("/auth/sign_in") },
	})
	return p, nil
}

// reader says whose signature a GET carries.
func (p *parts) reader(c echo.Context) (string, error) {
	return p.inbox.Verifier().Reader(c, tenant.FromContext(c.Request().Context()))
}

// actorDocument answers a profile's address with its ActivityStreams document.
func (s *system) actorDocument(p *parts) func(echo.Context, social.AccountID) error {
	return func(c echo.Context, id social.AccountID) error {
		return federation.Answer(s.log, func(c echo.Context) error { return p.actors.Account(c, id) })(c)
	}
}

// objectDocument answers a post's address with its ActivityStreams document.
func (s *system) objectDocument(p *parts) func(echo.Context, social.StatusID) error {
	return func(c echo.Context, id social.StatusID) error {
		return federation.Answer(s.log, func(c echo.Context) error { return p.actors.Object(c, id) })(c)
	}
}
