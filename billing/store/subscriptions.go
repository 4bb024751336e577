package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Subscription is what the provider said about one when it was last read.
type Subscription struct {
	billing.Subscription
	CustomerID string
	PriceIDs   []string
	Currency   string
	Every      billing.Interval
	CardBrand  string
	CardLast4  string
	IsPaused   bool // nothing is collected for it: the provider's own switch
}

const (
	selectSubscriptions = `
SELECT subscription_id, customer_id, status, plan, price_ids, extra, currency, every, period_start, period_end, trial_end, cancel_at, ended_at,
       oldest_open_at, card_brand, card_last4, is_paused, created_at
FROM   billing_subscriptions WHERE tenant_id = @tenant_id ORDER BY created_at DESC, subscription_id`
	// A reading that began earlier than the one that is stored says nothing new. Of a price
	// that nobody knows the plan stays what it was.
	putSubscription = `
INSERT INTO billing_subscriptions AS s (tenant_id, subscription_id, customer_id, status, plan, price_ids, extra, currency, every, period_start, period_end,
       trial_end, cancel_at, ended_at, oldest_open_at, card_brand, card_last4, is_paused, created_at, read_at)
VALUES (@tenant_id, @subscription_id, @customer_id, @status, @plan, @price_ids, @extra, @currency, @every, @period_start, @period_end,
       @trial_end, @cancel_at, @ended_at, @oldest_open_at, @card_brand, @card_last4, @is_paused, @created_at, @read_at)
ON CONFLICT (tenant_id, subscription_id) DO UPDATE SET
       customer_id = excluded.customer_id, status = excluded.status, plan = CASE WHEN excluded.plan = '' THEN s.plan ELSE excluded.plan END,
       price_ids = excluded.price_ids, extra = excluded.extra, currency = excluded.currency, every = excluded.every,
       period_start = excluded.period_start, period_end = excluded.period_end, trial_end = excluded.trial_end, cancel_at = excluded.cancel_at,
       ended_at = excluded.ended_at, oldest_open_at = excluded.oldest_open_at, card_brand = excluded.card_brand, card_last4 = excluded.card_last4,
       is_paused = excluded.is_paused, created_at = excluded.created_at, read_at = excluded.read_at
WHERE  s.read_at <= excluded.read_at`
	// What the provider no longer lists with a customer was moved to another one by hand.
	dropSubscriptions = `
DELETE FROM billing_subscriptions
WHERE  tenant_id = @tenant_id AND customer_id = @customer_id AND read_at <= @read_at AND NOT subscription_id = ANY(@listed)`
)

// Subscriptions returns a tenant's, the newest first.
func Subscriptions(ctx context.Context, q pg.Querier, id tenant.ID) ([]*Subscription, error) {
	return pg.Rows(ctx, q, selectSubscriptions, pgx.NamedArgs{"tenant_id": id}, scanSubscription)
}

func scanSubscription(row pgx.CollectableRow) (*Subscription, error) {
	var s Subscription
	var start, end, trial, cancel, ended, open *time.Time
	err := row.Scan(&s.ID, &s.CustomerID, &s.Status, &s.Plan, &s.PriceIDs, &s.Extra, &s.Currency, &s.Every, &start, &end, &trial, &cancel, &ended,
		&open, &s.CardBrand, &s.CardLast4, &s.IsPaused, &s.Created)
	s.PeriodStart, s.PeriodEnd, s.TrialEnd, s.CancelAt, s.EndedAt, s.OldestOpen = at(start), at(end), at(trial), at(cancel), at(ended), at(open)
	s.HasCard = s.CardLast4 != ""
	return &s, err
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// PutSubscriptions stores what a reading that began at a time found with a customer. What
// is stored of a later one stays.
func PutSubscriptions(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, customer string, readAt time.Time, all []Subscription) error {
	b := pg.NewBatch(tx)
	listed := make([]string, 0, len(all))
	for _, s := range all {
		listed = append(listed, s.ID)
		b.Exec(putSubscription, pgx.NamedArgs{
			"tenant_id": id, "subscription_id": s.ID, "customer_id": customer, "status": string(s.Status), "plan": s.Plan, "price_ids": s.PriceIDs,
			"extra": s.Extra, "currency": s.Currency, "every": string(s.Every), "period_start": pg.NullTime(s.PeriodStart), "period_end": pg.NullTime(s.PeriodEnd),
			"trial_end": pg.NullTime(s.TrialEnd), "cancel_at": pg.NullTime(s.CancelAt), "ended_at": pg.NullTime(s.EndedAt),
			"oldest_open_at": pg.NullTime(s.OldestOpen), "card_brand": s.CardBrand, "card_last4": s.CardLast4, "is_paused": s.IsPaused,
			"created_at": s.Created, "read_at": readAt,
		})
	}
	b.Exec(dropSubscriptions, pgx.NamedArgs{"tenant_id": id, "customer_id": customer, "read_at": readAt, "listed": listed})
	return b.Send(ctx)
}
