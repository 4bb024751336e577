package staff

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	listed     = 50
	mostSearch = 200
)

func (h *Handlers) registerTenants(r registrar) {
	r.show("/tenants", h.at(TenantsPlace, access.SeeTenants, h.tenants))
	r.show("/tenants/:id", h.at(TenantsPlace, access.SeeTenants, h.tenant))
	if h.Billing == nil {
		return
	}
	r.post("/tenants/:id/read", h.at(TenantsPlace, access.ReadCustomers, h.readAgain))
	r.show("/tenants/:id/decisions/new", h.fresh(TenantsPlace, access.DecideStanding, h.newDecision))
	r.post("/tenants/:id/decisions", h.fresh(TenantsPlace, access.DecideStanding, h.decide))
	r.show("/tenants/:id/decisions/:decision/end", h.fresh(TenantsPlace, access.DecideStanding, h.endDecision))
	r.post("/tenants/:id/decisions/:decision/end", h.fresh(TenantsPlace, access.DecideStanding, h.endedDecision))
}

func tenantURL(id tenant.ID) string { return Base + "/tenants/" + id.String() }

// Choice is one of a list that a form offers.
type Choice struct{ Value, Text string }

// standingWords are how a tenant stands, in words.
var standingWords = []Choice{
	{string(tenant.Trial), "Trial"}, {string(tenant.Paid), "Paid"}, {string(tenant.PaidEnding), "Paid, and ends"}, {string(tenant.Grace), "Payment failed"},
	{string(tenant.Restricted), "Read only"}, {string(tenant.Unpaid), "Closed, unpaid"}, {string(tenant.Closing), "About to be deleted"}, {string(tenant.ClosedUnpaid), "Gone"},
}

// stateWords are the states of a tenant that is not simply active.
var stateWords = []Choice{
	{string(tenant.Active), "Active"}, {string(tenant.Suspended), "Suspended by staff"}, {string(tenant.Deleting), "Being deleted"}, {string(tenant.Deleted), "Deleted"},
}

func wordOf(of []Choice, value string) string {
	for _, c := range of {
		if c.Value == value {
			return c.Text
		}
	}
	return value
}

// Standing is how a tenant stands with what it pays.
type Standing string

// Word is how pages call it.
func (s Standing) Word() string {
	if s == "" {
		return "Not looked at yet"
	}
	return wordOf(standingWords, string(s))
}

// Tone is the hue of its pill: "ok", "wait", "bad" or none.
func (s Standing) Tone() string {
	switch tenant.Standing(s) {
	case tenant.Paid:
		return "ok"
	case tenant.PaidEnding, tenant.Grace:
		return "wait"
	case tenant.Restricted, tenant.Unpaid, tenant.Closing:
		return "bad"
	}
	return ""
}

// State is where a tenant is in its life.
type State string

// Word is how pages call it.
func (s State) Word() string { return wordOf(stateWords, string(s)) }

// IsPlain says that there is nothing to say about it.
func (s State) IsPlain() bool { return tenant.State(s) == tenant.Active }

// TenantLine is a line of the list.
type TenantLine struct {
	Name     string
	Host     string
	URL      string
	Logo     assets.Avatar
	State    State
	Standing Standing
	Plan     string
	Accounts int
	Since    time.Time
	NextAt   time.Time // zero: nothing is due
}

// TenantsView is the list.
type TenantsView struct {
	Shell     Shell
	Action    string
	Search    string
	Standing  string
	State     string
	Standings []Choice // nil without billing
	States    []Choice
	HasMoney  bool
	Today     []Glance // what waits; on the first page of all alone
	Lines     []TenantLine
	MoreURL   string
	IsFirst   bool
	IsAll     bool // nothing narrows it
}

// Glance is how much there is of something that waits for the staff.
type Glance struct {
	Title, URL string
	N          int
	Some, None string // what is said of some, and where there is none
}

// RenderTenants writes the list.
func RenderTenants(w io.Writer, v TenantsView) error {
	return render(w, "Tenants", "", "staff-tenants", v)
}

var errSearch = fault.Newf(fault.Invalid, "A search has at most %d characters.", mostSearch)

// tenants is GET /staff/tenants.
func (h *Handlers) tenants(c echo.Context, v *visitor) error {
	s := billingstore.TenantSearch{
		Text: strings.TrimSpace(c.QueryParam("q")), State: tenant.State(c.QueryParam("state")), Limit: listed + 1,
	}
	if len(s.Text) > mostSearch || strings.ContainsRune(s.Text, 0) || wordOf(stateWords, string(s.State)) == string(s.State) && s.State != "" {
		return errSearch
	}
	if standing := tenant.Standing(c.QueryParam("standing")); h.Billing != nil && standing.Valid() {
		s.Standing = standing
	}
	before, _ := ids.Parse(c.QueryParam("before"))
	s.Before = tenant.ID(before)
	view := TenantsView{
		Shell: h.shell(v), Action: Base + "/tenants", Search: s.Text, Standing: string(s.Standing), State: string(s.State), States: stateWords,
		HasMoney: h.Billing != nil, IsFirst: before == 0, IsAll: s.Text == "" && s.Standing == "" && s.State == "",
	}
	if view.HasMoney {
		view.Standings = standingWords
	}
	var rows []*billingstore.TenantLine
	err := h.read(c, "list the tenants", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if rows, err = billingstore.TenantLines(ctx, tx, s); err != nil || !view.IsAll || !view.IsFirst {
			return err
		}
		view.Today, err = h.today(ctx, tx, v)
		return err
	})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		view.MoreURL = older(view.Action, rows[listed-1].ID.String(), "q", view.Search, "standing", view.Standing, "state", view.State)
	}
	for _, row := range rows {
		view.Lines = append(view.Lines, h.tenantLine(row))
	}
	return web.HTML(c, http.StatusOK, writer(RenderTenants, view))
}

func (h *Handlers) tenantLine(row *billingstore.TenantLine) TenantLine {
	line := TenantLine{
		Name: row.Name, Host: row.Host, URL: tenantURL(row.ID), Logo: assets.Avatar{Name: row.Name, Seed: row.ID.String()}, State: State(row.State),
		Accounts: row.Accounts, Since: row.CreatedAt,
	}
	if h.Billing != nil {
		line.Standing, line.Plan = Standing(row.Standing), h.planName(row.Plan)
		if row.NextAt != nil && row.NextAt.After(h.now()) {
			line.NextAt = *row.NextAt
		}
	}
	return line
}

// planName is what a plan is called; one that is no more in the file keeps its id.
func (h *Handlers) planName(id string) string {
	if p, ok := h.Billing.Plans.Plan(id); ok {
		return p.Name
	}
	return id
}
