package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// What stays, and why. A table that refers to posts or accounts must say here whether
// its rows keep them: TestWhatRefersToPosts and TestWhatRefersToAccounts know which.

// status_reach and account_days are about own posts and accounts alone, and go with them.

// touched is why a remote post stays however old it is: somebody of the tenant has to do
// with it. s is the post.
//   - The author is followed, or asked to be.
//   - Somebody here likes it, keeps it, is named in it or was told of it.
//   - Somebody here, or somebody followed, repeats it.
//   - It repeats a post of ours.
//   - A post of ours stands in its thread, quotes it or answers it, or is planned to.
//   - The team is not done with its thread.
const touched = `(
       EXISTS (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.target_id = s.account_id)
       OR EXISTS (SELECT FROM favourites f JOIN accounts a ON a.tenant_id = @tenant_id AND a.id = f.account_id AND a.domain = ''
                  WHERE f.tenant_id = @tenant_id AND f.status_id = s.id)
       OR EXISTS (SELECT FROM bookmarks k WHERE k.tenant_id = @tenant_id AND k.status_id = s.id)
       OR EXISTS (SELECT FROM status_mentions m JOIN accounts a ON a.tenant_id = @tenant_id AND a.id = m.account_id AND a.domain = ''
                  WHERE m.tenant_id = @tenant_id AND m.status_id = s.id)
       OR EXISTS (SELECT FROM notifications n WHERE n.tenant_id = @tenant_id AND n.status_id = s.id)
       OR EXISTS (SELECT FROM statuses b WHERE b.tenant_id = @tenant_id AND b.boost_of_id = s.id
                  AND (b.is_local OR EXISTS (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.target_id = b.account_id)))
       OR EXISTS (SELECT FROM statuses o WHERE o.tenant_id = @tenant_id AND o.id = s.boost_of_id AND o.is_local)
       OR EXISTS (SELECT FROM statuses t WHERE t.tenant_id = @tenant_id AND t.conversation_id = s.conversation_id AND t.is_local)
       OR EXISTS (SELECT FROM statuses r WHERE r.tenant_id = @tenant_id AND r.in_reply_to_id = s.id AND r.is_local)
       OR EXISTS (SELECT FROM statuses p WHERE p.tenant_id = @tenant_id AND p.id = s.in_reply_to_id AND p.is_local)
       OR EXISTS (SELECT FROM scheduled_statuses c WHERE c.tenant_id = @tenant_id AND c.in_reply_to_id = s.id AND c.in_reply_to_id <> 0
                  AND c.state IN ('draft', 'waiting', 'scheduled'))
       OR EXISTS (SELECT FROM desk_threads d WHERE d.tenant_id = @tenant_id AND d.conversation_id = s.conversation_id AND d.state <> 'done'))`

const agedStatuses = `
SELECT s.id::text AS key, NOT s.is_local AND NOT ` + touched + ` AS goes
FROM   (SELECT * FROM statuses p WHERE p.tenant_id = @tenant_id AND p.id > @after AND p.id < @until ORDER BY p.id LIMIT @limit) AS s
ORDER  BY s.id`

// AgedStatuses returns the next page of posts after an id and before another, and which
// of them nobody here has to do with.
func AgedStatuses(ctx context.Context, scope *pg.Scope, after, until social.StatusID, limit int) ([]*Candidate, error) {
	return pg.Many[Candidate](ctx, scope, agedStatuses, pgx.NamedArgs{"after": after, "until": until, "limit": limit})
}

const lockForgotten = `
SELECT s.id
FROM   statuses s
WHERE  s.tenant_id = @tenant_id AND s.id = ANY(@ids) AND NOT s.is_local
ORDER  BY s.id
FOR    UPDATE SKIP LOCKED`

const stillForgotten = `
SELECT s.id` + givenStatuses + `
WHERE  NOT s.is_local AND NOT ` + touched

// LockForgotten locks those of the posts that still go: with the lock held nobody can
// begin to have to do with them.
func LockForgotten(ctx context.Context, scope *pg.Scope, ids []social.StatusID) ([]social.StatusID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	locked, err := pg.Values[social.StatusID](ctx, scope, lockForgotten, pgx.NamedArgs{"ids": numbers(ids)})
	if err != nil || len(locked) == 0 {
		return nil, err
	}
	return pg.Values[social.StatusID](ctx, scope, stillForgotten, pgx.NamedArgs{"ids": numbers(locked)})
}

// reference is one way in which a row keeps an account.
func reference(table, column string) string {
	return `EXISTS (SELECT FROM ` + table + ` r WHERE r.tenant_id = @tenant_id AND r.` + column + ` = x.id)`
}

// accountKept is why a remote account stays: it wrote or did something that is still
// here, somebody here has a relation to it or a note about it, was told of it, or a
// moderator has judged it.
var accountKept = `x.suspended_at IS DISTINCT FROM x.server_marked_at AND x.suspended_at IS NOT NULL
       OR x.silenced_at IS DISTINCT FROM x.server_marked_at AND x.silenced_at IS NOT NULL
       OR ` + reference("statuses", "account_id") + ` OR ` + reference("follows", "account_id") + ` OR ` + reference("follows", "target_id") + `
       OR ` + reference("blocks", "account_id") + ` OR ` + reference("blocks", "target_id") + ` OR ` + reference("mutes", "target_id") + `
       OR ` + reference("account_notes", "target_id") + ` OR ` + reference("notifications", "from_id") + ` OR ` + reference("favourites", "account_id") + `
       OR ` + reference("status_mentions", "account_id") + ` OR ` + reference("media", "account_id") + `
       OR ` + reference("desk_threads", "from_id")

// The walks. The clock of an account is when something was last heard of it.
var (
	WalkAccounts = walk("remote accounts", "accounts", "id", "bigint", "x.domain <> '' AND x.deleted_at IS NULL",
		`GREATEST(x.updated_at, x.fetched_at) < @before AND NOT (`+accountKept+`)`)

	// A request to follow waits for an answer, however long.
	WalkNotifications = walk("notifications", "notifications", "id", "bigint", "true",
		`x.created_at < @before AND NOT (x.type = 'follow_request' AND EXISTS (
                SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.account_id = x.from_id AND f.target_id = x.account_id AND f.state = 'pending'))`)

	// A thread that is done, and of which nothing is left to read. Notes go with it.
	WalkDesk = walk("desk threads", "desk_threads", "conversation_id", "bigint", "x.state = 'done'",
		`x.updated_at < @before AND NOT EXISTS (SELECT FROM statuses s WHERE s.tenant_id = @tenant_id AND s.conversation_id = x.conversation_id)`)

	// What was ours answers 410 for ever; of others it is enough that a late Create is known.
	WalkTombstones = walk("tombstones", "tombstones", "uri", "text", "true",
		`x.created_at < @before AND NOT lower(split_part(x.uri, '/', 3)) = ANY(@hosts)`)

	// Of a remote post the first version and the latest ones stay.
	WalkEdits = walk("edits", "status_edits", "id", "bigint", "true",
		`EXISTS (SELECT FROM statuses s WHERE s.tenant_id = @tenant_id AND s.id = x.status_id AND NOT s.is_local)
         AND EXISTS (SELECT FROM status_edits e WHERE e.tenant_id = @tenant_id AND e.status_id = x.status_id AND e.id < x.id)
         AND (SELECT count(*) FROM (SELECT FROM status_edits e WHERE e.tenant_id = @tenant_id AND e.status_id = x.status_id AND e.id > x.id
              LIMIT @keep) AS newer) >= @keep::bigint`)

	// Apps whose people all signed out, and that wrote nothing. A token of the app itself
	// keeps it as long as it is used.
	WalkApps = walk("apps", "apps", "id", "bigint", "x.client_id <> 'rookery'",
		`x.created_at < @before
         AND NOT EXISTS (SELECT FROM tokens k WHERE k.tenant_id = @tenant_id AND k.app_id = x.id
                         AND (k.person_id IS NOT NULL OR GREATEST(k.created_at, k.last_used_at) > @before))
         AND NOT EXISTS (SELECT FROM oauth_codes c WHERE c.tenant_id = @tenant_id AND c.app_id = x.id)
         AND NOT EXISTS (SELECT FROM statuses s WHERE s.tenant_id = @tenant_id AND s.app_id = x.id AND s.app_id <> 0)`)

	// Between storing a file and naming it some time may pass.
	WalkFiles = walk("files", "files", "key", "text", "true",
		`x.created_at < @before
         AND NOT EXISTS (SELECT FROM media m WHERE m.tenant_id = @tenant_id AND m.key = x.key AND m.key <> '')
         AND NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = @tenant_id AND a.avatar_key = x.key AND a.avatar_key <> '')
         AND NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = @tenant_id AND a.header_key = x.key AND a.header_key <> '')
         AND NOT EXISTS (SELECT FROM tenant_brand b WHERE b.tenant_id = @tenant_id AND b.thumbnail_key = x.key AND b.thumbnail_key <> '')`)

	WalkBlobs = walk("blobs", "blobs", "sha256", "bytea", "true",
		`x.created_at < @before AND NOT EXISTS (SELECT FROM files f WHERE f.tenant_id = @tenant_id AND f.sha256 = x.sha256)`)
)
