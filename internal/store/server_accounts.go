package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// KnownAccount is an account with what it has because of its server.
type KnownAccount struct {
	ID            social.AccountID
	Domain        string // of its handle; "" of the tenant's own
	Host          string // of its address
	ServerRule    string // "", silence or suspend
	ServerNoMedia bool
	IsGone        bool
}

// IsConcerned reports whether rules about servers concern the account.
func (a *KnownAccount) IsConcerned() bool { return a.Domain != "" && !a.IsGone }

const (
	countRemote = `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND domain <> '' AND deleted_at IS NULL`
	// The page is cut by the key alone, so that Postgres never sorts all that come after it.
	knownAccounts = `
WITH page AS MATERIALIZED (
    SELECT id FROM accounts WHERE tenant_id = @tenant_id AND id > @after ORDER BY id LIMIT @limit
)
SELECT page.id, a.domain, a.host, a.server_rule, a.server_no_media, a.is_gone
FROM   page
CROSS  JOIN LATERAL (SELECT x.domain, split_part(x.uri, '/', 3) AS host, x.server_rule, x.server_no_media, x.deleted_at IS NOT NULL AS is_gone
                     FROM accounts x WHERE x.tenant_id = @tenant_id AND x.id = page.id OFFSET 0) AS a
ORDER  BY page.id`
)

// CountRemoteAccounts counts the accounts of other servers that a tenant knows.
func CountRemoteAccounts(ctx context.Context, scope *pg.Scope) (int64, error) {
	return pg.Value[int64](ctx, scope, countRemote, nil)
}

// KnownAccounts returns a page of accounts by id: those after one, whether rules about
// servers concern them or not.
func KnownAccounts(ctx context.Context, scope *pg.Scope, after int64, limit int) ([]*KnownAccount, error) {
	return pg.Many[KnownAccount](ctx, scope, knownAccounts, pgx.NamedArgs{"after": after, "limit": limit})
}

// An account that was suspended or silenced by itself stays so when its server's rule goes:
// then the times differ.
const markAccounts = `
UPDATE accounts a SET
       suspended_at = CASE WHEN n.rule = 'suspend' THEN COALESCE(a.suspended_at, @now) WHEN a.suspended_at = a.server_marked_at THEN NULL ELSE a.suspended_at END,
       silenced_at = CASE WHEN n.rule = 'silence' THEN COALESCE(a.silenced_at, @now) WHEN a.silenced_at = a.server_marked_at THEN NULL ELSE a.silenced_at END,
       server_rule = n.rule, server_no_media = n.no_media, server_marked_at = CASE WHEN n.rule = '' THEN NULL WHEN n.rule = a.server_rule THEN a.server_marked_at ELSE @now::timestamptz END,
       avatar_url = CASE WHEN n.no_media THEN '' ELSE a.avatar_url END, header_url = CASE WHEN n.no_media THEN '' ELSE a.header_url END,
       -- pictures that may be shown again are read with the profile
       fetched_at = CASE WHEN a.server_no_media AND NOT n.no_media THEN NULL ELSE a.fetched_at END
FROM   unnest(@ids::bigint[], @rules::text[], @media::boolean[]) AS n (id, rule, no_media)
WHERE  a.tenant_id = @tenant_id AND a.id = n.id AND a.domain <> '' AND (a.server_rule, a.server_no_media) <> (n.rule, n.no_media)`

// ServerMark is what an account gets because of its server.
type ServerMark struct {
	ID      social.AccountID
	Rule    string // "", silence or suspend
	NoMedia bool
}

// MarkAccounts has what holds for servers hold for accounts of theirs.
func MarkAccounts(ctx context.Context, scope *pg.Scope, list []ServerMark) error {
	if len(list) == 0 {
		return nil
	}
	_, err := pg.Exec(ctx, scope, markAccounts, markArgs(list, time.Now().UTC()))
	return err
}

func markArgs(list []ServerMark, now time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{
		"ids":   column(list, func(m ServerMark) int64 { return int64(m.ID) }),
		"rules": column(list, func(m ServerMark) string { return m.Rule }),
		"media": column(list, func(m ServerMark) bool { return m.NoMedia }),
		"now":   now,
	}
}

// uncountGone takes the follows of a part named gone off the counters of both ends, locked
// in the order of their ids as others do who count.
const uncountGone = `n AS (
    SELECT id, sum(followers) AS followers, sum(following) AS following
    FROM   (SELECT account_id AS id, 0 AS followers, 1 AS following FROM gone WHERE state = 'accepted'
            UNION ALL SELECT target_id, 1, 0 FROM gone WHERE state = 'accepted') AS ends
    GROUP  BY id ORDER BY id
), locked AS MATERIALIZED (
    SELECT n.id, n.followers, n.following
    FROM   n
    CROSS  JOIN LATERAL (SELECT x.account_id FROM account_stats x WHERE x.tenant_id = @tenant_id AND x.account_id = n.id LIMIT 1 FOR UPDATE) AS a
), counted AS (
    UPDATE account_stats a SET followers_count = GREATEST(a.followers_count - locked.followers, 0),
           following_count = GREATEST(a.following_count - locked.following, 0)
    FROM   locked
    WHERE  a.tenant_id = @tenant_id AND a.account_id = locked.id
)`

// Follows at both ends of accounts, with the counters of both.
const endFollows = `
WITH old AS (
    SELECT array_agg(o.id) AS ids
    FROM   ((SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = ANY(@ids) LIMIT @limit)
            UNION
            (SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND x.target_id = ANY(@ids) LIMIT @limit) LIMIT @limit) AS o
), gone AS (
    DELETE FROM follows f WHERE f.tenant_id = @tenant_id AND f.id = ANY((SELECT ids FROM old)::bigint[])
    RETURNING f.account_id, f.target_id, f.state
), ` + uncountGone + `
SELECT count(*) FROM gone`

// EndFollows ends follows and requests by and of accounts, limit at most, and returns how
// many they were.
func EndFollows(ctx context.Context, scope *pg.Scope, of []social.AccountID, limit int) (int64, error) {
	return pg.Value[int64](ctx, scope, endFollows, pgx.NamedArgs{"ids": numbers(of), "limit": limit})
}

// Of a file that is kept here nothing else may hold: only what lies elsewhere goes.
var dropMedia = drain("media", "account_id = ANY(@ids) AND x.key = ''")

// DropMediaOf forgets pictures and films of accounts, limit at most, and returns how
// many they were.
func DropMediaOf(ctx context.Context, scope *pg.Scope, of []social.AccountID, limit int) (int64, error) {
	return pg.Exec(ctx, scope, dropMedia, pgx.NamedArgs{"ids": numbers(of), "limit": limit})
}

// ServerReach is what a tenant has to do with a domain and those below it.
type ServerReach struct {
	Accounts  int
	Followers int // of the tenant's accounts
	Following int
}

// Follows are counted at each end before the accounts there are looked at.
const followsByDomain = `
SELECT a.domain, sum(e.follows)::bigint AS follows
FROM   (SELECT account_id AS id, count(*) AS follows FROM follows WHERE tenant_id = @tenant_id GROUP BY account_id
        UNION ALL
        SELECT target_id, count(*) FROM follows WHERE tenant_id = @tenant_id GROUP BY target_id) AS e
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = e.id AND a.domain <> ''
GROUP  BY a.domain ORDER BY a.domain LIMIT @limit`

// DomainFollows is how many follows, in either direction, a tenant has with a domain.
type DomainFollows struct {
	Domain  string
	Follows int
}

// FollowsByDomain counts the follows that a tenant has with each domain.
func FollowsByDomain(ctx context.Context, scope *pg.Scope, limit int) ([]*DomainFollows, error) {
	return pg.Many[DomainFollows](ctx, scope, followsByDomain, pgx.NamedArgs{"limit": limit})
}

// The dot and the slash are neighbours: between them lies what is below the domain.
const serverReach = `
WITH there AS MATERIALIZED (
    SELECT id FROM accounts
    WHERE  tenant_id = @tenant_id AND domain <> '' AND deleted_at IS NULL
           AND domain_mirrored >= @mirrored AND domain_mirrored < @mirrored || '/'
           AND (domain = @domain OR domain_mirrored >= @mirrored || '.')
)
SELECT (SELECT count(*) FROM there) AS accounts,
       (SELECT count(*) FROM there CROSS JOIN LATERAL (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.account_id = there.id OFFSET 0) AS f) AS followers,
       (SELECT count(*) FROM there CROSS JOIN LATERAL (SELECT FROM follows f WHERE f.tenant_id = @tenant_id AND f.target_id = there.id OFFSET 0) AS f) AS following`

// ServerReachOf counts what a tenant has to do with a domain and those below it.
func ServerReachOf(ctx context.Context, scope *pg.Scope, domain string) (*ServerReach, error) {
	return pg.One[ServerReach](ctx, scope, serverReach, pgx.NamedArgs{"domain": domain, "mirrored": mirrored(domain)})
}

// mirrored is a domain backwards; it is ASCII.
func mirrored(domain string) string {
	out := make([]byte, len(domain))
	for i := range len(domain) {
		out[len(domain)-1-i] = domain[i]
	}
	return string(out)
}
