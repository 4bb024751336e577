package store

import (
	"context"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Need is what must be true of an activity's sender for the activity to concern
// anybody here.
type Need string

// The needs, from none to most.
const (
	NeedNothing  Need = ""         // it names somebody or something here
	NeedKnown    Need = "known"    // it changes something that may have come here before
	NeedFollowed Need = "followed" // it is news for followers
)

// InboxActivity is a verified activity on its way from the 202 to its effect.
type InboxActivity struct {
	ID        int64
	ActorURI  string
	AccountID social.AccountID // whose inbox it came to; 0: the shared one
	Raw       []byte
}

// NewInboxActivity is an InboxActivity with what decides whether it is stored.
type NewInboxActivity struct {
	InboxActivity
	Dedup []byte
	Need  Need
}

// concerns is the condition that a sender fulfils a need. n holds both. A follow that
// still waits counts: whoever sends news for it has accepted it, and the Accept, which
// travels apart, is on its way.
const concerns = `
       (n.need = ''
        OR EXISTS (SELECT FROM accounts a WHERE a.tenant_id = @tenant_id AND a.uri = n.actor_uri
                   AND (n.need = 'known' OR EXISTS (
                        SELECT FROM follows f
                        JOIN   accounts h ON h.tenant_id = @tenant_id AND h.id = f.account_id AND h.domain = ''
                        WHERE  f.tenant_id = @tenant_id AND f.target_id = a.id))))`

const insertInboxActivities = `
INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, account_id, raw)
SELECT @tenant_id, n.id, n.dedup, n.actor_uri, n.account_id, n.raw
FROM   unnest(@ids::bigint[], @dedups::bytea[], @actors::text[], @accounts::bigint[], @raws::bytea[], @needs::text[])
       AS n (id, dedup, actor_uri, account_id, raw, need)
WHERE  ` + concerns + `
ON CONFLICT (tenant_id, dedup) DO NOTHING
RETURNING id`

// AddInboxActivities stores what is new and concerns somebody here, with one
// statement however many there are, and returns the ids of what was stored. It is
// fault.Conflict where an id is taken by another activity: two processes may make the
// same one.
func AddInboxActivities(ctx context.Context, scope *pg.Scope, list []NewInboxActivity) ([]int64, error) {
	return pg.Values[int64](ctx, scope, insertInboxActivities, pgx.NamedArgs{
		"ids":      column(list, func(a NewInboxActivity) int64 { return a.ID }),
		"dedups":   column(list, func(a NewInboxActivity) []byte { return a.Dedup }),
		"actors":   column(list, func(a NewInboxActivity) string { return a.ActorURI }),
		"accounts": column(list, func(a NewInboxActivity) int64 { return int64(a.AccountID) }),
		"raws":     column(list, func(a NewInboxActivity) []byte { return a.Raw }),
		"needs":    column(list, func(a NewInboxActivity) string { return string(a.Need) }),
	})
}

// InboxKey names an activity by its id among all of a tenant. The actor is part of it:
// ids are claims.
func InboxKey(actorURI, id string) []byte {
	sum := sha256.Sum256([]byte(actorURI + "\x00id\x00" + id))
	return sum[:]
}

const forgetInboxActivity = `DELETE FROM inbox_activities WHERE tenant_id = @tenant_id AND dedup = @dedup`

// ForgetInboxActivity lets an activity come again under its id. Most ids are used once;
// Pixelfed has one for each pair of accounts, and names every Follow between them by it.
func ForgetInboxActivity(ctx context.Context, scope *pg.Scope, actorURI, id string) error {
	if id == "" {
		return nil
	}
	_, err := pg.Exec(ctx, scope, forgetInboxActivity, pgx.NamedArgs{"dedup": InboxKey(actorURI, id)})
	return err
}

const senderConcerns = `
SELECT ` + concerns + `
FROM   (SELECT @actor_uri::text AS actor_uri, @need::text AS need, @tenant_id::bigint AS tenant_id) AS n`

// SenderConcerns reports whether a sender fulfils a need: the question that comes
// before any network.
func SenderConcerns(ctx context.Context, scope *pg.Scope, actorURI string, need Need) (bool, error) {
	return pg.Value[bool](ctx, scope, senderConcerns, pgx.NamedArgs{"actor_uri": actorURI, "need": string(need)})
}

const pendingInboxActivities = `
SELECT id, actor_uri, account_id, raw
FROM   inbox_activities
WHERE  tenant_id = @tenant_id AND id = ANY(@ids) AND state = 'pending'
ORDER  BY id`

// PendingInboxActivities returns those of the ids that still wait, in the order of arrival.
func PendingInboxActivities(ctx context.Context, scope *pg.Scope, ids []int64) ([]*InboxActivity, error) {
	return pg.Many[InboxActivity](ctx, scope, pendingInboxActivities, pgx.NamedArgs{"ids": ids})
}

const lockInboxActivities = `
SELECT id
FROM   inbox_activities
WHERE  tenant_id = @tenant_id AND id = ANY(@ids) AND state = 'pending'
ORDER  BY id
FOR    UPDATE`

// LockInboxActivities keeps other workers from applying the ids that still wait,
// until the transaction ends, and returns them.
func LockInboxActivities(ctx context.Context, scope *pg.Scope, ids []int64) ([]int64, error) {
	return pg.Values[int64](ctx, scope, lockInboxActivities, pgx.NamedArgs{"ids": ids})
}

// The order keeps two transactions from waiting for one another.
const lockSubjects = `
SELECT count(CASE WHEN n.alone
             THEN pg_advisory_xact_lock(hashint8extended(@tenant_id, n.bucket))::text
             ELSE pg_advisory_xact_lock_shared(hashint8extended(@tenant_id, n.bucket))::text END)
FROM   (SELECT u.bucket, u.alone FROM unnest(@buckets::bigint[], @alone::boolean[]) AS u (bucket, alone) ORDER BY u.bucket) AS n`

// LockSubjects has this transaction wait for those of other workers that treat the
// same things, until it ends. Each bucket of things is named once; those that
// are not held alone may be held by several.
func LockSubjects(ctx context.Context, scope *pg.Scope, buckets []int64, alone []bool) error {
	_, err := pg.Value[int64](ctx, scope, lockSubjects, pgx.NamedArgs{"buckets": buckets, "alone": alone})
	return err
}

// InboxState is what became of an activity.
type InboxState string

// The final states.
const (
	InboxApplied InboxState = "applied"
	InboxIgnored InboxState = "ignored"
	InboxFailed  InboxState = "failed"
)

// Settled says what became of one activity and, unless it was applied, why.
type Settled struct {
	ID     int64
	State  InboxState
	Reason string
}

const settleInboxActivities = `
UPDATE inbox_activities i SET state = n.state, reason = left(n.reason, 300), raw = ''
FROM   unnest(@ids::bigint[], @states::text[], @reasons::text[]) AS n (id, state, reason)
WHERE  i.tenant_id = @tenant_id AND i.id = n.id AND i.state = 'pending'`

// SettleInboxActivities writes what became of activities and drops their bytes;
// what stays is the memory that they came.
func SettleInboxActivities(ctx context.Context, scope *pg.Scope, list []Settled) error {
	if len(list) == 0 {
		return nil
	}
	_, err := pg.Exec(ctx, scope, settleInboxActivities, pgx.NamedArgs{
		"ids":     column(list, func(s Settled) int64 { return s.ID }),
		"states":  column(list, func(s Settled) string { return string(s.State) }),
		"reasons": column(list, func(s Settled) string { return s.Reason }),
	})
	return err
}
