package fetch

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Register adds the workers of this package's jobs.
func (f *Fetcher) Register(workers *river.Workers) {
	river.AddWorker(workers, &refreshWorker{fetcher: f})
	river.AddWorker(workers, &parentsWorker{fetcher: f})
}

var errUnknownHere = errors.New("the tenant is not known to this process")

// workTime is more than any budget lasts, so that a budget ends the work and not the queue.
const workTime = time.Minute

// refreshWorker reads a remote actor anew. Running twice reads twice and stores the same.
type refreshWorker struct {
	river.WorkerDefaults[jobs.RefreshAccount]
	fetcher *Fetcher
}

// Timeout implements river.Worker.
func (w *refreshWorker) Timeout(*river.Job[jobs.RefreshAccount]) time.Duration { return workTime }

// Work implements river.Worker.
func (w *refreshWorker) Work(ctx context.Context, job *river.Job[jobs.RefreshAccount]) error {
	t, ok := w.fetcher.tenants.ByID(job.Args.TenantID)
	if !ok {
		return errUnknownHere // yet, or not any more: then the job ends by its tries
	}
	var a *social.Account
	err := w.fetcher.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		a, err = store.AccountByID(ctx, scope, social.AccountID(job.Args.AccountID))
		return err
	})
	if fault.IsNotFound(err) || err == nil && a.IsLocal() {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	_, err = w.fetcher.Refresh(ctx, t, a.URI)
	if fault.CodeOf(err) == fault.Unavailable && job.Attempt >= job.MaxAttempts {
		return nil // the copy stays as it is; the next activity asks again
	}
	return w.fetcher.outcome(ctx, t, a, err)
}

// outcome says whether trying again makes sense, and removes an account that its
// own server says is deleted.
func (f *Fetcher) outcome(ctx context.Context, t *tenant.Tenant, a *social.Account, err error) error {
	switch fault.CodeOf(err) {
	case "":
		return nil
	case fault.Gone:
		return f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error { return f.statuses.RemoveAuthor(ctx, scope, a) })
	case fault.Unavailable, fault.Internal, fault.Conflict: // that this process ends is Internal
		if !safehttp.IsPermanent(err) {
			return err
		}
	}
	return river.JobCancel(err)
}

// parentsWorker reads the posts above a reply, one after another, until one is
// known, there is none above, or the budget is spent. Running twice finds the posts
// of the first time in the database.
type parentsWorker struct {
	river.WorkerDefaults[jobs.FetchParents]
	fetcher *Fetcher
}

// Timeout implements river.Worker.
func (w *parentsWorker) Timeout(*river.Job[jobs.FetchParents]) time.Duration { return workTime }

// Work implements river.Worker.
func (w *parentsWorker) Work(ctx context.Context, job *river.Job[jobs.FetchParents]) error {
	t, ok := w.fetcher.tenants.ByID(job.Args.TenantID)
	if !ok {
		return errUnknownHere // yet, or not any more: then the job ends by its tries
	}
	ctx = safehttp.WithBudget(ctx, budget(parentRequests, workTime*3/4))
	var st *social.Status
	err := w.fetcher.db.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		st, err = store.StatusByID(ctx, scope, social.StatusID(job.Args.StatusID))
		return err
	})
	if fault.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	seen := map[string]bool{st.URI: true}
	for st.InReplyToID == 0 && st.InReplyToURI != "" && !seen[st.InReplyToURI] {
		seen[st.InReplyToURI] = true
		if st, err = w.fetcher.Status(ctx, t, st.InReplyToURI); err != nil {
			break
		}
	}
	if err != nil && fault.CodeOf(err) == fault.Unavailable && job.Attempt < job.MaxAttempts {
		return err
	}
	return nil // what cannot be had stays unknown
}
