package store

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertStatusTags = `
INSERT INTO status_tags (tenant_id, tag, status_id)
SELECT @tenant_id, n.tag, n.status_id
FROM   unnest(@status_ids::bigint[], @tags::text[]) AS n (status_id, tag)
WHERE  n.tag <> '' AND length(n.tag) <= 255
ON CONFLICT DO NOTHING`

// QueueStatusTags stores normalised tags of statuses: the two lists run in parallel.
func QueueStatusTags(b *pg.Batch, statuses []social.StatusID, tags []string) {
	if len(statuses) > 0 {
		b.Exec(insertStatusTags, pgx.NamedArgs{"status_ids": numbers(statuses), "tags": tags})
	}
}

const deleteStatusTags = `
DELETE FROM status_tags
WHERE  tenant_id = @tenant_id AND status_id = @status_id AND NOT tag = ANY(@keep)`

// KeepStatusTags removes the tags of a status that an edit has taken out.
func KeepStatusTags(ctx context.Context, scope *pg.Scope, id social.StatusID, keep []string) error {
	_, err := pg.Exec(ctx, scope, deleteStatusTags, pgx.NamedArgs{"status_id": id, "keep": textList(keep)})
	return err
}

// TagUse is how often a tag was used on one day (UTC).
type TagUse struct {
	Day      time.Time
	Uses     int
	Accounts int
}

const tagHistory = `
SELECT date_trunc('day', s.created_at AT TIME ZONE 'UTC') AS day, count(*) AS uses, count(DISTINCT s.account_id) AS accounts
FROM   (SELECT u.status_id FROM status_tags u
        WHERE  u.tenant_id = @tenant_id AND u.tag = @tag AND u.status_id >= @since
        ORDER  BY u.status_id DESC LIMIT 2000) AS t
CROSS  JOIN LATERAL (SELECT r.created_at, r.account_id, r.visibility FROM statuses r
                     WHERE r.tenant_id = @tenant_id AND r.id = t.status_id LIMIT 1) AS s
WHERE  s.visibility = 'public'
GROUP  BY 1
ORDER  BY 1 DESC`

// TagHistory returns the days since a time on which a normalised tag was used in
// public, as far as its latest two thousand posts tell.
func TagHistory(ctx context.Context, scope *pg.Scope, tag string, since time.Time) ([]*TagUse, error) {
	return pg.Many[TagUse](ctx, scope, tagHistory, pgx.NamedArgs{"tag": tag, "since": ids.Floor(since)})
}

const followTag = `
INSERT INTO followed_tags (tenant_id, id, account_id, tag)
VALUES (@tenant_id, @id, @account_id, @tag)
ON CONFLICT DO NOTHING`

// maxTag is how many characters a tag has at most where it is stored.
const maxTag = 255

var errLongTag = fault.Newf(fault.Invalid, "Validation failed: Name is too long (maximum is %d characters)", maxTag)

// FollowTag makes public posts with a normalised tag arrive in an account's home timeline.
func FollowTag(ctx context.Context, scope *pg.Scope, account social.AccountID, tag string) error {
	if utf8.RuneCountInString(tag) > maxTag {
		return errLongTag
	}
	_, err := pg.Exec(ctx, scope, followTag, pgx.NamedArgs{"id": ids.New(), "account_id": account, "tag": tag})
	return err
}

const unfollowTag = `DELETE FROM followed_tags WHERE tenant_id = @tenant_id AND account_id = @account_id AND tag = @tag`

// UnfollowTag ends FollowTag. Posts that have arrived stay.
func UnfollowTag(ctx context.Context, scope *pg.Scope, account social.AccountID, tag string) error {
	_, err := pg.Exec(ctx, scope, unfollowTag, pgx.NamedArgs{"account_id": account, "tag": tag})
	return err
}

// FollowedTag is a tag that an account follows.
type FollowedTag struct {
	ID  int64
	Tag string
}

var followedTags = paged(`
SELECT id, tag FROM followed_tags
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND id < @max_id AND id > @since_id
ORDER  BY id /*order*/ LIMIT @limit`)

// FollowedTags returns the tags that an account follows, the latest first.
func FollowedTags(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*FollowedTag, error) {
	return manyPaged[FollowedTag](ctx, scope, followedTags, page, pgx.NamedArgs{"account_id": account})
}

const tagIsFollowed = `SELECT tag FROM followed_tags WHERE tenant_id = @tenant_id AND account_id = @account_id AND tag = ANY(@tags)`

// WhichTagsFollowed returns those of the normalised tags that an account follows.
func WhichTagsFollowed(ctx context.Context, scope *pg.Scope, account social.AccountID, tags []string) (map[string]bool, error) {
	rows, err := pg.Values[string](ctx, scope, tagIsFollowed, pgx.NamedArgs{"account_id": account, "tags": textList(tags)})
	m := make(map[string]bool, len(rows))
	for _, tag := range rows {
		m[tag] = true
	}
	return m, err
}
