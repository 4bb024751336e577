package outbox

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	resolveTime  = 10 * time.Second // for all handles of a post
	resolveAtOne = 4                // handles at once
)

// resolveMentions looks up the handles that a post mentions and nobody here knows,
// writes down who was found and makes their handles links. A handle that cannot be
// found now stays text: the post must not wait for somebody else's server.
func (w *Worker) resolveMentions(ctx context.Context, t *tenant.Tenant, id social.StatusID, handles []string) error {
	found := w.resolve(ctx, t, handles)
	err := w.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if err := store.LockStatus(ctx, scope, id); err != nil {
			if fault.IsNotFound(err) {
				return nil // deleted meanwhile; publish finds out too
			}
			return err
		}
		if len(found) > 0 {
			if err := addMentions(ctx, scope, t, id, found); err != nil {
				return err
			}
		}
		return store.ClearPendingMentions(ctx, scope, id)
	})
	if err != nil {
		return fmt.Errorf("write %d mentions of status %d: %w", len(found), id, err)
	}
	return nil
}

// named is who was found under a handle as it was typed.
type named struct {
	handle  social.Handle
	account *social.Account
}

func (w *Worker) resolve(ctx context.Context, t *tenant.Tenant, handles []string) []named {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	var mu sync.Mutex
	var found []named
	var group errgroup.Group
	group.SetLimit(resolveAtOne)
	for _, text := range handles {
		user, host, ok := strings.Cut(strings.TrimPrefix(text, "@"), "@")
		if !ok {
			continue
		}
		group.Go(func() error {
			handle := social.Handle{User: strings.ToLower(user), Host: host}
			a, err := w.Resolver.Resolve(ctx, t, handle)
			if err != nil {
				w.Log.InfoContext(ctx, "mention not found", "tenant", t.ID, "host", host, "error", err)
				return nil
			}
			if a != nil && a.SuspendedAt == nil {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, named{handle, a})
			}
			return nil
		})
	}
	_ = group.Wait() // failures are logged, and no reason to hold back the post
	return found
}

// addMentions stores the mentions and renders the text anew with all that it has.
func addMentions(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.StatusID, found []named) error {
	same, accounts := make([]social.StatusID, len(found)), make([]social.AccountID, len(found))
	for i, n := range found {
		same[i], accounts[i] = id, n.account.ID
	}
	batch := pg.NewBatch(scope)
	store.QueueMentions(batch, same, accounts)
	if err := batch.Send(ctx); err != nil {
		return err
	}
	st, err := store.StatusByID(ctx, scope, id)
	if err != nil {
		return err
	}
	mentions, err := store.MentionsByStatuses(ctx, scope, []social.StatusID{id})
	if err != nil {
		return err
	}
	st.Body = render(t, st.Source, mentions[id], found)
	return store.UpdateStatus(ctx, scope, st)
}

// render makes HTML of a typed text in which each mention is a link. Whoever was
// found may be called otherwise on their own server than what was typed.
func render(t *tenant.Tenant, source string, mentions []*social.Mention, found []named) string {
	pages := make(map[social.Handle]string, len(mentions))
	for _, m := range mentions {
		pages[social.Handle{User: strings.ToLower(m.Username), Host: m.Domain}] = cmp.Or(m.URL, m.URI)
	}
	for _, n := range found {
		pages[n.handle] = cmp.Or(n.account.URL, n.account.URI)
	}
	links := make(map[string]string, len(mentions))
	for _, h := range htmlsafe.Scan(source).Mentions {
		handle := social.Handle{User: strings.ToLower(h.User), Host: h.Host}
		if handle.Host == t.Host || handle.Host == t.HandleDomain {
			handle.Host = ""
		}
		if page := pages[handle]; page != "" {
			links[h.Key()] = page
		}
	}
	return htmlsafe.Render(source, htmlsafe.Options{Mentions: links, TagURL: t.URL("/tags/")})
}
