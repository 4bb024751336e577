package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	billingstore "rookery/billing/store"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	mostFilter  = 255
	mostPayload = 256 << 10 // shown; the door takes no more than twice that
)

func (h *Handlers) registerEvents(r registrar) {
	r.show("/events", h.at(EventsPlace, access.SeeMoney, h.events))
	r.show("/events/:event", h.at(EventsPlace, access.SeeMoney, h.event))
	r.show("/events/:event/replay", h.fresh(EventsPlace, access.ReplayEvents, h.event))
	r.post("/events/:event/replay", h.fresh(EventsPlace, access.ReplayEvents, h.replay))
}

// outcomeWords are what became of an event.
var outcomeWords = []Choice{
	{"waiting", "Waits"}, {string(billingstore.Synced), "Looked at"}, {string(billingstore.Ignored), "Not ours"}, {string(billingstore.Unknown), "Nobody’s customer"},
}

// EventLine is an event of the provider's.
type EventLine struct {
	ID, URL, Type         string
	Customer              string
	TenantName, TenantURL string
	Outcome, Source       string
	Tone                  string // of the pill
	At                    time.Time
}

// EventsView is the ledger.
type EventsView struct {
	Shell    Shell
	Action   string
	Type     string
	Customer string
	Tenant   string
	Outcome  string
	Outcomes []Choice
	Lines    []EventLine
	MoreURL  string
	IsAll    bool
	IsFirst  bool
}

// RenderEvents writes the ledger.
func RenderEvents(w io.Writer, v EventsView) error {
	return render(w, "Events", "", "staff-events", v)
}

// EventView is one event.
type EventView struct {
	Shell       Shell
	Token       string
	ListURL     string
	Event       EventLine
	Object      string
	Made        time.Time
	HandledAt   time.Time
	IsTest      bool
	Version     string
	Payload     string
	IsCut       bool
	ReplayURL   string // where it is asked for, with a fresh factor; "": not for this one
	CanReplay   bool   // the factor is fresh
	CustomerURL string
	WasAsked    bool // somebody has just asked for another look
}

// RenderEvent writes it.
func RenderEvent(w io.Writer, v EventView) error {
	return render(w, "Event", v.Event.ID, "staff-event", v)
}

var errFilter = fault.New(fault.Invalid, "This is longer than anything that the provider sends.")

// events is GET /staff/events.
func (h *Handlers) events(c echo.Context, v *visitor) error {
	view := EventsView{
		Shell: h.shell(v), Action: Base + "/events", Type: strings.TrimSpace(c.QueryParam("type")), Customer: strings.TrimSpace(c.QueryParam("customer")),
		Tenant: strings.TrimSpace(c.QueryParam("tenant")), Outcome: c.QueryParam("outcome"), Outcomes: outcomeWords, IsFirst: c.QueryParam("before") == "",
	}
	s := billingstore.EventSearch{Type: view.Type, Customer: view.Customer, Before: c.QueryParam("before"), Limit: listed + 1}
	for _, text := range []string{view.Type, view.Customer, view.Tenant, view.Outcome, s.Before} {
		if len(text) > mostFilter || strings.ContainsRune(text, 0) {
			return errFilter
		}
	}
	if view.Tenant != "" {
		id, ok := ids.Parse(view.Tenant)
		if !ok {
			return fault.New(fault.Invalid, "A tenant is named by its number here: its page shows it.")
		}
		s.Tenant = tenant.ID(id)
	}
	if s.Waits = view.Outcome == "waiting"; !s.Waits {
		s.Outcome = billingstore.Outcome(view.Outcome)
	}
	view.IsAll = view.Type == "" && view.Customer == "" && view.Tenant == "" && view.Outcome == ""
	var rows []*billingstore.EventLine
	err := h.read(c, "list events of the payment provider", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		rows, err = billingstore.EventLines(ctx, tx, s)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		view.MoreURL = older(view.Action, rows[listed-1].EventID, "type", view.Type, "customer", view.Customer, "tenant", view.Tenant, "outcome", view.Outcome)
	}
	for _, row := range rows {
		view.Lines = append(view.Lines, eventLine(row))
	}
	return web.HTML(c, http.StatusOK, writer(RenderEvents, view))
}

func eventLine(row *billingstore.EventLine) EventLine {
	line := EventLine{
		ID: row.EventID, URL: Base + "/events/" + url.PathEscape(row.EventID), Type: row.Type, Customer: row.CustomerID, TenantName: row.TenantName, Source: sourceWords[row.Source], At: row.ReceivedAt,
		Outcome: wordOf(outcomeWords, string(row.Outcome)),
	}
	switch row.Outcome {
	case "":
		line.Outcome, line.Tone = "Waits", "wait"
	case billingstore.Synced:
		line.Tone = "ok"
	case billingstore.Unknown:
		line.Tone = "bad"
	}
	if row.TenantID != nil {
		line.TenantURL = tenantURL(*row.TenantID)
	}
	return line
}

// sourceWords are how an event came.
var sourceWords = map[billingstore.Source]string{billingstore.FromWebhook: "It was sent", billingstore.FromPoll: "It was missed, and found", billingstore.FromReplay: "It was replayed"}

// event is GET /staff/events/:event, and of …/replay: the same page, with the button.
func (h *Handlers) event(c echo.Context, v *visitor) error {
	var line *billingstore.EventLine
	var whole *billingstore.Event
	err := h.read(c, "look at an event", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if line, err = billingstore.EventLineByID(ctx, tx, c.Param("event")); err != nil {
			return err
		}
		whole, err = billingstore.EventByID(ctx, tx, line.EventID)
		return err
	})
	if err != nil {
		return err
	}
	view := EventView{
		Shell: h.shell(v), Token: access.CSRF(v.session), ListURL: Base + "/events", Event: eventLine(line), Object: line.ObjectID, Made: line.CreatedAt, HandledAt: timeOf(line.HandledAt),
		IsTest: !line.Livemode, Version: whole.APIVersion, WasAsked: c.QueryParam("asked") != "",
	}
	view.Payload, view.IsCut = pretty(whole.Payload)
	if line.CustomerID != "" {
		view.CustomerURL = h.customerURL(line.CustomerID, line.Livemode)
	}
	if v.may(access.ReplayEvents) && line.Outcome != billingstore.Ignored {
		view.ReplayURL, view.CanReplay = view.Event.URL+"/replay", strings.HasSuffix(c.Path(), "/replay")
	}
	return web.HTML(c, http.StatusOK, writer(RenderEvent, view))
}

// pretty writes a payload a line a value. The template escapes it.
func pretty(raw []byte) (text string, isCut bool) {
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		out.Reset()
		out.Write(raw)
	}
	if out.Len() > mostPayload {
		out.Truncate(mostPayload)
		isCut = true
	}
	return strings.ToValidUTF8(out.String(), "�"), isCut
}

// replay is POST /staff/events/:event/replay.
func (h *Handlers) replay(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	var line *billingstore.EventLine
	err := h.read(c, "look at an event again", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if line, err = billingstore.EventLineByID(ctx, tx, c.Param("event")); err != nil {
			return err
		}
		if err := h.Billing.Ledger.Replay(ctx, tx, line.EventID); err != nil {
			return err
		}
		of, who := audit.Platform, v.actor(c)
		if line.TenantID != nil {
			of, who = *line.TenantID, v.stranger()
		}
		return audit.AppendFor(ctx, tx, of, audit.Entry{Actor: who, Action: "staff.replay", Target: "event:" + line.EventID, Detail: map[string]string{"type": line.Type}})
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, Base+"/events/"+url.PathEscape(line.EventID)+"?asked=1")
}
