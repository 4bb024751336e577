// Package export writes all that a tenant has into one archive, for it to take along.
//
// The console asks for an archive with Begin; a job writes it into the database, in parts,
// and its reader hands it out again. The operator's command writes it into a file with
// WriteTo. However much there is, a few megabytes are in memory: the writer works a page at
// a time, says after each where it stands, and goes on there after a crash, in whichever
// process. One list of an account, as the archive has it, is handed out at once by OpenTable.
// It must not put in what proves who somebody is (passwords, tokens, private
// keys), nor anything of another tenant.
package export

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

const (
	// KeptFor is how long an archive can be downloaded. A newer one takes its place.
	KeptFor = 7 * 24 * time.Hour
	// MostADay bounds how many archives a tenant asks for: each reads all that there is.
	MostADay = 3
	partSize = 1 << 20 // bytes of a row
	stepSize = 1 << 20 // what gathers before it is stored, about
	stepTime = 2 * time.Second
)

var (
	errRunning = fault.New(fault.Conflict, "An archive is being written already. It can be stopped here.")
	errMany    = fault.Newf(fault.TooMany, "At most %d archives a day: each reads everything there is. Come back tomorrow.", MostADay)
	errState   = fault.New(fault.Conflict, "This archive is not being written any more.")
	errGone    = fault.New(fault.NotFound, "There is no such archive.")
)

// Tenants is what the service asks about tenants; *registry.Registry answers.
type Tenants interface {
	ByID(id tenant.ID) (*tenant.Tenant, bool)
}

// Service makes archives.
type Service struct {
	DB      *pg.DB
	Tenants Tenants
	Console string // address of the console, for mails
	Log     *slog.Logger
	// StepSize is about how many bytes one transaction stores. 0: a megabyte.
	StepSize int
}

// Begin asks for an archive. It belongs to the transaction of whoever asks.
func (s *Service) Begin(ctx context.Context, scope *pg.Scope, by audit.Actor) (*store.Export, error) {
	// Entries of the audit log have one order, so that two who ask count one another.
	e := &store.Export{ID: ids.New(), PersonID: social.PersonID(by.ID), PersonName: by.Name}
	entry := audit.Entry{Actor: by, Action: "export.begin", Target: "export:" + ids.Format(e.ID)}
	if err := audit.Append(ctx, scope, entry); err != nil {
		return nil, err
	}
	n, err := store.CountExports(ctx, scope, ids.Floor(time.Now().Add(-24*time.Hour)))
	if err != nil {
		return nil, fmt.Errorf("count archives: %w", err)
	}
	if n >= MostADay {
		return nil, errMany
	}
	if err := store.AddExport(ctx, scope, e); err != nil {
		if fault.CodeOf(err) == fault.Conflict {
			return nil, errRunning
		}
		return nil, fmt.Errorf("begin an archive: %w", err)
	}
	args := jobs.ExportTenant{ExportID: e.ID}
	args.TenantID = scope.Tenant()
	return e, scope.Enqueue(ctx, args)
}

// Stop ends an archive that is being written, or removes one that is ready.
func (s *Service) Stop(ctx context.Context, scope *pg.Scope, by audit.Actor, id int64) error {
	e, err := store.ExportByID(ctx, scope, id)
	if err != nil {
		return orGone(err)
	}
	was := e.State
	switch {
	case was == store.ExportRunning:
		err = store.StopExport(ctx, scope, id)
	case was == store.ExportReady:
		err = store.RetireExport(ctx, scope, id)
	default:
		return errState
	}
	if err != nil {
		return fmt.Errorf("stop archive %d: %w", id, err)
	}
	return audit.Append(ctx, scope, audit.Entry{Actor: by, Action: "export.remove", Target: "export:" + ids.Format(id), Detail: map[string]string{"was": string(was)}})
}

func orGone(err error) error {
	if fault.IsNotFound(err) {
		return errGone
	}
	return err
}

// Step writes the next parts of an archive and says how far it is. Two that step at once
// do no harm: one of them is not heard.
func (s *Service) Step(ctx context.Context, of tenant.ID, id int64) (*store.Export, error) {
	t, ok := s.Tenants.ByID(of)
	if !ok {
		return nil, errGone
	}
	var e *store.Export
	err := s.DB.Read(ctx, of, func(scope *pg.Scope) (err error) {
		e, err = store.ExportByID(ctx, scope, id)
		return err
	})
	if err != nil || e.State != store.ExportRunning {
		return e, orGone(err)
	}
	w := &writer{db: s.DB, tenant: t}
	if len(e.Place) > 0 {
		if err := json.Unmarshal(e.Place, &w.place); err != nil {
			return nil, fmt.Errorf("read where archive %d goes on: %w", id, err)
		}
	}
	if !w.IsWhole {
		err = w.gather(ctx, s.stepSize())
	} else {
		err = s.close(ctx, e, w)
	}
	if err != nil {
		return nil, fmt.Errorf("write archive %d of tenant %d: %w", id, of, err)
	}
	return e, s.save(ctx, e, w)
}

func (s *Service) stepSize() int {
	if s.StepSize > 0 {
		return s.StepSize
	}
	return stepSize
}

// gather writes pieces until they are worth a transaction.
func (w *writer) gather(ctx context.Context, size int) error {
	for until := time.Now().Add(stepTime); !w.IsWhole && len(w.Zip.out) < size && time.Now().Before(until); {
		if err := w.piece(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close moves the next part of the directory behind what is written, and ends the archive
// behind the last one.
func (s *Service) close(ctx context.Context, e *store.Export, w *writer) error {
	if w.Zip.DirStart == 0 {
		w.Zip.DirStart = w.Zip.Offset
	}
	moved := w.Zip.Offset - w.Zip.DirStart
	if moved == w.Zip.Directory {
		w.Zip.finish()
		now := time.Now()
		until := now.Add(KeptFor)
		e.State, e.FinishedAt, e.ExpiresAt = store.ExportReady, &now, &until
		return nil
	}
	return s.DB.Read(ctx, w.tenant.ID, func(scope *pg.Scope) error {
		part, err := store.ExportPartAt(ctx, scope, e.ID, store.ExportDirectory, moved)
		if err != nil {
			return err
		}
		w.Zip.emit(part.Bytes[moved-part.Start:])
		return nil
	})
}

// save stores what was written together with the place that it leads to.
func (s *Service) save(ctx context.Context, e *store.Export, w *writer) error {
	start, dirStart := e.Size, w.Zip.Directory-int64(len(w.Zip.dir))
	out, dir, err := w.Zip.take()
	if err != nil {
		return err
	}
	e.Done, e.Total, e.Files, e.Size = w.Done, max(w.Total, w.Done), w.Zip.Entries, w.Zip.Offset
	if start+int64(len(out)) != e.Size {
		return fmt.Errorf("archive %d has %d bytes and is to have %d", e.ID, start+int64(len(out)), e.Size)
	}
	if e.State == store.ExportReady {
		e.SHA256 = w.Zip.sum()
	} else if e.Place, err = json.Marshal(w.place); err != nil {
		return err
	}
	return s.DB.Tenant(ctx, w.tenant.ID, func(scope *pg.Scope) error {
		// First, because it locks the row: whoever else wrote the same part is told here.
		if err := store.SaveExport(ctx, scope, e); err != nil {
			return err
		}
		if err := store.AddExportParts(ctx, scope, e.ID, store.ExportArchive, cut(start, out)); err != nil {
			return err
		}
		if err := store.AddExportParts(ctx, scope, e.ID, store.ExportDirectory, cut(dirStart, dir)); err != nil {
			return err
		}
		if e.State != store.ExportReady {
			return nil
		}
		if err := store.DropExportDirectory(ctx, scope, e.ID); err != nil {
			return err
		}
		return store.RetireExports(ctx, scope, e.ID)
	})
}

// cut makes rows of bytes.
func cut(start int64, b []byte) []store.ExportPart {
	var parts []store.ExportPart
	for len(b) > 0 {
		n := min(len(b), partSize)
		parts = append(parts, store.ExportPart{Start: start, Bytes: b[:n]})
		start, b = start+int64(n), b[n:]
	}
	return parts
}
