package domains

import (
	"context"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/registry"
)

// Reasons that are no findings of the doctor.
const (
	ReasonTransferred = string(doctor.Transferred) // another tenant proved the name, which led nowhere
	ReasonContested   = string(doctor.Contested)   // another tenant proved the name, which leads here
	ReasonRefused     = string(doctor.Refused)     // the present holder proved the name anew
	ReasonSuspended   = string(doctor.Suspended)   // given up while suspended: so it comes back
)

// missesThatCount is how many bad looks in a row make a name one that does not lead here:
// after one, an outage of a minute would give it away.
const missesThatCount = 2

// settleHolder decides what proof of a name means that somebody else holds already. It
// changes the holder's claim and, where the name does not become free, the newcomer's,
// which then is what it was before.
func (s *Service) settleHolder(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, was tenant.Domain) error {
	holder, err := registry.HolderOf(ctx, tx, d.Name)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	holder, err = registry.LockDomain(ctx, tx, holder.ID)
	if err != nil || !holder.State.Holds() {
		return err // it was given up while we waited for its row
	}
	isUsed, err := s.isUsed(ctx, tx, holder)
	if err != nil {
		return err
	}
	if !isUsed {
		// Its owner let it go without telling us; who proves it now gets it at once.
		return s.transfer(ctx, tx, BySystem(), holder)
	}
	switch holder.State {
	case tenant.DomainLive, tenant.DomainDegraded, tenant.DomainParked:
		if err := s.contest(ctx, tx, holder, d); err != nil {
			return err
		}
	}
	return s.wait(ctx, tx, d, was, holder.DeadlineAt)
}

// isUsed reports whether a holder has more than its word: a name that never worked, that it
// gives up, or that does not lead here, is not.
func (s *Service) isUsed(ctx context.Context, tx *pg.PlatformTx, holder *tenant.Domain) (bool, error) {
	if !holder.State.Serves() || holder.State == tenant.DomainReleasing {
		return false, nil
	}
	checks, err := registry.ChecksOf(ctx, tx, holder.ID)
	if err != nil {
		return false, err
	}
	if c := (Standing{holder, checks}).Check(leadsHereBy(holder)); c != nil {
		return c.Failures < missesThatCount && !c.LastOKAt.IsZero(), nil
	}
	return true, nil // never checked: an operator vouched for it
}

// contest asks the holder for a new proof: the old record may have been forgotten in the
// zone since the name changed hands.
func (s *Service) contest(ctx context.Context, tx *pg.PlatformTx, holder, by *tenant.Domain) error {
	from := holder.State
	enter(holder, tenant.DomainDisputed, ReasonContested, s.now())
	holder.ContestedBy, holder.DeadlineAt, holder.Token = by.ID, s.now().Add(disputeNotice), newToken()
	holder.NextCheckAt = nextCheck(holder, s.now())
	return s.save(ctx, tx, BySystem(), holder, from)
}

// wait leaves a proven claim where it was until its name is free.
func (s *Service) wait(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, was tenant.Domain, until time.Time) error {
	d.State, d.StateSince, d.Attempts, d.Reason = was.State, was.StateSince, was.Attempts+1, string(doctor.ClaimedByOther)
	d.DeadlineAt = was.DeadlineAt
	d.NextCheckAt = nextCheck(d, s.now())
	detail := map[string]string{}
	if !until.IsZero() {
		detail["until"] = until.UTC().Format(time.DateTime) + " UTC"
	}
	found := doctor.Finding{Outcome: doctor.Wrong, Code: doctor.ClaimedByOther, Detail: detail}
	return s.saveFindings(ctx, tx, d, doctor.Findings{tenant.CheckOwnership: found})
}

// transfer takes a name from its holder; whoever contests it is looked at anew at once.
func (s *Service) transfer(ctx context.Context, tx *pg.PlatformTx, by Actor, holder *tenant.Domain) error {
	from, contester := holder.State, holder.ContestedBy
	holder.Reason, holder.ContestedBy = ReasonTransferred, 0
	release(holder, s.now())
	holder.NextCheckAt = nextCheck(holder, s.now())
	if !from.Serves() {
		holder.TombstonesUntil = s.now() // it never answered anybody
	}
	if err := s.save(ctx, tx, by, holder, from); err != nil || contester == 0 {
		return err
	}
	return s.hurry(ctx, tx, contester)
}

// hurry has a claim looked at now.
func (s *Service) hurry(ctx context.Context, tx *pg.PlatformTx, id tenant.DomainID) error {
	d, err := registry.LockDomain(ctx, tx, id)
	if err != nil {
		return err
	}
	d.NextCheckAt = s.now()
	if err := registry.SaveDomain(ctx, tx, d); err != nil {
		return err
	}
	return s.wake(ctx, tx, d)
}

// refuse ends the claim of whoever contested a name that its holder keeps. A new claim
// needs a new proof, so nobody asks for ever with the old one.
func (s *Service) refuse(ctx context.Context, tx *pg.PlatformTx, by Actor, contester tenant.DomainID) error {
	if contester == 0 {
		return nil
	}
	d, err := registry.LockDomain(ctx, tx, contester)
	if err != nil || d.State != tenant.DomainPendingOwnership {
		return err
	}
	d.Reason = ReasonRefused
	release(d, s.now())
	d.TombstonesUntil, d.QuarantineUntil, d.NextCheckAt = s.now(), s.now(), time.Time{}
	return s.save(ctx, tx, by, d, tenant.DomainPendingOwnership)
}

// withdraw ends the dispute that a claim began which is not proven any more, or given up:
// nobody is left to decide between.
func (s *Service) withdraw(ctx context.Context, tx *pg.PlatformTx, by Actor, d *tenant.Domain) error {
	holder, err := registry.HolderOf(ctx, tx, d.Name)
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	holder, err = registry.LockDomain(ctx, tx, holder.ID)
	if err != nil || holder.State != tenant.DomainDisputed || holder.ContestedBy != d.ID {
		return err
	}
	keep(holder, s.now())
	holder.NextCheckAt = s.now()
	return s.save(ctx, tx, by, holder, tenant.DomainDisputed)
}
