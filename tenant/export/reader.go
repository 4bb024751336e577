package export

import (
	"context"
	"errors"
	"io"
	"time"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Reader reads an archive that is ready, a part in memory at a time. Between two reads
// nothing is open: whoever downloads slowly holds up nobody.
type Reader struct {
	ctx    context.Context //nolint:containedctx // of the one request that it serves; io.Reader has no room for it
	db     *pg.DB
	tenant tenant.ID
	export *store.Export
	at     int64
	part   *store.ExportPart
}

// Open returns a reader of an archive, or fault.NotFound: for that of another tenant, for
// one that is not ready, and for one that has expired.
func (s *Service) Open(ctx context.Context, of tenant.ID, id int64) (*Reader, *store.Export, error) {
	e, err := s.see(ctx, of, id)
	if err != nil {
		return nil, nil, orGone(err)
	}
	if e.State != store.ExportReady || e.ExpiresAt == nil || !time.Now().Before(*e.ExpiresAt) {
		return nil, nil, errGone
	}
	return &Reader{ctx: ctx, db: s.DB, tenant: of, export: e}, e, nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.export.Size {
		return 0, io.EOF
	}
	if r.part == nil || r.at < r.part.Start || r.at >= r.part.Start+int64(len(r.part.Bytes)) {
		err := r.db.Read(r.ctx, r.tenant, func(scope *pg.Scope) (err error) {
			r.part, err = store.ExportPartAt(r.ctx, scope, r.export.ID, store.ExportArchive, r.at)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	from := r.at - r.part.Start
	if from >= int64(len(r.part.Bytes)) {
		return 0, io.ErrUnexpectedEOF // it expired meanwhile
	}
	n := copy(p, r.part.Bytes[from:])
	r.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.export.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of an archive")
	}
	r.at = offset
	return offset, nil
}
