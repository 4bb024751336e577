package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// An account goes in three steps: it is marked, from which moment nobody finds it and
// none of its posts; its content is removed part by part; then the row goes, of a local
// account not before its farewell is delivered, which its keys have to sign.

// Everything that describes a person goes at once.
const markDeleted = `
UPDATE accounts SET
       deleted_at = now(), suspended_at = COALESCE(suspended_at, now()), updated_at = now(),
       display_name = '', note = '', note_source = '', fields = '[]', emojis = '[]', also_known_as = '{}', moved_to_uri = '',
       avatar_url = '', avatar_key = '', avatar_alt = '', header_url = '', header_key = '', header_alt = ''
WHERE  tenant_id = @tenant_id AND id = @id AND deleted_at IS NULL`

const retireHandles = `
UPDATE handles SET is_primary = false, retired_at = COALESCE(retired_at, now())
WHERE  tenant_id = @tenant_id AND account_id = @id`

const (
	deleteTokensOfAccount = `WITH gone AS (DELETE FROM tokens WHERE tenant_id = @tenant_id AND account_id = @id` + notifyGone
	deleteOperators       = `DELETE FROM operators WHERE tenant_id = @tenant_id AND account_id = @id`
	deletePlansOfAccount  = `DELETE FROM scheduled_statuses WHERE tenant_id = @tenant_id AND account_id = @id AND state <> 'published'`
)

// MarkAccountDeleted makes an account unfindable at once: its URI becomes a tombstone,
// its names stay used, its tokens end and with them the open streams, and nobody may
// act as it any more. An account that is marked already is fault.NotFound.
func MarkAccountDeleted(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	args := pgx.NamedArgs{"id": a.ID}
	n, err := pg.Exec(ctx, scope, markDeleted, args)
	if err := mustTouch(n, err); err != nil {
		return err
	}
	b := pg.NewBatch(scope)
	b.Exec(retireHandles, args)
	b.Exec(deleteTokensOfAccount, args)
	b.Exec(deleteOperators, args)
	b.Exec(deletePlansOfAccount, args)
	b.Exec(unindex, pgx.NamedArgs{"kind": "account", "ids": []int64{int64(a.ID)}})
	b.Exec(insertTombstone, pgx.NamedArgs{"uri": a.URI, "former_type": a.ActorType, "account_id": a.ID})
	return b.Send(ctx)
}

// EnqueueRemoval has the content of a marked account removed.
func EnqueueRemoval(ctx context.Context, scope *pg.Scope, id social.AccountID) error {
	return scope.Enqueue(ctx, jobs.RemoveAccount{Scoped: jobs.Scoped{TenantID: scope.Tenant()}, AccountID: int64(id)})
}

const senderByID = `SELECT` + accountColumns + accountJoin + ` AND a.id = @id`

// SenderByID is AccountByID for signing what an account still has to say: it finds an
// account that is marked as deleted too, because its farewell comes after that.
func SenderByID(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, senderByID, pgx.NamedArgs{"id": id})
}

// firstPart is how much of an account is removed in the transaction that marks it: of
// most remote accounts little is known, and they are gone right away.
const firstPart = 200

// RemoveRemoteAccount removes a remote account with everything of it, because its owner
// or its owner's server says that it is gone: what is little at once, the rest by a job.
func RemoveRemoteAccount(ctx context.Context, scope *pg.Scope, a *social.Account) (Removed, error) {
	if a.IsLocal() {
		return Removed{}, errNotFound
	}
	if err := MarkAccountDeleted(ctx, scope, a); err != nil {
		return Removed{}, err
	}
	part, err := RemoveAccountPart(ctx, scope, a.ID, firstPart)
	if err != nil {
		return part, err
	}
	if part.Done {
		return part, DeleteAccount(ctx, scope, a.ID)
	}
	return part, EnqueueRemoval(ctx, scope, a.ID)
}

// Departure is an account that is marked as deleted.
type Departure struct {
	ID        social.AccountID
	IsLocal   bool
	DeletedAt time.Time
}

const departureByID = `
SELECT id, domain = '' AS is_local, deleted_at
FROM   accounts
WHERE  tenant_id = @tenant_id AND id = @id AND deleted_at IS NOT NULL`

// DepartureByID returns an account that is marked as deleted, or fault.NotFound.
func DepartureByID(ctx context.Context, scope *pg.Scope, id social.AccountID) (*Departure, error) {
	return pg.One[Departure](ctx, scope, departureByID, pgx.NamedArgs{"id": id})
}

const postsToRemove = `
SELECT id FROM statuses WHERE tenant_id = @tenant_id AND account_id = @id ORDER BY id DESC LIMIT @limit`

// unfollow deletes follows at one end of an account and counts them off the other.
func unfollow(end, other, counter string) string {
	return `
WITH gone AS (
    DELETE FROM follows f
    USING  (SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND x.` + end + ` = @id LIMIT @limit) AS old
    WHERE  f.tenant_id = @tenant_id AND f.id = old.id
    RETURNING f.` + other + ` AS id, f.state
), n AS (
    SELECT id, count(*) AS follows FROM gone WHERE state = 'accepted' GROUP BY id ORDER BY id
), locked AS MATERIALIZED (
    SELECT n.id, n.follows
    FROM   n
    CROSS  JOIN LATERAL (SELECT x.account_id FROM account_stats x WHERE x.tenant_id = @tenant_id AND x.account_id = n.id LIMIT 1 FOR UPDATE) AS a
), counted AS (
    UPDATE account_stats a SET ` + counter + ` = GREATEST(a.` + counter + ` - locked.follows, 0)
    FROM   locked
    WHERE  a.tenant_id = @tenant_id AND a.account_id = locked.id
)
SELECT count(*) FROM gone`
}

const unlike = `
WITH gone AS (
    DELETE FROM favourites f
    USING  (SELECT x.id FROM favourites x WHERE x.tenant_id = @tenant_id AND x.account_id = @id LIMIT @limit) AS old
    WHERE  f.tenant_id = @tenant_id AND f.id = old.id
    RETURNING f.status_id
), n AS (
    SELECT status_id AS id, count(*) AS likes FROM gone GROUP BY status_id ORDER BY status_id
), locked AS MATERIALIZED (
    SELECT n.id, n.likes
    FROM   n
    CROSS  JOIN LATERAL (SELECT x.status_id FROM status_stats x WHERE x.tenant_id = @tenant_id AND x.status_id = n.id LIMIT 1 FOR UPDATE) AS s
), counted AS (
    UPDATE status_stats s SET favourites_count = GREATEST(s.favourites_count - locked.likes, 0)
    FROM   locked
    WHERE  s.tenant_id = @tenant_id AND s.status_id = locked.id
)
SELECT count(*) FROM gone`

// Counted is what an account has done to others and what stands in their counters.
var counted = []string{
	unfollow("account_id", "target_id", "followers_count"), unfollow("target_id", "account_id", "following_count"), unlike,
}

// belongings are the other tables with rows of, about or for an account. A table that
// refers to accounts must be here, or go with the row because there can be but few of it:
// TestWhatRefersToAccounts knows which.
var belongings = []struct{ table, column string }{
	{"notifications", "from_id"}, {"notifications", "account_id"}, {"timeline_entries", "owner_id"}, {"status_mentions", "account_id"},
	{"bookmarks", "account_id"}, {"pins", "account_id"}, {"conversation_mutes", "account_id"}, {"idempotency_keys", "account_id"},
	{"blocks", "account_id"}, {"blocks", "target_id"}, {"mutes", "account_id"}, {"mutes", "target_id"}, {"domain_blocks", "account_id"},
	{"account_notes", "account_id"}, {"account_notes", "target_id"}, {"followed_tags", "account_id"}, {"markers", "account_id"},
	{"media", "account_id"}, {"desk_threads", "account_id"}, {"desk_threads", "from_id"},
}

// postsAPart is how many posts are looked at together: each has much that hangs on it.
const postsAPart = 100

// RemoveAccountPart removes a part of what a marked account has left, limit rows of each
// kind at most, and says whether that was all. The row itself stays. It may run any
// number of times: what is gone is gone.
func RemoveAccountPart(ctx context.Context, scope *pg.Scope, id social.AccountID, limit int) (Removed, error) {
	var out Removed
	args := pgx.NamedArgs{"id": id, "limit": limit}
	posts := pgx.NamedArgs{"id": id, "limit": min(postsAPart, limit)}
	for rows := 0; rows < limit; {
		ids, err := pg.Values[social.StatusID](ctx, scope, postsToRemove, posts)
		if err != nil {
			return out, err
		}
		if len(ids) == 0 {
			break
		}
		part, err := RemoveStatuses(ctx, scope, ids, limit)
		out.add(part)
		if err != nil || !part.Done {
			return out, err
		}
		rows += len(ids)
		if rows >= limit {
			out.Done = false
			return out, nil
		}
	}
	out.Done = false
	for _, sql := range counted {
		n, err := pg.Value[int64](ctx, scope, sql, args)
		if err != nil || n >= int64(limit) {
			return out, err
		}
	}
	for _, b := range belongings {
		n, err := pg.Exec(ctx, scope, drain(b.table, b.column+" = @id"), args)
		if err != nil || n >= int64(limit) {
			return out, err
		}
	}
	out.Done = true
	return out, nil
}

const footprint = `
SELECT (SELECT count(*) FROM statuses x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS posts,
       (SELECT count(*) FROM media x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS media,
       (SELECT count(*) FROM favourites x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS favourites,
       (SELECT count(*) FROM follows x WHERE x.tenant_id = @tenant_id AND x.target_id = @id) AS followers,
       (SELECT count(*) FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS following,
       (SELECT count(*) FROM tokens x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS tokens,
       (SELECT count(*) FROM operators x WHERE x.tenant_id = @tenant_id AND x.account_id = @id) AS operators`

// Footprint is what would go with an account.
type Footprint struct {
	Posts      int64 `json:"posts"`
	Media      int64 `json:"media"`
	Favourites int64 `json:"favourites"`
	Followers  int64 `json:"followers"`
	Following  int64 `json:"following"`
	Tokens     int64 `json:"tokens"`
	Operators  int64 `json:"operators"`
}

// FootprintOf counts what would go with an account.
func FootprintOf(ctx context.Context, scope *pg.Scope, id social.AccountID) (*Footprint, error) {
	return pg.One[Footprint](ctx, scope, footprint, pgx.NamedArgs{"id": id})
}
