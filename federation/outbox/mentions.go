package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	resolveTime  = 10 * time.Second // for all handles of a job
	resolveAtOne = 4                // handles at once
)

// passOn gives the events of posts that mention somebody unknown to the queue of
// look-ups, a job each, and returns the other events.
func (w *Worker) passOn(ctx context.Context, t *tenant.Tenant, events []*social.Event, pending []*store.PendingMention) ([]*social.Event, error) {
	waits := func(e *social.Event) bool {
		return tells(e) && slices.ContainsFunc(pending, func(p *store.PendingMention) bool { return p.StatusID == e.StatusID })
	}
	var params []river.InsertManyParams
	for _, e := range events {
		if waits(e) {
			args := jobs.PublishEvents{Scoped: jobs.Scoped{TenantID: t.ID}, EventIDs: []int64{int64(e.ID)}}
			params = append(params, river.InsertManyParams{Args: args, InsertOpts: &river.InsertOpts{Queue: jobs.QueueFetch}})
		}
	}
	err := w.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return scope.EnqueueWith(ctx, params) })
	if err != nil {
		return nil, fmt.Errorf("leave %d posts to the look-ups: %w", len(params), err)
	}
	return slices.DeleteFunc(events, waits), nil
}

// resolveMentions looks up the handles that posts mention and nobody here knows,
// has who was found written down as mentioned, and their handles become links. A handle that cannot be
// found now stays text: the posts must not wait for somebody else's server.
func (w *Worker) resolveMentions(ctx context.Context, t *tenant.Tenant, pending []*store.PendingMention) error {
	if len(pending) == 0 {
		return nil
	}
	var handles []string
	var posts []social.StatusID
	for _, p := range pending {
		handles, posts = append(handles, p.Handle), append(posts, p.StatusID)
	}
	slices.Sort(handles)
	slices.Sort(posts)
	found := w.resolve(ctx, t, slices.Compact(handles))
	for _, id := range slices.Compact(posts) { // a rewritten text needs its own transaction: its post is locked
		if err := w.writeMentions(ctx, t, id, found); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) writeMentions(ctx context.Context, t *tenant.Tenant, id social.StatusID, found []*social.Account) error {
	err := w.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if err := store.LockStatus(ctx, scope, id); err != nil {
			return err
		}
		st, err := store.StatusByID(ctx, scope, id)
		if err != nil {
			return err
		}
		_, err = w.Posts.ResolvePending(ctx, scope, t, st, found)
		return err
	})
	if err != nil && !fault.IsNotFound(err) { // deleted meanwhile: publish finds out too
		return fmt.Errorf("write %d mentions of status %d: %w", len(found), id, err)
	}
	return nil
}

// resolve returns who was found, called as they were called in the post: their own
// server may know them by another name.
func (w *Worker) resolve(ctx context.Context, t *tenant.Tenant, handles []string) []*social.Account {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	var mu sync.Mutex
	var found []*social.Account
	var group errgroup.Group
	group.SetLimit(resolveAtOne)
	for _, text := range handles {
		user, host, ok := strings.Cut(strings.TrimPrefix(text, "@"), "@")
		if !ok {
			continue
		}
		group.Go(func() error {
			a, err := w.Resolver.Resolve(ctx, t, social.Handle{User: user, Host: host})
			if err != nil {
				w.Log.InfoContext(ctx, "mention not found", "tenant", t.ID, "host", host, "error", err)
				return nil
			}
			if a != nil && a.SuspendedAt == nil {
				mu.Lock()
				defer mu.Unlock()
				called := *a
				called.Username, called.Domain = user, host
				found = append(found, &called)
			}
			return nil
		})
	}
	_ = group.Wait() // failures are logged, and no reason to hold back the post
	return found
}
