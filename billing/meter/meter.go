package meter

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing/store"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	// Every is how old the counts of what is there may be.
	Every   = time.Hour
	jobTime = 10 * time.Minute
)

// Ledger finds out anew what a tenant is entitled to; *ledger.Ledger does.
type Ledger interface {
	Assess(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, cause store.Cause) error
}

// Options say what a Meter works with.
type Options struct {
	DB     *pg.DB
	Ledger Ledger
	Log    *slog.Logger     // nil: silent
	Now    func() time.Time // nil: time.Now
	// Console is the address below which the console is, for links in mails, and Room what
	// its room of plan and invoices is called below a company's; "": there is none.
	Console, Room string
}

// Meter works jobs.BillingMeter. It may run any number of times, also beside itself.
type Meter struct {
	river.WorkerDefaults[jobs.BillingMeter]
	Options
}

// New makes a Meter.
func New(o Options) *Meter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Meter{Options: o}
}

// Register puts the worker on a queue.
func (m *Meter) Register(w *river.Workers) { river.AddWorker(w, m) }

// Timeout implements river.Worker.
func (*Meter) Timeout(*river.Job[jobs.BillingMeter]) time.Duration { return jobTime }

// Work implements river.Worker.
func (m *Meter) Work(ctx context.Context, _ *river.Job[jobs.BillingMeter]) error { return m.Count(ctx) }

// Count counts what all tenants have in use, and does what follows from it.
func (m *Meter) Count(ctx context.Context) error {
	now := m.Now()
	var all []*store.Metered
	var stale []tenant.ID // whose entitlement is not what it would be now
	err := m.DB.Platform(ctx, "count what tenants have in use", func(tx *pg.PlatformTx) (err error) {
		if err = store.CountUsage(ctx, tx, now); err != nil {
			return err
		}
		if stale, err = store.MarkStorage(ctx, tx, now); err != nil {
			return err
		}
		all, err = store.AllMetered(ctx, tx, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("count usage: %w", err)
	}
	for _, t := range all {
		l := t.Entitlement.Limits
		if t.Over(l) != t.Entitlement.IsOver || t.Slow(l) != t.Entitlement.IsSlow && t.Entitlement.Standing != tenant.Trial {
			stale = append(stale, t.TenantID)
		}
	}
	slices.Sort(stale)
	for _, id := range slices.Compact(stale) { // few, and each in a transaction of its own: one that fails holds up no other
		err := m.DB.Platform(ctx, "look at a tenant whose use has changed", func(tx *pg.PlatformTx) error { return m.Ledger.Assess(ctx, tx, id, store.ByUsage) })
		if err != nil {
			m.Log.ErrorContext(ctx, "what follows from a tenant's use is not known", "tenant", id, "error", err)
		}
	}
	return m.tell(ctx, all, now)
}
