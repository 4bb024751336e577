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

	"rookery/billing/checkout"
	"rookery/billing/ledger"
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

// MatterWords are what happened, and what a person can do about it.
type MatterWords struct{ Title, What, Do string }

// matterWords are those of each kind.
var matterWords = map[string]MatterWords{
	ledger.UnknownCustomer: {
		"A customer that is nobody’s", "The payment provider told us of a customer that belongs to no tenant. Somebody may pay and get nothing.",
		"Look the customer up at the provider. If it is a tenant’s, write the tenant’s number into its metadata as tenant_id, and look at the event again. If it is nobody’s, cancel what it has subscribed.",
	},
	ledger.CustomerGone: {
		"A customer was deleted", "Somebody deleted the customer at the payment provider. What it had subscribed ended with it, and the clock runs as after any end.",
		"Ask who did it and why. If it was a mistake, decide how the tenant stands until it has paid again, and tell its owner.",
	},
	ledger.UnknownPrice: {
		"A price that is in no plan", "A subscription is to a price that no plan of the file has. The tenant keeps the plan it had.",
		"Put the price into the plans file, or change the subscription at the provider to one that is there.",
	},
	ledger.DoublePaid: {
		"Two subscriptions at once", "A tenant pays twice: two of its subscriptions are live. The better one counts, nothing was cancelled by itself.",
		"Cancel the newer one at the provider, pay back what was charged for it, and tell the owner.",
	},
	ledger.Disputed: {
		"A payment is disputed", "The owner of a card contests a payment at the bank. Until it is settled nothing can be added; if it is lost, the paid time ends.",
		"Answer at the provider before the day it names: with the invoice, and what the tenant has used. Ask the owner whether it was a mistake.",
	},
	ledger.DisputeLost: {
		"A dispute was lost", "The bank gave a contested payment back to the owner of the card. The tenant’s paid time has ended, and its subscription at the payment provider is cancelled by itself.",
		"See at the provider that the subscription is cancelled. If the tenant is to go on nevertheless, decide how it stands, and ask its owner to choose a plan with another card.",
	},
	ledger.GivenBack: {
		"A payment was given back in full", "All of an invoice was refunded. The tenant keeps its plan until somebody decides otherwise.",
		"If the tenant is to end, cancel its subscription at the payment provider. If it was a courtesy, there is nothing to do.",
	},
	ledger.FraudWarning: {
		"A card may be stolen", "The bank that gave out a card believes that a payment was made by somebody else. A dispute follows as a rule.",
		"Look at the tenant and what it publishes. If it is not who it says, pay the money back, cancel the subscription, and restrict the tenant.",
	},
	ledger.NotFinal: {
		"An invoice cannot be made", "The payment provider could not finish an invoice, mostly because the address has no country. Nothing is charged until it is, and the tenant keeps its plan.",
		"Ask the owner for the address of the company, or enter it at the provider; then finish the invoice there.",
	},
	checkout.CardTesting: {
		"Cards are being tried", "More than twenty payments were refused within ten minutes. Nothing can be bought until that is over; it opens again by itself.",
		"Look at the refused payments at the provider. If they come from one tenant or network, close that one, and pay back what went through.",
	},
	ledger.PaidForNothing: {
		"Money is taken for nothing", "A subscription is live and its tenant is gone.", "Cancel it at the provider at once, and pay back what was charged since.",
	},
}

func wordsOfMatter(kind string) MatterWords {
	if w, ok := matterWords[kind]; ok {
		return w
	}
	return MatterWords{kind, "This kind of matter has no words of its own yet; what was written down stands below.", "Look at the tenant and at the payment provider, then write down what you did."}
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

func (h *Handlers) matterIn(c echo.Context) (m *billingstore.Matter, err error) {
	id, ok := ids.Parse(c.Param("matter"))
	if !ok {
		return nil, web.ErrNotFound
	}
	err = h.read(c, "look at a matter", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		m, err = billingstore.MatterByID(ctx, tx, id)
		return err
	})
	return m, err
}

func (h *Handlers) showMatter(c echo.Context, v *visitor, status int, note, problem string) error {
	m, err := h.matterIn(c)
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
		view.ProviderURL = h.customerURL(&billingstore.Customer{CustomerID: customer, Livemode: true})
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
	m, err := h.matterIn(c)
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
