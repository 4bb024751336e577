package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const attachMedia = `
UPDATE media m SET status_id = @status_id, position = n.position
FROM   unnest(@ids::bigint[]) WITH ORDINALITY AS n (id, position)
WHERE  m.tenant_id = @tenant_id AND m.id = n.id AND m.account_id = @account_id AND (m.status_id IS NULL OR m.status_id = @status_id)
       AND NOT EXISTS (SELECT FROM scheduled_media c WHERE c.tenant_id = @tenant_id AND c.media_id = m.id)
RETURNING m.kind`

// AttachMedia gives an account's own unattached files to a status, in the order of
// the ids, and returns their kinds. Files of others and of plans are left out: compare the number.
func AttachMedia(ctx context.Context, scope *pg.Scope, status social.StatusID, account social.AccountID, ids []social.MediaID) ([]social.MediaKind, error) {
	return pg.Values[social.MediaKind](ctx, scope, attachMedia,
		pgx.NamedArgs{"status_id": status, "account_id": account, "ids": numbers(ids)})
}

const detachMedia = `
UPDATE media SET status_id = NULL
WHERE  tenant_id = @tenant_id AND status_id = @status_id AND NOT id = ANY(@keep)`

// KeepMedia detaches the files of a status that an edit has taken out.
func KeepMedia(ctx context.Context, scope *pg.Scope, status social.StatusID, keep []social.MediaID) error {
	_, err := pg.Exec(ctx, scope, detachMedia, pgx.NamedArgs{"status_id": status, "keep": numbers(keep)})
	return err
}

const insertRemoteMedia = `
INSERT INTO media (tenant_id, id, account_id, status_id, kind, mime, remote_url, description, blurhash, width, height, focus_x, focus_y, position)
SELECT @tenant_id, n.id, n.account_id, n.status_id, n.kind, n.mime, n.remote_url, n.description, n.blurhash, n.width, n.height,
       n.focus_x, n.focus_y, n.position
FROM   unnest(@ids::bigint[], @account_ids::bigint[], @status_ids::bigint[], @kinds::text[], @mimes::text[], @urls::text[],
              @descriptions::text[], @blurhashes::text[], @widths::integer[], @heights::integer[], @focus_x::float8[], @focus_y::float8[],
              @positions::integer[])
       AS n (id, account_id, status_id, kind, mime, remote_url, description, blurhash, width, height, focus_x, focus_y, position)`

// QueueRemoteMedia stores links to files of remote statuses.
func QueueRemoteMedia(b *pg.Batch, list []social.Media) {
	if len(list) == 0 {
		return
	}
	b.Exec(insertRemoteMedia, pgx.NamedArgs{
		"ids":          column(list, func(m social.Media) int64 { return int64(m.ID) }),
		"account_ids":  column(list, func(m social.Media) int64 { return int64(m.AccountID) }),
		"status_ids":   column(list, func(m social.Media) int64 { return int64(m.StatusID) }),
		"kinds":        column(list, func(m social.Media) string { return string(m.Kind) }),
		"mimes":        column(list, func(m social.Media) string { return m.MIME }),
		"urls":         column(list, func(m social.Media) string { return m.RemoteURL }),
		"descriptions": column(list, func(m social.Media) string { return m.Description }),
		"blurhashes":   column(list, func(m social.Media) string { return m.Blurhash }),
		"widths":       column(list, func(m social.Media) int32 { return int32(m.Width) }),
		"heights":      column(list, func(m social.Media) int32 { return int32(m.Height) }),
		"focus_x":      column(list, func(m social.Media) float64 { return m.FocusX }),
		"focus_y":      column(list, func(m social.Media) float64 { return m.FocusY }),
		"positions":    column(list, func(m social.Media) int32 { return int32(m.Position) }),
	})
}

const deleteStatusMedia = `DELETE FROM media WHERE tenant_id = @tenant_id AND status_id = @status_id AND remote_url <> ''`

// DropRemoteMedia removes the links of a remote status before an edit writes the new ones.
func DropRemoteMedia(ctx context.Context, scope *pg.Scope, status social.StatusID) error {
	_, err := pg.Exec(ctx, scope, deleteStatusMedia, pgx.NamedArgs{"status_id": status})
	return err
}
