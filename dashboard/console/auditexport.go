package console

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
)

// auditPage is how many entries of an export are in memory at once.
const auditPage = 500

// entryWriter writes entries of one format.
type entryWriter interface {
	write(row *store.AuditEntry) error
	flush() error
}

// exportAudit is GET /tenants/:id/audit/export: what the filter matches, the newest first, a
// page in memory at a time.
func (h *Handlers) exportAudit(c echo.Context, v *visitor) error {
	f, err := h.auditFilter(c, v)
	if err != nil {
		return err
	}
	header, out := c.Response().Header(), entryWriter(nil)
	name := "audit-" + v.tenant.Host + "-" + time.Now().UTC().Format(auditDay)
	switch c.QueryParam("format") {
	case "csv":
		header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		name += ".csv"
		out = newCSVEntries(c.Response())
	case "jsonl":
		header.Set(echo.HeaderContentType, "application/x-ndjson")
		name += ".jsonl"
		out = jsonLines{c.Response()}
	default:
		return fault.New(fault.Invalid, "An export is csv or jsonl.")
	}
	f.Limit = auditPage
	page, err := h.auditPage(c, v, f.AuditFilter)
	if err != nil {
		return err
	}
	header.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	if err := h.writeAudit(c, v, f.AuditFilter, page, out); err != nil {
		h.Log.ErrorContext(c.Request().Context(), "export the audit log", "tenant", int64(v.tenant.ID), "error", err)
		panic(http.ErrAbortHandler) // a file that ends early must not look whole
	}
	return nil
}

func (h *Handlers) auditPage(c echo.Context, v *visitor, f store.AuditFilter) (rows []*store.AuditEntry, err error) {
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		rows, err = store.AuditEntries(ctx, scope, f)
		return err
	})
	return rows, err
}

func (h *Handlers) writeAudit(c echo.Context, v *visitor, f store.AuditFilter, page []*store.AuditEntry, out entryWriter) (err error) {
	for {
		for _, row := range page {
			if err := out.write(row); err != nil {
				return err
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
		c.Response().Flush()
		if len(page) < auditPage {
			return nil
		}
		f.Before = page[len(page)-1].Seq
		if page, err = h.auditPage(c, v, f); err != nil {
			return err
		}
	}
}

// jsonLines writes each entry on a line: its number and the very bytes that were hashed.
type jsonLines struct{ w io.Writer }

func (j jsonLines) write(row *store.AuditEntry) error {
	line, err := json.Marshal(struct {
		Seq   int64           `json:"seq"`
		Hash  []byte          `json:"hash"`
		Entry json.RawMessage `json:"entry"`
	}{row.Seq, row.Hash, row.Body})
	if err != nil {
		return err
	}
	_, err = j.w.Write(append(line, '\n'))
	return err
}

func (j jsonLines) flush() error { return nil }

type csvEntries struct{ *csv.Writer }

func newCSVEntries(w io.Writer) csvEntries {
	out := csvEntries{csv.NewWriter(w)}
	_ = out.Write([]string{"seq", "at", "actor_kind", "actor_id", "actor", "address", "action", "target", "detail"}) // Flush says what went wrong
	return out
}

func (w csvEntries) write(row *store.AuditEntry) error {
	var e audit.Entry
	if err := json.Unmarshal(row.Body, &e); err != nil {
		return err
	}
	detail := ""
	if len(e.Detail) > 0 {
		text, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		detail = string(text)
	}
	cells := []string{
		strconv.FormatInt(row.Seq, 10), e.At.Format(time.RFC3339Nano), string(e.Actor.Kind), ids.Format(e.Actor.ID), e.Actor.Name, e.Actor.Address, e.Action, e.Target, detail,
	}
	for i := range cells {
		cells[i] = inert(cells[i])
	}
	return w.Write(cells)
}

func (w csvEntries) flush() error {
	w.Flush()
	return w.Error()
}

// inert keeps spreadsheets from taking a cell for a formula (OWASP, CSV injection): what
// people call themselves stands in these cells.
func inert(cell string) string {
	if cell == "" {
		return cell
	}
	switch cell[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + cell
	}
	return cell
}
