package domains

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// stragglers is how long after going live a process may still have written old addresses:
// the tables of tenants in memory are some seconds old at most, requests end within minutes.
const stragglers = 24 * time.Hour

// GoLive gives a tenant in trial its lasting addresses, once its service host works and,
// for a split domain, its handle domain too. Nothing federated before, so nobody elsewhere
// knows the addresses that are rewritten. It may run any number of times, and mends what a
// run that was cut off has left.
func (s *Service) GoLive(ctx context.Context, id tenant.ID) error {
	t, all, err := s.readToGoLive(ctx, id)
	if err != nil {
		return fmt.Errorf("read tenant %d to go live: %w", id, err)
	}
	if t.Federates() {
		return s.sweepTrial(ctx, t, all)
	}
	host, handle, ok := lastingNames(all)
	if !ok {
		return nil
	}
	next := *t
	next.Scheme, next.Host, next.HandleDomain = s.Scheme, host, handle
	if err := s.move(ctx, t, &next); err != nil {
		return err
	}
	err = s.DB.Platform(ctx, "let a tenant go live", func(tx *pg.PlatformTx) error {
		if err := registry.GoLive(ctx, tx, id, s.Scheme, host, handle); err != nil {
			return err
		}
		return audit.AppendFor(ctx, tx, id, audit.Entry{
			Actor: BySystem(), Action: "tenant.go_live", Target: "tenant:" + id.String(),
			Detail: map[string]string{"host": host, "handle_domain": handle, "before": t.Host},
		})
	})
	if err != nil {
		return fmt.Errorf("let tenant %d go live: %w", id, err)
	}
	return s.move(ctx, t, &next) // what was written between the first move and now
}

// sweepTrial moves what was written under the trial's name while the tenant went live, by
// processes that did not know of it yet or after a run that was cut off.
func (s *Service) sweepTrial(ctx context.Context, t *tenant.Tenant, all []*tenant.Domain) error {
	at := slices.IndexFunc(all, func(d *tenant.Domain) bool { return d.Mode == tenant.PlatformDomain })
	if at < 0 || s.now().Sub(t.FederatesSince) > stragglers {
		return nil
	}
	trial := *t
	trial.Host, trial.HandleDomain = all[at].Name, all[at].Name
	return s.move(ctx, &trial, t)
}

func (s *Service) move(ctx context.Context, from, to *tenant.Tenant) error {
	err := s.DB.Tenant(ctx, from.ID, func(scope *pg.Scope) error { return store.MoveAddresses(ctx, scope, from, to) })
	if err != nil {
		return fmt.Errorf("move tenant %d from %s to %s: %w", from.ID, from.Host, to.Host, err)
	}
	return nil
}

func (s *Service) readToGoLive(ctx context.Context, id tenant.ID) (t *tenant.Tenant, all []*tenant.Domain, err error) {
	err = s.DB.Platform(ctx, "see whether a tenant can go live", func(tx *pg.PlatformTx) (err error) {
		if t, err = registry.Find(ctx, tx, id); err != nil {
			return err
		}
		all, err = registry.DomainsOf(ctx, tx, id)
		return err
	})
	return t, all, err
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
