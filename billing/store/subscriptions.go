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
	// What it becomes at NextAt; zero: nothing changes. NextPlan is "" for a price that nobody knows.
	NextPlan  string
	NextEvery billing.Interval
	NextExtra int
	NextAt    time.Time
	// PendingUntil is how long a change waits for its payment; zero: none does.
	PendingUntil time.Time
	Monthly      *int64 // what it brings a month, without tax; only written
}

const (
	selectSubscriptions = `
SELECT subscription_id, customer_id, status, plan, price_ids, extra, currency, every, period_start, period_end, trial_end, cancel_at, ended_at,
       oldest_open_at, card_brand, card_last4, is_paused, created_at, next_plan, next_every, next_extra, next_at, pending_until
FROM   billing_subscriptions WHERE tenant_id = @tenant_id ORDER BY created_at DESC, subscription_id`
	// A reading that began earlier than the one that is stored says nothing new. Of a price
	// that nobody knows the plan stays what it was. What is owed without an invoice that could
	// be seen (support wrote it off) is owed since that was seen first: a period may have begun
	// a year ago, and nobody is closed for that.
	putSubscription = `
INSERT INTO billing_subscriptions AS s (tenant_id, subscription_id, customer_id, status, plan, price_ids, extra, currency, every, period_start, period_end,
       trial_end, cancel_at, ended_at, oldest_open_at, card_brand, card_last4, is_paused, created_at, read_at,
       next_plan, next_every, next_extra, next_at, pending_until, monthly)
VALUES (@tenant_id, @subscription_id, @customer_id, @status, @plan, @price_ids, @extra, @currency, @every, @period_start, @period_end,
       @trial_end, @cancel_at, @ended_at, CASE WHEN @status IN ('past_due', 'unpaid') THEN COALESCE(@oldest_open_at::timestamptz, @read_at::timestamptz) ELSE @oldest_open_at END, @card_brand, @card_last4, @is_paused, @created_at, @read_at,
       @next_plan, @next_every, @next_extra, @next_at, @pending_until, @monthly)
ON CONFLICT (tenant_id, subscription_id) DO UPDATE SET
       customer_id = excluded.customer_id, status = excluded.status, plan = CASE WHEN excluded.plan = '' THEN s.plan ELSE excluded.plan END,
       price_ids = excluded.price_ids, extra = excluded.extra, currency = excluded.currency, every = excluded.every,
       period_start = excluded.period_start, period_end = excluded.period_end, trial_end = excluded.trial_end, cancel_at = excluded.cancel_at,
       ended_at = excluded.ended_at, monthly = excluded.monthly,
       oldest_open_at = CASE WHEN NOT @has_open AND excluded.status IN ('past_due', 'unpaid') AND s.status IN ('past_due', 'unpaid') THEN COALESCE(s.oldest_open_at, excluded.oldest_open_at) ELSE excluded.oldest_open_at END, card_brand = excluded.card_brand, card_last4 = excluded.card_last4,
       is_paused = excluded.is_paused, created_at = excluded.created_at, read_at = excluded.read_at, next_plan = excluded.next_plan,
       next_every = excluded.next_every, next_extra = excluded.next_extra, next_at = excluded.next_at, pending_until = excluded.pending_until
WHERE  s.read_at <= excluded.read_at`
	// What the provider no longer lists with a customer was moved to another one by hand.
	dropSubscriptions = `
DELETE FROM billing_subscriptions
WHERE  tenant_id = @tenant_id AND customer_id = @customer_id AND read_at <= @read_at AND NOT subscription_id = ANY(@listed)`
	// With a customer that the provider deleted everything ended that it had.
	endSubscriptions = `
UPDATE billing_subscriptions SET status = 'canceled', ended_at = COALESCE(ended_at, @at), next_at = NULL, pending_until = NULL, read_at = @at
WHERE  tenant_id = @tenant_id AND customer_id = @customer_id AND read_at <= @at AND status NOT IN ('canceled', 'incomplete_expired')`
	// Who, of those that pay for each account, has more than are paid for, or fewer shortly before they are paid for again.
	miscounted = `
SELECT DISTINCT s.tenant_id
FROM   billing_subscriptions s
JOIN   tenant_entitlements e ON e.tenant_id = s.tenant_id AND (e.entitlement -> 'Limits' ->> 'more_accounts')::boolean
JOIN   unnest(@plans::text[], @included::int[]) AS p (plan, included) ON p.plan = s.plan
CROSS  JOIN LATERAL (SELECT GREATEST(count(*) - p.included, 0) AS extra FROM accounts a
                     WHERE a.tenant_id = s.tenant_id AND a.domain = '' AND a.deleted_at IS NULL) AS needed
WHERE  s.status IN ('active', 'trialing') AND s.cancel_at IS NULL AND s.pending_until IS NULL
  AND  (needed.extra > s.extra OR needed.extra < s.extra AND s.period_end BETWEEN @now AND @until
        AND (s.next_at IS NULL OR s.next_plan = s.plan AND s.next_extra <> needed.extra))
ORDER  BY s.tenant_id LIMIT @limit`
)

// Subscriptions returns a tenant's, the newest first.
func Subscriptions(ctx context.Context, q pg.Querier, id tenant.ID) ([]*Subscription, error) {
	return pg.Rows(ctx, q, selectSubscriptions, pgx.NamedArgs{"tenant_id": id}, scanSubscription)
}

func scanSubscription(row pgx.CollectableRow) (*Subscription, error) {
	var s Subscription
	var start, end, trial, cancel, ended, open, next, pending *time.Time
	err := row.Scan(&s.ID, &s.CustomerID, &s.Status, &s.Plan, &s.PriceIDs, &s.Extra, &s.Currency, &s.Every, &start, &end, &trial, &cancel, &ended,
		&open, &s.CardBrand, &s.CardLast4, &s.IsPaused, &s.Created, &s.NextPlan, &s.NextEvery, &s.NextExtra, &next, &pending)
	s.NextAt, s.PendingUntil = at(next), at(pending)
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
			"created_at": s.Created, "read_at": readAt, "next_plan": s.NextPlan, "next_every": string(s.NextEvery), "next_extra": s.NextExtra,
			"next_at": pg.NullTime(s.NextAt), "pending_until": pg.NullTime(s.PendingUntil), "monthly": s.Monthly, "has_open": !s.OldestOpen.IsZero(),
		})
	}
	b.Exec(dropSubscriptions, pgx.NamedArgs{"tenant_id": id, "customer_id": customer, "read_at": readAt, "listed": listed})
	return b.Send(ctx)
}

// EndSubscriptions says that a customer's ended, because it was deleted at the provider.
func EndSubscriptions(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, customer string, when time.Time) error {
	_, err := pg.Exec(ctx, tx, endSubscriptions, pgx.NamedArgs{"tenant_id": id, "customer_id": customer, "at": when})
	return err
}

// Miscounted returns tenants that have more accounts than they pay for, and those that have
// fewer and whose paid time ends before a moment. included are the accounts that come with
// the plans that sell more.
func Miscounted(ctx context.Context, tx *pg.PlatformTx, included map[string]int, now, until time.Time, limit int) ([]tenant.ID, error) {
	plans, counts := make([]string, 0, len(included)), make([]int, 0, len(included))
	for plan, n := range included {
		plans, counts = append(plans, plan), append(counts, n)
	}
	return pg.Values[tenant.ID](ctx, tx, miscounted, pgx.NamedArgs{"plans": plans, "included": counts, "now": now, "until": until, "limit": limit})
}
