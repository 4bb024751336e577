package store

import (
	"context"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// bytesBetween is the range of all names that begin with a text: text_pattern_ops
// compares bytes. Unlike LIKE, which can use an index only for a pattern that is known
// when the query is planned, this always does.
func bytesBetween(prefix string) (from, to string) {
	prefix = strings.ToLower(prefix)
	return prefix, prefix + string(unicode.MaxRune)
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

// Few letters match very many names. What is ranked are the first by name, some by
// their words, and, for whom a searcher most likely means, those it follows.
const searchAccounts = `
WITH found AS MATERIALIZED (
    (SELECT x.ref_id FROM search_texts x
     WHERE  x.tenant_id = @tenant_id AND x.kind = 'account' AND x.name ~>=~ @from_name AND x.name ~<~ @to_name AND NOT @following
     ORDER  BY x.name USING ~<~ LIMIT 100)
    UNION
    (SELECT x.ref_id FROM search_texts x
     WHERE  x.tenant_id + 0 = @tenant_id AND x.kind = 'account' AND tenant_words(x.tenant_id, x.body) @@ tenant_query(@tenant_id, @words::tsquery)
            AND NOT @following
     LIMIT  100)
    UNION
    (SELECT near.target_id
     FROM   (SELECT m.target_id FROM follows m
             WHERE  m.tenant_id = @tenant_id AND m.account_id = @viewer AND m.state = 'accepted' ORDER BY m.id DESC LIMIT 500) AS near
     CROSS  JOIN LATERAL (SELECT x.name, x.body FROM search_texts x
                          WHERE x.tenant_id = @tenant_id AND x.kind = 'account' AND x.ref_id = near.target_id LIMIT 1) AS x
     WHERE  (x.name ~>=~ @from_name AND x.name ~<~ @to_name) OR x.body @@ @words::tsquery
     LIMIT  100)
)
SELECT` + accountColumns + `
FROM   found
CROSS  JOIN LATERAL (SELECT r.* FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = found.ref_id LIMIT 1) AS a` + accountStatsJoin + `
LEFT   JOIN LATERAL (SELECT m.id FROM follows m WHERE m.tenant_id = @tenant_id AND m.account_id = @viewer AND m.target_id = a.id
                     AND m.state = 'accepted' LIMIT 1) AS f ON true
WHERE  a.suspended_at IS NULL
       AND NOT EXISTS (SELECT FROM blocks b WHERE b.tenant_id = @tenant_id AND b.account_id = a.id AND b.target_id = @viewer OFFSET 0)
       AND NOT EXISTS (SELECT FROM blocks b WHERE b.tenant_id = @tenant_id AND b.account_id = @viewer AND b.target_id = a.id OFFSET 0)
       AND NOT EXISTS (SELECT FROM domain_blocks b WHERE b.tenant_id = @tenant_id AND b.account_id = @viewer AND b.domain = a.domain OFFSET 0)
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
	name := strings.TrimPrefix(strings.TrimSpace(asked(q.Text)), "@")
	words := prefixQuery(name)
	if words == "" {
		return nil, nil
	}
	exact, _, _ := strings.Cut(strings.ToLower(name), "@")
	from, to := bytesBetween(name)
	return pg.Many[social.Account](ctx, scope, searchAccounts, pgx.NamedArgs{
		"viewer": viewer, "from_name": from, "to_name": to, "words": words, "exact": exact, "following": q.Following,
		"limit": Page{Limit: q.Limit}.limit(), "offset": max(q.Offset, 0),
	})
}

const searchTags = `
SELECT n.name
FROM   (SELECT x.name FROM search_texts x
        WHERE  x.tenant_id = @tenant_id AND x.kind = 'tag' AND x.name ~>=~ @from_name AND x.name ~<~ @to_name
        ORDER  BY x.name USING ~<~ LIMIT 500) AS n
ORDER  BY length(n.name), n.name
LIMIT  @limit OFFSET @offset`

// SearchTags finds tags by the beginning of their normalised name, the shortest first.
func SearchTags(ctx context.Context, scope *pg.Scope, prefix string, limit, offset int) ([]string, error) {
	if prefix == "" {
		return nil, nil
	}
	from, to := bytesBetween(prefix)
	return pg.Values[string](ctx, scope, searchTags, pgx.NamedArgs{
		"from_name": from, "to_name": to, "limit": Page{Limit: limit}.limit(), "offset": max(offset, 0),
	})
}
