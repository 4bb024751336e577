package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// KnownAccount is a remote account with what it has because of its server.
type KnownAccount struct {
	ID            social.AccountID
	Domain        string // of its handle
	Host          string // of its address
	ServerRule    string // "", silence or suspend
	ServerNoMedia bool
}

const (
	countRemote   = `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND domain <> '' AND deleted_at IS NULL`
	knownAccounts = `
SELECT id, domain, split_part(uri, '/', 3) AS host, server_rule, server_no_media
FROM   accounts
WHERE  tenant_id = @tenant_id AND id > @after AND domain <> '' AND deleted_at IS NULL
ORDER  BY id LIMIT @limit`
)

// CountRemoteAccounts counts the accounts of other servers that a tenant knows.
func CountRemoteAccounts(ctx context.Context, scope *pg.Scope) (int64, error) {
	return pg.Value[int64](ctx, scope, countRemote, nil)
}

// KnownAccounts returns remote accounts by id: those after one.
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
    SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND (x.account_id = ANY(@ids) OR x.target_id = ANY(@ids)) LIMIT @limit
), gone AS (
    DELETE FROM follows f USING old WHERE f.tenant_id = @tenant_id AND f.id = old.id
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

const followsByDomain = `
SELECT a.domain, count(*) AS follows
FROM   follows f
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.domain <> '' AND a.id IN (f.account_id, f.target_id)
WHERE  f.tenant_id = @tenant_id
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
