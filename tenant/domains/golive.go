package domains

import (
	"context"
	"fmt"
	"slices"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// GoLive gives a tenant in trial its lasting addresses, once its service host works and,
// for a split domain, its handle domain too. Nothing federated before, so nobody elsewhere
// knows the addresses that are rewritten. It may run any number of times.
func (s *Service) GoLive(ctx context.Context, id tenant.ID) error {
	var all []*tenant.Domain
	var t *tenant.Tenant
	err := s.DB.Platform(ctx, "see whether a tenant can go live", func(tx *pg.PlatformTx) (err error) {
		if t, err = registry.Find(ctx, tx, id); err != nil {
			return err
		}
		all, err = registry.DomainsOf(ctx, tx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("read tenant %d to go live: %w", id, err)
	}
	if t.Federates() {
		return nil
	}
	host, handle, ok := lastingNames(all)
	if !ok {
		return nil
	}
	next := *t
	next.Scheme, next.Host, next.HandleDomain = s.Scheme, host, handle
	if err := s.DB.Tenant(ctx, id, func(scope *pg.Scope) error { return store.MoveAddresses(ctx, scope, t, &next) }); err != nil {
		return fmt.Errorf("move tenant %d from %s to %s: %w", id, t.Host, host, err)
	}
	err = s.DB.Platform(ctx, "let a tenant go live", func(tx *pg.PlatformTx) error {
		return registry.GoLive(ctx, tx, id, s.Scheme, host, handle)
	})
	if err != nil {
		return fmt.Errorf("let tenant %d go live: %w", id, err)
	}
	return nil
}

// lastingNames are the service host and the handle domain that both work.
func lastingNames(all []*tenant.Domain) (host, handle string, ok bool) {
	at := slices.IndexFunc(all, func(d *tenant.Domain) bool {
		return d.Role == tenant.ServiceDomain && d.Mode != tenant.PlatformDomain && d.State == tenant.DomainLive
	})
	if at < 0 {
		return "", "", false
	}
	service := all[at]
	if service.Mode != tenant.SplitDomain {
		return service.Name, service.Name, true
	}
	at = slices.IndexFunc(all, func(d *tenant.Domain) bool {
		return d.Role == tenant.HandleDomain && d.ServiceID == service.ID && d.State != tenant.DomainReleased
	})
	if at < 0 || all[at].State != tenant.DomainLive {
		return "", "", false
	}
	return service.Name, all[at].Name, true
}
