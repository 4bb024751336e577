package v1

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// desk takes in posts. Those of one author that come at the same time share a
// transaction: they would wait for one another's counters anyway, each for the disk to
// confirm the one before. It takes what waits, without waiting for more.
type desk struct {
	StatusDeps
	mu    sync.Mutex
	lanes map[writer][]*posting // present while somebody writes for the author
}

// writer is an author of a tenant.
type writer struct {
	tenant  tenant.ID
	account social.AccountID
}

// posting is one request.
type posting struct {
	draft status.Draft
	shown *entity.Status
	err   error
	done  chan struct{}
}

const (
	mostPostings = 64
	postingTime  = 20 * time.Second
)

func newDesk(d StatusDeps) *desk { return &desk{StatusDeps: d, lanes: make(map[writer][]*posting)} }

// post creates a post and returns it as its author sees it once it is durable.
func (d *desk) post(ctx context.Context, t *tenant.Tenant, author social.AccountID, draft status.Draft) (*entity.Status, error) {
	mine := &posting{draft: draft, done: make(chan struct{})}
	if len(draft.MediaIDs) > 0 { // attaching files may fail late, and should not take others along
		d.write(ctx, t, author, []*posting{mine})
		return mine.shown, mine.err
	}
	key := writer{t.ID, author}
	d.mu.Lock()
	lane, busy := d.lanes[key]
	d.lanes[key] = append(lane, mine)
	d.mu.Unlock()
	if !busy {
		// not the request's own context: others' posts go along
		go d.drain(context.WithoutCancel(ctx), t, author)
	}
	select {
	case <-mine.done:
		return mine.shown, mine.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drain writes batch after batch until none of the author's posts waits.
func (d *desk) drain(ctx context.Context, t *tenant.Tenant, author social.AccountID) {
	for {
		batch := d.next(writer{t.ID, author})
		if len(batch) == 0 {
			return
		}
		limited, cancel := context.WithTimeout(ctx, postingTime)
		d.write(limited, t, author, batch)
		cancel()
		for _, p := range batch {
			close(p.done)
		}
	}
}

// next cuts off what goes together; an empty lane is removed in the same breath, so
// that the next request starts another.
func (d *desk) next(key writer) []*posting {
	d.mu.Lock()
	defer d.mu.Unlock()
	lane := d.lanes[key]
	n := min(len(lane), mostPostings)
	if n == 0 {
		delete(d.lanes, key)
		return nil
	}
	d.lanes[key] = lane[n:]
	return lane[:n:n]
}

// write stores and shows a batch; if that fails, each post by itself, so that a bad
// one holds up none.
func (d *desk) write(ctx context.Context, t *tenant.Tenant, author social.AccountID, batch []*posting) {
	made, err := d.store(ctx, t, author, batch)
	switch {
	case err != nil && len(batch) > 1:
		for _, p := range batch {
			d.write(ctx, t, author, []*posting{p})
		}
		return
	case err != nil:
		batch[0].err = err
		return
	}
	var list []*social.Status
	for i, p := range batch {
		if p.err = made[i].Err; p.err == nil {
			list = append(list, made[i].Status)
		}
	}
	shown, err := d.show(ctx, t, author, list)
	for i, p := range batch {
		if p.err != nil {
			continue
		}
		if p.shown, p.err = shown[made[i].Status.ID], err; p.shown == nil && err == nil {
			p.err = httpx.ErrNotFound // deleted in the moment between
		}
	}
}

// store creates the posts. A panic counts as an error: it must cost the request that
// causes it, not the process.
func (d *desk) store(ctx context.Context, t *tenant.Tenant, author social.AccountID, batch []*posting) (made []status.Created, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic while posting: %v\n%s", cause, debug.Stack())
		}
	}()
	drafts := make([]status.Draft, len(batch))
	for i, p := range batch {
		drafts[i] = p.draft
	}
	err = d.DB.TenantByKey(ctx, t.ID, func(scope *pg.Scope) error {
		a, err := store.AccountByID(ctx, scope, author)
		if err != nil {
			return err
		}
		made, err = d.Statuses.CreateMany(ctx, scope, t, a, drafts)
		if err == nil && len(made) == 1 {
			err = made[0].Err // by itself it may undo what it did so far
		}
		return err
	})
	return made, err
}

// show renders posts after the commit: counters are locked for a moment only, and not
// while answers are written. What was just written is not read anew.
func (d *desk) show(ctx context.Context, t *tenant.Tenant, viewer social.AccountID, list []*social.Status) (shown map[social.StatusID]*entity.Status, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic while showing %d posts: %v\n%s", len(list), cause, debug.Stack())
		}
	}()
	shown = make(map[social.StatusID]*entity.Status, len(list))
	if len(list) == 0 {
		return shown, nil
	}
	var all []*entity.Status
	err = d.DB.Read(ctx, t.ID, func(scope *pg.Scope) error {
		scope.ByKey()
		all, err = d.Render.Statuses(ctx, scope, t, viewer, list)
		return err
	})
	for _, s := range all {
		shown[social.StatusID(s.ID)] = s
	}
	return shown, err
}
