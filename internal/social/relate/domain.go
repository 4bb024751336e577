package relate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/servername"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// partBatch is how many follows and notifications one transaction ends. Nearly always that
// is all; what is more is ended by a job.
const partBatch = 500

var errOwnDomain = fault.New(fault.Invalid, "Validation failed: Domain is your own server, and you cannot block that")

// BlockDomain has a local account do without a domain: follows and requests end both ways
// and the other side hears of each, posts leave the home timeline, notifications go. The
// domain is the one of handles; those below it are others, as in Mastodon. A second time
// changes nothing. It returns the domain as it is kept.
func (s *Service) BlockDomain(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor social.AccountID, typed string) (string, error) {
	domain, err := blockable(t, typed)
	if err != nil {
		return "", err
	}
	if err := store.LockDomain(ctx, scope, actor, domain); err != nil {
		return "", fmt.Errorf("lock %s: %w", domain, err)
	}
	id, err := store.AddDomainBlock(ctx, scope, actor, domain)
	if err != nil || id == 0 {
		return domain, err
	}
	if err := store.ClearDomainFromHome(ctx, scope, actor, domain); err != nil {
		return domain, fmt.Errorf("clear %s from home: %w", domain, err)
	}
	more, err := part(ctx, scope, actor, domain, partBatch)
	if err != nil || !more {
		return domain, err
	}
	return domain, scope.Enqueue(ctx, jobs.PartDomain{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, BlockID: id})
}

// blockable brings a domain into the form of handles, or says why nobody can block it.
func blockable(t *tenant.Tenant, typed string) (string, error) {
	domain, err := servername.Parse(typed)
	if err != nil || !strings.Contains(domain, ".") {
		return "", fault.New(fault.Invalid, "Validation failed: Domain is not a valid domain name, such as example.com")
	}
	if domain == servername.Of(t.HandleDomain) || domain == servername.Of(t.Host) {
		return "", errOwnDomain
	}
	return domain, nil
}

// UnblockDomain ends a block of a domain; without one it does nothing. Follows do not come
// back. It returns the domain, and whether it was blocked.
func (s *Service) UnblockDomain(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, actor social.AccountID, typed string) (string, bool, error) {
	domain, err := blockable(t, typed)
	if err != nil {
		return "", false, err
	}
	was, err := store.DeleteDomainBlock(ctx, scope, actor, domain)
	return domain, was, err
}

// part ends a batch of what is between an account and a domain, and says whether there is more.
func part(ctx context.Context, scope *pg.Scope, actor social.AccountID, domain string, most int) (more bool, err error) {
	ended, err := store.EndDomainFollows(ctx, scope, actor, domain, most)
	if err != nil {
		return false, fmt.Errorf("end follows with %s: %w", domain, err)
	}
	events := make([]*social.Event, len(ended))
	for i, f := range ended {
		events[i] = &social.Event{Kind: social.EventUnfollowed, AccountID: actor, TargetID: f.TargetID, ObjectURI: f.URI}
		if f.TargetID == actor {
			events[i].Kind, events[i].TargetID = social.EventFollowRejected, f.AccountID
		}
	}
	if err := store.AddEvents(ctx, scope, events...); err != nil {
		return false, err
	}
	told, err := store.DeleteNotificationsFromDomain(ctx, scope, actor, domain, most)
	return len(ended) >= most || told >= int64(most), err
}

// DomainParter works jobs.PartDomain, a batch a transaction. It may be interrupted and run again.
type DomainParter struct {
	river.WorkerDefaults[jobs.PartDomain]
	DB *pg.DB
	// Batch bounds what a transaction ends. 0: the default.
	Batch int
}

const partFor = 40 * time.Second // of one job; then others have their turn

// Timeout implements river.Worker.
func (*DomainParter) Timeout(*river.Job[jobs.PartDomain]) time.Duration {
	return partFor + 30*time.Second
}

// Work implements river.Worker.
func (w *DomainParter) Work(ctx context.Context, job *river.Job[jobs.PartDomain]) error {
	most := w.Batch
	if most == 0 {
		most = partBatch
	}
	for until := time.Now().Add(partFor); time.Now().Before(until); {
		more := false
		err := w.DB.Tenant(ctx, job.Args.TenantID, func(scope *pg.Scope) error {
			block, err := store.DomainBlockByID(ctx, scope, job.Args.BlockID)
			if fault.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			more, err = part(ctx, scope, block.AccountID, block.Domain, most)
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return river.JobSnooze(0)
}
