package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const insertMentions = `
INSERT INTO status_mentions (tenant_id, status_id, account_id)
SELECT @tenant_id, n.status_id, n.account_id
FROM   unnest(@status_ids::bigint[], @account_ids::bigint[]) AS n (status_id, account_id)
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.id = n.account_id
ON CONFLICT DO NOTHING`

// QueueMentions stores who is mentioned where: the two lists run in parallel.
func QueueMentions(b *pg.Batch, statuses []social.StatusID, accounts []social.AccountID) {
	if len(statuses) > 0 {
		b.Exec(insertMentions, pgx.NamedArgs{"status_ids": numbers(statuses), "account_ids": numbers(accounts)})
	}
}

const deleteMentions = `
DELETE FROM status_mentions
WHERE  tenant_id = @tenant_id AND status_id = @status_id AND NOT account_id = ANY(@keep)`

// KeepMentions removes the mentions of a status that an edit has taken out.
func KeepMentions(ctx context.Context, scope *pg.Scope, id social.StatusID, keep []social.AccountID) error {
	_, err := pg.Exec(ctx, scope, deleteMentions, pgx.NamedArgs{"status_id": id, "keep": numbers(keep)})
	return err
}

const mentionsByStatuses = `
SELECT m.status_id, m.account_id, a.username, a.domain, a.url, a.uri
FROM   (SELECT DISTINCT unnest(@ids::bigint[]) AS id) AS given
CROSS  JOIN LATERAL (SELECT x.status_id, x.account_id FROM status_mentions x WHERE x.tenant_id = @tenant_id AND x.status_id = given.id OFFSET 0) AS m
CROSS  JOIN LATERAL (SELECT r.* FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = m.account_id LIMIT 1) AS a
ORDER  BY m.status_id, m.account_id`

// MentionsByStatuses returns who is mentioned in each of the statuses.
func MentionsByStatuses(ctx context.Context, scope *pg.Scope, ids []social.StatusID) (map[social.StatusID][]*social.Mention, error) {
	rows, err := pg.Many[social.Mention](ctx, scope, mentionsByStatuses, pgx.NamedArgs{"ids": numbers(ids)})
	m := make(map[social.StatusID][]*social.Mention)
	for _, mention := range rows {
		m[mention.StatusID] = append(m[mention.StatusID], mention)
	}
	return m, err
}

const accountsByHandles = `SELECT` + accountColumns + `
FROM   unnest(@users::text[], @domains::text[]) AS q (username, domain)
JOIN   accounts a ON a.tenant_id = @tenant_id AND a.domain = q.domain AND lower(a.username) = lower(q.username) AND a.deleted_at IS NULL` + accountStatsJoin + ``

// AccountsByHandles returns the accounts with one of the handles, case aside.
func AccountsByHandles(ctx context.Context, scope *pg.Scope, handles []social.Handle) ([]*social.Account, error) {
	if len(handles) == 0 {
		return nil, nil
	}
	return pg.Many[social.Account](ctx, scope, accountsByHandles, pgx.NamedArgs{
		"users":   column(handles, func(h social.Handle) string { return h.User }),
		"domains": column(handles, func(h social.Handle) string { return h.Host }),
	})
}

const insertPendingMentions = `
INSERT INTO pending_mentions (tenant_id, status_id, handle)
SELECT @tenant_id, n.status_id, n.handle
FROM   unnest(@status_ids::bigint[], @handles::text[]) AS n (status_id, handle)
WHERE  length(n.handle) <= 384
ON CONFLICT DO NOTHING`

// QueuePendingMentions keeps the handles that no look-up has found yet: the two lists
// run in parallel.
func QueuePendingMentions(b *pg.Batch, statuses []social.StatusID, handles []string) {
	if len(statuses) > 0 {
		b.Exec(insertPendingMentions, pgx.NamedArgs{"status_ids": numbers(statuses), "handles": handles})
	}
}

// PendingMention is a handle (user@host) that a status mentions and nobody here knows.
type PendingMention struct {
	StatusID social.StatusID
	Handle   string
}

const pendingMentions = `
SELECT status_id, handle FROM pending_mentions WHERE tenant_id = @tenant_id AND status_id = ANY(@ids) ORDER BY status_id, handle`

// PendingMentions returns the handles of statuses that wait for a look-up.
func PendingMentions(ctx context.Context, scope *pg.Scope, ids []social.StatusID) ([]*PendingMention, error) {
	return pg.Many[PendingMention](ctx, scope, pendingMentions, pgx.NamedArgs{"ids": numbers(ids)})
}

const deletePendingMentions = `DELETE FROM pending_mentions WHERE tenant_id = @tenant_id AND status_id = @status_id`

// ClearPendingMentions forgets the handles of a status once they have been looked up.
func ClearPendingMentions(ctx context.Context, scope *pg.Scope, id social.StatusID) error {
	_, err := pg.Exec(ctx, scope, deletePendingMentions, pgx.NamedArgs{"status_id": id})
	return err
}
