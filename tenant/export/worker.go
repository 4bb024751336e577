package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/notice"
)

const (
	turn     = 45 * time.Second // of one archive; then others have theirs
	overtime = time.Minute
)

// Worker works jobs.ExportTenant. It may run twice, at once or one after the other, and die
// anywhere: what is stored says where to go on.
type Worker struct {
	river.WorkerDefaults[jobs.ExportTenant]
	Service *Service
}

// Timeout implements river.Worker.
func (w *Worker) Timeout(*river.Job[jobs.ExportTenant]) time.Duration { return turn + overtime }

// Work implements river.Worker.
func (w *Worker) Work(ctx context.Context, job *river.Job[jobs.ExportTenant]) error {
	of, id := job.Args.TenantID, job.Args.ExportID
	err := w.Service.turn(ctx, of, id, turn)
	var snooze *river.JobSnoozeError
	switch {
	case err == nil || errors.As(err, &snooze):
		return err
	case errors.Is(ctx.Err(), context.Canceled): // this process is ending: no try was lost over that
		return river.JobSnooze(time.Second)
	case job.Attempt < job.MaxAttempts:
		return err
	}
	return errors.Join(err, w.Service.fail(context.WithoutCancel(ctx), of, id))
}

// turn writes on an archive until it is ready or the time is over.
func (s *Service) turn(ctx context.Context, of tenant.ID, id int64, length time.Duration) error {
	for until := time.Now().Add(length); time.Now().Before(until); {
		e, err := s.Step(ctx, of, id)
		switch {
		case fault.IsNotFound(err):
			// Its tenant is gone, or somebody else writes: then there is nothing to do soon.
			if e, err = s.see(ctx, of, id); fault.IsNotFound(err) {
				return nil
			}
			if err != nil || e.State == store.ExportRunning {
				return errors.Join(err, river.JobSnooze(5*time.Second))
			}
			return nil
		case err != nil:
			return err
		case e.State == store.ExportReady:
			return s.tell(ctx, of, e)
		case e.State != store.ExportRunning:
			return nil // stopped
		}
	}
	return river.JobSnooze(time.Second)
}

func (s *Service) see(ctx context.Context, of tenant.ID, id int64) (e *store.Export, err error) {
	err = s.DB.Read(ctx, of, func(scope *pg.Scope) error {
		e, err = store.ExportByID(ctx, scope, id)
		return err
	})
	return e, err
}

// tell mails whoever asked that the archive is ready, once.
func (s *Service) tell(ctx context.Context, of tenant.ID, e *store.Export) error {
	t, ok := s.Tenants.ByID(of)
	if !ok || e.PersonID == 0 || e.ExpiresAt == nil {
		return nil
	}
	err := s.DB.Platform(ctx, "tell somebody that an archive is ready", func(tx *pg.PlatformTx) error {
		p, err := store.PersonByID(ctx, tx, e.PersonID)
		if fault.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return notice.QueueTo(ctx, tx, of, p.Email, p.Locale, notice.Notice{
			Key: "export/" + ids.Format(e.ID), Template: "export_ready", Data: map[string]string{
				"organisation": t.Name, "since": e.AskedAt.UTC().Format(time.RFC3339), "deadline": e.ExpiresAt.UTC().Format(time.RFC3339),
				"link": s.Console + "/tenants/" + of.String() + "/data",
			},
		})
	})
	if err != nil {
		return fmt.Errorf("tell that archive %d is ready: %w", e.ID, err)
	}
	return nil
}

// fail ends an archive that cannot be written. The page says so, and another may be begun.
func (s *Service) fail(ctx context.Context, of tenant.ID, id int64) error {
	return s.DB.Tenant(ctx, of, func(scope *pg.Scope) error { return store.StopExport(ctx, scope, id) })
}
