package plan

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
	"rookery/tenant/notice"
	"rookery/tenant/people"
)

// SweepEvery is how late a post may be whose job was lost.
const SweepEvery = time.Minute

// HeldFor is how long a post waits whose time comes while its tenant may publish nothing. A
// payment a day late costs nobody a post; later than that its words are old news, which
// nobody wants to find sent weeks afterwards: it goes back to its author, who decides.
const HeldFor = 24 * time.Hour

var errHeld = fault.New(fault.Forbidden, "at its time, and for a day after it, this organisation's account was read-only. Its words are kept: send them again when they still hold.")

const (
	sweepAtMost = 500
	workTime    = 40 * time.Second
	// quiet lets somebody finish several posts before anybody is written to.
	quiet = 2 * time.Minute
	// pause is the least time between two letters to the approvers of a company.
	pause = time.Hour
)

// Tenants answers for the tenant of a job; *registry.Registry does.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Worker publishes what is due and writes to those concerned.
type Worker struct {
	DB      *pg.DB
	Tenants Tenants
	Plans   *Service
	Console string // address of the console, for links in mails
	Log     *slog.Logger
}

// Register says which jobs the worker works.
func (w *Worker) Register(to *river.Workers) {
	river.AddWorker(to, &publisher{Worker: w})
	river.AddWorker(to, &sweeper{Worker: w})
	river.AddWorker(to, &teller{Worker: w})
}

type publisher struct {
	river.WorkerDefaults[jobs.PublishPlan]
	*Worker
}

func (*publisher) Timeout(*river.Job[jobs.PublishPlan]) time.Duration { return workTime }

// Work implements river.Worker. It may run twice: a plan is locked, and only a scheduled
// one becomes a post.
func (w *publisher) Work(ctx context.Context, job *river.Job[jobs.PublishPlan]) error {
	early, err := w.Publish(ctx, job.Args.TenantID, social.PlanID(job.Args.PlanID))
	if err == nil && early > 0 && early < 2*SweepEvery {
		return river.JobSnooze(early) // the queue's clock is ahead of the database's
	}
	return err
}

// Publish makes a post of a plan if its time has come, by the database's clock, and says
// how much is left if not. What cannot become a post goes back to its author.
func (w *Worker) Publish(ctx context.Context, id tenant.ID, plan social.PlanID) (early time.Duration, err error) {
	t, ok := w.Tenants.ByID(id)
	if !ok || t.State != tenant.Active {
		return 0, nil // the sweep finds it once the tenant is active again
	}
	err = w.DB.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		early, err = w.Plans.publishDue(ctx, scope, t, plan)
		return err
	})
	if !isFinal(err) {
		return early, err
	}
	w.Log.WarnContext(ctx, "a planned post cannot be published", "tenant", id, "plan", plan, "error", err)
	return 0, w.DB.Tenant(ctx, id, func(scope *pg.Scope) error { return w.Plans.giveBack(ctx, scope, t, plan, err) })
}

// isFinal says that trying again changes nothing.
func isFinal(err error) bool {
	switch fault.CodeOf(err) {
	case fault.Invalid, fault.NotFound, fault.Gone, fault.Forbidden:
		return true
	}
	return false
}

// clerk is the program itself at an account's desk.
func (s *Service) clerk(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, p *social.Plan) (*desk, error) {
	a, err := store.AccountByID(ctx, scope, p.AccountID)
	if err != nil {
		return nil, fmt.Errorf("read the account of plan %d: %w", p.ID, err)
	}
	return &desk{Service: s, scope: scope, tenant: t, account: a, by: By{Actor: audit.BySystem("plans")}}, nil
}

func (s *Service) publishDue(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.PlanID) (early time.Duration, err error) {
	p, err := store.LockPlan(ctx, scope, id)
	if fault.IsNotFound(err) || err == nil && p.State != social.PlanScheduled {
		return 0, nil // thrown away, taken back, or done
	}
	if err != nil {
		return 0, err
	}
	now, err := store.DatabaseTime(ctx, scope)
	if err != nil {
		return 0, err
	}
	if early = p.ScheduledAt.Sub(now); early > 0 {
		return early, nil
	}
	d, err := s.clerk(ctx, scope, t, p)
	if err != nil {
		return 0, err
	}
	if d.account.SuspendedAt != nil {
		return 0, errSuspended
	}
	if entitled.ToPublish(t) != nil {
		if now.Sub(*p.ScheduledAt) >= HeldFor {
			return 0, errHeld
		}
		return 0, nil // the sweep brings it again each minute
	}
	_, err = d.publish(ctx, p)
	return 0, err
}

// giveBack declines a plan in the program's own name: nothing that somebody wrote is lost.
func (s *Service) giveBack(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.PlanID, cause error) error {
	p, err := store.LockPlan(ctx, scope, id)
	if fault.IsNotFound(err) || err == nil && p.State != social.PlanScheduled {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := s.clerk(ctx, scope, t, p)
	if fault.IsNotFound(err) {
		return store.DeletePlan(ctx, scope, id) // the account is gone
	}
	if err != nil {
		return err
	}
	reason := "It could not be published: " + fault.TextOf(cause)
	if fault.IsNotFound(cause) {
		reason = "It could not be published: the post that it answers is gone."
	}
	if err := d.turnDown(ctx, p, 0, reason); err != nil {
		return err
	}
	return d.record(ctx, "status.decline", p)
}

type sweeper struct {
	river.WorkerDefaults[jobs.PlanSweep]
	*Worker
}

func (*sweeper) Timeout(*river.Job[jobs.PlanSweep]) time.Duration { return workTime }

// Work implements river.Worker.
func (w *sweeper) Work(ctx context.Context, _ *river.Job[jobs.PlanSweep]) error { return w.Sweep(ctx) }

// Sweep gives a job to what should have been published, and writes to approvers. It may
// run twice: a job that is there already is not made again, and what was told is marked.
func (w *Worker) Sweep(ctx context.Context) error {
	var untold []tenant.ID
	err := w.DB.Platform(ctx, "find planned posts that are due", func(tx *pg.PlatformTx) error {
		rows, err := store.DuePlans(ctx, tx, sweepAtMost)
		if err != nil {
			return err
		}
		list := make([]river.JobArgs, len(rows))
		for i, r := range rows {
			list[i] = jobs.PublishPlan{Scoped: jobs.Scoped{TenantID: r.TenantID}, PlanID: int64(r.ID), At: r.ScheduledAt.Unix()}
		}
		if err := tx.Enqueue(ctx, list...); err != nil {
			return err
		}
		untold, err = store.UntoldTenants(ctx, tx, quiet, pause, sweepAtMost)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep over plans: %w", err)
	}
	for _, id := range untold { // each in a transaction of its own, so that one that fails holds up none
		if err := w.tellApprovers(ctx, id); err != nil {
			w.Log.ErrorContext(ctx, "tell the approvers", "tenant", id, "error", err)
		}
	}
	return nil
}

// tellApprovers writes one letter to each person who may decide about something new.
func (w *Worker) tellApprovers(ctx context.Context, id tenant.ID) error {
	t, ok := w.Tenants.ByID(id)
	if !ok {
		return nil
	}
	return w.DB.Platform(ctx, "tell who may approve posts", func(tx *pg.PlatformTx) error {
		waiting, err := store.TellWaiting(ctx, tx, id)
		if err != nil || len(waiting) == 0 {
			return err
		}
		accounts := make([]social.AccountID, len(waiting))
		var latest social.PlanID
		for i, a := range waiting {
			accounts[i], latest = a.AccountID, max(latest, a.Latest)
		}
		approvers, err := store.ApproversOf(ctx, tx, id, accounts, []string{string(people.Owner), string(people.Publisher)})
		if err != nil {
			return err
		}
		for _, letter := range letters(waiting, approvers) {
			err := notice.QueueTo(ctx, tx, id, letter.to.Email, letter.to.Locale, notice.Notice{
				Key: fmt.Sprintf("plan/waiting/%d/%d", id, latest), Template: "approval_waiting",
				Data: map[string]string{"organisation": t.Name, "name": letter.names, "link": w.roomURL(id) + "?list=waiting"},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Worker) roomURL(id tenant.ID) string {
	return fmt.Sprintf("%s/tenants/%s/publish", w.Console, id)
}

// letter is what one approver is told.
type letter struct {
	to    *store.Approver
	names string // of accounts, with how much waits for each
}

// letters gathers what waits for each person, who come sorted.
func letters(waiting []*store.WaitingAccount, approvers []*store.Approver) []*letter {
	byID := make(map[social.AccountID]*store.WaitingAccount, len(waiting))
	for _, a := range waiting {
		byID[a.AccountID] = a
	}
	var out []*letter
	for _, p := range approvers {
		if len(out) == 0 || out[len(out)-1].to.PersonID != p.PersonID {
			out = append(out, &letter{to: p})
		}
		l, a := out[len(out)-1], byID[p.AccountID]
		if l.names != "" {
			l.names += ", "
		}
		l.names += "@" + a.Username + " (" + ids.Format(int64(a.Waiting)) + ")"
	}
	return out
}

type teller struct {
	river.WorkerDefaults[jobs.TellAuthor]
	*Worker
}

func (*teller) Timeout(*river.Job[jobs.TellAuthor]) time.Duration { return workTime }

// Work implements river.Worker. It may run twice: the mail has a key of its own.
func (w *teller) Work(ctx context.Context, job *river.Job[jobs.TellAuthor]) error {
	id := job.Args.TenantID
	t, ok := w.Tenants.ByID(id)
	if !ok || t.State == tenant.Deleted {
		return nil
	}
	var p *social.Plan
	var account *social.Account
	err := w.DB.Tenant(ctx, id, func(scope *pg.Scope) (err error) {
		if p, err = store.PlanByID(ctx, scope, social.PlanID(job.Args.PlanID)); err != nil {
			return err
		}
		account, err = store.AccountByID(ctx, scope, p.AccountID)
		return err
	})
	if fault.IsNotFound(err) || err == nil && (p.DecidedAt == nil || p.DecidedAt.Unix() != job.Args.At) {
		return nil // gone, or decided anew: that has a job of its own
	}
	if err != nil {
		return fmt.Errorf("read plan %d: %w", job.Args.PlanID, err)
	}
	return w.DB.Platform(ctx, "tell an author what was decided", func(tx *pg.PlatformTx) error { return w.tellAuthor(ctx, tx, t, p, account) })
}

func (w *Worker) tellAuthor(ctx context.Context, tx *pg.PlatformTx, t *tenant.Tenant, p *social.Plan, account *social.Account) error {
	who, err := store.PersonsByIDs(ctx, tx, []social.PersonID{p.AuthorID, p.DecidedBy})
	if err != nil {
		return err
	}
	data := map[string]string{
		"organisation": t.Name, "name": "@" + account.Username, "role": string(p.State), "note": p.Reason, "person": "", "deadline": "", "link": w.roomURL(t.ID),
	}
	if p.State == social.PlanScheduled {
		data["deadline"] = p.ScheduledAt.UTC().Format(time.RFC3339)
	}
	if p.State == social.PlanDeclined {
		data["link"] += "?list=declined"
	}
	var author *store.Person
	for _, person := range who {
		switch person.ID {
		case p.AuthorID:
			author = person
		case p.DecidedBy:
			data["person"] = person.Name
		}
	}
	if author == nil || p.AuthorID == p.DecidedBy {
		return nil // who left the company, and who decided themselves, are not told
	}
	return notice.QueueTo(ctx, tx, t.ID, author.Email, author.Locale, notice.Notice{
		Key: fmt.Sprintf("plan/decided/%d/%d", p.ID, p.DecidedAt.Unix()), Template: "approval_decided", Data: data,
	})
}
