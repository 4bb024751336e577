package upkeep

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	daily  = 23 * time.Hour // rounds come every ten minutes: so that it is not every other day
	hourly = 50 * time.Minute
)

// page is what one transaction of a walk did.
type page struct {
	rows int64
	next string // where the next page begins
	end  bool
}

// walking is a class of rows of which somebody may still need one, however old it is.
type walking struct {
	kind  string
	every time.Duration
	keep  time.Duration // 0: for ever
	step  func(ctx context.Context, scope *pg.Scope, after string) (page, error)
}

// walks lists the classes of one tenant with its clocks. What refers to others comes
// before them.
func (r *round) walks(c Clocks, hosts []string) []walking {
	generic := func(w *store.Walk, keep time.Duration, a store.WalkArgs) walking {
		a.Before = r.now.Add(-keep)
		return walking{kind: w.Kind, every: daily, keep: keep, step: func(ctx context.Context, scope *pg.Scope, after string) (page, error) {
			return r.page(ctx, scope, w, after, a)
		}}
	}
	const always = day
	list := []walking{
		{kind: "home timelines", every: hourly, keep: always, step: r.trimHomes},
		{kind: "remote posts", every: daily, keep: c.RemotePosts, step: r.forget(c.RemotePosts)},
		generic(store.WalkNotifications, c.Notifications, store.WalkArgs{}),
		generic(store.WalkDesk, c.Notifications, store.WalkArgs{}),
		generic(store.WalkAccounts, c.RemoteAccounts, store.WalkArgs{}),
		generic(store.WalkTombstones, c.Tombstones, store.WalkArgs{Hosts: hosts}),
		generic(store.WalkApps, c.Apps, store.WalkArgs{}),
		generic(store.WalkFiles, c.Uploads, store.WalkArgs{}),
		generic(store.WalkBlobs, c.Uploads, store.WalkArgs{}),
		generic(store.WalkStatusTexts, always, store.WalkArgs{}),
		generic(store.WalkAccountTexts, always, store.WalkArgs{}),
		generic(store.WalkTags, always, store.WalkArgs{}),
	}
	if c.Edits > 0 {
		list = append(list, generic(store.WalkEdits, always, store.WalkArgs{Keep: c.Edits}))
	}
	return slices.DeleteFunc(list, func(w walking) bool { return w.keep == 0 })
}

// due is a walk that it is time for.
type due struct {
	walking
	tenant tenant.ID
	after  string
	last   time.Time // when it last came to the end
}

// walk goes on with the walks that are due, those first that have waited longest.
func (r *round) walk(ctx context.Context) {
	list, err := r.due(ctx)
	if err != nil {
		r.note(fmt.Errorf("look for walks: %w", err))
		return
	}
	for _, d := range list {
		if r.isOver(r.until) || ctx.Err() != nil {
			r.cut = true
			return
		}
		if err := r.walkOne(ctx, d); err != nil {
			r.note(fmt.Errorf("walk over %s of tenant %d: %w", d.kind, d.tenant, err))
		}
	}
}

func (r *round) due(ctx context.Context) ([]due, error) {
	type place struct {
		tenant tenant.ID
		kind   string
	}
	states := map[place]*store.WalkState{}
	var hosts map[tenant.ID][]string
	err := r.DB.Platform(ctx, "upkeep: see what is due", func(p *pg.PlatformTx) error {
		rows, err := store.WalkStates(ctx, p)
		if err != nil {
			return err
		}
		for _, s := range rows {
			states[place{s.TenantID, s.Kind}] = s
		}
		hosts, err = store.HostsByTenant(ctx, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []due
	for _, t := range r.Tenants.All() {
		if t.State == tenant.Deleted {
			continue // package deletion removes all of it
		}
		for _, w := range r.walks(r.Clocks.with(r.own[t.ID]), append(hosts[t.ID], t.Host)) {
			d := due{walking: w, tenant: t.ID}
			if s := states[place{t.ID, w.kind}]; s != nil {
				if d.after = s.Position; s.FinishedAt != nil {
					d.last = *s.FinishedAt
				}
			}
			if r.Dry {
				d.after = ""
			}
			if r.All || r.Dry || d.after != "" || r.now.Sub(d.last) > w.every {
				list = append(list, d)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b due) int { return a.last.Compare(b.last) })
	return list, nil
}

// walkOne goes on with a walk until it ends or its time is over. Each page and the place
// that it led to are written together.
func (r *round) walkOne(ctx context.Context, d due) error {
	for slice := time.Now().Add(sliceTime); ; {
		var p page
		err := r.DB.Tenant(ctx, d.tenant, func(scope *pg.Scope) (err error) {
			if p, err = d.step(ctx, scope, d.after); err != nil || r.Dry {
				return err
			}
			return store.SaveWalk(ctx, scope, d.kind, p.next, p.end)
		})
		if err != nil {
			return err
		}
		r.count(d.kind, p.rows)
		d.after = p.next
		if p.end {
			return nil
		}
		if r.isOver(slice) {
			r.cut = true
			return nil
		}
	}
}

// page does one page of a walk that store describes.
func (r *round) page(ctx context.Context, scope *pg.Scope, w *store.Walk, after string, a store.WalkArgs) (page, error) {
	rows, err := w.Find(ctx, scope, after, r.batch, a)
	if err != nil {
		return page{}, err
	}
	p, keys := r.turn(rows, after)
	if r.Dry {
		p.rows = int64(len(keys))
		return p, nil
	}
	p.rows, err = w.Remove(ctx, scope, keys, a)
	return p, err
}

// turn says which rows of a page go and where the next one begins.
func (r *round) turn(rows []*store.Candidate, after string) (page, []string) {
	p := page{next: after, end: len(rows) < r.batch}
	var keys []string
	for _, c := range rows {
		p.next = c.Key
		if c.Goes {
			keys = append(keys, c.Key)
		}
	}
	return p, keys
}

// forget removes remote posts that nobody here has to do with. Their ids say when they
// were written.
func (r *round) forget(keep time.Duration) func(context.Context, *pg.Scope, string) (page, error) {
	until := social.StatusID(ids.Floor(r.now.Add(-keep)))
	return func(ctx context.Context, scope *pg.Scope, after string) (page, error) {
		return r.forgetUntil(ctx, scope, after, until)
	}
}

// forgetUntil does one page. With more on it than one transaction removes it is done again.
func (r *round) forgetUntil(ctx context.Context, scope *pg.Scope, after string, until social.StatusID) (page, error) {
	first, _ := strconv.ParseInt(after, 10, 64)
	rows, err := store.AgedStatuses(ctx, scope, social.StatusID(first), until, r.batch)
	if err != nil {
		return page{}, err
	}
	p, keys := r.turn(rows, after)
	if r.Dry {
		p.rows = int64(len(keys))
		return p, nil
	}
	going := make([]social.StatusID, 0, len(keys))
	for _, key := range keys {
		id, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return page{}, fmt.Errorf("read the id of a post: %w", err)
		}
		going = append(going, social.StatusID(id))
	}
	if going, err = store.LockForgotten(ctx, scope, going); err != nil {
		return page{}, err
	}
	part, err := store.RemoveStatuses(ctx, scope, going, r.batch)
	if err != nil {
		return page{}, err
	}
	status.PublishRemoved(scope, r.Streams, part)
	p.rows = int64(part.Statuses)
	if !part.Done {
		p.next, p.end = after, false
	}
	return p, nil
}

// trimHomes keeps home timelines short.
func (r *round) trimHomes(ctx context.Context, scope *pg.Scope, _ string) (page, error) {
	if r.Dry {
		n, err := store.CountOldHomes(ctx, scope, homeEntries, 1_000_000)
		return page{rows: n, end: true}, err
	}
	n, err := store.TrimHomes(ctx, scope, homeEntries, r.batch)
	return page{rows: n, end: n < int64(r.batch)}, err
}
