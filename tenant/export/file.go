package export

import (
	"context"
	"fmt"
	"io"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Progress is how far an archive is.
type Progress struct {
	Rows  int64 `json:"rows"`
	Of    int64 `json:"of"` // about
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// WriteTo writes an archive into a file, for whoever runs the platform. The directory
// gathers in a second, temporary file. It returns the SHA-256 of what it wrote.
func WriteTo(ctx context.Context, db *pg.DB, t *tenant.Tenant, out io.Writer, directory io.ReadWriteSeeker, tell func(Progress)) (Progress, []byte, error) {
	w := &writer{db: db, tenant: t}
	put := func() error {
		written, dir, err := w.Zip.take()
		if err != nil {
			return err
		}
		if _, err := directory.Write(dir); err != nil {
			return fmt.Errorf("write the directory: %w", err)
		}
		if _, err := out.Write(written); err != nil {
			return fmt.Errorf("write the archive: %w", err)
		}
		tell(w.progress())
		return nil
	}
	for !w.IsWhole {
		if err := w.gather(ctx, stepSize); err != nil {
			return w.progress(), nil, err
		}
		if err := put(); err != nil {
			return w.progress(), nil, err
		}
	}
	if _, err := directory.Seek(0, io.SeekStart); err != nil {
		return w.progress(), nil, fmt.Errorf("read the directory: %w", err)
	}
	w.Zip.DirStart = w.Zip.Offset
	buf := make([]byte, partSize)
	for moved := int64(0); moved < w.Zip.Directory; {
		n, err := io.ReadFull(directory, buf[:min(int64(len(buf)), w.Zip.Directory-moved)])
		if err != nil {
			return w.progress(), nil, fmt.Errorf("read the directory: %w", err)
		}
		w.Zip.emit(buf[:n])
		moved += int64(n)
		if err := putOnly(w, out); err != nil {
			return w.progress(), nil, err
		}
	}
	w.Zip.finish()
	if err := putOnly(w, out); err != nil {
		return w.progress(), nil, err
	}
	return w.progress(), w.Zip.sum(), nil
}

func putOnly(w *writer, out io.Writer) error {
	written, _, err := w.Zip.take()
	if err != nil {
		return err
	}
	if _, err := out.Write(written); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

func (w *writer) progress() Progress {
	return Progress{Rows: w.Done, Of: max(w.Total, w.Done), Files: w.Zip.Entries, Bytes: w.Zip.Offset}
}
