package domains

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

var (
	errNoDomain   = fault.New(fault.NotFound, "There is no such domain.")
	errTooSoon    = fault.Newf(fault.TooMany, "This domain was looked at a moment ago. Try again in %d minutes.", int(retryEvery.Minutes()))
	errNoTenant   = fault.New(fault.Gone, "The organisation of this domain was deleted.")
	errNotGiven   = fault.New(fault.Conflict, "This domain is not being removed.")
	errPlatform   = fault.New(fault.Invalid, "The platform's own name cannot be removed.")
	errNoReview   = fault.New(fault.Conflict, "This domain does not wait for a review.")
	errNoDispute  = fault.New(fault.Conflict, "Nobody disputes this domain.")
	errDoubleName = fault.New(fault.Invalid, "Type the domain's name to confirm.")
	errGone       = fault.New(fault.Conflict, "This domain has been removed. Add it again to use it.")
	errGoing      = fault.New(fault.Conflict, "This domain is being removed already.")
)

// Standing is a claim with what was found about it.
type Standing struct {
	*tenant.Domain
	Checks []*tenant.DomainCheck
}

// Check returns the newest finding of a kind, or nil.
func (s Standing) Check(kind tenant.CheckKind) *tenant.DomainCheck {
	for _, c := range s.Checks {
		if c.Kind == kind {
			return c
		}
	}
	return nil
}

// List returns a tenant's claims with their findings.
func (s *Service) List(ctx context.Context, owner tenant.ID) ([]Standing, error) {
	var out []Standing
	err := s.DB.Platform(ctx, "list a tenant's domains", func(tx *pg.PlatformTx) error {
		all, err := registry.DomainsOf(ctx, tx, owner)
		if err != nil {
			return err
		}
		out, err = withChecks(ctx, tx, all)
		return err
	})
	return out, err
}

// ListAll pages through the claims of all tenants, by id.
func (s *Service) ListAll(ctx context.Context, after tenant.DomainID, most int) ([]Standing, error) {
	var out []Standing
	err := s.DB.Platform(ctx, "list all domains", func(tx *pg.PlatformTx) error {
		all, err := registry.AllDomains(ctx, tx, after, most)
		if err != nil {
			return err
		}
		out, err = withChecks(ctx, tx, all)
		return err
	})
	return out, err
}

func withChecks(ctx context.Context, tx *pg.PlatformTx, all []*tenant.Domain) ([]Standing, error) {
	ids := make([]tenant.DomainID, len(all))
	out := make([]Standing, len(all))
	at := make(map[tenant.DomainID]int, len(all))
	for i, d := range all {
		ids[i], out[i].Domain, at[d.ID] = d.ID, d, i
	}
	checks, err := registry.ChecksOf(ctx, tx, ids...)
	for _, c := range checks {
		i := at[c.DomainID]
		out[i].Checks = append(out[i].Checks, c)
	}
	return out, err
}

// Get returns one claim of a tenant; another tenant's is fault.NotFound.
func (s *Service) Get(ctx context.Context, owner tenant.ID, id tenant.DomainID) (Standing, error) {
	d, checks, err := s.read(ctx, id)
	if fault.IsNotFound(err) || err == nil && d.TenantID != owner {
		return Standing{}, errNoDomain
	}
	return Standing{d, checks}, err
}

// Retry looks again now, or starts anew where the claim has expired. Once in five minutes.
func (s *Service) Retry(ctx context.Context, by Actor, owner tenant.ID, id tenant.DomainID) error {
	return s.change(ctx, by, owner, id, "look at a domain again", func(d *tenant.Domain) error {
		now := s.now()
		if d.State == tenant.DomainReleased {
			return errGone
		}
		if now.Before(d.RetryAfter) {
			return errTooSoon
		}
		d.RetryAfter = now.Add(retryEvery)
		if d.State == tenant.DomainExpired {
			d.Token, d.CreatedAt = newToken(), now // a new set-up, with clocks of its own
			enter(d, tenant.DomainPendingOwnership, "", now)
		}
		d.NextCheckAt = now
		return nil
	})
}

// Release gives a name up. What never worked is gone at once, and so is what somebody else
// has proven; everything else can be taken back for a week. The typed name is the person's
// confirmation.
func (s *Service) Release(ctx context.Context, by Actor, owner tenant.ID, id tenant.DomainID, typed string) error {
	return s.withClaim(ctx, owner, id, "give a domain up", func(tx *pg.PlatformTx, d *tenant.Domain) error {
		switch {
		case d.Mode == tenant.PlatformDomain:
			return errPlatform
		case registry.Normalise(typed) != d.Name:
			return errDoubleName
		case d.State == tenant.DomainReleased:
			return errGone
		case d.State == tenant.DomainReleasing:
			return errGoing
		case d.State == tenant.DomainDisputed:
			return s.transfer(ctx, tx, by, d)
		}
		from := d.State
		s.giveUp(d)
		if err := s.withdraw(ctx, tx, by, d); err != nil {
			return err
		}
		return s.save(ctx, tx, by, d, from)
	})
}

// giveUp is the step of a claim whose owner lets its name go.
func (s *Service) giveUp(d *tenant.Domain) {
	now, from := s.now(), d.State
	d.Reason = ""
	if !from.Serves() {
		release(d, now)
		d.TombstonesUntil, d.QuarantineUntil = now, now // it never answered anybody
		d.NextCheckAt = nextCheck(d, now)
		return
	}
	enter(d, tenant.DomainReleasing, "", now)
	if from == tenant.DomainSuspended {
		d.Reason = ReasonSuspended
	}
	d.DeadlineAt = now.Add(undoRelease)
	d.NextCheckAt = nextCheck(d, now)
}

// UndoRelease takes a name back within a week.
func (s *Service) UndoRelease(ctx context.Context, by Actor, owner tenant.ID, id tenant.DomainID) error {
	return s.change(ctx, by, owner, id, "take a domain back", func(d *tenant.Domain) error {
		if d.State != tenant.DomainReleasing {
			return errNotGiven
		}
		if t, ok := s.Tenants.ByID(d.TenantID); ok && t.State == tenant.Deleted {
			return errNoTenant
		}
		back := tenant.DomainLive // the look that follows finds out whether it still is
		if d.Reason == ReasonSuspended {
			back = tenant.DomainSuspended
		}
		enter(d, back, "", s.now())
		d.DeadlineAt, d.NextCheckAt = time.Time{}, s.now()
		return nil
	})
}

// Review is staff's word on a name that could deceive.
func (s *Service) Review(ctx context.Context, by Actor, id tenant.DomainID, accept bool, why string) error {
	return s.change(ctx, by, 0, id, "decide about a domain's name", func(d *tenant.Domain) error {
		if d.State != tenant.DomainNeedsReview {
			return errNoReview
		}
		if accept {
			enter(d, tenant.DomainPendingOwnership, "", s.now())
			d.NextCheckAt = s.now()
			return nil
		}
		release(d, s.now())
		d.Reason, d.TombstonesUntil = why, s.now()
		return nil
	})
}

// Settle is staff's word in a dispute: the holder keeps the name, or gives it to whoever
// proved it, who is looked at again at once.
func (s *Service) Settle(ctx context.Context, by Actor, id tenant.DomainID, keepIt bool) error {
	return s.withClaim(ctx, 0, id, "settle a dispute about a domain", func(tx *pg.PlatformTx, d *tenant.Domain) error {
		if d.State != tenant.DomainDisputed {
			return errNoDispute
		}
		if !keepIt {
			return s.transfer(ctx, tx, by, d)
		}
		contester := d.ContestedBy
		keep(d, s.now())
		d.NextCheckAt = s.now()
		if err := s.refuse(ctx, tx, by, contester); err != nil {
			return err
		}
		return s.save(ctx, tx, by, d, tenant.DomainDisputed)
	})
}

// change locks a claim, lets fn change it and saves what follows. Owner 0 is staff: any tenant's.
func (s *Service) change(ctx context.Context, by Actor, owner tenant.ID, id tenant.DomainID, reason string, fn func(*tenant.Domain) error) error {
	return s.withClaim(ctx, owner, id, reason, func(tx *pg.PlatformTx, d *tenant.Domain) error {
		from := d.State
		if err := fn(d); err != nil {
			return err
		}
		return s.save(ctx, tx, by, d, from)
	})
}

// withClaim locks a claim for fn, which saves it, and has it looked at where that is due.
func (s *Service) withClaim(ctx context.Context, owner tenant.ID, id tenant.DomainID, reason string, fn func(*pg.PlatformTx, *tenant.Domain) error) error {
	err := s.DB.Platform(ctx, reason, func(tx *pg.PlatformTx) error {
		d, err := registry.LockDomain(ctx, tx, id)
		if fault.IsNotFound(err) || err == nil && owner != 0 && d.TenantID != owner {
			return errNoDomain
		}
		if err != nil {
			return err
		}
		if err := fn(tx, d); err != nil {
			return err
		}
		return s.wakeIfDue(ctx, tx, d)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", reason, err)
	}
	return nil
}

func (s *Service) wakeIfDue(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	if d.NextCheckAt.IsZero() || d.NextCheckAt.After(s.now()) {
		return nil
	}
	return tx.Enqueue(ctx, jobs.DomainCheck{DomainID: int64(d.ID)})
}
