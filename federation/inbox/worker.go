package inbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// applyWorker applies stored activities. It is safe to run twice: rows are locked
// and settled in the transaction that applies them, and settled ones are left alone.
type applyWorker struct {
	river.WorkerDefaults[jobs.ApplyActivities]
	inbox *Inbox
}

// applyTime leaves room for look-ups at slow servers; each has a deadline of its own.
const applyTime = 80 * time.Second // below the queue's rescue of stuck jobs

// Timeout implements river.Worker.
func (w *applyWorker) Timeout(*river.Job[jobs.ApplyActivities]) time.Duration { return applyTime }

// Work implements river.Worker.
func (w *applyWorker) Work(ctx context.Context, job *river.Job[jobs.ApplyActivities]) error {
	t, ok := w.inbox.Tenants.ByID(job.Args.TenantID)
	if !ok {
		return fmt.Errorf("apply activities: tenant %d is not known here yet", job.Args.TenantID)
	}
	return w.inbox.apply(ctx, t, job.Args.IDs, job.Queue == jobs.QueueFetch, job.Attempt)
}

const (
	// patience is how often an activity is tried whose sender or object cannot be read
	// just now, or which meets an error that nobody foresaw: for some six minutes.
	patience = 5
	// ownPatience is how often where our own database is busy: for more than an hour. The
	// sender was told that the activity was taken, and our troubles are none of its.
	ownPatience = 8
)

// isEnough reports whether an activity is given up that was tried so often.
func (it *item) isEnough(tries int) bool {
	if !it.lacking && fault.CodeOf(it.retry) == fault.Unavailable {
		return tries >= ownPatience
	}
	return tries >= patience
}

// item is a stored activity on its way to its effect.
type item struct {
	id       int64
	to       social.AccountID // whose inbox; 0: the shared one
	activity vocab.Activity
	actor    *social.Account

	note     *convert.Note // of Create and Update
	mentions []social.AccountID
	profile  *social.Account // of an Update of the actor itself
	object   string          // id of the post that an Announce repeats
	noMedia  bool            // of its server none is taken

	verdict store.Settled
	retry   error // set: cannot be judged now
	lacking bool  // because something could not be looked up
}

func (it *item) ignore(reason string) {
	it.verdict = store.Settled{ID: it.id, State: store.InboxIgnored, Reason: reason}
}

func (it *item) fail(reason string) {
	it.verdict = store.Settled{ID: it.id, State: store.InboxFailed, Reason: reason}
}

func (it *item) applied() {
	it.verdict = store.Settled{ID: it.id, State: store.InboxApplied}
}

func (it *item) isSettled() bool { return it.verdict.ID != 0 }

// judge turns an error of a rule into what becomes of the activity: what may not be
// or no longer makes sense is ignored, what may work later is tried again. No rule for
// remote actors knows a conflict: it is that of an id which another process made at the
// same moment, and the next try makes another.
func (it *item) judge(err error) {
	switch code := fault.CodeOf(err); {
	case code == "":
		it.applied()
	case code == fault.Unavailable, code == fault.Internal, code == fault.Conflict,
		pg.IsOrphan(err): // upkeep removed what was prepared: it is looked up anew
		it.retry = err
	default:
		it.ignore(err.Error())
	}
}

// apply applies what still waits of the ids, but for what it would have to look up and may
// not.
func (i *Inbox) apply(ctx context.Context, t *tenant.Tenant, ids []int64, mayLook bool, tries int) error {
	items, err := i.load(ctx, t, ids)
	if err != nil || len(items) == 0 {
		return err
	}
	if items, err = i.prepare(ctx, t, items, mayLook); err != nil {
		return err
	}
	ready, later := separate(items, func(it *item) bool { return it.retry != nil })
	failed, err := i.turns.take(ctx, t, ready)
	if err != nil {
		return err
	}
	return i.putOff(ctx, t, append(later, failed...), tries)
}

// load returns what waits of the ids, in the order of arrival: from this process's own
// memory, and the rest from their rows.
func (i *Inbox) load(ctx context.Context, t *tenant.Tenant, ids []int64) ([]*item, error) {
	items, missing := i.hand.take(t.ID, ids)
	if len(missing) == 0 {
		return items, nil
	}
	err := i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		rows, err := store.PendingInboxActivities(ctx, scope, missing)
		for _, row := range rows {
			items = append(items, read(row))
		}
		return err
	})
	slices.SortFunc(items, func(a, b *item) int { return cmp.Compare(a.id, b.id) })
	return items, err
}

// applyTogether applies the items of several jobs in one transaction, and one by one
// if that fails, so that a bad one holds up none.
func (i *Inbox) applyTogether(ctx context.Context, t *tenant.Tenant, items []*item) ([]*item, error) {
	later, err := i.applyBatch(ctx, t, items)
	if err == nil {
		return later, nil
	}
	i.Log.WarnContext(ctx, "apply activities one by one", "tenant", t.ID, "count", len(items), "error", err)
	return i.applySingly(ctx, t, items)
}

// read parses a stored activity once more: the same bytes give the same values that
// were verified.
func read(row *store.InboxActivity) *item {
	it := &item{id: row.ID, to: row.AccountID}
	doc, err := vocab.Parse(row.Raw)
	if err != nil {
		it.fail("cannot be read any more")
		return it
	}
	it.activity = vocab.ReadActivity(doc)
	if it.activity.Actor != row.ActorURI {
		it.fail("is not the actor's")
	}
	return it
}

// putOff has the queue try again what could not be judged, and gives up what has been
// tried often enough.
func (i *Inbox) putOff(ctx context.Context, t *tenant.Tenant, later []*item, tries int) error {
	again, over := separate(later, func(it *item) bool { return it.isEnough(tries) })
	if len(over) > 0 {
		settled := make([]store.Settled, len(over))
		for n, it := range over {
			it.fail(it.retry.Error())
			settled[n] = it.verdict
			i.Log.WarnContext(ctx, "give an activity up", "tenant", t.ID, "activity", it.id, "type", it.activity.Type, "error", it.retry)
		}
		err := i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return store.SettleInboxActivities(ctx, scope, settled) })
		if err != nil {
			return err
		}
	}
	if len(again) > 0 {
		return fmt.Errorf("apply %d activities later: %w", len(again), again[0].retry)
	}
	return nil
}
