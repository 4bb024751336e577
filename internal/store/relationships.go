package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// LATERAL with LIMIT makes each of these one look-up by the unique key: a join reads all
// that somebody with many followers has.
const relationships = `
SELECT a.id AS target_id,
       COALESCE(f.state = 'accepted', false) AS following, COALESCE(f.show_boosts, false) AS showing_boosts,
       COALESCE(f.notify, false) AS notifying, COALESCE(f.languages, '{}') AS languages,
       COALESCE(r.state = 'accepted', false) AS followed_by,
       b.id IS NOT NULL AS blocking, bb.id IS NOT NULL AS blocked_by,
       m.id IS NOT NULL AS muting, COALESCE(m.hide_notifications, false) AS muting_notifications, m.expires_at AS muting_expires_at,
       COALESCE(f.state = 'pending', false) AS requested, COALESCE(r.state = 'pending', false) AS requested_by,
       d.id IS NOT NULL AS domain_blocking, COALESCE(n.note, '') AS note
FROM   unnest(@ids::bigint[]) AS given (id)
CROSS  JOIN LATERAL (SELECT r.id, r.domain FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = given.id LIMIT 1) AS a
LEFT   JOIN LATERAL (SELECT x.* FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.target_id = a.id LIMIT 1) AS f ON true
LEFT   JOIN LATERAL (SELECT x.* FROM follows x WHERE x.tenant_id = @tenant_id AND x.account_id = a.id AND x.target_id = @viewer LIMIT 1) AS r ON true
LEFT   JOIN LATERAL (SELECT x.id FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.target_id = a.id LIMIT 1) AS b ON true
LEFT   JOIN LATERAL (SELECT x.id FROM blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = a.id AND x.target_id = @viewer LIMIT 1) AS bb ON true
LEFT   JOIN LATERAL (SELECT x.* FROM mutes x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.target_id = a.id
                     AND (x.expires_at IS NULL OR x.expires_at > now()) LIMIT 1) AS m ON true
LEFT   JOIN LATERAL (SELECT x.id FROM domain_blocks x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.domain = a.domain LIMIT 1) AS d ON true
LEFT   JOIN LATERAL (SELECT x.note FROM account_notes x WHERE x.tenant_id = @tenant_id AND x.account_id = @viewer AND x.target_id = a.id LIMIT 1) AS n ON true`

// Relationships returns how a viewer stands to each of the accounts that exist, by id.
func Relationships(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.AccountID) (map[social.AccountID]*social.Relationship, error) {
	rows, err := pg.Many[social.Relationship](ctx, scope, relationships, pgx.NamedArgs{"viewer": viewer, "ids": numbers(ids)})
	m := make(map[social.AccountID]*social.Relationship, len(rows))
	for _, r := range rows {
		m[r.TargetID] = r
	}
	return m, err
}

// The key is made of the tenant and both ids, whichever comes first.
const lockPair = `SELECT pg_advisory_xact_lock(hashtextextended('pair ' || LEAST(@one::bigint, @other::bigint) || ' ' || GREATEST(@one::bigint, @other::bigint),
       @tenant_id::bigint))::text`

// LockPair keeps others from changing what is between two accounts until the
// transaction ends: a row that is not there yet, such as a block, cannot be locked.
func LockPair(ctx context.Context, scope *pg.Scope, one, other social.AccountID) error {
	_, err := pg.Value[string](ctx, scope, lockPair, pgx.NamedArgs{"one": one, "other": other})
	return err
}

const setAccountNote = `
INSERT INTO account_notes (tenant_id, account_id, target_id, note)
VALUES (@tenant_id, @account_id, @target_id, @note)
ON CONFLICT (tenant_id, account_id, target_id) DO UPDATE SET note = EXCLUDED.note`

const deleteAccountNote = `DELETE FROM account_notes WHERE tenant_id = @tenant_id AND account_id = @account_id AND target_id = @target_id`

// SetAccountNote keeps an account's private note on another; an empty one is removed.
func SetAccountNote(ctx context.Context, scope *pg.Scope, account, target social.AccountID, note string) error {
	args := pgx.NamedArgs{"account_id": account, "target_id": target}
	sql := deleteAccountNote
	if note != "" {
		sql, args["note"] = setAccountNote, note
	}
	_, err := pg.Exec(ctx, scope, sql, args)
	return err
}
