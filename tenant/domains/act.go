package domains

import (
	"context"
	"strconv"

	"rookery/internal/audit"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
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
		return s.remindOfTrial(ctx, tx, d)
	}
	switch d.State {
	case tenant.DomainVerified:
		return s.wake(ctx, tx, d)
	case tenant.DomainIssuing:
		return tx.Enqueue(ctx, jobs.CertificateOrder{Name: d.Name})
	case tenant.DomainLive:
		return tx.Enqueue(ctx, jobs.TenantGoLive{Scoped: jobs.Scoped{TenantID: d.TenantID}})
	}
	return nil
}

// remindOfTrial has a tenant go live whose job got lost.
func (s *Service) remindOfTrial(ctx context.Context, tx *pg.PlatformTx, d *tenant.Domain) error {
	t, ok := s.Tenants.ByID(d.TenantID)
	if !ok || t.Federates() || d.State != tenant.DomainLive || d.Mode == tenant.PlatformDomain {
		return nil
	}
	return tx.Enqueue(ctx, jobs.TenantGoLive{Scoped: jobs.Scoped{TenantID: d.TenantID}})
}
