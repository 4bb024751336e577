package domains

import (
	"context"
	"strconv"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains/doctor"
	"rookery/tenant/registry"
)

// Actor is who moves a claim, for the audit log.
type Actor = audit.Actor

// BySystem is the checks themselves.
func BySystem() Actor { return audit.BySystem("domains") }

// record writes a transition into the tenant's audit log.
func (s *Service) record(ctx context.Context, tx *pg.PlatformTx, by Actor, d *tenant.Domain, did, from string) error {
	detail := map[string]string{"name": d.Name, "mode": string(d.Mode), "role": string(d.Role)}
	if from != "" {
		detail["from"] = from
	}
	if d.Reason != "" {
		detail["reason"] = d.Reason
	}
	return audit.AppendFor(ctx, tx, d.TenantID, audit.Entry{
		Actor: by, Action: "domain." + did, Target: "domain:" + strconv.FormatInt(int64(d.ID), 10), Detail: detail,
	})
}

// wake has claims looked at now rather than with the next sweep.
func (s *Service) wake(ctx context.Context, tx *pg.PlatformTx, claims ...*tenant.Domain) error {
	for _, d := range claims {
		if d.NextCheckAt.IsZero() {
			continue
		}
		if err := tx.Enqueue(ctx, jobs.DomainCheck{DomainID: int64(d.ID)}); err != nil {
			return err
		}
	}
	return nil
}

// enqueueFor starts what a new state waits for.
func (s *Service) enqueueFor(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain, from tenant.DomainState) error {
	if d.State == from {
		return nil
	}
	switch d.State {
	case tenant.DomainVerified:
		return s.wake(ctx, tx, d)
	case tenant.DomainIssuing:
		return tx.Enqueue(ctx, jobs.CertificateOrder{DomainID: int64(d.ID)})
	case tenant.DomainLive:
		return tx.Enqueue(ctx, jobs.TenantGoLive{Scoped: jobs.Scoped{TenantID: d.TenantID}})
	}
	return nil
}

// settleHolder decides what proof of a name means that somebody else holds already. It
// changes the holder's claim and, where the name does not become free, the newcomer's.
func (s *Service) settleHolder(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	holder, err := holderOf(ctx, tx, d.Name)
	if err != nil || holder == nil || holder.ID == d.ID {
		return err
	}
	holder, err = registry.LockDomain(ctx, tx, holder.ID)
	if err != nil {
		return err
	}
	leadsHere, err := s.leadsHere(ctx, tx, holder)
	if err != nil {
		return err
	}
	from := holder.State
	if !leadsHere {
		// Its owner let it go without telling us; who proves it now gets it at once.
		holder.Reason = ReasonTransferred
		release(holder, s.now())
		return s.save(ctx, tx, BySystem(), holder, from)
	}
	enter(d, tenant.DomainPendingOwnership, string(doctor.ClaimedByOther), s.now())
	if holder.State == tenant.DomainDisputed {
		return nil
	}
	enter(holder, tenant.DomainDisputed, ReasonContested, s.now())
	holder.ContestedBy, holder.DeadlineAt = d.ID, s.now().Add(disputeNotice)
	holder.NextCheckAt = nextCheck(holder, s.now())
	return s.save(ctx, tx, BySystem(), holder, from)
}

// Reasons that are no findings of the doctor.
const (
	ReasonTransferred = "TRANSFERRED" // another tenant proved the name, which led nowhere
	ReasonContested   = "CONTESTED"   // another tenant proved the name, which leads here
)

func (s *Service) leadsHere(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) (bool, error) {
	checks, err := registry.ChecksOf(ctx, tx, d.ID)
	if err != nil {
		return false, err
	}
	kind := leadsHereBy(d)
	for _, c := range checks {
		if c.Kind == kind {
			return c.Failures == 0 && !c.LastOKAt.IsZero(), nil
		}
	}
	// Never checked: an operator vouched for it.
	return d.State.Serves(), nil
}

func holderOf(ctx context.Context, tx *pg.PlatformTx, name string) (*tenant.Domain, error) {
	holder, err := registry.HolderOf(ctx, tx, name)
	if fault.IsNotFound(err) {
		return nil, nil
	}
	return holder, err
}
