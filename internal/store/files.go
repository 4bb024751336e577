package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Rendition names which version of a file.
type Rendition string

// The renditions.
const (
	Original Rendition = "original"
	Small    Rendition = "small"
)

// File is stored bytes with their type.
type File struct {
	MIME   string
	SHA256 []byte
	Bytes  []byte
}

const putBlob = `
INSERT INTO blobs (tenant_id, sha256, mime, bytes)
VALUES (@tenant_id, @sha256, @mime, @bytes)
ON CONFLICT DO NOTHING`

const putFile = `
INSERT INTO files (tenant_id, key, rendition, sha256)
VALUES (@tenant_id, @key, @rendition, @sha256)`

// PutFile stores bytes, once for each content of the tenant, under a random public name.
func PutFile(ctx context.Context, scope *pg.Scope, key string, r Rendition, f File) error {
	b := pg.NewBatch(scope)
	b.Exec(putBlob, pgx.NamedArgs{"sha256": f.SHA256, "mime": f.MIME, "bytes": f.Bytes})
	b.Exec(putFile, pgx.NamedArgs{"key": key, "rendition": r, "sha256": f.SHA256})
	return b.Send(ctx)
}

const fileByKey = `
SELECT b.mime, b.sha256, b.bytes
FROM   files f
JOIN   blobs b ON b.tenant_id = f.tenant_id AND b.sha256 = f.sha256
WHERE  f.tenant_id = @tenant_id AND f.key = @key AND f.rendition = @rendition`

// FileByKey returns a stored file, or fault.NotFound.
func FileByKey(ctx context.Context, db *pg.DB, t tenant.ID, key string, r Rendition) (*File, error) {
	return pg.ReadOne[File](ctx, db, t, fileByKey, pgx.NamedArgs{"key": key, "rendition": r})
}
