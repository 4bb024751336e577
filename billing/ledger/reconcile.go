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
	// Everybody who pays is read once a week, whatever events came, some each hour: 500 are two
	// thousand requests, of the hundred that the provider takes each second.
	readEvery   = 7 * 24 * time.Hour
	weeklyMost  = 500
	contested   = 200 * 24 * time.Hour // banks take a payment back for as long
	keepEvents  = 90 * 24 * time.Hour
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

// Revisit has customers read of which something is open, or whose period is over; and, spread
// over the hour, some of those whom nobody has looked at for a week.
func (l *Ledger) Revisit(ctx context.Context) error {
	return l.DB.Platform(ctx, "have customers read that may have changed", func(tx *pg.PlatformTx) error {
		customers, err := store.RestlessCustomers(ctx, tx, l.Now().Add(-RevisitEvery), revisitMost)
		if err != nil {
			return err
		}
		if err := readAll(ctx, tx, customers); err != nil {
			return err
		}
		now := l.Now()
		if customers, err = store.UnreadCustomers(ctx, tx, now.Add(-readEvery), now.Add(-contested), weeklyMost); err != nil || len(customers) == 0 {
			return err
		}
		later := make([]river.InsertManyParams, len(customers))
		for i, c := range customers {
			at := time.Now().Add(RevisitEvery * time.Duration(i) / time.Duration(len(customers)))
			later[i] = river.InsertManyParams{Args: jobs.BillingSync{CustomerID: c}, InsertOpts: &river.InsertOpts{ScheduledAt: at}}
		}
		return tx.EnqueueWith(ctx, later)
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
	c := &comparison{Ledger: l, began: l.Now(), seen: map[string]bool{}, found: map[string]int64{}}
	err := l.Gateway.Subscriptions(ctx, func(page []billing.SubscriptionState) error {
		for _, s := range page {
			c.seen[s.ID] = true
		}
		return c.page(ctx, page)
	})
	if err != nil {
		return fmt.Errorf("compare with the payment provider: %w", err)
	}
	if err := c.rest(ctx); err != nil {
		return err
	}
	return l.DB.Platform(ctx, "store what differed from the payment provider", func(tx *pg.PlatformTx) error {
		return store.AddDrift(ctx, tx, c.began, c.found)
	})
}

// Forget removes the events that were handled long ago: what they were about is stored, and
// the provider itself keeps them for 30 days.
func (l *Ledger) Forget(ctx context.Context) error {
	return l.DB.Platform(ctx, "forget old events of the payment provider", func(tx *pg.PlatformTx) error {
		n, err := store.PruneEvents(ctx, tx, l.Now().Add(-keepEvents))
		if n > 0 {
			l.Log.InfoContext(ctx, "old events of the payment provider are forgotten", "events", n)
		}
		return err
	})
}

// comparison is one run of Compare.
type comparison struct {
	*Ledger
	began time.Time
	seen  map[string]bool  // subscriptions that the provider lists
	found map[string]int64 // what differed, by field
}

func (c *comparison) drifted(field string) {
	c.found[field]++
	c.metrics.drifted(field)
}

func (c *comparison) page(ctx context.Context, page []billing.SubscriptionState) error {
	ids := make([]string, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	return c.DB.Platform(ctx, "compare subscriptions with the payment provider's", func(tx *pg.PlatformTx) error {
		held, err := store.HeldByID(ctx, tx, ids)
		if err != nil {
			return err
		}
		byID := make(map[string]*store.Held, len(held))
		for _, h := range held {
			byID[h.SubscriptionID] = h
		}
		names, err := c.names(ctx, tx)
		if err != nil {
			return err
		}
		var again []string
		for _, s := range page {
			mine := byID[s.ID]
			if mine != nil && s.IsLive() && isGone(mine.TenantState) {
				if err := c.task(ctx, tx, mine.TenantID, PaidForNothing, s.ID, map[string]string{"customer": s.CustomerID}); err != nil {
					return err
				}
			}
			if c.differs(mine, names.row(s)) {
				again = append(again, s.CustomerID)
			}
		}
		return readAll(ctx, tx, unique(again))
	})
}

// isGone reports whether a tenant has nothing any more that could be paid for.
func isGone(s tenant.State) bool { return s == tenant.Deleted || s == tenant.Deleting }

// differs counts what is stored otherwise than the provider has it.
func (c *comparison) differs(mine *store.Held, s store.Subscription) bool {
	if mine == nil {
		if s.Status == billing.IncompleteExpired {
			return false // nothing ever came of it
		}
		c.drifted("missing")
		return true
	}
	if mine.ReadAt.After(c.began) {
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
			c.drifted(field)
			found = true
		}
	}
	return found
}

// rest looks for stored subscriptions that the provider does not list any more.
func (c *comparison) rest(ctx context.Context) error {
	for after, more := "", true; more; {
		err := c.DB.Platform(ctx, "compare subscriptions with the payment provider's", func(tx *pg.PlatformTx) error {
			page, err := store.HeldLive(ctx, tx, after, comparePage)
			if err != nil {
				return err
			}
			var again []string
			for _, h := range page {
				if !c.seen[h.SubscriptionID] && !h.ReadAt.After(c.began) {
					c.drifted("vanished")
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
