package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Recipients say whose servers hear of an activity. Accounts of the tenant itself
// and suspended ones are never among them.
type Recipients struct {
	FollowersOf social.AccountID   // 0: nobody's
	Accounts    []social.AccountID // by their shared inbox where they have one
	Personal    []social.AccountID // by their own inbox: what concerns them alone
	EarlierOf   social.StatusID    // whoever was sent something of this post; 0: nobody
	Everybody   bool               // every server that is known
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of deliveries.
const (
	DeliveryWaiting DeliveryState = "waiting"
	DeliveryDone    DeliveryState = "done"
	DeliveryFailed  DeliveryState = "failed" // given up
	DeliveryGone    DeliveryState = "gone"   // the inbox does not exist any more
)

// The inboxes never pass through the program: an account may have very many
// followers. Sorting by a hash spreads the inboxes of one host, and hosts that
// hang, over all parts of the list. LATERAL keeps the planner from reading all
// deliveries or accounts of the tenant where it expects many of the few it needs.
const insertDeliveries = `
WITH inboxes AS (
    SELECT COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url) AS inbox
    FROM   follows f
    CROSS  JOIN LATERAL (SELECT r.shared_inbox_url, r.inbox_url FROM accounts r
                         WHERE r.tenant_id = @tenant_id AND r.id = f.account_id AND r.domain <> '' AND r.suspended_at IS NULL LIMIT 1) AS a
    WHERE  f.tenant_id = @tenant_id AND f.target_id = @followers_of AND f.state = 'accepted'
  UNION
    SELECT COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url)
    FROM   accounts a
    WHERE  a.tenant_id = @tenant_id AND a.id = ANY(@accounts) AND a.domain <> '' AND a.suspended_at IS NULL
  UNION
    SELECT a.inbox_url
    FROM   accounts a
    WHERE  a.tenant_id = @tenant_id AND a.id = ANY(@personal) AND a.domain <> '' AND a.suspended_at IS NULL
  UNION
    SELECT d.inbox_url
    FROM   activities e
    CROSS  JOIN LATERAL (SELECT y.inbox_url FROM deliveries y
                         WHERE y.tenant_id = @tenant_id AND y.activity_id = e.id AND y.state <> 'gone' OFFSET 0) AS d
    WHERE  e.tenant_id = @tenant_id AND e.status_id = @earlier_of AND e.status_id <> 0
  UNION
    SELECT COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url)
    FROM   accounts a
    WHERE  a.tenant_id = @tenant_id AND @everybody AND a.domain <> ''
)
INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host)
SELECT @tenant_id, @activity_id, row_number() OVER (ORDER BY md5(inbox)), inbox, lower(substring(inbox FROM '^https?://([^/?#]+)'))
FROM   inboxes
WHERE  inbox ~ '^https?://[^/?#]+' AND length(inbox) <= 2048
ON CONFLICT DO NOTHING`

// AddDeliveries gives an activity a row for each inbox of its recipients and returns
// how many there are. Their ids are 1, 2, 3 ….
func AddDeliveries(ctx context.Context, scope *pg.Scope, activity int64, to Recipients) (int64, error) {
	return pg.Exec(ctx, scope, insertDeliveries, pgx.NamedArgs{
		"activity_id": activity, "followers_of": to.FollowersOf, "accounts": numbers(to.Accounts), "personal": numbers(to.Personal),
		"earlier_of": to.EarlierOf, "everybody": to.Everybody,
	})
}

// Delivery is an activity's way to one inbox.
type Delivery struct {
	ID        int64
	InboxURL  string
	Host      string
	Attempts  int
	NextTryAt *time.Time // set: a job of its own will take it up
}

// A row that has a job of its own is left to that.
const untriedDeliveries = `
SELECT id, inbox_url, host, attempts, next_try_at
FROM   deliveries
WHERE  tenant_id = @tenant_id AND activity_id = @activity_id AND id BETWEEN @first AND @last
       AND state = 'waiting' AND next_try_at IS NULL
ORDER  BY id
LIMIT  @limit`

// UntriedDeliveries returns the deliveries from first to last that nothing has been tried for.
func UntriedDeliveries(ctx context.Context, scope *pg.Scope, activity, first, last int64, limit int) ([]*Delivery, error) {
	return pg.Many[Delivery](ctx, scope, untriedDeliveries, pgx.NamedArgs{"activity_id": activity, "first": first, "last": last, "limit": limit})
}

const waitingDelivery = `
SELECT id, inbox_url, host, attempts, next_try_at
FROM   deliveries
WHERE  tenant_id = @tenant_id AND activity_id = @activity_id AND id = @id AND state = 'waiting'`

// WaitingDelivery returns one delivery that is not settled, or fault.NotFound.
func WaitingDelivery(ctx context.Context, scope *pg.Scope, activity, id int64) (*Delivery, error) {
	return pg.One[Delivery](ctx, scope, waitingDelivery, pgx.NamedArgs{"activity_id": activity, "id": id})
}

// Outcome is what became of a delivery that was as Before says.
type Outcome struct {
	Before    *Delivery
	State     DeliveryState
	Attempts  int
	Error     string
	NextTryAt *time.Time // when State is DeliveryWaiting
}

// Comparing with what was read makes this safe where two jobs took up the same row.
const settleDeliveries = `
UPDATE deliveries d SET
       state = n.state, attempts = n.attempts, last_error = n.error, next_try_at = n.next_try_at,
       done_at = CASE WHEN n.state = 'waiting' THEN NULL ELSE now() END
FROM   unnest(@ids::bigint[], @before_attempts::integer[], @before_next::timestamptz[], @states::text[], @attempts::integer[],
              @errors::text[], @next::timestamptz[])
       AS n (id, before_attempts, before_next, state, attempts, error, next_try_at)
WHERE  d.tenant_id = @tenant_id AND d.activity_id = @activity_id AND d.id = n.id
       AND d.state = 'waiting' AND d.attempts = n.before_attempts AND d.next_try_at IS NOT DISTINCT FROM n.before_next
RETURNING d.id`

// SettleDeliveries writes what became of deliveries and returns the ids of those
// that were still as the outcome says they had been.
func SettleDeliveries(ctx context.Context, scope *pg.Scope, activity int64, list []Outcome) ([]int64, error) {
	return pg.Values[int64](ctx, scope, settleDeliveries, pgx.NamedArgs{
		"activity_id":     activity,
		"ids":             column(list, func(o Outcome) int64 { return o.Before.ID }),
		"before_attempts": column(list, func(o Outcome) int32 { return int32(o.Before.Attempts) }),
		"before_next":     column(list, func(o Outcome) *time.Time { return o.Before.NextTryAt }),
		"states":          column(list, func(o Outcome) string { return string(o.State) }),
		"attempts":        column(list, func(o Outcome) int32 { return int32(o.Attempts) }),
		"errors":          column(list, func(o Outcome) string { return o.Error }),
		"next":            column(list, func(o Outcome) *time.Time { return o.NextTryAt }),
	})
}

const dropDeliveries = `
UPDATE deliveries SET state = 'failed', last_error = @error, next_try_at = NULL, done_at = now()
WHERE  tenant_id = @tenant_id AND activity_id = @activity_id AND id BETWEEN @first AND @last AND state = 'waiting'`

// DropDeliveries gives up the deliveries from first to last that wait.
func DropDeliveries(ctx context.Context, scope *pg.Scope, activity, first, last int64, reason string) (int64, error) {
	return pg.Exec(ctx, scope, dropDeliveries, pgx.NamedArgs{"activity_id": activity, "first": first, "last": last, "error": reason})
}

const countDeliveries = `
SELECT state, count(*) AS count
FROM   deliveries
WHERE  tenant_id = @tenant_id AND activity_id = @activity_id
GROUP  BY state`

// DeliveryCounts returns how many deliveries of an activity are in which state.
func DeliveryCounts(ctx context.Context, scope *pg.Scope, activity int64) (map[DeliveryState]int64, error) {
	type row struct {
		State DeliveryState
		Count int64
	}
	rows, err := pg.Many[row](ctx, scope, countDeliveries, pgx.NamedArgs{"activity_id": activity})
	m := make(map[DeliveryState]int64, len(rows))
	for _, r := range rows {
		m[r.State] = r.Count
	}
	return m, err
}

// Only personal inboxes speak for one account. A shared inbox that is gone may have moved.
const unfollowGone = `
WITH gone AS (
    SELECT a.id FROM accounts a WHERE a.tenant_id = @tenant_id AND a.inbox_url = ANY(@inboxes) AND a.domain <> ''
), ended AS (
    DELETE FROM follows f USING gone
    WHERE  f.tenant_id = @tenant_id AND f.account_id = gone.id
    RETURNING f.target_id, f.state
), counted AS (
    UPDATE account_stats s SET followers_count = GREATEST(s.followers_count - n.ended, 0)
    FROM   (SELECT target_id, count(*) AS ended FROM ended WHERE state = 'accepted' GROUP BY target_id ORDER BY target_id) AS n
    WHERE  s.tenant_id = @tenant_id AND s.account_id = n.target_id
)
SELECT id FROM gone`

// UnfollowGone ends the follows by the accounts whose own inbox answers that it is
// gone, and returns these accounts.
func UnfollowGone(ctx context.Context, scope *pg.Scope, inboxes []string) ([]social.AccountID, error) {
	return pg.Values[social.AccountID](ctx, scope, unfollowGone, pgx.NamedArgs{"inboxes": inboxes})
}
