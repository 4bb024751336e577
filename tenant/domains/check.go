package domains

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// ownershipEvery is how often a name that works is asked for its proof again.
const ownershipEvery = 7 * 24 * time.Hour

// tellPause is what a change takes to reach all processes.
const tellPause = 300 * time.Millisecond

// mostSteps bounds how far one check leads a name: from its proof to its order.
const mostSteps = 3

// Check looks at a name and does what follows: where a look moves it on to a state that has
// something to look at itself, that too. A job of its own for the next step would not do:
// a job is not enqueued while the same one runs.
func (s *Service) Check(ctx context.Context, id tenant.DomainID) error {
	for range mostSteps {
		isDue, err := s.step(ctx, id)
		if err != nil || !isDue {
			return err
		}
		// The next step may come in again by another process, which must know of this one.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tellPause):
		}
	}
	return nil
}

// step is one look; it reports whether the next is due at once. It asks the network first,
// outside any transaction; what it finds counts only if the claim still is where it was.
func (s *Service) step(ctx context.Context, id tenant.DomainID) (isDue bool, err error) {
	d, checks, host, err := s.readToLook(ctx, id)
	if fault.IsNotFound(err) {
		return false, nil // given up meanwhile
	}
	if err != nil {
		return false, err
	}
	wanted := s.kindsFor(d, checks)
	seen := doctor.Findings{}
	if len(wanted) > 0 {
		seen = doctor.Diagnose(s.Looker.Look(ctx, look.Target{
			Name: d.Name, Role: d.Role, Mode: d.Mode, Token: d.Token, Tenant: d.TenantID, Scheme: s.Scheme, Host: host, Kinds: wanted,
		}))
	}
	if err := s.Apply(ctx, BySystem(), d, seen); err != nil {
		return false, err
	}
	after, _, err := s.read(ctx, id)
	if err != nil {
		return false, nil //nolint:nilerr // the sweep looks again
	}
	return after.State != d.State && !after.NextCheckAt.IsZero() && !after.NextCheckAt.After(s.now()), nil
}

func (s *Service) read(ctx context.Context, id tenant.DomainID) (d *tenant.Domain, checks []*tenant.DomainCheck, err error) {
	err = s.DB.Platform(ctx, "read a domain to check", func(tx *pg.PlatformTx) error {
		if d, err = registry.FindDomain(ctx, tx, id); err != nil {
			return err
		}
		checks, err = registry.ChecksOf(ctx, tx, id)
		return err
	})
	return d, checks, err
}

// readToLook also says where a handle domain must lead: to its service host.
func (s *Service) readToLook(ctx context.Context, id tenant.DomainID) (d *tenant.Domain, checks []*tenant.DomainCheck, host string, err error) {
	if d, checks, err = s.read(ctx, id); err != nil || d.ServiceID == 0 {
		return d, checks, "", err
	}
	service, _, err := s.read(ctx, d.ServiceID)
	if err != nil {
		return nil, nil, "", err
	}
	return d, checks, service.Name, nil
}

// kindsFor is what there is to ask in a claim's state.
func (s *Service) kindsFor(d *tenant.Domain, checks []*tenant.DomainCheck) []tenant.CheckKind {
	switch d.State {
	case tenant.DomainPendingOwnership, tenant.DomainDisputed:
		return []tenant.CheckKind{tenant.CheckOwnership}
	case tenant.DomainVerified, tenant.DomainPendingRouting, tenant.DomainIssueFailed:
		return []tenant.CheckKind{leadsHereBy(d)}
	case tenant.DomainLive, tenant.DomainDegraded, tenant.DomainParked, tenant.DomainSuspended:
		kinds := []tenant.CheckKind{leadsHereBy(d)}
		if d.Mode == tenant.PlatformDomain {
			return nil
		}
		// Once a week, and where the name seems to be given up.
		isDue := d.Failures > 0 || s.now().Sub(lastChecked(checks, tenant.CheckOwnership)) >= ownershipEvery
		if d.Token != "" && isDue {
			kinds = append(kinds, tenant.CheckOwnership)
		}
		return kinds
	}
	return nil
}

func lastChecked(checks []*tenant.DomainCheck, kind tenant.CheckKind) time.Time {
	i := slices.IndexFunc(checks, func(c *tenant.DomainCheck) bool { return c.Kind == kind })
	if i < 0 {
		return time.Time{}
	}
	return checks[i].LastCheckedAt
}

// Apply writes what was found about a claim and moves it on. seenAt is the claim as it was
// when the look began: a claim that somebody moved meanwhile is left alone, and looked at again.
func (s *Service) Apply(ctx context.Context, by Actor, seenAt *tenant.Domain, seen doctor.Findings) error {
	err := s.DB.Platform(ctx, "move a domain on", func(tx *pg.PlatformTx) error {
		d, err := registry.LockDomain(ctx, tx, seenAt.ID)
		if err != nil {
			return err
		}
		if d.State != seenAt.State || !d.StateSince.Equal(seenAt.StateSince) {
			return nil
		}
		if err := s.addCertificate(ctx, tx, d, seen); err != nil {
			return err
		}
		told, err := s.wasToldOfOutage(ctx, tx, d)
		if err != nil {
			return err
		}
		if err := s.saveFindings(ctx, tx, d, seen); err != nil {
			return err
		}
		if err := s.advance(ctx, tx, by, d, seen); err != nil || !told {
			return err
		}
		return s.giveAllClear(ctx, tx, d)
	})
	if err != nil && !fault.IsNotFound(err) {
		return fmt.Errorf("move %s on from %s: %w", seenAt.Name, seenAt.State, err)
	}
	return nil
}

func (s *Service) saveFindings(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, seen doctor.Findings) error {
	before, err := registry.ChecksOf(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(seen)) {
		if err := registry.SaveCheck(ctx, tx, merge(d.ID, kind, before, seen[kind], s.now())); err != nil {
			return err
		}
	}
	return nil
}

// merge is the newest finding on top of what was known.
func merge(id tenant.DomainID, kind tenant.CheckKind, before []*tenant.DomainCheck, f doctor.Finding, now time.Time) *tenant.DomainCheck {
	out := &tenant.DomainCheck{DomainID: id, Kind: kind}
	if i := slices.IndexFunc(before, func(c *tenant.DomainCheck) bool { return c.Kind == kind }); i >= 0 {
		*out = *before[i]
	}
	out.LastCheckedAt, out.Code, out.Detail = now, string(f.Code), f.Detail
	switch {
	case f.Outcome == doctor.Well:
		out.LastOKAt, out.Failures, out.Code, out.Detail = now, 0, "", nil
		if f.Code != "" {
			out.Detail = map[string]string{"hint": string(f.Code)}
			maps.Copy(out.Detail, f.Detail)
		}
	case f.Served:
		out.LastOKAt, out.Failures = now, 0
	case f.Outcome == doctor.Wrong:
		out.Failures++
	}
	return out
}

// advance runs the machine on a locked claim and does what its new state asks for.
func (s *Service) advance(ctx context.Context, tx *pg.PlatformTx, by Actor, d *tenant.Domain, seen doctor.Findings) error {
	was := *d
	Advance(d, seen, s.Needs, s.now())
	switch {
	case was.State == tenant.DomainPendingOwnership && d.State == tenant.DomainVerified:
		if err := s.settleHolder(ctx, tx, d, was); err != nil {
			return err
		}
		if d.State == tenant.DomainVerified {
			if err := s.tellAbove(ctx, tx, d); err != nil {
				return err
			}
		}
	case was.State == tenant.DomainPendingOwnership && d.State == tenant.DomainExpired:
		if err := s.withdraw(ctx, tx, by, d); err != nil {
			return err
		}
	case was.State == tenant.DomainDisputed && d.State == tenant.DomainLive:
		if err := s.refuse(ctx, tx, by, was.ContestedBy); err != nil {
			return err
		}
	}
	return s.save(ctx, tx, by, d, was.State)
}

// save stores a claim; a new state is recorded, told, and followed by its job.
func (s *Service) save(ctx context.Context, tx *pg.PlatformTx, by Actor, d *tenant.Domain, from tenant.DomainState) error {
	if err := registry.SaveDomain(ctx, tx, d); err != nil {
		return err
	}
	if d.State != from {
		if err := s.record(ctx, tx, by, d, string(d.State), string(from)); err != nil {
			return err
		}
	}
	if err := s.notify(ctx, tx, d, from); err != nil {
		return err
	}
	return s.enqueueFor(ctx, tx, d, from)
}
