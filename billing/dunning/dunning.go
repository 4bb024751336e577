package dunning

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/deletion"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

const (
	// SweepEvery is how late a letter may be.
	SweepEvery = 10 * time.Minute
	page       = 200
)

var (
	payers    = []string{"owner", "billing"}
	everybody = []string{"owner", "admin", "billing", "moderator", "member"}
)

// Ender brings a tenant to its end; *deletion.Service does.
type Ender interface {
	Begin(ctx context.Context, by audit.Actor, id tenant.ID, after time.Duration) (*registry.Deletion, error)
	BeginQuietly(ctx context.Context, by audit.Actor, id tenant.ID, after time.Duration) (*registry.Deletion, error)
}

// Service writes to people and ends what is not paid for. All but Log and Now are needed.
type Service struct {
	DB      *pg.DB
	Ender   Ender
	Trial   string // the plan of who has never paid
	Console string // where owners are sent, such as https://rookery.example
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Worker works jobs.BillingDunning.
type Worker struct {
	river.WorkerDefaults[jobs.BillingDunning]
	Service *Service
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.BillingDunning]) time.Duration { return 5 * time.Minute }

// Work implements river.Worker.
func (w *Worker) Work(ctx context.Context, _ *river.Job[jobs.BillingDunning]) error {
	return w.Service.Sweep(ctx)
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Sweep sends the letters that are due, and begins the end of tenants whose time is over, each
// by itself: one that fails does not hold up the others.
func (s *Service) Sweep(ctx context.Context) error {
	var failed []error
	for after, more := tenant.ID(0), true; more; {
		var list []*store.Standing
		err := s.DB.Platform(ctx, "find tenants that are told something", func(tx *pg.PlatformTx) (err error) {
			list, err = store.Standings(ctx, tx, after, page)
			return err
		})
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("find tenants that are told something: %w", err))...)
		}
		for _, one := range list {
			after = one.TenantID
			failed = append(failed, s.write(ctx, one))
			if one.Entitlement.Standing == tenant.ClosedUnpaid {
				failed = append(failed, s.end(ctx, one))
			}
		}
		more = len(list) == page && ctx.Err() == nil
	}
	return errors.Join(failed...)
}

// write queues the letters of one tenant; one is due on a few days of months.
func (s *Service) write(ctx context.Context, one *store.Standing) error {
	due := Letters(one.Entitlement, s.now())
	if len(due) == 0 {
		return nil
	}
	err := s.DB.Platform(ctx, "tell a tenant what its standing means", func(tx *pg.PlatformTx) error { return s.queue(ctx, tx, one, due) })
	if err != nil {
		return fmt.Errorf("tell tenant %d what its standing means: %w", one.TenantID, err)
	}
	return nil
}

func (s *Service) queue(ctx context.Context, tx *pg.PlatformTx, one *store.Standing, due []Letter) error {
	for _, l := range due {
		n := notice.Notice{Key: fmt.Sprintf("%s/%d", l.Key, one.TenantID), Template: l.Template, Data: s.data(one), To: payers}
		if l.Everybody {
			n.To, n.Data["link"] = everybody, s.Console+"/tenants/"+one.TenantID.String()
		}
		if err := notice.Queue(ctx, tx, one.TenantID, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) data(one *store.Standing) map[string]string {
	e := one.Entitlement
	out := map[string]string{
		"organisation": one.Name, "name": one.Host, "since": e.Since.UTC().Format(time.RFC3339), "cause": "payment",
		"link": s.Console + "/tenants/" + one.TenantID.String() + "/billing",
	}
	if e.Plan == s.Trial {
		out["cause"] = "trial"
	}
	if !e.EndsAt.IsZero() {
		out["deadline"] = e.EndsAt.UTC().Format(time.RFC3339)
	}
	return out
}

// end begins the end. For as long as any deletion it can be taken back, by the platform's staff.
func (s *Service) end(ctx context.Context, one *store.Standing) error {
	begin := s.Ender.BeginQuietly
	if one.SaysGoodbye {
		begin = s.Ender.Begin
	}
	if _, err := begin(ctx, audit.BySystem("billing"), one.TenantID, deletion.UndoFor); err != nil {
		return fmt.Errorf("end tenant %d, which is not paid for: %w", one.TenantID, err)
	}
	if s.Log != nil {
		s.Log.WarnContext(ctx, "a tenant that is not paid for comes to its end", "tenant", one.TenantID, "until", deletion.UndoFor, "says_goodbye", one.SaysGoodbye)
	}
	return nil
}
