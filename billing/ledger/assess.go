package ledger

import (
	"context"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// Matters for the staff, by kind.
const (
	UnknownCustomer = "unknown_customer"    // an event of a customer that is nobody's
	CustomerGone    = "customer_deleted"    // somebody deleted it at the provider
	UnknownPrice    = "unknown_price"       // a subscription to something that is in no plan
	DoublePaid      = "double_subscription" // two that are paid for
	Disputed        = "dispute"
	DisputeLost     = "dispute_lost"      // the paid time has ended, here and at the provider
	GivenBack       = "full_refund"       // does the company go on?
	FraudWarning    = "fraud_warning"     // the bank believes that the card was stolen
	FraudEnded      = "fraud_ended"       // and was given back, with all that was bought, of a young tenant
	NotFinal        = "invoice_not_final" // an invoice cannot be made: mostly an address without a country
	PaidForNothing  = "paid_for_nothing"  // a live subscription of a tenant that is gone
)

// task leaves a matter to the staff, once.
func (l *Ledger) task(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, kind, object string, detail map[string]string) error {
	_, err := l.leave(ctx, tx, id, kind, object, detail)
	return err
}

// leave is task, and reports whether it is a new matter.
func (l *Ledger) leave(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, kind, object string, detail map[string]string) (isNew bool, err error) {
	isNew, err = store.AddTask(ctx, tx, store.Task{Key: kind + "/" + object, TenantID: &id, Kind: kind, Detail: detail})
	if isNew {
		l.Log.WarnContext(ctx, "billing needs a person", "tenant", id, "matter", kind, "object", object)
		l.metrics.task(kind)
	}
	return isNew, err
}

// Assess finds out anew what a tenant is entitled to, from what is known here: after a
// decision of the staff, or when usage was counted.
func (l *Ledger) Assess(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, cause store.Cause) error {
	return l.assess(ctx, tx, id, cause)
}

// newTenant is how young a tenant is that billing sees for the first time because it was
// just made. An older one was there before anything was charged: its trial begins now.
const newTenant = time.Hour

func (l *Ledger) assess(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, cause store.Cause) error {
	now := l.Now()
	t, err := registry.Find(ctx, tx, id)
	if err != nil {
		return err
	}
	from := now
	if now.Sub(t.CreatedAt) < newTenant {
		from = t.CreatedAt
	}
	before, err := store.LockEntitlement(ctx, tx, id, from)
	if err != nil {
		return err
	}
	facts, err := store.Facts(ctx, tx, before)
	if err != nil {
		return err
	}
	if facts.Usage, err = store.UsageOf(ctx, tx, id, now); err != nil {
		return err
	}
	for _, double := range billing.Doubles(facts.Subscriptions) {
		if err := l.task(ctx, tx, id, DoublePaid, double.ID, nil); err != nil {
			return err
		}
	}
	e, next := l.Plans.EntitleFrom(before.Entitlement.Standing, &facts, now)
	before.PutOff = int64(facts.PutOff / time.Second)
	changed, err := store.PutEntitlement(ctx, tx, before, e, next, cause)
	if err != nil || !changed {
		return err
	}
	return registry.Tell(ctx, tx)
}
