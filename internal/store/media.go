package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const mediaColumns = `
       id, account_id, COALESCE(status_id, 0) AS status_id, kind, mime, key, remote_url, description, blurhash,
       width, height, small_width, small_height, size, focus_x, focus_y, position, created_at`

const insertMedia = `
INSERT INTO media (tenant_id, id, account_id, kind, mime, key, description, blurhash, width, height, small_width, small_height, size, focus_x, focus_y)
VALUES (@tenant_id, @id, @account_id, @kind, @mime, @key, @description, @blurhash, @width, @height, @small_width, @small_height, @size, @focus_x, @focus_y)`

// InsertMedia stores an upload that no status has yet.
func InsertMedia(ctx context.Context, scope *pg.Scope, m *social.Media) error {
	_, err := pg.Exec(ctx, scope, insertMedia, pgx.NamedArgs{
		"id": m.ID, "account_id": m.AccountID, "kind": m.Kind, "mime": m.MIME, "key": m.Key, "description": m.Description,
		"blurhash": m.Blurhash, "width": m.Width, "height": m.Height, "small_width": m.SmallWidth, "small_height": m.SmallHeight,
		"size": m.Size, "focus_x": m.FocusX, "focus_y": m.FocusY,
	})
	return err
}

const mediaByID = `
SELECT` + mediaColumns + `
FROM   media
WHERE  tenant_id = @tenant_id AND id = @id AND account_id = @account_id`

// MediaByID returns a file of an account, attached or not, or fault.NotFound.
func MediaByID(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.MediaID) (*social.Media, error) {
	return pg.One[social.Media](ctx, scope, mediaByID, pgx.NamedArgs{"id": id, "account_id": account})
}

const mediaOfStatuses = `
SELECT` + mediaColumns + `
FROM   media
WHERE  tenant_id = @tenant_id AND status_id = ANY(@ids)
ORDER  BY status_id, position, id`

// MediaOfStatuses returns the files of statuses in their order, by status.
func MediaOfStatuses(ctx context.Context, scope *pg.Scope, ids []social.StatusID) (map[social.StatusID][]*social.Media, error) {
	rows, err := pg.Many[social.Media](ctx, scope, mediaOfStatuses, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return nil, err
	}
	m := map[social.StatusID][]*social.Media{}
	for _, r := range rows {
		m[r.StatusID] = append(m[r.StatusID], r)
	}
	return m, nil
}

const describeMedia = `
UPDATE media SET description = @description, focus_x = @focus_x, focus_y = @focus_y
WHERE  tenant_id = @tenant_id AND id = @id AND account_id = @account_id`

// DescribeMedia changes the alt text and the focal point of an account's file.
func DescribeMedia(ctx context.Context, scope *pg.Scope, m *social.Media) error {
	n, err := pg.Exec(ctx, scope, describeMedia, pgx.NamedArgs{
		"id": m.ID, "account_id": m.AccountID, "description": m.Description, "focus_x": m.FocusX, "focus_y": m.FocusY,
	})
	return mustTouch(n, err)
}

const deleteMedia = `
DELETE FROM media m
WHERE  m.tenant_id = @tenant_id AND m.id = @id AND m.account_id = @account_id AND m.status_id IS NULL
       AND NOT EXISTS (SELECT FROM scheduled_media c WHERE c.tenant_id = @tenant_id AND c.media_id = m.id)`

// DeleteUnattachedMedia removes an account's file that no status uses and no plan.
func DeleteUnattachedMedia(ctx context.Context, scope *pg.Scope, account social.AccountID, id social.MediaID) error {
	n, err := pg.Exec(ctx, scope, deleteMedia, pgx.NamedArgs{"id": id, "account_id": account})
	return mustTouch(n, err)
}
