package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Options say what a Ledger works with. All but Log and Now are needed.
type Options struct {
	DB      *pg.DB
	Plans   *billing.Catalogue
	Gateway billing.Reader
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Ledger takes in what the provider says. Make it with New.
type Ledger struct {
	Options
	metrics *metrics
}

// New returns a Ledger.
func New(o Options) *Ledger {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Ledger{Options: o, metrics: newMetrics()}
}

// On is the same ledger on other connections: the door does not wait for the queues.
func (l *Ledger) On(db *pg.DB) *Ledger {
	other := *l
	other.DB = db
	return &other
}

// doorbells are the types of event that make a reading worth while; the endpoint subscribes
// to these. Others are kept and ignored.
var doorbells = map[string]bool{
	"checkout.session.completed": true, "checkout.session.async_payment_succeeded": true,
	"checkout.session.async_payment_failed": true, "checkout.session.expired": true,
	"customer.updated": true, "customer.deleted": true,
	"customer.subscription.created": true, "customer.subscription.updated": true, "customer.subscription.deleted": true,
	"customer.subscription.paused": true, "customer.subscription.resumed": true, "customer.subscription.trial_will_end": true,
	"customer.subscription.pending_update_applied": true, "customer.subscription.pending_update_expired": true,
	"invoice.paid": true, "invoice.payment_failed": true, "invoice.payment_action_required": true, "invoice.finalized": true,
	"invoice.finalization_failed": true, "invoice.voided": true, "invoice.marked_uncollectible": true, "invoice.upcoming": true,
	"charge.refunded": true, "charge.dispute.created": true, "charge.dispute.updated": true, "charge.dispute.closed": true,
	"radar.early_fraud_warning.created": true,
	"payment_method.attached":           true, "payment_method.detached": true, "payment_method.automatically_updated": true,
}

// Doorbells lists the types of event that the endpoint subscribes to.
func Doorbells() []string {
	out := make([]string, 0, len(doorbells))
	for t := range doorbells {
		out = append(out, t)
	}
	return out
}

// Receive stores an event, with the job that reads what it is about, in one transaction:
// once it returns nil the provider may forget it. An event that is there already does
// nothing more.
func (l *Ledger) Receive(ctx context.Context, e billing.Event, from store.Source) error {
	row := &store.Event{
		EventID: e.ID, Type: e.Type, APIVersion: e.APIVersion, Livemode: e.Livemode, CustomerID: e.Customer, ObjectID: e.Object,
		Payload: e.Raw, CreatedAt: e.Created, ReceivedAt: l.Now(), Source: from,
	}
	if e.Livemode != l.Gateway.Livemode() || e.Account != "" || !doorbells[e.Type] || e.Customer == "" && e.Charge == "" {
		row.Outcome = store.Ignored
	}
	err := l.DB.Platform(ctx, "store an event of the payment provider", func(tx *pg.PlatformTx) error {
		isNew, err := store.AddEvent(ctx, tx, row)
		if err != nil || !isNew || row.Outcome != "" {
			return err
		}
		if e.Customer == "" {
			return tx.Enqueue(ctx, jobs.BillingEvent{EventID: e.ID})
		}
		if err := l.count(ctx, tx, e); err != nil {
			return err
		}
		return l.ring(ctx, tx, e.Customer)
	})
	if err != nil {
		return fmt.Errorf("store event %s: %w", e.ID, err)
	}
	return nil
}

// count has a tenant's accounts counted anew when the provider is about to make the next
// invoice. The job finds out by itself whether there is anything to change.
func (l *Ledger) count(ctx context.Context, tx *pg.PlatformTx, e billing.Event) error {
	if e.Type != "invoice.upcoming" {
		return nil
	}
	id, _, err := tenantOf(ctx, tx, e.Customer)
	if err != nil || id == 0 {
		return err
	}
	return tx.Enqueue(ctx, jobs.BillingQuantity{TenantID: id, Lower: true})
}

// ring has a customer read, soon: events come in bursts.
func (l *Ledger) ring(ctx context.Context, tx *pg.PlatformTx, customer string) error {
	if _, err := store.TellCustomer(ctx, tx, customer); err != nil {
		return err
	}
	return tx.EnqueueWith(ctx, []river.InsertManyParams{{
		Args: jobs.BillingSync{CustomerID: customer}, InsertOpts: &river.InsertOpts{ScheduledAt: time.Now().Add(jobs.BillingSyncDelay)},
	}})
}

// Ring has a tenant's customer read soon, such as after something was asked of the provider.
func (l *Ledger) Ring(ctx context.Context, customer string) error {
	return l.DB.Platform(ctx, "have a customer read", func(tx *pg.PlatformTx) error { return l.ring(ctx, tx, customer) })
}

// tenantOf returns whose customer it is, or 0.
func tenantOf(ctx context.Context, tx *pg.PlatformTx, customer string) (tenant.ID, int64, error) {
	c, err := store.CustomerByID(ctx, tx, customer)
	if fault.IsNotFound(err) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	return c.TenantID, c.Told, nil
}
