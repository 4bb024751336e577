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
	ActivityID  int64
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
WITH given AS (
    SELECT * FROM unnest(@ids::bigint[], @followers::bigint[], @earlier::bigint[], @everybody::boolean[])
                  AS g (activity_id, followers_of, earlier_of, everybody)
), named AS (
    SELECT * FROM unnest(@named_in::bigint[], @named::bigint[], @personal::boolean[]) AS n (activity_id, account_id, personal)
), inboxes AS (
    SELECT g.activity_id, COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url) AS inbox
    FROM   given g
    JOIN   follows f ON f.tenant_id = @tenant_id AND f.target_id = g.followers_of AND f.state = 'accepted'
    CROSS  JOIN LATERAL (SELECT r.shared_inbox_url, r.inbox_url FROM accounts r
                         WHERE r.tenant_id = @tenant_id AND r.id = f.account_id AND r.domain <> '' AND r.suspended_at IS NULL AND r.deleted_at IS NULL LIMIT 1) AS a
    WHERE  g.followers_of <> 0
  UNION
    SELECT n.activity_id, CASE WHEN n.personal THEN a.inbox_url ELSE COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url) END
    FROM   named n
    CROSS  JOIN LATERAL (SELECT r.shared_inbox_url, r.inbox_url FROM accounts r
                         WHERE r.tenant_id = @tenant_id AND r.id = n.account_id AND r.domain <> '' AND r.suspended_at IS NULL AND r.deleted_at IS NULL LIMIT 1) AS a
  UNION
    SELECT g.activity_id, d.inbox_url
    FROM   given g
    JOIN   activities e ON e.tenant_id = @tenant_id AND e.status_id = g.earlier_of AND e.status_id <> 0
    CROSS  JOIN LATERAL (SELECT y.inbox_url FROM deliveries y
                         WHERE y.tenant_id = @tenant_id AND y.activity_id = e.id AND y.state <> 'gone' OFFSET 0) AS d
  UNION
    SELECT g.activity_id, COALESCE(NULLIF(a.shared_inbox_url, ''), a.inbox_url)
    FROM   given g
    JOIN   accounts a ON a.tenant_id = @tenant_id AND g.everybody AND a.domain <> '' AND a.deleted_at IS NULL
), made AS (
    INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host)
    SELECT @tenant_id, activity_id, row_number() OVER (PARTITION BY activity_id ORDER BY md5(inbox)), inbox,
           lower(substring(inbox FROM '^https?://([^/?#]+)'))
    FROM   inboxes
    WHERE  inbox ~ '^https?://[^/?#]+' AND length(inbox) <= 2048
    ON CONFLICT DO NOTHING
    RETURNING activity_id
)
SELECT activity_id, count(*) AS inboxes FROM made GROUP BY activity_id ORDER BY activity_id`

// Reached is how many inboxes an activity goes to.
type Reached struct {
	ActivityID int64
	Inboxes    int64
}

// AddDeliveries gives activities a row for each inbox of their recipients and returns
// how many there are, in the order of the activities. The rows' ids are 1, 2, 3 ….
func AddDeliveries(ctx context.Context, scope *pg.Scope, list ...Recipients) ([]*Reached, error) {
	if len(list) == 0 {
		return nil, nil
	}
	namedIn, named, personal := []int64{}, []int64{}, []bool{}
	for _, to := range list {
		for _, id := range to.Accounts {
			namedIn, named, personal = append(namedIn, to.ActivityID), append(named, int64(id)), append(personal, false)
		}
		for _, id := range to.Personal {
			namedIn, named, personal = append(namedIn, to.ActivityID), append(named, int64(id)), append(personal, true)
		}
	}
	return pg.Many[Reached](ctx, scope, insertDeliveries, pgx.NamedArgs{
		"ids":       column(list, func(to Recipients) int64 { return to.ActivityID }),
		"followers": column(list, func(to Recipients) int64 { return int64(to.FollowersOf) }),
		"earlier":   column(list, func(to Recipients) int64 { return int64(to.EarlierOf) }),
		"everybody": column(list, func(to Recipients) bool { return to.Everybody }),
		"named_in":  namedIn, "named": named, "personal": personal,
	})
}

// Delivery is an activity's way to one inbox.
type Delivery struct {
	ActivityID int64
	ID         int64
	InboxURL   string
	Host       string
	Attempts   int
	NextTryAt  *time.Time // set: a job of its own will take it up
	// BehindUntil is set while an earlier activity about the same post, or the one that
	// this takes back, still waits for this inbox: when that will be tried, or a time that
	// has passed if it may be under way. What comes later must not overtake it.
	BehindUntil *time.Time
}

// Outgoing is an activity with what decides whether and as whom it is sent.
type Outgoing struct {
	ID        int64
	AccountID social.AccountID
	AuthorURI string // "": there is no such account
	Body      []byte
	CreatedAt time.Time
	Withdrawn bool // the post that it asserts is gone, or its author is
	ByFormer  bool // the author's key before the present one signs it, if there still is one
}

// An account that was deleted keeps its row and its keys: its farewell is signed by it,
// and nothing else that still waits. An activity whose event upkeep has removed is sent.
// What announces a new key is signed by the one before, which others know, and so is
// whatever is on its way in the first two minutes: it must not overtake the announcement
// on its way to those who ask nobody for a key (ADR 21).
const outgoing = `
SELECT a.id, a.account_id, COALESCE(u.uri, '') AS author_uri, a.body, a.created_at,
       a.status_id <> 0 AND s.id IS NULL
       OR u.deleted_at IS NOT NULL AND (a.status_id <> 0 OR COALESCE(v.kind, 'account_deleted') <> 'account_deleted') AS withdrawn,
       COALESCE(k.former_until > now() AND (v.kind = 'account_rekeyed' OR k.created_at > now() - interval '2 minutes'), false) AS by_former
FROM   activities a
LEFT   JOIN accounts u ON u.tenant_id = @tenant_id AND u.id = a.account_id
LEFT   JOIN statuses s ON s.tenant_id = @tenant_id AND s.id = a.status_id
LEFT   JOIN events v ON v.tenant_id = @tenant_id AND v.id = a.event_id
LEFT   JOIN account_keys k ON k.tenant_id = @tenant_id AND k.account_id = a.account_id AND k.kind = 'rsa'
WHERE  a.tenant_id = @tenant_id AND a.id = ANY(@ids)
ORDER  BY a.id`

// A row that has a job of its own is left to that. What deletes or undoes asserts
// nothing; the event says what it is about: a post, or the activity whose id it names.
// What ends a post or a boost does not wait for what is to be tried again later: that is
// dropped when its time comes, because the post is gone. A Follow or a Like is not, so
// that its Undo waits, or the other server would keep it for ever. OFFSET 0 and LIMIT 1
// have the few earlier activities looked up by key, and not all that wait; with COALESCE
// in place of CASE, which Postgres does not hold to be leakproof, row-level security
// would keep the index from being used.
const waitingDeliveries = `
SELECT d.activity_id, d.id, d.inbox_url, d.host, d.attempts, d.next_try_at, behind.until AS behind_until
FROM   deliveries d
JOIN   activities a ON a.tenant_id = @tenant_id AND a.id = d.activity_id
LEFT   JOIN events v ON a.status_id = 0 AND v.tenant_id = @tenant_id AND v.id = a.event_id
              AND v.kind IN ('status_deleted', 'unfavourited', 'unfollowed', 'unblocked')
CROSS  JOIN LATERAL (
       SELECT max(COALESCE(w.next_try_at, 'epoch')) AS until
       FROM   (SELECT x.id FROM activities x
               WHERE  x.tenant_id = @tenant_id AND x.status_id <> 0
                      AND x.status_id = CASE WHEN v.id IS NULL THEN a.status_id WHEN v.kind = 'status_deleted' AND v.target_id = 0 THEN v.status_id END
             UNION ALL
               SELECT x.id FROM activities x WHERE x.tenant_id = @tenant_id AND x.uri = v.object_uri OFFSET 0) AS e
       CROSS  JOIN LATERAL (SELECT y.next_try_at FROM deliveries y
                            WHERE  y.tenant_id = @tenant_id AND y.activity_id = e.id AND y.inbox_url = d.inbox_url AND y.state = 'waiting' LIMIT 1) AS w
       WHERE  e.id < a.id AND (v.kind IS DISTINCT FROM 'status_deleted' OR w.next_try_at IS NULL OR w.next_try_at < @soon)) AS behind
WHERE  d.tenant_id = @tenant_id AND d.activity_id = ANY(@ids) AND d.id BETWEEN @first AND @last
       AND d.state = 'waiting' AND (@retries OR d.next_try_at IS NULL)
ORDER  BY d.activity_id, d.id
LIMIT  @limit`

// WhichDeliveries names deliveries that wait: those of the activities with the numbers
// First to Last, at most Limit.
type WhichDeliveries struct {
	Activities  []int64
	First, Last int64
	Limit       int
	Retries     bool      // also those that have been tried
	Soon        time.Time // what is due before this may be under way
}

// WaitingDeliveries returns deliveries that wait, by activity and number, and the
// activities, in one round trip.
func WaitingDeliveries(ctx context.Context, scope *pg.Scope, q WhichDeliveries) (activities []*Outgoing, rows []*Delivery, err error) {
	b := pg.NewBatch(scope)
	pg.QueueMany(b, outgoing, pgx.NamedArgs{"ids": q.Activities}, &activities)
	pg.QueueMany(b, waitingDeliveries, pgx.NamedArgs{
		"ids": q.Activities, "first": q.First, "last": q.Last, "limit": q.Limit, "retries": q.Retries, "soon": q.Soon,
	}, &rows)
	return activities, rows, b.Send(ctx)
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
FROM   unnest(@activities::bigint[], @ids::bigint[], @before_attempts::integer[], @before_next::timestamptz[], @states::text[],
              @attempts::integer[], @errors::text[], @next::timestamptz[])
       AS n (activity_id, id, before_attempts, before_next, state, attempts, error, next_try_at)
WHERE  d.tenant_id = @tenant_id AND d.activity_id = n.activity_id AND d.id = n.id
       AND d.state = 'waiting' AND d.attempts = n.before_attempts AND d.next_try_at IS NOT DISTINCT FROM n.before_next
RETURNING d.activity_id, d.id`

// SettleDeliveries writes what became of deliveries and returns those outcomes whose
// delivery was still as Before says.
func SettleDeliveries(ctx context.Context, scope *pg.Scope, list []Outcome) ([]Outcome, error) {
	type key struct{ ActivityID, ID int64 }
	rows, err := pg.Many[key](ctx, scope, settleDeliveries, pgx.NamedArgs{
		"activities":      column(list, func(o Outcome) int64 { return o.Before.ActivityID }),
		"ids":             column(list, func(o Outcome) int64 { return o.Before.ID }),
		"before_attempts": column(list, func(o Outcome) int32 { return int32(o.Before.Attempts) }),
		"before_next":     column(list, func(o Outcome) *time.Time { return o.Before.NextTryAt }),
		"states":          column(list, func(o Outcome) string { return string(o.State) }),
		"attempts":        column(list, func(o Outcome) int32 { return int32(o.Attempts) }),
		"errors":          column(list, func(o Outcome) string { return o.Error }),
		"next":            column(list, func(o Outcome) *time.Time { return o.NextTryAt }),
	})
	written := make(map[key]bool, len(rows))
	for _, k := range rows {
		written[*k] = true
	}
	var out []Outcome
	for _, o := range list {
		if written[key{o.Before.ActivityID, o.Before.ID}] {
			out = append(out, o)
		}
	}
	return out, err
}

const dropDeliveries = `
UPDATE deliveries SET state = 'failed', last_error = @error, next_try_at = NULL, done_at = now()
WHERE  tenant_id = @tenant_id AND activity_id = @activity_id AND id BETWEEN @first AND @last AND state = 'waiting'`

// QueueDropDeliveries gives up an activity's deliveries from first to last that wait.
func QueueDropDeliveries(b *pg.Batch, activity, first, last int64, reason string) {
	b.Exec(dropDeliveries, pgx.NamedArgs{"activity_id": activity, "first": first, "last": last, "error": reason})
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
