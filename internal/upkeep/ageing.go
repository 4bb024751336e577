package upkeep

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
)

// The clocks that nobody needs to set.
const (
	keepKeys   = 30 * day // of remote actors; they are read again
	keepPeers  = 90 * day
	keepLogins = 2 * day
	keepEnded  = day           // a code that is used twice must still be known
	keepUsage  = 400 * day     // of billing: a year to compare with
	keepDays   = 2 * 366 * day // of accounts: a year, and the one before it to compare with
	keepRetry  = day           // an Idempotency-Key is good for an hour
	// What is known of an archive that is gone: when, how large, its sum.
	keepArchive  = 365 * day
	archiveParts = 50 // of a megabyte, in one transaction
)

// aged is a class of rows that go by their age alone, over all tenants.
type aged struct {
	kind  string
	keep  time.Duration // 0: for ever
	prune func(context.Context, *pg.PlatformTx, time.Time, int) (int64, error)
	count func(context.Context, *pg.PlatformTx, time.Time) (int64, error)
	most  int // rows of one transaction; 0: a batch
}

func byAge(table *store.Ageing, keep time.Duration) aged {
	return aged{kind: table.Kind, keep: keep, prune: table.Prune, count: table.Count}
}

// aged lists the classes. Codes, sessions and mutes say themselves when they end.
func (c Clocks) aged() []aged {
	const now = time.Nanosecond
	return []aged{
		byAge(store.AgedInbox, c.Inbox),
		byAge(store.AgedEvents, c.Events),
		{kind: "activities and deliveries", keep: c.Activities, prune: store.PruneActivities, count: store.CountActivities},
		{kind: "archives", keep: now, prune: store.PruneExports, count: store.CountOldExports, most: archiveParts},
		byAge(store.AgedExports, keepArchive),
		byAge(store.AgedUploads, c.Uploads),
		byAge(store.AgedKeys, keepKeys),
		byAge(store.AgedPeers, keepPeers),
		byAge(store.AgedLogins, keepLogins),
		byAge(store.AgedCodes, keepEnded),
		byAge(store.AgedSessions, keepEnded),
		byAge(store.AgedConsoleSessions, keepEnded),
		byAge(store.AgedStaffSessions, keepEnded),
		byAge(store.AgedSignUps, keepEnded),
		byAge(store.AgedPersonTokens, keepEnded),
		byAge(store.AgedPending, keepEnded),
		byAge(store.AgedChallenges, keepEnded),
		byAge(store.AgedMails, c.Mails),
		byAge(store.AgedMutes, now),
		{kind: "former private keys", keep: now, prune: store.EraseFormerKeys, count: store.CountFormerKeys},
		byAge(store.AgedIdempotencyKeys, keepRetry),
		byAge(store.AgedAccountDays, keepDays),
		byAge(store.AgedUsage, keepUsage),
		byAge(store.AgedNotices, keepUsage),
	}
}

// age removes what is older than its clock, batch after batch until one is not full: first
// by the platform's clocks, then by those of the tenants that have their own.
func (r *round) age(ctx context.Context) {
	for _, class := range r.Clocks.aged() {
		if class.keep == 0 {
			continue
		}
		if err := r.ageOne(ctx, class); err != nil {
			r.note(fmt.Errorf("prune %s: %w", class.kind, err))
		}
	}
	for _, class := range r.ownAged() {
		if err := r.ageOwn(ctx, class); err != nil {
			r.note(fmt.Errorf("prune %s by tenants' own clocks: %w", class.kind, err))
		}
	}
	if r.Dry {
		return
	}
	r.note(r.DB.Platform(ctx, "upkeep: say what is done", func(p *pg.PlatformTx) error { return store.SaveAges(ctx, p, r.done) }))
}

func (r *round) ageOne(ctx context.Context, class aged) error {
	before, most := r.now.Add(-class.keep), r.batch
	if class.most > 0 {
		most = min(most, class.most)
	}
	return r.slice(class.kind, most, func() (n int64, err error) {
		err = r.DB.Platform(ctx, "upkeep of "+class.kind, func(p *pg.PlatformTx) (err error) {
			if r.Dry {
				n, err = class.count(ctx, p, before)
			} else {
				n, err = class.prune(ctx, p, before, most)
			}
			return err
		})
		return n, err
	})
}

// slice repeats a transaction until it removes fewer rows than it may, or the time for it
// is over. What came to its end is remembered.
func (r *round) slice(kind string, most int, once func() (int64, error)) error {
	for slice := time.Now().Add(sliceTime); ; {
		n, err := once()
		if err != nil {
			return err
		}
		r.count(kind, n)
		if r.Dry || n < int64(most) {
			r.done = append(r.done, kind)
			return nil
		}
		if r.isOver(slice) {
			r.cut = true
			return nil
		}
	}
}

// ownAged is a class that goes by age, where tenants keep it for less time than others.
type ownAged struct {
	kind  string
	class Class
	keep  time.Duration // the platform's
	prune func(context.Context, *pg.PlatformTx, []store.OwnBefore, int) (int64, error)
	count func(context.Context, *pg.PlatformTx, []store.OwnBefore, time.Time) (int64, error)
}

func (r *round) ownAged() []ownAged {
	return []ownAged{
		{store.OwnInbox.Kind, Received, r.Clocks.Inbox, store.OwnInbox.Prune, store.OwnInbox.Count},
		{store.OwnEvents.Kind, Sent, r.Clocks.Events, store.OwnEvents.Prune, store.OwnEvents.Count},
		{"activities and deliveries", Sent, r.Clocks.Activities, store.PruneOwnActivities, store.CountOwnActivities},
		{store.OwnMails.Kind, Mails, r.Clocks.Mails, store.OwnMails.Prune, store.OwnMails.Count},
	}
}

// ownAtOnce is for how many tenants one statement prunes.
const ownAtOnce = 500

// ageOwn prunes or counts a class for the tenants with a clock of their own, many at once.
func (r *round) ageOwn(ctx context.Context, class ownAged) error {
	var list []store.OwnBefore
	for id, set := range r.own {
		days, ok := set[class.class]
		if keep := time.Duration(days) * day; ok && (class.keep == 0 || keep < class.keep) {
			list = append(list, store.OwnBefore{Tenant: id, Before: r.now.Add(-keep)})
		}
	}
	var since time.Time // what is older goes in every tenant
	if class.keep > 0 {
		since = r.now.Add(-class.keep)
	}
	for part := range slices.Chunk(list, ownAtOnce) {
		err := r.slice(class.kind, r.batch, func() (n int64, err error) {
			err = r.DB.Platform(ctx, "upkeep of "+class.kind+" by tenants' clocks", func(p *pg.PlatformTx) (err error) {
				if r.Dry {
					n, err = class.count(ctx, p, part, since)
				} else {
					n, err = class.prune(ctx, p, part, r.batch)
				}
				return err
			})
			return n, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
