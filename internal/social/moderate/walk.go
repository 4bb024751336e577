package moderate

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	walkFor   = 40 * time.Second // of one job; then others have their turn
	walkTime  = walkFor + 30*time.Second
	walkPage  = 1000 // accounts
	walkBatch = 500  // follows or pictures that one transaction removes
)

// Walker works jobs.WalkServers: it goes over the remote accounts that a tenant knows, a
// page a transaction, and marks each as the rules say; accounts of refused servers lose
// their follows both ways. It keeps its place with the policy, and may run twice, be
// interrupted and go on. It decides by the very rules that the edges ask, so that what is
// refused and what is hidden never differ.
type Walker struct {
	river.WorkerDefaults[jobs.WalkServers]
	DB *pg.DB
	// Page bounds the accounts of a transaction, Batch what it removes. 0: the defaults.
	Page, Batch int
}

// Timeout implements river.Worker.
func (w *Walker) Timeout(*river.Job[jobs.WalkServers]) time.Duration { return walkTime }

// Work implements river.Worker.
func (w *Walker) Work(ctx context.Context, job *river.Job[jobs.WalkServers]) error {
	t, version := job.Args.TenantID, job.Args.Version
	// If these are newer than the job, the first page finds that out; a newer job does the rest.
	rules, err := readRules(ctx, w.DB, &reading{}, []tenant.ID{t})
	if err != nil {
		return err
	}
	for until := time.Now().Add(walkFor); time.Now().Before(until); {
		done, err := w.page(ctx, t, version, rules)
		if err != nil {
			return fmt.Errorf("walk over the accounts of tenant %d: %w", t, err)
		}
		if done {
			return nil
		}
	}
	return river.JobSnooze(0)
}

func (w *Walker) page(ctx context.Context, t tenant.ID, version int64, rules *reading) (done bool, err error) {
	err = w.DB.Tenant(ctx, t, func(scope *pg.Scope) error {
		p, err := store.LockServerPolicy(ctx, scope)
		if fault.IsNotFound(err) || err == nil && (p.Version != version || p.WalkVersion == version && p.WalkDone != nil) {
			done = true
			return nil
		}
		if err != nil {
			return err
		}
		walk := p.ServerWalk
		if walk.WalkVersion != version {
			if walk, err = begin(ctx, scope, version); err != nil {
				return err
			}
		}
		if err := w.step(ctx, scope, t, rules, &walk); err != nil {
			return err
		}
		done = walk.WalkDone != nil
		return store.SaveServerWalk(ctx, scope, walk)
	})
	return done, err
}

func begin(ctx context.Context, scope *pg.Scope, version int64) (store.ServerWalk, error) {
	now := time.Now().UTC()
	of, err := store.CountRemoteAccounts(ctx, scope)
	return store.ServerWalk{WalkVersion: version, WalkOf: of, WalkFrom: &now}, err
}

// step judges one page of accounts, in which the tenant's own are passed over. It goes on to the next one only when nothing is left
// to remove of this one.
func (w *Walker) step(ctx context.Context, scope *pg.Scope, t tenant.ID, rules *reading, walk *store.ServerWalk) error {
	list, err := store.KnownAccounts(ctx, scope, walk.WalkAfter, orDefault(w.Page, walkPage))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		now := time.Now().UTC()
		walk.WalkDone = &now
		return nil
	}
	var marks []store.ServerMark
	var refused, withoutMedia []social.AccountID
	seen := int64(0)
	for _, a := range list {
		if !a.IsConcerned() {
			continue
		}
		seen++
		v := rules.account(t, a.Host, a.Domain)
		rule, noMedia := v.mark()
		if v.IsRefused() {
			refused = append(refused, a.ID)
		}
		if noMedia {
			withoutMedia = append(withoutMedia, a.ID)
		}
		if rule != a.ServerRule || noMedia != a.ServerNoMedia {
			marks = append(marks, store.ServerMark{ID: a.ID, Rule: rule, NoMedia: noMedia})
			count(walk, rule)
		}
	}
	if err := store.MarkAccounts(ctx, scope, marks); err != nil {
		return err
	}
	left, err := w.remove(ctx, scope, refused, withoutMedia, walk)
	if err != nil || left {
		return err
	}
	walk.WalkAfter = int64(list[len(list)-1].ID)
	walk.WalkSeen += seen
	walk.WalkOf = max(walk.WalkOf, walk.WalkSeen)
	return nil
}

// account is what holds for an account: its handle may be on another domain than its server.
func (r *reading) account(t tenant.ID, host, domain string) Verdict {
	v := r.of(t, host)
	if domain != "" && domain != host {
		v = stronger(r.of(t, domain), v)
	}
	return v
}

func count(walk *store.ServerWalk, rule string) {
	switch Severity(rule) {
	case Suspend:
		walk.WalkHidden++
	case Silence:
		walk.WalkLimited++
	default:
		walk.WalkFreed++
	}
}

// remove ends follows and forgets media, a part at a time, and says whether there is more.
func (w *Walker) remove(ctx context.Context, scope *pg.Scope, refused, withoutMedia []social.AccountID, walk *store.ServerWalk) (bool, error) {
	most := orDefault(w.Batch, walkBatch)
	if len(refused) > 0 {
		n, err := store.EndFollows(ctx, scope, refused, most)
		walk.WalkFollows += n
		if err != nil || n >= int64(most) {
			return true, err
		}
	}
	if len(withoutMedia) > 0 {
		n, err := store.DropMediaOf(ctx, scope, withoutMedia, most)
		if err != nil || n >= int64(most) {
			return true, err
		}
	}
	return false, nil
}

func orDefault(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// Mark has what holds for a server hold for an account that was just stored.
func (s *Servers) Mark(ctx context.Context, scope *pg.Scope, a *social.Account, host string) error {
	if s == nil {
		return nil
	}
	now := s.now.Load()
	if now == nil {
		return errUnread
	}
	rule, noMedia := now.account(scope.Tenant(), host, a.Domain).mark()
	return store.MarkAccounts(ctx, scope, []store.ServerMark{{ID: a.ID, Rule: rule, NoMedia: noMedia}})
}
