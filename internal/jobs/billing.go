package jobs

import (
	"time"

	"github.com/riverqueue/river"

	"rookery/tenant"
)

// QueueBilling is for what waits for the payment provider: it may be slow or away, and
// nothing of a tenant's presence may wait with it.
const QueueBilling = "billing"

// BillingSync reads everything about one of the provider's customers.
type BillingSync struct {
	CustomerID string `json:"customer_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (BillingSync) Kind() string { return "billing_sync" }

// InsertOpts implements river.JobArgsWithInsertOpts. Bursts of events fold into one reading;
// what comes while it runs is found by the sweep.
func (BillingSync) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 20, UniqueOpts: onceAtATime}
}

// BillingSyncDelay is how long the first event of a burst waits for the others.
const BillingSyncDelay = 2 * time.Second

// BillingEvent finds out whom an event is about that names no customer.
type BillingEvent struct {
	EventID string `json:"event_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (BillingEvent) Kind() string { return "billing_event" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingEvent) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 20, UniqueOpts: onceAtATime}
}

// BillingSweep moves the clock of those whose time has come, and takes up what was left lying.
type BillingSweep struct{}

// Kind implements river.JobArgs.
func (BillingSweep) Kind() string { return "billing_sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingSweep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// BillingQuantity pays for as many accounts as a tenant has, within what its plan sells.
// Whoever makes or removes an account enqueues it, in the same transaction.
type BillingQuantity struct {
	TenantID tenant.ID `json:"tenant_id" river:"unique"`
	// Lower: the next invoice is about to be made, so fewer may count from then on.
	Lower bool `json:"lower,omitempty"`
}

// Kind implements river.JobArgs.
func (BillingQuantity) Kind() string { return "billing_quantity" }

// BillingQuantityDelay is how long the first account of several waits for the others: all
// are paid for at once.
const BillingQuantityDelay = 10 * time.Second

// InsertOpts implements river.JobArgsWithInsertOpts. What comes while one runs is found by
// BillingPurchases.
func (BillingQuantity) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: QueueBilling, MaxAttempts: 20, ScheduledAt: time.Now().Add(BillingQuantityDelay),
		UniqueOpts: onceAtATime,
	}
}

// BillingEnd ends a subscription at the provider: a payment for it was lost, so nothing more
// may be charged. Whoever reads the loss enqueues it, in the same transaction.
type BillingEnd struct {
	SubscriptionID string `json:"subscription_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (BillingEnd) Kind() string { return "billing_end" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingEnd) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 20, UniqueOpts: onceAtATime}
}

// BillingFraud gives a payment back that was made with a stolen card, and ends what the
// customer has bought. Whoever restricts the tenant enqueues it, in the same transaction.
type BillingFraud struct {
	CustomerID string `json:"customer_id"`
	ChargeID   string `json:"charge_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (BillingFraud) Kind() string { return "billing_fraud" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingFraud) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 20, UniqueOpts: onceAtATime}
}

// BillingLeave ends a subscription of a tenant that was deleted. The tenant has another name
// here than in jobs of a tenant's own, which are dropped with it.
type BillingLeave struct {
	SubscriptionID string    `json:"subscription_id" river:"unique"`
	CustomerID     string    `json:"customer_id"`
	Of             tenant.ID `json:"of"`
}

// Kind implements river.JobArgs.
func (BillingLeave) Kind() string { return "billing_leave" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingLeave) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 20, UniqueOpts: onceAtATime}
}

// BillingPurchases takes up what was asked of the provider and never answered, and counts
// accounts anew whose paid time ends.
type BillingPurchases struct{}

// Kind implements river.JobArgs.
func (BillingPurchases) Kind() string { return "billing_purchases" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingPurchases) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// BillingPoll fetches events that never reached the webhook's door.
type BillingPoll struct{}

// Kind implements river.JobArgs.
func (BillingPoll) Kind() string { return "billing_poll" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingPoll) InsertOpts() river.InsertOpts { return onceInBilling() }

// BillingRevisit has customers read whose state may have moved without an event.
type BillingRevisit struct{}

// Kind implements river.JobArgs.
func (BillingRevisit) Kind() string { return "billing_revisit" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingRevisit) InsertOpts() river.InsertOpts { return onceInBilling() }

// BillingCompare compares everything with the payment provider.
type BillingCompare struct{}

// Kind implements river.JobArgs.
func (BillingCompare) Kind() string { return "billing_compare" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingCompare) InsertOpts() river.InsertOpts { return onceInBilling() }

func onceInBilling() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 3, UniqueOpts: onceAtATime}
}

// BillingDunning tells people what a tenant's standing means, and ends what is not paid for.
type BillingDunning struct{}

// Kind implements river.JobArgs.
func (BillingDunning) Kind() string { return "billing_dunning" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingDunning) InsertOpts() river.InsertOpts { return onceInBilling() }

// BillingMeter counts what all tenants have in use, and has people told of what is nearly
// used up.
type BillingMeter struct{}

// Kind implements river.JobArgs.
func (BillingMeter) Kind() string { return "billing_meter" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (BillingMeter) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueBilling, MaxAttempts: 2, UniqueOpts: onceAtATime}
}
