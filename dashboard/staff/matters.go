package staff

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	billingstore "rookery/billing/store"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	mostNote   = 2000
	namesShown = 100
)

func (h *Handlers) registerMatters(r registrar) {
	r.show("/matters", h.at(MattersPlace, access.SeeTenants, h.matters))
	if h.Billing == nil {
		return
	}
	r.show("/matters/:matter", h.at(MattersPlace, access.SeeTenants, h.matter))
	r.post("/matters/:matter", h.at(MattersPlace, access.SettleMatters, h.settle))
}

// MatterLine is a matter in the list.
type MatterLine struct {
	Title, URL, TenantName string
	At, DoneAt             time.Time
}

// NameMatter is a domain that waits for a decision.
type NameMatter struct {
	Name, TenantName, TenantURL string
	IsDispute                   bool
	Since                       time.Time
}

// MattersView lists what waits for a person.
type MattersView struct {
	Shell    Shell
	HasMoney bool
	OpenURL  string
	DoneURL  string
	IsDone   bool
	Lines    []MatterLine
	Names    []NameMatter
	MoreURL  string
}

// RenderMatters writes the list.
func RenderMatters(w io.Writer, v MattersView) error {
	return render(w, "Matters", "", "staff-matters", v)
}

// MatterView is one matter.
type MatterView struct {
	Shell                 Shell
	Token, Action         string
	ListURL               string
	Words                 MatterWords
	At, DoneAt            time.Time
	TenantName, TenantURL string
	Details               [][2]string
	ProviderURL           string
	By, Note              string // of one that is done
	NoteError             string
	IsAllowed             bool // to settle it
}

// RenderMatter writes it.
func RenderMatter(w io.Writer, v MatterView) error {
	return render(w, "Matter", "", "staff-matter", v)
}

// matters is GET /staff/matters.
func (h *Handlers) matters(c echo.Context, v *visitor) error {
	at := Base + "/matters"
	view := MattersView{Shell: h.shell(v), HasMoney: h.Billing != nil, OpenURL: at, DoneURL: at + "?done=1", IsDone: h.Billing != nil && c.QueryParam("done") != ""}
	after, _ := ids.Parse(c.QueryParam("after"))
	var rows []*billingstore.Matter
	var names []*billingstore.WaitingName
	err := h.read(c, "list what waits for a person", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if h.Billing != nil {
			if rows, err = billingstore.Matters(ctx, tx, view.IsDone, after, listed+1); err != nil {
				return err
			}
		}
		if !view.IsDone && after == 0 {
			names, err = billingstore.WaitingNames(ctx, tx, namesShown)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		view.MoreURL = at + "?after=" + ids.Format(rows[listed-1].ID)
		if view.IsDone {
			view.MoreURL += "&done=1"
		}
	}
	for _, row := range rows {
		view.Lines = append(view.Lines, MatterLine{Title: wordsOfMatter(row.Kind).Title, URL: at + "/" + ids.Format(row.ID), TenantName: row.TenantName, At: row.CreatedAt, DoneAt: timeOf(row.DoneAt)})
	}
	for _, n := range names {
		view.Names = append(view.Names, NameMatter{Name: n.Name, TenantName: n.TenantName, TenantURL: tenantURL(n.TenantID), IsDispute: n.State == tenant.DomainDisputed, Since: n.Since})
	}
	return web.HTML(c, http.StatusOK, writer(RenderMatters, view))
}

// matter is GET /staff/matters/:matter.
func (h *Handlers) matter(c echo.Context, v *visitor) error {
	return h.showMatter(c, v, http.StatusOK, "", "")
}

// matterIn returns the matter of the address, and whether its customer pays with real money:
// one that nobody here knows is of the kind that this platform has.
func (h *Handlers) matterIn(c echo.Context) (m *billingstore.Matter, livemode bool, err error) {
	id, ok := ids.Parse(c.Param("matter"))
	if !ok {
		return nil, false, web.ErrNotFound
	}
	livemode = h.Billing.Ledger.Gateway.Livemode()
	err = h.read(c, "look at a matter", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if m, err = billingstore.MatterByID(ctx, tx, id); err != nil || m.Detail["customer"] == "" {
			return err
		}
		switch customer, err := billingstore.CustomerByID(ctx, tx, m.Detail["customer"]); {
		case err == nil:
			livemode = customer.Livemode
		case !fault.IsNotFound(err):
			return err
		}
		return nil
	})
	return m, livemode, err
}

func (h *Handlers) showMatter(c echo.Context, v *visitor, status int, note, problem string) error {
	m, livemode, err := h.matterIn(c)
	if err != nil {
		return err
	}
	view := MatterView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: c.Request().URL.Path, ListURL: Base + "/matters", Words: wordsOfMatter(m.Kind), At: m.CreatedAt, DoneAt: timeOf(m.DoneAt),
		TenantName: m.TenantName, Note: m.Note, NoteError: problem, IsAllowed: v.may(access.SettleMatters),
	}
	if m.DoneAt == nil {
		view.Note = note
	}
	if m.TenantID != nil {
		view.TenantURL = tenantURL(*m.TenantID)
	}
	for _, k := range slices.Sorted(maps.Keys(m.Detail)) {
		view.Details = append(view.Details, [2]string{k, m.Detail[k]})
	}
	if _, object, ok := strings.Cut(m.Key, "/"); ok && object != "" {
		view.Details = append(view.Details, [2]string{"id", object})
	}
	if customer := m.Detail["customer"]; customer != "" {
		view.ProviderURL = h.customerURL(customer, livemode)
	}
	if m.DoneBy != nil {
		names, err := h.People.ByIDs(c.Request().Context(), []social.PersonID{*m.DoneBy})
		if err != nil {
			return err
		}
		view.By = staffName(names, int64(*m.DoneBy))
	}
	return web.HTML(c, status, writer(RenderMatter, view))
}

var errSettled = fault.New(fault.Conflict, "Somebody else has settled this already.")

// settle is POST /staff/matters/:matter: done, with a note.
func (h *Handlers) settle(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	note := strings.TrimSpace(in.Get("note"))
	switch n := utf8.RuneCountInString(note); {
	case n == 0:
		return h.showMatter(c, v, http.StatusUnprocessableEntity, note, "Write down what you did, in a sentence.")
	case n > mostNote:
		return h.showMatter(c, v, http.StatusUnprocessableEntity, note, "This is too long: a note has at most 2000 characters.")
	}
	m, _, err := h.matterIn(c)
	if err != nil {
		return err
	}
	err = h.read(c, "settle a matter", func(ctx context.Context, tx *pg.PlatformTx) error {
		ok, err := billingstore.SettleMatter(ctx, tx, m.ID, v.person.ID, note)
		if err != nil {
			return err
		}
		if !ok {
			return errSettled
		}
		of, who := audit.Platform, v.actor(c)
		if m.TenantID != nil {
			of, who = *m.TenantID, v.stranger()
		}
		return audit.AppendFor(ctx, tx, of, audit.Entry{Actor: who, Action: "staff.settle", Target: "matter:" + ids.Format(m.ID), Detail: map[string]string{"kind": m.Kind}})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, Base+"/matters")
}
