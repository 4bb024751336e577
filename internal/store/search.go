package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// The files search*.go alone touch search_texts. That table has no row-level security,
// which would switch its indexes off: each query here names @tenant_id and joins
// back by (tenant_id, id) to a table that has it.

const indexStatuses = `
INSERT INTO search_texts (tenant_id, kind, ref_id, body)
SELECT @tenant_id, 'status', n.id, to_tsvector('simple', n.text)
FROM   unnest(@ids::bigint[], @texts::text[]) AS n (id, text)
ON CONFLICT (tenant_id, kind, ref_id, name) DO UPDATE SET body = EXCLUDED.body`

// maxIndexed bounds the text of one row: a tsvector holds one megabyte at most.
const maxIndexed = 20_000

func indexable(text string) string { return atMost(text, maxIndexed) }

// maxAsked bounds what is searched for: Postgres indexes no word of more than 2,046 bytes, and
// refuses to look for one.
const maxAsked = 1000

func asked(text string) string { return atMost(text, maxAsked) }

func atMost(text string, size int) string {
	if len(text) > size {
		text = strings.ToValidUTF8(text[:size], "")
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
