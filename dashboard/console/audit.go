package console

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	auditListed = 50
	// provenAtOnce is how many entries are proven whenever the page is opened; of more,
	// somebody asks.
	provenAtOnce = 2000
	mostTarget   = 100
	auditDay     = "2006-01-02"
)

// provings bounds how often somebody has a long chain walked.
var provings = limit.Rule{Name: "audit_proof", Max: 6, Per: 10 * time.Minute}

// registerAudit puts the audit log on the console. long is for answers that take a while.
func (h *Handlers) registerAudit(show, post, long func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Audit
			if err := v.may(access.ReadAudit); err != nil {
				return err
			}
			return next(c, v)
		}))
	}
	show("/tenants/:id/audit", in(h.auditLog))
	post("/tenants/:id/audit/proof", in(h.proveAudit))
	long("/tenants/:id/audit/export", in(h.exportAudit))
}

func (h *Handlers) auditURL(t *tenant.Tenant) string { return h.roomURL(t) + "/audit" }

// auditFilter is what somebody asks for, as the address has it.
type auditFilter struct {
	store.AuditFilter
	form  AuditForm
	query url.Values // without the page
}

// auditFilterIn reads a filter. What cannot be read is fault.Invalid: a filter that is
// ignored would show too much.
func auditFilterIn(c echo.Context) (f auditFilter, err error) {
	f.form = AuditForm{Actor: c.QueryParam("actor"), Action: c.QueryParam("action"), Target: strings.TrimSpace(c.QueryParam("target")), From: c.QueryParam("from"), To: c.QueryParam("to")}
	f.query = url.Values{}
	for name, value := range map[string]string{"actor": f.form.Actor, "action": f.form.Action, "target": f.form.Target, "from": f.form.From, "to": f.form.To} {
		if value != "" {
			f.query.Set(name, value)
		}
	}
	if f.form.Actor != "" {
		id, ok := ids.Parse(f.form.Actor)
		if !ok {
			return f, fault.New(fault.Invalid, "There is nobody with this number.")
		}
		f.Actor = id
	}
	if len(f.form.Target) > mostTarget || len(f.form.Action) > mostTarget || strings.ContainsRune(f.form.Target+f.form.Action, 0) {
		return f, fault.New(fault.Invalid, "This is longer than anything that was recorded.")
	}
	f.Action, f.Target = f.form.Action, f.form.Target
	if f.From, err = dayIn(f.form.From); err != nil {
		return f, err
	}
	if f.Until, err = dayIn(f.form.To); err == nil && !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	f.Before, _ = ids.Parse(c.QueryParam("before"))
	return f, err
}

// auditFilter is auditFilterIn as far back as the company's plan reaches.
func (h *Handlers) auditFilter(c echo.Context, v *visitor) (auditFilter, error) {
	f, err := auditFilterIn(c)
	if days := v.tenant.Entitlement.Limits.AuditDays; days > 0 {
		if first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -days); f.From.Before(first) {
			f.From = first
		}
	}
	return f, err
}

func dayIn(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(auditDay, text)
	if err != nil || t.Year() < 2000 || t.Year() > 9999 {
		return time.Time{}, fault.New(fault.Invalid, "A day is written like 2026-11-20.")
	}
	return t, nil
}

// auditLog is GET /tenants/:id/audit: who did what, the newest first.
func (h *Handlers) auditLog(c echo.Context, v *visitor) error {
	view, err := h.auditView(c, v, false)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderAudit, view))
}

// proveAudit is POST /tenants/:id/audit/proof: the whole chain is walked.
func (h *Handlers) proveAudit(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if !h.Limiter.Take(provings, v.tenant.ID.String()).OK {
		return fault.New(fault.TooMany, "The log was checked several times just now. Wait some minutes.")
	}
	view, err := h.auditView(c, v, true)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderAudit, view))
}

func (h *Handlers) auditView(c echo.Context, v *visitor, prove bool) (AuditView, error) {
	here := h.auditURL(v.tenant)
	view := AuditView{Shell: h.shell(v), Token: access.CSRF(v.session), ClearURL: here, Action: here, Kinds: h.auditKinds()}
	f, err := h.auditFilter(c, v)
	view.Form, view.Days = f.form, v.tenant.Entitlement.Limits.AuditDays
	if fault.CodeOf(err) == fault.Invalid {
		return view, err
	}
	f.Limit = auditListed + 1
	var rows []*store.AuditEntry
	var members []*store.Member
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if rows, err = store.AuditEntries(ctx, scope, f.AuditFilter); err != nil {
			return err
		}
		members, err = store.Members(ctx, scope, 0, maxListed)
		return err
	})
	if err != nil {
		return view, err
	}
	if len(rows) > auditListed {
		rows = rows[:auditListed]
		older := cloneWith(f.query, "before", ids.Format(rows[auditListed-1].Seq))
		view.OlderURL = here + "?" + older.Encode()
	}
	view.IsFiltered, view.IsFirst = len(f.query) > 0, f.Before == 0
	view.CSVURL = here + "/export?" + cloneWith(f.query, "format", "csv").Encode()
	view.LinesURL = here + "/export?" + cloneWith(f.query, "format", "jsonl").Encode()
	if view.People, err = h.auditPeople(c, members); err != nil {
		return view, err
	}
	entries := auditEntries(rows)
	if err := h.nameActors(c.Request().Context(), entries); err != nil {
		return view, err
	}
	view.Entries = auditLines(rows, entries)
	view.Proof, err = h.auditProof(c.Request().Context(), v.tenant.ID, prove)
	view.Proof.Action = here + "/proof"
	return view, err
}

func cloneWith(q url.Values, name, value string) url.Values {
	out := url.Values{name: {value}}
	for k, list := range q {
		out[k] = slices.Clone(list)
	}
	return out
}

// auditPeople are those one may filter by.
func (h *Handlers) auditPeople(c echo.Context, members []*store.Member) ([]Choice, error) {
	list := make([]social.PersonID, len(members))
	for i, m := range members {
		list[i] = m.PersonID
	}
	names, err := h.People.ByIDs(c.Request().Context(), list)
	var out []Choice
	for _, id := range list {
		if p := names[id]; p != nil {
			out = append(out, Choice{ids.Format(int64(id)), personView(p).Name})
		}
	}
	return out, err
}

// auditEntries reads rows. What cannot be read is shown as it is recorded.
func auditEntries(rows []*store.AuditEntry) []audit.Entry {
	out := make([]audit.Entry, len(rows))
	for i, row := range rows {
		if json.Unmarshal(row.Body, &out[i]) != nil {
			out[i] = audit.Entry{At: row.At, Action: row.Action, Target: row.Target, Actor: audit.Actor{Kind: audit.Kind(row.ActorKind)}}
		}
	}
	return out
}

// nameActors says who acted where the name was not at hand: in apps.
func (h *Handlers) nameActors(ctx context.Context, entries []audit.Entry) error {
	isNameless := func(a audit.Actor) bool { return a.Kind == audit.Person && a.Name == "" && a.ID != 0 }
	var list []social.PersonID
	for _, e := range entries {
		if id := social.PersonID(e.Actor.ID); isNameless(e.Actor) && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		return nil
	}
	names, err := h.People.ByIDs(ctx, list)
	for i, e := range entries {
		if p := names[social.PersonID(e.Actor.ID)]; p != nil && isNameless(e.Actor) {
			entries[i].Actor.Name = personView(p).Name
		}
	}
	return err
}

// auditLines puts entries in words.
func auditLines(rows []*store.AuditEntry, entries []audit.Entry) []AuditLine {
	out := make([]AuditLine, len(rows))
	for i, e := range entries {
		out[i] = AuditLine{
			Seq: rows[i].Seq, At: e.At, Who: auditWho(e.Actor), Address: e.Actor.Address, Text: auditSentence(e), IsWhole: isWholeSentence(e.Action),
			Action: e.Action, Target: e.Target,
		}
		for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
			out[i].Details = append(out[i].Details, [2]string{k, e.Detail[k]})
		}
	}
	return out
}

// auditProof says whether the log is as it was written.
func (h *Handlers) auditProof(ctx context.Context, of tenant.ID, asked bool) (AuditProof, error) {
	var p AuditProof
	err := h.DB.Platform(ctx, "read the end of an audit chain", func(tx *pg.PlatformTx) error {
		head, err := store.AuditHeadOf(ctx, tx, of)
		if err == nil {
			p.Entries = int(head.Seq)
		}
		if fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	if err != nil || p.Entries > provenAtOnce && !asked {
		return p, err
	}
	report, err := audit.Verify(ctx, h.DB, of)
	p.IsProven, p.Broken, p.Why, p.At = err == nil, report.Broken, report.Why, time.Now()
	return p, err
}
