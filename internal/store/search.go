package store

import (
	"context"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// This file alone touches search_texts. That table has no row-level security,
// which would switch its indexes off: each query here names @tenant_id and joins
// back by (tenant_id, id) to a table that has it.

const indexStatuses = `
INSERT INTO search_texts (tenant_id, kind, ref_id, body)
SELECT @tenant_id, 'status', n.id, to_tsvector('simple', n.text)
FROM   unnest(@ids::bigint[], @texts::text[]) AS n (id, text)
ON CONFLICT (tenant_id, kind, ref_id, name) DO UPDATE SET body = EXCLUDED.body`

// maxIndexed bounds the text of one row: a tsvector holds one megabyte at most.
const maxIndexed = 20_000

func indexable(text string) string {
	if len(text) > maxIndexed {
		text = strings.ToValidUTF8(text[:maxIndexed], "")
	}
	return text
}

// QueueIndexStatuses makes the plain texts of statuses findable.
func QueueIndexStatuses(b *pg.Batch, ids []social.StatusID, texts []string) {
	if len(ids) > 0 {
		b.Exec(indexStatuses, pgx.NamedArgs{"ids": numbers(ids), "texts": column(texts, indexable)})
	}
}

const reindexStatus = `
UPDATE search_texts SET body = to_tsvector('simple', @text)
WHERE  tenant_id = @tenant_id AND kind = 'status' AND ref_id = @id`

// QueueReindexStatus brings the search text of an edited status up to date: of a
// remote one only if it is indexed at all.
func QueueReindexStatus(b *pg.Batch, id social.StatusID, text string, add bool) {
	if add {
		QueueIndexStatuses(b, []social.StatusID{id}, []string{text})
		return
	}
	b.Exec(reindexStatus, pgx.NamedArgs{"id": id, "text": indexable(text)})
}

const indexTags = `
INSERT INTO search_texts (tenant_id, kind, ref_id, name)
SELECT @tenant_id, 'tag', 0, n.tag
FROM   unnest(@tags::text[]) AS n (tag)
WHERE  n.tag <> '' AND length(n.tag) <= 255
ON CONFLICT DO NOTHING`

// QueueIndexTags makes normalised tags findable.
func QueueIndexTags(b *pg.Batch, tags []string) {
	if len(tags) > 0 {
		b.Exec(indexTags, pgx.NamedArgs{"tags": tags})
	}
}

const indexAccount = `
WITH old AS (
    DELETE FROM search_texts WHERE tenant_id = @tenant_id AND kind = 'account' AND ref_id = @id AND name <> @name
)
INSERT INTO search_texts (tenant_id, kind, ref_id, name, body)
VALUES (@tenant_id, 'account', @id, @name, to_tsvector('simple', @words))
ON CONFLICT (tenant_id, kind, ref_id, name) DO UPDATE SET body = EXCLUDED.body`

// IndexAccount makes an account findable by the beginning of its handle and by
// the words of its name. A local one is found without its host.
func IndexAccount(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	// Left whole, user@host would be one word of type "email".
	handle := strings.NewReplacer("@", " ", ".", " ").Replace(a.Handle().Acct())
	_, err := pg.Exec(ctx, scope, indexAccount, pgx.NamedArgs{
		"id": a.ID, "name": strings.ToLower(a.Handle().Acct()), "words": indexable(handle + " " + a.DisplayName),
	})
	return err
}

const unindex = `DELETE FROM search_texts WHERE tenant_id = @tenant_id AND kind = @kind AND ref_id = ANY(@ids)`

// UnindexStatuses makes statuses unfindable.
func UnindexStatuses(ctx context.Context, scope *pg.Scope, ids []social.StatusID) error {
	_, err := pg.Exec(ctx, scope, unindex, pgx.NamedArgs{"kind": "status", "ids": numbers(ids)})
	return err
}

// UnindexAccount makes an account unfindable.
func UnindexAccount(ctx context.Context, scope *pg.Scope, id social.AccountID) error {
	_, err := pg.Exec(ctx, scope, unindex, pgx.NamedArgs{"kind": "account", "ids": []int64{int64(id)}})
	return err
}

// searchWalk walks over the texts of one kind, of which those go that nothing stands behind
// any more: rows that went by a foreign key leave them behind.
func searchWalk(name, kind, key, keyType, orphaned string) *Walk {
	cursor, first := "@after::text", ""
	if keyType == "bigint" {
		cursor, first = "@after::text::bigint", "0"
	}
	return &Walk{
		Kind: name, first: first,
		find: `
SELECT x.` + key + `::text AS key, ` + orphaned + ` AS goes
FROM   (SELECT p.` + key + ` FROM search_texts p WHERE p.tenant_id = @tenant_id AND p.kind = '` + kind + `' AND p.` + key + ` > ` + cursor + `
        ORDER BY p.` + key + ` LIMIT @limit) AS x
ORDER  BY x.` + key,
		remove: `
DELETE FROM search_texts x
WHERE  x.tenant_id = @tenant_id AND x.kind = '` + kind + `' AND x.` + key + ` = ANY(@keys::text[]::` + keyType + `[]) AND ` + orphaned,
	}
}

// The walks over search texts. A tag is forgotten with its last post.
var (
	WalkStatusTexts = searchWalk("search texts of posts", "status", "ref_id", "bigint",
		`NOT EXISTS (SELECT FROM statuses s WHERE s.tenant_id = @tenant_id AND s.id = x.ref_id)`)
	WalkAccountTexts = searchWalk("search texts of accounts", "account", "ref_id", "bigint",
		`NOT EXISTS (SELECT FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = x.ref_id AND a.deleted_at IS NULL)`)
	WalkTags = searchWalk("tags", "tag", "name", "text",
		`NOT EXISTS (SELECT FROM status_tags t WHERE t.tenant_id = @tenant_id AND t.tag = x.name)
       AND NOT EXISTS (SELECT FROM followed_tags t WHERE t.tenant_id = @tenant_id AND t.tag = x.name)`)
)

// likePrefix is text as the beginning of a LIKE pattern.
func likePrefix(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text)) + "%"
}

// prefixQuery turns typed words into a tsquery in which the last one may go on:
// 'ali smi' finds "Alice Smith". Everything but letters and digits parts words, so
// that nothing of the query language can come from outside.
func prefixQuery(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) > 8 {
		words = words[:8]
	}
	for i, w := range words {
		words[i] = "'" + w + "':*"
	}
	return strings.Join(words, " & ")
}

const searchAccounts = `SELECT` + accountColumns + `
FROM   (SELECT ref_id FROM search_texts
        WHERE  tenant_id = @tenant_id AND kind = 'account' AND name LIKE @prefix
        UNION
        SELECT ref_id FROM search_texts
        WHERE  tenant_id = @tenant_id AND kind = 'account' AND body @@ to_tsquery('simple', @words)) AS x
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = x.ref_id
LEFT   JOIN account_stats st ON st.tenant_id = a.tenant_id AND st.account_id = a.id
LEFT   JOIN follows f ON f.tenant_id = @tenant_id AND f.account_id = @viewer AND f.target_id = a.id AND f.state = 'accepted'
WHERE  a.suspended_at IS NULL AND (NOT @following OR f.id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM blocks b WHERE b.tenant_id = @tenant_id AND b.account_id = a.id AND b.target_id = @viewer)
       AND NOT EXISTS (SELECT FROM blocks b WHERE b.tenant_id = @tenant_id AND b.account_id = @viewer AND b.target_id = a.id)
ORDER  BY lower(a.username) = @exact DESC, f.id IS NOT NULL DESC, a.domain = '' DESC, COALESCE(st.followers_count, 0) DESC, a.id
LIMIT  @limit OFFSET @offset`

// AccountSearch says what accounts to look for.
type AccountSearch struct {
	Text      string // beginning of user@host, or words of a name
	Following bool   // only whom the viewer follows
	Limit     int
	Offset    int
}

// SearchAccounts finds accounts by the beginning of their handle or by words of
// their name: an exact name first, then those whom the viewer follows.
func SearchAccounts(ctx context.Context, scope *pg.Scope, viewer social.AccountID, q AccountSearch) ([]*social.Account, error) {
	name := strings.TrimPrefix(strings.TrimSpace(q.Text), "@")
	words := prefixQuery(name)
	if words == "" {
		return nil, nil
	}
	exact, _, _ := strings.Cut(strings.ToLower(name), "@")
	return pg.Many[social.Account](ctx, scope, searchAccounts, pgx.NamedArgs{
		"viewer": viewer, "prefix": likePrefix(name), "words": words, "exact": exact, "following": q.Following,
		"limit": Page{Limit: q.Limit}.limit(), "offset": max(q.Offset, 0),
	})
}

const searchTags = `
SELECT name FROM search_texts
WHERE  tenant_id = @tenant_id AND kind = 'tag' AND ref_id = 0 AND name LIKE @prefix
ORDER  BY length(name), name
LIMIT  @limit OFFSET @offset`

// SearchTags finds tags by the beginning of their normalised name, the shortest first.
func SearchTags(ctx context.Context, scope *pg.Scope, prefix string, limit, offset int) ([]string, error) {
	if prefix == "" {
		return nil, nil
	}
	return pg.Values[string](ctx, scope, searchTags, pgx.NamedArgs{
		"prefix": likePrefix(prefix), "limit": Page{Limit: limit}.limit(), "offset": max(offset, 0),
	})
}

// searchStatuses finds what the searcher has to do with, and public posts of
// people who agreed to be found.
var searchStatuses = `SELECT` + statusColumns + `
FROM   search_texts x
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = x.ref_id` + statusStatsJoin + `
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = s.account_id
WHERE  x.tenant_id = @tenant_id AND x.kind = 'status' AND x.body @@ websearch_to_tsquery('simple', @text)
       AND (@account_id::bigint = 0 OR s.account_id = @account_id) AND s.id < @max_id AND s.id > @since_id
       AND (s.account_id = @viewer
            OR (s.visibility = 'public' AND a.indexable)
            OR EXISTS (SELECT FROM favourites q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id)
            OR EXISTS (SELECT FROM bookmarks q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id)
            OR EXISTS (SELECT FROM status_mentions q WHERE q.tenant_id = @tenant_id AND q.account_id = @viewer AND q.status_id = s.id))
       AND ` + visibleTo("s") + ` AND ` + hiddenFrom("s.account_id") + `
ORDER  BY s.id DESC
LIMIT  @limit OFFSET @offset`

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
		maxID = 1<<63 - 1
	}
	return pg.Many[social.Status](ctx, scope, searchStatuses, pgx.NamedArgs{
		"viewer": viewer, "text": indexable(q.Text), "account_id": q.AccountID, "max_id": maxID, "since_id": q.MinID,
		"limit": Page{Limit: q.Limit}.limit(), "offset": max(q.Offset, 0),
	})
}
