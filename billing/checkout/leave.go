package checkout

import (
	"context"
	"fmt"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

// leave sees to it that a company which is being deleted is not charged again. While that can
// be undone the plan ends with its paid time, and an owner can let it go on; when it cannot,
// jobs.BillingLeave ends it at once.
func (s *Service) leave(ctx context.Context) (failed []error) {
	var all []tenant.ID
	err := s.DB.Platform(ctx, "find companies that leave and pay", func(tx *pg.PlatformTx) (err error) {
		all, err = store.LeavingTenants(ctx, tx, s.Now(), sweepMost)
		return err
	})
	if err != nil {
		return []error{err}
	}
	for _, id := range all { // seldom one
		err := s.leaveOne(ctx, id)
		if code := fault.CodeOf(err); err != nil && code != fault.Conflict && code != fault.Unavailable { // those come again in a minute
			failed = append(failed, fmt.Errorf("end what tenant %d pays for, which is being deleted: %w", id, err))
		}
	}
	return failed
}

func (s *Service) leaveOne(ctx context.Context, id tenant.ID) error {
	st, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	if st.page != nil {
		if err := s.expire(ctx, id, st.page); err != nil && fault.CodeOf(err) != fault.Conflict { // else it was paid on
			return err
		}
		if st, err = s.read(ctx, id); err != nil {
			return err
		}
	}
	if st.live == nil || !st.live.CancelAt.IsZero() {
		return nil
	}
	return s.order(ctx, id, st, kindCancel, st.live.ID, order{
		By: audit.BySystem("deletion"), Customer: st.live.CustomerID, Change: billing.PlanChange{Subscription: st.live.ID}, From: choice(st.live), At: st.live.PeriodEnd,
	})
}

// Left ends a subscription of a company that was deleted. Nothing may be left of it here but
// its log, so that nothing is written down before; whoever is asked twice ends it once.
func (s *Service) Left(ctx context.Context, j jobs.BillingLeave) error {
	err := s.Till.CancelNow(ctx, "left/"+j.SubscriptionID, j.SubscriptionID)
	if err != nil && !fault.IsNotFound(err) {
		return err
	}
	if err == nil {
		s.Log.WarnContext(ctx, "a subscription of a deleted tenant was live, and is ended", "tenant", j.Of, "subscription", j.SubscriptionID)
		err = s.DB.Platform(ctx, "record the end of a subscription", func(tx *pg.PlatformTx) error {
			return audit.AppendFor(ctx, tx, j.Of, audit.Entry{Actor: audit.BySystem("deletion"), Action: "billing.left", Target: "subscription:" + j.SubscriptionID})
		})
		if err != nil {
			return err
		}
	}
	s.refresh(ctx, j.CustomerID)
	return nil
}
