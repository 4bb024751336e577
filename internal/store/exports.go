package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Archives of all that a tenant has. Their bytes stand in parts, so that whoever writes or
// reads one holds little of it in memory.

// ExportState is how far an archive is.
type ExportState string

// The states. An archive that is expired has no bytes any more.
const (
	ExportRunning ExportState = "running"
	ExportReady   ExportState = "ready"
	ExportFailed  ExportState = "failed"
	ExportExpired ExportState = "expired"
)

// Export is an archive, or one that is being written.
type Export struct {
	ID         int64
	PersonID   social.PersonID // who asked
	PersonName string
	State      ExportState
	Place      []byte // where its writer goes on
	Step       int64
	Done       int64
	Total      int64
	Files      int64
	Size       int64
	SHA256     []byte
	AskedAt    time.Time
	FinishedAt *time.Time
	ExpiresAt  *time.Time
}

const exportColumns = `
SELECT id, person_id, person_name, state, place, step, done, total, files, size, sha256, asked_at, finished_at, expires_at
FROM   tenant_exports WHERE tenant_id = @tenant_id`

const addExport = `INSERT INTO tenant_exports (tenant_id, id, person_id, person_name) VALUES (@tenant_id, @id, @person_id, @person_name)`

// AddExport begins an archive. While another of the tenant is written it is fault.Conflict.
func AddExport(ctx context.Context, scope *pg.Scope, e *Export) error {
	_, err := pg.Exec(ctx, scope, addExport, pgx.NamedArgs{"id": e.ID, "person_id": e.PersonID, "person_name": e.PersonName})
	return err
}

// ExportByID returns an archive, or fault.NotFound.
func ExportByID(ctx context.Context, scope *pg.Scope, id int64) (*Export, error) {
	return pg.One[Export](ctx, scope, exportColumns+` AND id = @id`, pgx.NamedArgs{"id": id})
}

// Exports returns the latest archives of the tenant.
func Exports(ctx context.Context, scope *pg.Scope, limit int) ([]*Export, error) {
	return pg.Many[Export](ctx, scope, exportColumns+` ORDER BY id DESC LIMIT @limit`, pgx.NamedArgs{"limit": limit})
}

const countExports = `SELECT count(*) FROM tenant_exports WHERE tenant_id = @tenant_id AND id > @after`

// CountExports counts the archives that were begun after an id.
func CountExports(ctx context.Context, scope *pg.Scope, after int64) (int, error) {
	return pg.Value[int](ctx, scope, countExports, pgx.NamedArgs{"after": after})
}

const saveExport = `
UPDATE tenant_exports SET state = @state, place = @place, step = step + 1, done = @done, total = @total, files = @files, size = @size, sha256 = @sha256,
       finished_at = @finished_at, expires_at = @expires_at
WHERE  tenant_id = @tenant_id AND id = @id AND state = 'running' AND step = @step`

// SaveExport writes how far an archive is, if nobody else has done so since it was read:
// then it is fault.NotFound.
func SaveExport(ctx context.Context, scope *pg.Scope, e *Export) error {
	n, err := pg.Exec(ctx, scope, saveExport, pgx.NamedArgs{
		"id": e.ID, "state": e.State, "place": e.Place, "step": e.Step, "done": e.Done, "total": e.Total, "files": e.Files, "size": e.Size,
		"sha256": e.SHA256, "finished_at": e.FinishedAt, "expires_at": e.ExpiresAt,
	})
	return mustTouch(n, err)
}

const retireExports = `UPDATE tenant_exports SET expires_at = now() WHERE tenant_id = @tenant_id AND state = 'ready' AND id <> @id AND expires_at > now()`

// RetireExports lets all archives expire but one.
func RetireExports(ctx context.Context, scope *pg.Scope, id int64) error {
	_, err := pg.Exec(ctx, scope, retireExports, pgx.NamedArgs{"id": id})
	return err
}

const (
	stopExport   = `UPDATE tenant_exports SET state = 'failed', expires_at = now() WHERE tenant_id = @tenant_id AND id = @id AND state = 'running'`
	retireExport = `UPDATE tenant_exports SET expires_at = now() WHERE tenant_id = @tenant_id AND id = @id AND state = 'ready' AND expires_at > now()`
)

// StopExport ends an archive that is being written; its bytes go with the next cleaning.
func StopExport(ctx context.Context, scope *pg.Scope, id int64) error {
	_, err := pg.Exec(ctx, scope, stopExport, pgx.NamedArgs{"id": id})
	return err
}

// RetireExport lets one archive expire now.
func RetireExport(ctx context.Context, scope *pg.Scope, id int64) error {
	_, err := pg.Exec(ctx, scope, retireExport, pgx.NamedArgs{"id": id})
	return err
}

// The areas of an archive's bytes: the archive itself, and the directory that is to stand
// at its end, while it is written.
const (
	ExportArchive   = "archive"
	ExportDirectory = "directory"
)

// ExportPart is a piece of an archive.
type ExportPart struct {
	Start int64
	Bytes []byte
}

const addExportParts = `
INSERT INTO export_parts (tenant_id, export_id, area, start, bytes)
SELECT @tenant_id, @id, @area, p.start, p.bytes FROM unnest(@starts::bigint[], @bytes::bytea[]) AS p (start, bytes)`

// AddExportParts stores pieces of an archive.
func AddExportParts(ctx context.Context, scope *pg.Scope, id int64, area string, parts []ExportPart) error {
	starts, bytes := make([]int64, len(parts)), make([][]byte, len(parts))
	for i, p := range parts {
		starts[i], bytes[i] = p.Start, p.Bytes
	}
	_, err := pg.Exec(ctx, scope, addExportParts, pgx.NamedArgs{"id": id, "area": area, "starts": starts, "bytes": bytes})
	return err
}

const exportPart = `
SELECT start, bytes FROM export_parts
WHERE  tenant_id = @tenant_id AND export_id = @id AND area = @area AND start <= @at
ORDER  BY start DESC LIMIT 1`

// ExportPartAt returns the piece in which a byte of an archive is, or fault.NotFound.
func ExportPartAt(ctx context.Context, scope *pg.Scope, id int64, area string, at int64) (*ExportPart, error) {
	return pg.One[ExportPart](ctx, scope, exportPart, pgx.NamedArgs{"id": id, "area": area, "at": at})
}

const dropDirectory = `DELETE FROM export_parts WHERE tenant_id = @tenant_id AND export_id = @id AND area = 'directory'`

// DropExportDirectory removes what is part of the archive by now.
func DropExportDirectory(ctx context.Context, scope *pg.Scope, id int64) error {
	_, err := pg.Exec(ctx, scope, dropDirectory, pgx.NamedArgs{"id": id})
	return err
}

const (
	pruneExportParts = `
DELETE FROM export_parts t
USING  (SELECT p.place
        FROM   (SELECT tenant_id, id FROM tenant_exports WHERE expires_at < @before ORDER BY expires_at LIMIT @limit) AS e
        CROSS  JOIN LATERAL (SELECT x.ctid AS place FROM export_parts x WHERE x.tenant_id = e.tenant_id AND x.export_id = e.id LIMIT @limit) AS p
        LIMIT  @limit) AS old
WHERE  t.ctid = old.place`
	expireExports = `
UPDATE tenant_exports e SET state = CASE WHEN e.state = 'ready' THEN 'expired' ELSE e.state END, expires_at = NULL
FROM   (SELECT tenant_id, id FROM tenant_exports WHERE expires_at < @before ORDER BY expires_at LIMIT @limit) AS old
WHERE  e.tenant_id = old.tenant_id AND e.id = old.id
       AND NOT EXISTS (SELECT FROM export_parts p WHERE p.tenant_id = e.tenant_id AND p.export_id = e.id)`
	countOldExports = `SELECT count(*) FROM (SELECT FROM tenant_exports WHERE expires_at < @before LIMIT @limit) AS old`
)

// PruneExports removes bytes of archives that expired before a time, limit pieces at most,
// and returns how many. Archives that have none left are marked as expired.
func PruneExports(ctx context.Context, p *pg.PlatformTx, before time.Time, limit int) (int64, error) {
	args := pgx.NamedArgs{"before": before, "limit": limit}
	n, err := pg.Exec(ctx, p, pruneExportParts, args)
	if err != nil || n >= int64(limit) {
		return n, err
	}
	_, err = pg.Exec(ctx, p, expireExports, args)
	return n, err
}

// CountOldExports counts the archives that expired before a time and still have bytes.
func CountOldExports(ctx context.Context, p *pg.PlatformTx, before time.Time) (int64, error) {
	return pg.Value[int64](ctx, p, countOldExports, pgx.NamedArgs{"before": before, "limit": countedAtMost})
}
