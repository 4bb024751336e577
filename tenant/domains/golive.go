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

// liveTimeout is what a trial of years may take: 200,000 posts with as many likes, events and
// activities took 55 s on a busy machine of two cores (TestALargeTrialGoesLive). Nobody can
// write to the trial for so long.
const liveTimeout = 10 * time.Minute

// GoLive gives a tenant in trial its lasting addresses, once its service host works and,
// for a split domain, its handle domain too. Nothing federated before, so nobody elsewhere
// knows the addresses that are rewritten. One transaction reads the names, moves all there
// is and lets the tenant live: whoever looks meanwhile sees the trial. It may run any number
// of times.
func (s *Service) GoLive(ctx context.Context, id tenant.ID) error {
	const reason = "let a tenant go live"
	err := s.DB.Platform(ctx, reason, func(tx *pg.PlatformTx) error { return s.goLive(ctx, tx, id) })
	if err != nil {
		return fmt.Errorf("%s: %d: %w", reason, id, err)
	}
	// What was written between the move and its end, by processes that do not know of it yet
	// too, or by none any more: then there is nothing to do.
	err = s.DB.Platform(ctx, "move what was written while a tenant went live", func(tx *pg.PlatformTx) error { return s.sweepTrial(ctx, tx, id) })
	if err != nil {
		return fmt.Errorf("move what is left of the trial of tenant %d: %w", id, err)
	}
	return nil
}

func (s *Service) goLive(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	t, err := registry.LockToGoLive(ctx, tx, id)
	if err != nil || t.Federates() || t.State == tenant.Deleted {
		return err
	}
	all, err := registry.DomainsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	host, handle, ok := lastingNames(all)
	if !ok {
		return nil
	}
	next := *t
	next.Scheme, next.Host, next.HandleDomain = s.Scheme, host, handle
	if err := store.MoveAddresses(ctx, tx, t, &next); err != nil {
		return err
	}
	if err := registry.GoLive(ctx, tx, id, s.Scheme, host, handle); err != nil {
		return err
	}
	return audit.AppendFor(ctx, tx, id, audit.Entry{
		Actor: BySystem(), Action: "tenant.go_live", Target: "tenant:" + id.String(),
		Detail: map[string]string{"host": host, "handle_domain": handle, "before": t.Host},
	})
}

// sweepTrial moves what was written under the trial's name while the tenant went live.
func (s *Service) sweepTrial(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	t, err := registry.LockToGoLive(ctx, tx, id)
	if err != nil || !t.Federates() || s.now().Sub(t.FederatesSince) > stragglers {
		return err
	}
	all, err := registry.DomainsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(d *tenant.Domain) bool { return d.Mode == tenant.PlatformDomain })
	if at < 0 {
		return nil
	}
	trial := *t
	trial.Host, trial.HandleDomain = all[at].Name, all[at].Name
	return store.MoveAddresses(ctx, tx, &trial, t)
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
