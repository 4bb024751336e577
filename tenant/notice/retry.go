package notice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
)

// mostFailed bounds one retry: more than this has one cause, and the rest comes next time.
const mostFailed = 100_000

// Failed are the mails that were given up, the newest first: those to send again, and those
// that are too old to be worth it, or of which nothing is left. Without ids, all.
func Failed(ctx context.Context, tx *pg.PlatformTx, now time.Time, ids ...int64) (again, stale []*store.UnsentMail, err error) {
	unsent, err := store.UnsentMails(ctx, tx, mostFailed)
	if err != nil {
		return nil, nil, fmt.Errorf("list mails that were given up: %w", err)
	}
	for _, m := range unsent {
		switch {
		case !m.NextTryAt.IsZero() || len(ids) > 0 && !slices.Contains(ids, m.ID):
		case now.Sub(m.CreatedAt) > staleAfter || isLetter(m.Template) && len(m.Data) == 0:
			stale = append(stale, m)
		default:
			again = append(again, m)
		}
	}
	return again, stale, nil
}

// Retry puts mails back into the queue, with all their tries. One that waits already is
// not queued twice.
func Retry(ctx context.Context, tx *pg.PlatformTx, mails []*store.UnsentMail) error {
	if len(mails) == 0 {
		return nil
	}
	args := make([]river.JobArgs, len(mails))
	for i, m := range mails {
		args[i] = jobs.SendMail{MailID: m.ID}
	}
	return tx.Enqueue(ctx, args...)
}
