package main

import (
	"context"
	"fmt"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// withSystem runs one operator's command against the database: it finds it, reads the
// list of tenants and cleans up afterwards.
func (g *globals) withSystem(ctx context.Context, fn func(*system) error) error {
	cfg, err := g.load(g.devSettingsIfAny())
	if err != nil {
		return err
	}
	d, err := g.findDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer d.stop()
	s, err := newSystem(ctx, cfg, d)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.db.Ready(ctx); err != nil {
		return err
	}
	if err := s.registry.Load(ctx); err != nil {
		return err
	}
	return fn(s)
}

// devSettingsIfAny makes commands on the data folder of a `rookery dev` speak plain http, as it does.
func (g *globals) devSettingsIfAny() map[string]string {
	if _, err := readDevKey(g.dataDir); err != nil || g.databaseURL != "" {
		return nil
	}
	return map[string]string{"public_scheme": "http"}
}

// tenantNamed finds a tenant by one of its hosts.
func (s *system) tenantNamed(name string) (*tenant.Tenant, error) {
	if t, _, ok := s.registry.ByHost(name); ok {
		return t, nil
	}
	// in development hosts carry a port that people leave out
	for _, t := range s.registry.All() {
		if registry.Normalise(hostname(t.Host)) == registry.Normalise(name) {
			return t, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "There is no tenant on “%s”. `rookery tenant list` shows all.", name)
}

// accountNamed finds a tenant's own account.
func (s *system) accountNamed(ctx context.Context, t *tenant.Tenant, username string) (*social.Account, error) {
	var a *social.Account
	err := s.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		a, err = store.AccountByHandle(ctx, scope, social.Handle{User: username})
		return err
	})
	if fault.IsNotFound(err) {
		return nil, fault.Newf(fault.NotFound, "There is no account @%s on %s. `rookery account list --tenant %s` shows all.", username, t.HandleDomain, t.Host)
	}
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	return a, nil
}
