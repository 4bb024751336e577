package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// DomainBlock is a domain that an account does without.
type DomainBlock struct {
	ID        int64
	AccountID social.AccountID
	Domain    string
	CreatedAt time.Time
}

const (
	insertDomainBlock = `
INSERT INTO domain_blocks (tenant_id, id, account_id, domain) VALUES (@tenant_id, @id, @account_id, @domain)
ON CONFLICT (tenant_id, account_id, domain) DO NOTHING`
	deleteDomainBlock = `DELETE FROM domain_blocks WHERE tenant_id = @tenant_id AND account_id = @account_id AND domain = @domain`
	domainBlockByID   = `SELECT id, account_id, domain, created_at FROM domain_blocks WHERE tenant_id = @tenant_id AND id = @id`
	isDomainBlocked   = `
SELECT EXISTS (SELECT FROM domain_blocks WHERE tenant_id = @tenant_id AND account_id = @account_id AND domain = @domain)`
)

var domainBlocksOf = paged(`
SELECT b.id, b.account_id, b.domain, b.created_at
FROM   domain_blocks b
WHERE  b.tenant_id = @tenant_id AND b.account_id = @account_id AND b.id < @max_id AND b.id > @since_id
ORDER  BY b.id /*order*/ LIMIT @limit`)

// AddDomainBlock stores that an account blocks a domain and returns the block's id, 0 if it
// was there already.
func AddDomainBlock(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string) (int64, error) {
	id := ids.New()
	n, err := pg.Exec(ctx, scope, insertDomainBlock, pgx.NamedArgs{"id": id, "account_id": account, "domain": domain})
	if err != nil || n == 0 {
		return 0, err
	}
	return id, nil
}

// DeleteDomainBlock ends an account's block of a domain and reports whether there was one.
func DeleteDomainBlock(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string) (bool, error) {
	n, err := pg.Exec(ctx, scope, deleteDomainBlock, pgx.NamedArgs{"account_id": account, "domain": domain})
	return n > 0, err
}

// DomainBlockByID returns a block of a domain, or fault.NotFound.
func DomainBlockByID(ctx context.Context, scope *pg.Scope, id int64) (*DomainBlock, error) {
	return pg.One[DomainBlock](ctx, scope, domainBlockByID, pgx.NamedArgs{"id": id})
}

// IsDomainBlocked reports whether an account blocks exactly this domain.
func IsDomainBlocked(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string) (bool, error) {
	return pg.Value[bool](ctx, scope, isDomainBlocked, pgx.NamedArgs{"account_id": account, "domain": domain})
}

// DomainBlocksOf returns the domains that an account blocks, the latest first.
func DomainBlocksOf(ctx context.Context, scope *pg.Scope, account social.AccountID, page Page) ([]*DomainBlock, error) {
	return manyPaged[DomainBlock](ctx, scope, domainBlocksOf, page, pgx.NamedArgs{"account_id": account})
}

const (
	domainKey       = `(hashtextextended('domain ' || @account_id::bigint || ' ' || @domain::text, @tenant_id::bigint))::text`
	lockDomain      = `SELECT pg_advisory_xact_lock` + domainKey
	lockDomainShare = `SELECT pg_advisory_xact_lock_shared` + domainKey
)

// LockDomain keeps relations between an account and a domain from being made until the
// transaction ends.
func LockDomain(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string) error {
	_, err := pg.Value[string](ctx, scope, lockDomain, pgx.NamedArgs{"account_id": account, "domain": domain})
	return err
}

// LockDomainShared keeps an account from blocking a domain until the transaction ends.
func LockDomainShared(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string) error {
	_, err := pg.Value[string](ctx, scope, lockDomainShare, pgx.NamedArgs{"account_id": account, "domain": domain})
	return err
}

const clearDomainFromHome = `
DELETE FROM timeline_entries e
USING  statuses s
LEFT   JOIN statuses o ON o.tenant_id = @tenant_id AND o.id = s.boost_of_id
WHERE  e.tenant_id = @tenant_id AND e.owner_id = @owner_id AND s.tenant_id = @tenant_id AND s.id = e.status_id
       AND EXISTS (SELECT FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id IN (s.account_id, o.account_id) AND a.domain = @domain OFFSET 0)`

// ClearDomainFromHome takes the posts of a domain's accounts, and what others boosted of
// them, out of an owner's timeline.
func ClearDomainFromHome(ctx context.Context, scope *pg.Scope, owner social.AccountID, domain string) error {
	_, err := pg.Exec(ctx, scope, clearDomainFromHome, pgx.NamedArgs{"owner_id": owner, "domain": domain})
	return err
}

const deleteNotificationsFromDomain = `
DELETE FROM notifications n
USING  (SELECT x.id FROM notifications x
        CROSS  JOIN LATERAL (SELECT r.domain FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = x.from_id LIMIT 1) AS a
        WHERE  x.tenant_id = @tenant_id AND x.account_id = @account_id AND a.domain = @domain
        ORDER  BY x.id DESC LIMIT @limit) AS old
WHERE  n.tenant_id = @tenant_id AND n.id = old.id`

// DeleteNotificationsFromDomain removes what an account was told about a domain's accounts,
// the latest first, limit at most, and returns how many that were.
func DeleteNotificationsFromDomain(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string, limit int) (int64, error) {
	return pg.Exec(ctx, scope, deleteNotificationsFromDomain, pgx.NamedArgs{"account_id": account, "domain": domain, "limit": limit})
}

// EndedFollow is a follow or a request that was there, with the address of who followed.
type EndedFollow struct {
	AccountID social.AccountID
	TargetID  social.AccountID
	URI       string
	ActorURI  string
}

// The mirrored domain has the index.
const endDomainFollows = `
WITH old AS (
    SELECT f.id, a.uri AS actor_uri
    FROM   accounts a
    CROSS  JOIN LATERAL (
           SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = a.id AND x.target_id = @account_id
           UNION ALL
           SELECT x.id FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = @account_id AND x.target_id = a.id OFFSET 0) AS f
    WHERE  a.tenant_id = @tenant_id AND a.domain_mirrored = @mirrored
    LIMIT  @limit
), gone AS (
    DELETE FROM follows f USING old WHERE f.tenant_id = @tenant_id AND f.id = old.id
    RETURNING f.account_id, f.target_id, f.state, f.uri, old.actor_uri
), ` + uncountGone + `
SELECT account_id, target_id, uri, actor_uri FROM gone`

const forgetInboxActivities = `DELETE FROM inbox_activities WHERE tenant_id = @tenant_id AND dedup = ANY(@dedups::bytea[])`

// EndDomainFollows ends follows and requests between an account and those of a domain, in
// both directions, limit at most, with their counters, and returns them. A Follow of theirs
// may come again under its id, as after ForgetInboxActivity.
func EndDomainFollows(ctx context.Context, scope *pg.Scope, account social.AccountID, domain string, limit int) ([]*EndedFollow, error) {
	if domain == "" {
		return nil, fault.New(fault.Internal, "follows of no domain")
	}
	rows, err := pg.Many[EndedFollow](ctx, scope, endDomainFollows,
		pgx.NamedArgs{"account_id": account, "mirrored": mirrored(domain), "limit": limit})
	if err != nil {
		return nil, err
	}
	var dedups [][]byte
	for _, f := range rows {
		if f.TargetID == account && f.URI != "" {
			dedups = append(dedups, InboxKey(f.ActorURI, f.URI))
		}
	}
	if len(dedups) > 0 {
		_, err = pg.Exec(ctx, scope, forgetInboxActivities, pgx.NamedArgs{"dedups": dedups})
	}
	return rows, err
}
