package upkeep

import (
	"context"
	"fmt"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
)

// The clocks that nobody needs to set.
const (
	keepKeys   = 30 * day // of remote actors; they are read again
	keepPeers  = 90 * day
	keepLogins = 2 * day
	keepEnded  = day // a code that is used twice must still be known
	keepMails  = 90 * day
	keepDays   = 2 * 366 * day // of accounts: a year, and the one before it to compare with
	keepRetry  = day           // an Idempotency-Key is good for an hour
)

// aged is a class of rows that go by their age alone, over all tenants.
type aged struct {
	kind  string
	keep  time.Duration // 0: for ever
	prune func(context.Context, *pg.PlatformTx, time.Time, int) (int64, error)
	count func(context.Context, *pg.PlatformTx, time.Time) (int64, error)
}

func byAge(table *store.Ageing, keep time.Duration) aged {
	return aged{table.Kind, keep, table.Prune, table.Count}
}

// aged lists the classes. Codes, sessions and mutes say themselves when they end.
func (c Clocks) aged() []aged {
	const now = time.Nanosecond
	return []aged{
		byAge(store.AgedInbox, c.Inbox),
		byAge(store.AgedEvents, c.Events),
		{"activities and deliveries", c.Activities, store.PruneActivities, store.CountActivities},
		byAge(store.AgedUploads, c.Uploads),
		byAge(store.AgedKeys, keepKeys),
		byAge(store.AgedPeers, keepPeers),
		byAge(store.AgedLogins, keepLogins),
		byAge(store.AgedCodes, keepEnded),
		byAge(store.AgedSessions, keepEnded),
		byAge(store.AgedConsoleSessions, keepEnded),
		byAge(store.AgedSignUps, keepEnded),
		byAge(store.AgedPersonTokens, keepEnded),
		byAge(store.AgedPending, keepEnded),
		byAge(store.AgedChallenges, keepEnded),
		byAge(store.AgedMails, keepMails),
		byAge(store.AgedMutes, now),
		{"former private keys", now, store.EraseFormerKeys, store.CountFormerKeys},
		byAge(store.AgedIdempotencyKeys, keepRetry),
		byAge(store.AgedAccountDays, keepDays),
	}
}

// age removes what is older than its clock, batch after batch until one is not full.
func (r *round) age(ctx context.Context) {
	for _, class := range r.Clocks.aged() {
		if class.keep == 0 {
			continue
		}
		if err := r.ageOne(ctx, class); err != nil {
			r.note(fmt.Errorf("prune %s: %w", class.kind, err))
		}
	}
}

func (r *round) ageOne(ctx context.Context, class aged) error {
	before := r.now.Add(-class.keep)
	for slice := time.Now().Add(sliceTime); ; {
		var n int64
		err := r.DB.Platform(ctx, "upkeep of "+class.kind, func(p *pg.PlatformTx) (err error) {
			if r.Dry {
				n, err = class.count(ctx, p, before)
			} else {
				n, err = class.prune(ctx, p, before, r.batch)
			}
			return err
		})
		if err != nil {
			return err
		}
		r.count(class.kind, n)
		if r.Dry || n < int64(r.batch) {
			return nil
		}
		if r.isOver(slice) {
			r.cut = true
			return nil
		}
	}
}
