package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const (
	// youngTime is how long a tenant is taken for somebody who may have come only to use a
	// stolen card. Who has been there for longer is looked at by a person first.
	youngTime = 30 * billing.Day
	// warningsBack is from when on warnings are looked for whose events were lost.
	warningsBack = 30 * billing.Day

	fraudWarning = "radar.early_fraud_warning.created"
)

// warned does what an early fraud warning asks for: of a young tenant everything stops, the
// payment goes back and the subscription ends (jobs.BillingFraud); of others it is left to
// the staff. What was done is done once, however often the warning comes.
func (l *Ledger) warned(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, e *store.Event) error {
	t, err := registry.Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if e.CreatedAt.Sub(t.CreatedAt) >= youngTime {
		return l.task(ctx, tx, id, FraudWarning, e.ObjectID, map[string]string{"event": e.EventID})
	}
	isNew, err := l.leave(ctx, tx, id, FraudEnded, e.ObjectID, map[string]string{"event": e.EventID, "charge": e.ObjectID, "customer": e.CustomerID})
	if err != nil || !isNew {
		return err
	}
	// Until a person takes it back, whatever is bought meanwhile.
	o := &store.Override{Standing: tenant.Restricted, FromAt: l.Now(), Reason: "The bank warned that the payment " + e.ObjectID + " was made with a stolen card (by itself: younger than 30 days)."}
	if err := store.AddOverride(ctx, tx, id, o); err != nil {
		return err
	}
	entry := audit.Entry{Actor: audit.BySystem("billing"), Action: "billing.fraud", Target: "charge:" + e.ObjectID}
	if err := audit.AppendFor(ctx, tx, id, entry); err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs.BillingFraud{CustomerID: e.CustomerID, ChargeID: e.ObjectID})
}

// Warnings takes in the early fraud warnings whose events were lost: unlike a refund or a
// dispute, nothing of a customer shows them.
func (l *Ledger) Warnings(ctx context.Context) error {
	all, err := l.Gateway.Warnings(ctx, l.Now().Add(-warningsBack))
	if err != nil {
		return fmt.Errorf("list early fraud warnings: %w", err)
	}
	for _, w := range all { // few, each in a transaction of its own as at the door
		raw, err := json.Marshal(map[string]string{"id": w.ID, "charge": w.Charge})
		if err != nil {
			return err
		}
		e := billing.Event{ID: w.ID, Type: fraudWarning, Created: w.Created, Livemode: l.Gateway.Livemode(), Object: w.Charge, Charge: w.Charge, Raw: raw}
		if err := l.Receive(ctx, e, store.FromPoll); err != nil {
			return err
		}
	}
	return nil
}
