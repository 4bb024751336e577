package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

// How often what was missed is looked for. None of it is needed while events come.
const (
	PollEvery    = 10 * time.Minute
	RevisitEvery = time.Hour
	CompareEvery = 24 * time.Hour

	pollBack    = 3 * 24 * time.Hour // the provider tries to deliver as long
	revisitMost = 1000
	comparePage = 500
)

// Poll takes in the events that never reached the door.
func (l *Ledger) Poll(ctx context.Context) error {
	missed, err := l.Gateway.Undelivered(ctx, l.Now().Add(-pollBack))
	if err != nil {
		return fmt.Errorf("list events that were missed: %w", err)
	}
	for _, e := range missed { // few, each in a transaction of its own as at the door
		if err := l.Receive(ctx, e, store.FromPoll); err != nil {
			return err
		}
	}
	return nil
}

// Revisit has customers read of which something is open, or whose period is over.
func (l *Ledger) Revisit(ctx context.Context) error {
	return l.DB.Platform(ctx, "have customers read that may have changed", func(tx *pg.PlatformTx) error {
		customers, err := store.RestlessCustomers(ctx, tx, l.Now().Add(-RevisitEvery), revisitMost)
		if err != nil {
			return err
		}
		return readAll(ctx, tx, customers)
	})
}

func readAll(ctx context.Context, tx *pg.PlatformTx, customers []string) error {
	args := make([]river.JobArgs, len(customers))
	for i, c := range customers {
		args[i] = jobs.BillingSync{CustomerID: c}
	}
	return tx.Enqueue(ctx, args...)
}

// Compare reads every subscription there is and has those customers read again of which
// something else is stored here. What differed is counted by field: a number that is not 0
// means that events get lost. Money that is taken for nothing is a matter for the staff.
func (l *Ledger) Compare(ctx context.Context) error {
	began := l.Now()
	seen := map[string]bool{}
	err := l.Gateway.Subscriptions(ctx, func(page []billing.SubscriptionState) error {
		for _, s := range page {
			seen[s.ID] = true
		}
		return l.comparePage(ctx, began, page)
	})
	if err != nil {
		return fmt.Errorf("compare with the payment provider: %w", err)
	}
	return l.compareRest(ctx, began, seen)
}

func (l *Ledger) comparePage(ctx context.Context, began time.Time, page []billing.SubscriptionState) error {
	ids := make([]string, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	return l.DB.Platform(ctx, "compare subscriptions with the payment provider's", func(tx *pg.PlatformTx) error {
		held, err := store.HeldByID(ctx, tx, ids)
		if err != nil {
			return err
		}
		byID := make(map[string]*store.Held, len(held))
		for _, h := range held {
			byID[h.SubscriptionID] = h
		}
		names, err := l.names(ctx, tx)
		if err != nil {
			return err
		}
		var again []string
		for _, s := range page {
			mine := byID[s.ID]
			if mine != nil && s.IsLive() && isGone(mine.TenantState) {
				if err := l.task(ctx, tx, mine.TenantID, PaidForNothing, s.ID, map[string]string{"customer": s.CustomerID}); err != nil {
					return err
				}
			}
			if l.differs(mine, names.row(s), began) {
				again = append(again, s.CustomerID)
			}
		}
		return readAll(ctx, tx, unique(again))
	})
}

// isGone reports whether a tenant has nothing any more that could be paid for.
func isGone(s tenant.State) bool { return s == tenant.Deleted || s == tenant.Deleting }

// differs counts what is stored otherwise than the provider has it.
func (l *Ledger) differs(mine *store.Held, s store.Subscription, began time.Time) bool {
	if mine == nil {
		if s.Status == billing.IncompleteExpired {
			return false // nothing ever came of it
		}
		l.metrics.drifted("missing")
		return true
	}
	if mine.ReadAt.After(began) {
		return false // it was read after this page was
	}
	found := false
	for field, differs := range map[string]bool{
		"status":     mine.Status != s.Status,
		"customer":   mine.CustomerID != s.CustomerID,
		"prices":     !slices.Equal(mine.PriceIDs, s.PriceIDs),
		"extra":      mine.Extra != s.Extra,
		"period_end": !mine.PeriodEnd.Equal(s.PeriodEnd),
		"cancel_at":  !mine.CancelAt.Equal(s.CancelAt),
	} {
		if differs {
			l.metrics.drifted(field)
			found = true
		}
	}
	return found
}

// compareRest looks for stored subscriptions that the provider does not list any more.
func (l *Ledger) compareRest(ctx context.Context, began time.Time, seen map[string]bool) error {
	for after, more := "", true; more; {
		err := l.DB.Platform(ctx, "compare subscriptions with the payment provider's", func(tx *pg.PlatformTx) error {
			page, err := store.HeldLive(ctx, tx, after, comparePage)
			if err != nil {
				return err
			}
			var again []string
			for _, h := range page {
				if !seen[h.SubscriptionID] && !h.ReadAt.After(began) {
					l.metrics.drifted("vanished")
					again = append(again, h.CustomerID)
				}
				after = h.SubscriptionID
			}
			more = len(page) == comparePage
			return readAll(ctx, tx, unique(again))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
