package ledger

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

// wantsAnswer is the event of a payment that the bank asks its owner about.
const wantsAnswer = "invoice.payment_action_required"

// payers are the roles of people who can do something about a payment.
var payers = []string{"owner", "billing"}

// signals are events that are a matter for the staff by themselves.
var signals = map[string]string{"invoice.finalization_failed": NotFinal}

// matters leaves to people what a reading, or an event that made it, shows.
func (l *Ledger) matters(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, state *billing.CustomerState) error {
	for _, i := range state.Invoices {
		if i.Status == "paid" && i.Total > 0 && i.Refunded >= i.Total {
			if err := l.task(ctx, tx, id, GivenBack, i.ID, map[string]string{"invoice": i.Number}); err != nil {
				return err
			}
		}
	}
	events, err := store.WaitingEvents(ctx, tx, state.ID, append(slices.Collect(maps.Keys(signals)), wantsAnswer, fraudWarning))
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Type == wantsAnswer {
			if err := askToConfirm(ctx, tx, id, state, e.ObjectID); err != nil {
				return err
			}
			continue
		}
		if e.Type == fraudWarning {
			if err := l.warned(ctx, tx, id, e); err != nil {
				return err
			}
			continue
		}
		if err := l.task(ctx, tx, id, signals[e.Type], e.ObjectID, map[string]string{"event": e.EventID}); err != nil {
			return err
		}
	}
	return nil
}

// askToConfirm mails the page on which the bank's question about an invoice is answered, once
// an invoice. One that was paid meanwhile, or given up, asks nobody anything any more; and who
// pays for the first time has the question on the page already.
func askToConfirm(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, state *billing.CustomerState, invoice string) error {
	at := slices.IndexFunc(state.Invoices, func(i billing.InvoiceState) bool { return i.ID == invoice })
	if at < 0 || state.Invoices[at].Status != "open" || state.Invoices[at].PageURL == "" {
		return nil
	}
	isFirst := func(s billing.SubscriptionState) bool {
		return s.ID == state.Invoices[at].Subscription && s.Status == billing.Incomplete
	}
	if slices.ContainsFunc(state.Subscriptions, isFirst) {
		return nil
	}
	t, err := registry.Find(ctx, tx, id)
	if err != nil {
		return err
	}
	return notice.Queue(ctx, tx, id, notice.Notice{
		Key: "billing/confirm/" + invoice + "/" + strconv.FormatInt(int64(id), 10), Template: "billing_confirm", To: payers,
		Data: map[string]string{"organisation": t.Name, "link": state.Invoices[at].PageURL},
	})
}

// disputes stores what is contested. A loss ends the paid time here (billing.Entitle); what
// it was paid for would go on to be charged at the provider, and is ended there as well.
func (l *Ledger) disputes(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, began time.Time, state *billing.CustomerState) error {
	isLost := false
	for _, d := range state.Disputes {
		row := &store.Dispute{
			DisputeID: d.ID, ChargeID: d.Charge, Status: d.Status, Amount: d.Amount, Currency: d.Currency, Reason: d.Reason, DueBy: pg.NullTime(d.DueBy), CreatedAt: d.Created,
		}
		if err := store.PutDispute(ctx, tx, id, began, row); err != nil {
			return err
		}
		if err := l.task(ctx, tx, id, Disputed, d.ID, map[string]string{"status": d.Status, "reason": d.Reason}); err != nil {
			return err
		}
		if d.Status != "lost" {
			continue
		}
		isLost = true
		if err := l.task(ctx, tx, id, DisputeLost, d.ID, map[string]string{"reason": d.Reason}); err != nil {
			return err
		}
	}
	if !isLost {
		return nil
	}
	return endLost(ctx, tx, id)
}

// endLost has the subscriptions ended that a lost dispute takes the paid time of: those that
// were bought before. Whoever bought anew since pays for that.
func endLost(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) error {
	disputes, err := store.Disputes(ctx, tx, id)
	if err != nil {
		return err
	}
	lost := store.Losses(disputes)
	all, err := store.Subscriptions(ctx, tx, id)
	if err != nil {
		return err
	}
	var ends []river.JobArgs
	for _, s := range all {
		isLost := slices.ContainsFunc(lost, func(l billing.Loss) bool { return l.Ends(s.Created) })
		if isLost && (s.IsLive() || s.Status == billing.Incomplete) {
			ends = append(ends, jobs.BillingEnd{SubscriptionID: s.ID})
		}
	}
	return tx.Enqueue(ctx, ends...)
}
