package inbox

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"rookery/federation/fetch"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// applyBatch applies all items in one transaction: new posts set-wise and first, so
// that what else the batch says of them finds them; then the rest in the order of
// arrival, each under a savepoint. It returns those that met an error which is no
// verdict. An error of its own means that nothing was applied.
//
// A panic counts as an error: it must cost the activity that causes it, not the process.
func (i *Inbox) applyBatch(ctx context.Context, t *tenant.Tenant, items []*item) (later []*item, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	defer func() {
		if cause := recover(); cause != nil {
			later, err = nil, fmt.Errorf("panic while applying %d activities: %v\n%s", len(items), cause, debug.Stack())
		}
	}()
	err = i.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		later = nil
		if err := lockSubjects(ctx, scope, items); err != nil {
			return err
		}
		mine, err := lock(ctx, scope, items)
		if err != nil {
			return err
		}
		if err := i.createMany(ctx, scope, t, mine); err != nil {
			return err
		}
		var done []store.Settled
		for _, it := range mine {
			if err := i.applyOne(ctx, scope, t, it); err != nil {
				return err
			}
			if it.retry != nil {
				later = append(later, it)
			} else {
				done = append(done, it.verdict)
			}
		}
		return store.SettleInboxActivities(ctx, scope, done)
	})
	if err != nil {
		return nil, fmt.Errorf("apply %d activities: %w", len(items), err)
	}
	return later, nil
}

// lock returns those of the items that no other worker has settled.
func lock(ctx context.Context, scope *pg.Scope, items []*item) ([]*item, error) {
	ids := make([]int64, len(items))
	for n, it := range items {
		ids[n] = it.id
	}
	free, err := store.LockInboxActivities(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	waits := make(map[int64]bool, len(free))
	for _, id := range free {
		waits[id] = true
	}
	var mine []*item
	for _, it := range items {
		if waits[it.id] {
			waits[it.id] = false // two jobs may bring the same one
			c := *it             // a transaction that is repeated starts from what was prepared
			mine = append(mine, &c)
		}
	}
	return mine, nil
}

// applyOne applies one item under a savepoint and settles it, or marks it for another
// try. A database that is away ends the batch.
func (i *Inbox) applyOne(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	if it.isSettled() {
		return nil
	}
	err := scope.Nested(ctx, func(inner *pg.Scope) error { return i.handle(ctx, inner, t, it) })
	if fault.CodeOf(err) == fault.Unavailable {
		return err
	}
	if err != nil || !it.isSettled() {
		it.judge(err)
	}
	return nil
}

// applySingly gives each item a transaction of its own, so that a bad one holds up
// none. It returns those that could not be applied now.
func (i *Inbox) applySingly(ctx context.Context, t *tenant.Tenant, items []*item) ([]*item, error) {
	var later []*item
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		put, err := i.applyBatch(ctx, t, []*item{it})
		if err != nil {
			it.retry = err
			put = []*item{it}
		}
		later = append(later, put...)
	}
	return later, nil
}

// createMany stores the posts of all Create activities with a handful of statements.
func (i *Inbox) createMany(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, items []*item) error {
	var list []status.Incoming
	var of []*item
	for _, it := range items {
		if it.activity.Type == vocab.TypeCreate && it.note != nil && !it.isSettled() {
			list, of = append(list, it.incoming()), append(of, it)
		}
	}
	received, err := i.Statuses.ReceiveMany(ctx, scope, list)
	if err != nil {
		return fmt.Errorf("receive %d posts: %w", len(list), err)
	}
	var orphans []jobs.FetchParents
	for n, r := range received {
		if r.Err != nil {
			of[n].ignore(r.Err.Error())
			continue
		}
		of[n].applied()
		if r.Created && isOrphan(t, r.Status) {
			orphans = append(orphans, jobs.FetchParents{Scoped: jobs.Scoped{TenantID: t.ID}, StatusID: int64(r.Status.ID)})
		}
	}
	return enqueue(ctx, scope, orphans)
}

func (it *item) incoming() status.Incoming {
	in := fetch.Incoming(*it.note, it.actor)
	in.MentionAccountIDs = it.mentions
	if it.noMedia {
		in.Media, in.Emojis = nil, nil
	}
	return in
}

// isOrphan reports whether a post answers one that could be read elsewhere.
func isOrphan(t *tenant.Tenant, st *social.Status) bool {
	return st.InReplyToID == 0 && st.InReplyToURI != "" && vocab.HostOf(st.InReplyToURI) != "" && vocab.HostOf(st.InReplyToURI) != t.Host
}

func enqueue(ctx context.Context, scope *pg.Scope, list []jobs.FetchParents) error {
	for _, args := range list {
		if err := scope.Enqueue(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

// handle calls the rule that an activity is about. It returns a fault for what is
// not to be; the item is settled by it, or by its nil.
func (i *Inbox) handle(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	switch it.activity.Type {
	case vocab.TypeCreate:
		it.ignore("without a post")
	case vocab.TypeUpdate:
		return i.update(ctx, scope, t, it)
	case vocab.TypeDelete:
		return i.delete(ctx, scope, it)
	case vocab.TypeFollow:
		return i.follow(ctx, scope, t, it)
	case vocab.TypeAccept:
		return i.answer(ctx, scope, it, i.Relations.ConfirmFollow)
	case vocab.TypeReject:
		return i.answer(ctx, scope, it, i.Relations.RefuseFollow)
	case vocab.TypeUndo:
		return i.undo(ctx, scope, t, it)
	case vocab.TypeLike, vocab.TypeEmojiReact:
		return i.favourite(ctx, scope, t, it)
	case vocab.TypeAnnounce:
		return i.boost(ctx, scope, t, it)
	case vocab.TypeBlock:
		return i.block(ctx, scope, t, it)
	default:
		it.ignore("this version does nothing with it")
	}
	return nil
}

var (
	errNotOurs    = fault.New(fault.Invalid, "It is about nobody here.")
	errNotOwner   = fault.New(fault.Forbidden, "It is not the actor's.")
	errNoObject   = fault.New(fault.Invalid, "It has no object.")
	errNoActivity = fault.New(fault.Invalid, "It has no id.")
	errUnknown    = fault.New(fault.NotFound, "It is about something that is not known here.")
)

// ours returns the local account that an activity is about.
func ours(ctx context.Context, scope *pg.Scope, uri string) (*social.Account, error) {
	if uri == "" {
		return nil, errNoObject
	}
	a, err := store.AccountByURI(ctx, scope, uri)
	if fault.IsNotFound(err) || err == nil && !a.IsLocal() {
		return nil, errNotOurs
	}
	return a, err
}

// recentEdit is how old a post may be that is first heard of by its Update, to be news.
const recentEdit = 24 * time.Hour

func (i *Inbox) update(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, it *item) error {
	if it.profile != nil {
		return nil // stored while it was looked up
	}
	if it.note == nil {
		return errNoObject
	}
	st, err := store.StatusByURI(ctx, scope, it.note.URI)
	switch {
	case fault.IsNotFound(err) && time.Since(it.note.Published) < recentEdit && t.Entitlement.Standing.TakesAll():
		// It has overtaken its Create.
		st, created, err := i.Statuses.Receive(ctx, scope, it.incoming())
		if err != nil || !created || !isOrphan(t, st) {
			return err
		}
		return enqueue(ctx, scope, []jobs.FetchParents{{Scoped: jobs.Scoped{TenantID: t.ID}, StatusID: int64(st.ID)}})
	case fault.IsNotFound(err):
		return errUnknown
	case err != nil:
		return err
	}
	_, err = i.Statuses.ReceiveEdit(ctx, scope, st, it.incoming())
	return err
}

// delete believes an owner, and nobody else. What is not known here is remembered,
// for a Create that comes late.
func (i *Inbox) delete(ctx context.Context, scope *pg.Scope, it *item) error {
	uri := it.activity.Object.ID
	switch {
	case uri == "":
		return errNoObject
	case uri == it.actor.URI:
		return i.Statuses.RemoveAuthor(ctx, scope, it.actor)
	case !vocab.SameHost(uri, it.actor.URI):
		return errNotOwner
	}
	st, err := store.StatusByURI(ctx, scope, uri)
	if fault.IsNotFound(err) {
		return store.AddTombstone(ctx, scope, uri, vocab.TypeNote, it.actor.ID)
	}
	if err != nil {
		return err
	}
	if st.AccountID != it.actor.ID {
		return errNotOwner
	}
	return i.Statuses.Delete(ctx, scope, st)
}
