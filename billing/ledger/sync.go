package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// errAgain says that something was told while the customer was read.
var errAgain = errors.New("there is news since the reading began")

// Sync reads a customer, stores what it says and finds out what follows. It is safe to run
// at any time, twice, or beside another one: of two readings the one that began later counts.
//
// fault.Unavailable means that the provider cannot be asked now; nothing changes then.
func (l *Ledger) Sync(ctx context.Context, customer string) error {
	for range 3 {
		err := l.syncOnce(ctx, customer)
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return errAgain // more news than can be followed just now: the job comes again
}

func (l *Ledger) syncOnce(ctx context.Context, customer string) error {
	var told int64
	err := l.DB.Platform(ctx, "see whose customer is read", func(tx *pg.PlatformTx) (err error) {
		_, told, err = tenantOf(ctx, tx, customer)
		return err
	})
	if err != nil {
		return err
	}
	began := l.Now()
	state, err := l.Gateway.Customer(ctx, customer)
	if fault.IsNotFound(err) {
		state, err = &billing.CustomerState{ID: customer, Deleted: true}, nil
	}
	if err != nil {
		l.metrics.failed(fault.CodeOf(err))
		if fault.CodeOf(err) == fault.Unauthorized {
			l.Log.ErrorContext(ctx, "the payment provider does not know our key any more: nobody's plan changes until it does", "error", err)
		}
		return fmt.Errorf("read customer %s: %w", customer, err)
	}
	again := false
	err = l.DB.Platform(ctx, "store what a customer has bought", func(tx *pg.PlatformTx) error {
		id, err := l.owner(ctx, tx, state)
		if err != nil || id == 0 {
			return err
		}
		if _, err := store.LockCustomers(ctx, tx, id); err != nil {
			return err
		}
		_, now, err := tenantOf(ctx, tx, customer)
		if err != nil {
			return err
		}
		again = now != told
		t, err := registry.Find(ctx, tx, id)
		if err != nil {
			return err
		}
		if t.State == tenant.Deleted {
			return l.gone(ctx, tx, id, began, state)
		}
		if err := l.write(ctx, tx, id, began, state); err != nil {
			return err
		}
		return l.assess(ctx, tx, id, store.BySync)
	})
	if err != nil {
		return fmt.Errorf("store what customer %s has bought: %w", customer, err)
	}
	if again {
		return errAgain
	}
	return nil
}

// owner returns whose customer a reading is about. One that nobody knows is linked by what
// we wrote into it when we made it, if that tenant has none; else it is a matter for staff.
func (l *Ledger) owner(ctx context.Context, tx *pg.PlatformTx, state *billing.CustomerState) (tenant.ID, error) {
	id, _, err := tenantOf(ctx, tx, state.ID)
	if err != nil || id != 0 {
		return id, err
	}
	if state.Tenant != 0 && !state.Deleted {
		mine, err := store.LockCustomers(ctx, tx, state.Tenant)
		if err != nil {
			return 0, err
		}
		if len(mine) == 0 {
			c := &store.Customer{CustomerID: state.ID, TenantID: state.Tenant, Livemode: l.Gateway.Livemode(), Currency: state.Currency, Email: state.Email}
			err := store.PutCustomer(ctx, tx, c)
			if !fault.IsNotFound(err) { // the tenant that it names is gone
				return state.Tenant, err
			}
		}
	}
	if _, err := store.AddTask(ctx, tx, store.Task{Key: "unknown-customer/" + state.ID, Kind: UnknownCustomer, Detail: map[string]string{"customer": state.ID, "email": state.Email}}); err != nil {
		return 0, err
	}
	return 0, store.SettleUnknown(ctx, tx, state.ID)
}

// write stores a reading.
func (l *Ledger) write(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, began time.Time, state *billing.CustomerState) error {
	if state.Deleted {
		if err := store.CustomerDeleted(ctx, tx, state.ID, began); err != nil {
			return err
		}
		if err := store.EndSubscriptions(ctx, tx, id, state.ID, began); err != nil {
			return err
		}
		if err := l.task(ctx, tx, id, CustomerGone, state.ID, nil); err != nil {
			return err
		}
		return l.done(ctx, tx, state.ID, began)
	}
	names, err := l.names(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([]store.Subscription, len(state.Subscriptions))
	for i, s := range state.Subscriptions {
		rows[i] = names.row(s)
		rows[i].OldestOpen = oldestOpen(state.Invoices, s.ID)
		if rows[i].Plan == "" {
			if err := l.task(ctx, tx, id, UnknownPrice, s.ID, map[string]string{"prices": fmt.Sprint(rows[i].PriceIDs)}); err != nil {
				return err
			}
		}
	}
	if err := l.moved(ctx, tx, id, rows); err != nil {
		return err
	}
	if err := store.PutSubscriptions(ctx, tx, id, state.ID, began, rows); err != nil {
		return err
	}
	if err := store.PutInvoices(ctx, tx, id, began, invoices(state)); err != nil {
		return err
	}
	if err := l.disputes(ctx, tx, id, began, state); err != nil {
		return err
	}
	if err := l.matters(ctx, tx, id, state); err != nil {
		return err
	}
	return l.done(ctx, tx, state.ID, began)
}

// gone has everything ended that a deleted tenant still pays for. What was stored of it is
// kept true until it is removed, and comes back no more.
func (l *Ledger) gone(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, began time.Time, state *billing.CustomerState) error {
	names, err := l.names(ctx, tx)
	if err != nil {
		return err
	}
	listed := make([]string, len(state.Subscriptions))
	for i, s := range state.Subscriptions {
		listed[i] = s.ID
		if !s.IsLive() && s.Status != billing.Incomplete {
			continue
		}
		if err := l.task(ctx, tx, id, PaidForNothing, s.ID, map[string]string{"customer": state.ID}); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, jobs.BillingLeave{SubscriptionID: s.ID, CustomerID: state.ID, Of: id}); err != nil {
			return err
		}
	}
	held, err := store.HeldByID(ctx, tx, listed)
	if err != nil {
		return err
	}
	var rows []store.Subscription
	for _, s := range state.Subscriptions {
		if slices.ContainsFunc(held, func(h *store.Held) bool { return h.SubscriptionID == s.ID }) {
			rows = append(rows, names.row(s))
		}
	}
	if err := store.PutSubscriptions(ctx, tx, id, state.ID, began, rows); err != nil {
		return err
	}
	return l.done(ctx, tx, state.ID, began)
}

// moved has the customers read that held a subscription before, where the provider's support
// gave it to another one.
func (l *Ledger) moved(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, rows []store.Subscription) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	held, err := store.HeldByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	var before []string
	for _, h := range held {
		if h.TenantID != id {
			before = append(before, h.CustomerID)
		}
	}
	return readAll(ctx, tx, unique(before))
}

func (l *Ledger) done(ctx context.Context, tx *pg.PlatformTx, customer string, began time.Time) error {
	if err := store.CustomerSynced(ctx, tx, customer, began); err != nil {
		return err
	}
	return store.SettleEvents(ctx, tx, customer, began)
}

// oldestOpen is since when a subscription owes what it has owed for longest: from the day on
// which an invoice by bank transfer was to be paid.
func oldestOpen(all []billing.InvoiceState, subscription string) (oldest time.Time) {
	for _, i := range all {
		owed := i.Created
		if !i.Due.IsZero() {
			owed = i.Due
		}
		if i.Subscription == subscription && i.Status == "open" && (oldest.IsZero() || owed.Before(oldest)) {
			oldest = owed
		}
	}
	return oldest
}

func invoices(state *billing.CustomerState) []store.Invoice {
	out := make([]store.Invoice, 0, len(state.Invoices))
	for _, i := range state.Invoices {
		if i.Status == "draft" {
			continue // it may still become anything
		}
		out = append(out, store.Invoice{
			InvoiceID: i.ID, CustomerID: state.ID, Number: i.Number, Status: i.Status, Total: i.Total, Tax: i.Tax, Refunded: i.Refunded,
			Currency: i.Currency, PageURL: i.PageURL, PDFURL: i.PDFURL, PeriodEnd: pg.NullTime(i.PeriodEnd), CreatedAt: i.Created,
		})
	}
	return out
}
