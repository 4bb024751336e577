package checkout

import (
	"context"
	"strconv"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant/notice"
	"rookery/tenant/registry"
)

// fraudOrder is what is written down before a payment by a stolen card is given back.
type fraudOrder struct {
	By            audit.Actor `json:"by"`
	Customer      string      `json:"customer"`
	Charge        string      `json:"charge"`
	Subscriptions []string    `json:"subscriptions"`
}

// Fraud gives a payment back that the bank takes for made with a stolen card, ends at once
// what the company pays for, and tells its owners. The ledger has restricted the company by
// then. Asked twice it does it once.
func (s *Service) Fraud(ctx context.Context, customer, charge string) error {
	var in *store.Intent
	err := s.DB.Platform(ctx, "write down that a payment is given back", func(tx *pg.PlatformTx) error {
		c, err := store.CustomerByID(ctx, tx, customer)
		if err != nil {
			return err
		}
		if err := store.LockPurchases(ctx, tx, c.TenantID); err != nil {
			return err
		}
		all, err := store.Subscriptions(ctx, tx, c.TenantID)
		if err != nil {
			return err
		}
		o := fraudOrder{By: audit.BySystem("billing"), Customer: customer, Charge: charge}
		for _, one := range all {
			if one.IsLive() || one.Status == billing.Incomplete {
				o.Subscriptions = append(o.Subscriptions, one.ID)
			}
		}
		in, err = store.BeginIntent(ctx, tx, c.TenantID, kindFraud+"/"+charge, kindFraud, o)
		return err
	})
	if err != nil || in.State != "open" {
		return err
	}
	return s.fraud(ctx, in)
}

// fraud asks the provider. What it refuses to give back, because the owner of the card was
// quicker and contests it, is left to the staff; the subscriptions end all the same.
func (s *Service) fraud(ctx context.Context, in *store.Intent) error {
	o, err := decode[fraudOrder](in)
	if err != nil {
		return err
	}
	refused := s.Till.RefundCharge(ctx, in.IdempotencyKey, o.Charge)
	if code := fault.CodeOf(refused); refused != nil && code != fault.Invalid && code != fault.NotFound {
		return refused
	}
	for n, sub := range o.Subscriptions { // one, as a rule
		err := s.Till.CancelNow(ctx, in.IdempotencyKey+"/"+strconv.Itoa(n), sub)
		if err != nil && !fault.IsNotFound(err) {
			return err
		}
	}
	err = s.done(ctx, in, o.Charge, func(ctx context.Context, tx *pg.PlatformTx) error { return s.tellFraud(ctx, tx, in, o, refused) })
	if err != nil {
		return err
	}
	s.refresh(ctx, o.Customer)
	return nil
}

func (s *Service) tellFraud(ctx context.Context, tx *pg.PlatformTx, in *store.Intent, o fraudOrder, refused error) error {
	entry := audit.Entry{Actor: o.By, Action: "billing.fraud_refund", Target: "charge:" + o.Charge}
	data := map[string]string{"refunded": "yes", "link": s.room(in.TenantID)}
	if refused != nil {
		entry.Action, data["refunded"] = "billing.fraud_end", ""
		_, err := store.AddTask(ctx, tx, store.Task{
			Key: ledger.FraudWarning + "/" + o.Charge, TenantID: &in.TenantID, Kind: ledger.FraudWarning,
			Detail: map[string]string{"charge": o.Charge, "refund": refused.Error()},
		})
		if err != nil {
			return err
		}
	}
	if err := audit.AppendFor(ctx, tx, in.TenantID, entry); err != nil {
		return err
	}
	t, err := registry.Find(ctx, tx, in.TenantID)
	if err != nil {
		return err
	}
	data["organisation"] = t.Name
	return notice.Queue(ctx, tx, in.TenantID, notice.Notice{
		Key: "billing/fraud/" + o.Charge, Template: "billing_fraud", To: []string{"owner", "billing"}, Data: data,
	})
}
