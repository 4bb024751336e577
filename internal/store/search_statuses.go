package store

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// How far a search looks (docs/adr/0012-search.md). Whatever is common is found among
// the latest texts without the index; whatever is not, by the index, of which only so
// many matches are judged.
const (
	searchNear = 500
	searchFar  = 2000
)

// findableBy is the rule of what a search may find: what the searcher has to do with,
// and public posts of people who agreed to be found.
var findableBy = `(s.account_id = @viewer
            OR (s.visibility = 'public' AND (SELECT a.indexable FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = s.account_id))
            OR EXISTS (SELECT FROM favourites q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id OFFSET 0)
            OR EXISTS (SELECT FROM bookmarks q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id OFFSET 0)
            OR EXISTS (SELECT FROM status_mentions q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id OFFSET 0))
       AND ` + visibleTo("s") + ` AND ` + hiddenFrom("s.account_id")

// judged looks found posts up, latest first, until there are enough.
func judged(found string) string {
	return `
    SELECT s.id
    FROM   (` + found + `) AS n
    CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = n.ref_id LIMIT 1) AS s
    WHERE  (@account_id::bigint = 0 OR s.account_id = @account_id) AND ` + findableBy + `
    ORDER  BY n.ref_id DESC LIMIT @enough`
}

// The two ways in: by the latest texts, or by the latest posts of one account. Reading
// nothing but keys they follow their index, whatever Postgres expects of the bounds.
const (
	nearTexts = `
    SELECT x.ref_id FROM search_texts x
    WHERE  x.tenant_id = @tenant_id AND x.kind = 'status' AND x.ref_id < @max_id AND x.ref_id > @since_id
    ORDER  BY x.ref_id DESC LIMIT @near`
	nearPosts = `
    SELECT p.id AS ref_id FROM statuses p
    WHERE  p.tenant_id = @tenant_id AND p.account_id = @account_id AND p.id < @max_id AND p.id > @since_id
    ORDER  BY p.id DESC LIMIT @near`
)

// searchIn finds posts among the nearest and then, if they are not enough, by the
// index among those before. Nothing but the index of words serves the second: a sum
// keeps Postgres from walking over all texts of the tenant by their keys.
func searchIn(near string) string {
	return `
WITH near AS MATERIALIZED (` + near + `
), late AS MATERIALIZED (` + judged(`
        SELECT near.ref_id
        FROM   near
        CROSS  JOIN LATERAL (SELECT t.body FROM search_texts t
                             WHERE t.tenant_id = @tenant_id AND t.kind = 'status' AND t.ref_id = near.ref_id AND t.name = '' LIMIT 1) AS x
        WHERE  x.body @@ websearch_to_tsquery('simple', @text)
        ORDER  BY near.ref_id DESC OFFSET 0`) + `
), early AS MATERIALIZED (` + judged(`
        SELECT x.ref_id FROM search_texts x
        WHERE  x.tenant_id + 0 = @tenant_id AND x.kind = 'status' AND x.body @@ websearch_to_tsquery('simple', @text)
               AND tenant_words(x.tenant_id, x.body) @@ tenant_query(@tenant_id, websearch_to_tsquery('simple', @text))
               AND x.ref_id + 0 > @since_id AND x.ref_id + 0 < (SELECT min(ref_id) FROM near)
               AND (SELECT count(*) FROM near) = @near AND (SELECT count(*) FROM late) < @enough
        ORDER  BY x.ref_id DESC LIMIT @far`) + `
)
SELECT` + statusColumns + `
FROM   (SELECT id FROM late UNION ALL SELECT id FROM early ORDER BY id DESC LIMIT @limit OFFSET @offset) AS given
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = given.id LIMIT 1) AS s` + statusStatsJoin + `
ORDER  BY s.id DESC`
}

var searchStatuses, searchStatusesOf = searchIn(nearTexts), searchIn(nearPosts)

// StatusSearch says what posts to look for.
type StatusSearch struct {
	Text          string // words, "phrases", -without
	AccountID     social.AccountID
	MaxID, MinID  int64
	Limit, Offset int
}

// SearchStatuses finds posts that the viewer wrote, liked, kept or was named in,
// and public ones whose authors want to be found; newest first.
func SearchStatuses(ctx context.Context, scope *pg.Scope, viewer social.AccountID, q StatusSearch) ([]*social.Status, error) {
	maxID := q.MaxID
	if maxID <= 0 {
		maxID = math.MaxInt64
	}
	sql := searchStatuses
	if q.AccountID != 0 {
		sql = searchStatusesOf
	}
	limit, offset := Page{Limit: q.Limit}.limit(), min(max(q.Offset, 0), searchFar)
	return pg.Many[social.Status](ctx, scope, sql, pgx.NamedArgs{
		"viewer": viewer, "text": asked(q.Text), "account_id": q.AccountID, "max_id": maxID, "since_id": q.MinID,
		"near": searchNear, "far": searchFar, "limit": limit, "offset": offset, "enough": limit + offset,
	})
}
