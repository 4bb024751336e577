package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const relationships = `
SELECT a.id AS target_id,
       COALESCE(f.state = 'accepted', false) AS following, COALESCE(f.show_boosts, false) AS showing_boosts,
       COALESCE(f.notify, false) AS notifying, COALESCE(f.languages, '{}') AS languages,
       COALESCE(r.state = 'accepted', false) AS followed_by,
       b.id IS NOT NULL AS blocking, bb.id IS NOT NULL AS blocked_by,
       m.id IS NOT NULL AS muting, COALESCE(m.hide_notifications, false) AS muting_notifications, m.expires_at AS muting_expires_at,
       COALESCE(f.state = 'pending', false) AS requested, COALESCE(r.state = 'pending', false) AS requested_by,
       COALESCE(n.note, '') AS note
FROM   accounts a
LEFT   JOIN follows f ON f.tenant_id = @tenant_id AND f.account_id = @viewer AND f.target_id = a.id
LEFT   JOIN follows r ON r.tenant_id = @tenant_id AND r.account_id = a.id AND r.target_id = @viewer
LEFT   JOIN blocks b ON b.tenant_id = @tenant_id AND b.account_id = @viewer AND b.target_id = a.id
LEFT   JOIN blocks bb ON bb.tenant_id = @tenant_id AND bb.account_id = a.id AND bb.target_id = @viewer
LEFT   JOIN mutes m ON m.tenant_id = @tenant_id AND m.account_id = @viewer AND m.target_id = a.id AND (m.expires_at IS NULL OR m.expires_at > now())
LEFT   JOIN account_notes n ON n.tenant_id = @tenant_id AND n.account_id = @viewer AND n.target_id = a.id
WHERE  a.tenant_id = @tenant_id AND a.id = ANY(@ids)`

// Relationships returns how a viewer stands to each of the accounts that exist, by id.
func Relationships(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.AccountID) (map[social.AccountID]*social.Relationship, error) {
	rows, err := pg.Many[social.Relationship](ctx, scope, relationships, pgx.NamedArgs{"viewer": viewer, "ids": numbers(ids)})
	m := make(map[social.AccountID]*social.Relationship, len(rows))
	for _, r := range rows {
		m[r.TargetID] = r
	}
	return m, err
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
