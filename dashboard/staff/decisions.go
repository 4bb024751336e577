package staff

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"rookery/billing"
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
	mostReason = 1000
	dayFormat  = "2006-01-02"
	gigabyte   = 1_000_000_000
)

// decidable are the standings that staff may give: the end of a tenant has a way of its own.
var decidable = []tenant.Standing{tenant.Trial, tenant.Paid, tenant.Grace, tenant.Restricted, tenant.Unpaid, tenant.Closing}

// limitField is a limit that may be set for one tenant, and the unit it is typed in.
type limitField struct {
	name, label string
	unit        int64
}

var limitFields = []limitField{
	{"accounts", "Accounts", 1}, {"seats", "People", 1}, {"domains", "Domains", 1},
	{"storage_bytes", "Storage, GB", gigabyte}, {"egress_bytes", "Traffic a month, GB", gigabyte}, {"deliveries", "Deliveries a month", 1},
}

// limitLines are limits that were set, as a list.
func limitLines(set map[string]int64) []LimitLine {
	var out []LimitLine
	for _, f := range limitFields {
		if n, ok := set[f.name]; ok {
			out = append(out, LimitLine{f.label, int(n / f.unit)})
		}
	}
	return out
}

// newDecision is GET /staff/tenants/:id/decisions/new.
func (h *Handlers) newDecision(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	return h.showDecision(c, v, t, http.StatusOK, DecisionView{})
}

func (h *Handlers) showDecision(c echo.Context, v *visitor, t *tenant.Tenant, status int, view DecisionView) error {
	view.Shell, view.Token, view.TenantName = h.shell(v), access.CSRF(v.session), t.Name
	view.Action, view.CancelURL = tenantURL(t.ID)+"/decisions", tenantURL(t.ID)+"#decisions"
	view.Standings = []Choice{{"", "As it is"}}
	for _, s := range decidable {
		view.Standings = append(view.Standings, Choice{string(s), Standing(s).Word()})
	}
	view.Plans = nil
	for _, p := range h.Billing.Plans.Plans {
		view.Plans = append(view.Plans, Choice{p.ID, p.Name})
	}
	typed := map[string]string{}
	for _, l := range view.Limits {
		typed[l.Name] = l.Value
	}
	view.Limits = nil
	for _, f := range limitFields {
		view.Limits = append(view.Limits, LimitField{Name: f.name, Label: f.label, Value: typed[f.name]})
	}
	return web.HTML(c, status, writer(RenderDecision, view))
}

// readDecision reads the form. What is wrong stands in the view.
func (h *Handlers) readDecision(in url.Values) (o billingstore.Override, view DecisionView, ok bool) {
	now := h.now()
	view = DecisionView{Standing: in.Get("standing"), Plan: in.Get("plan"), Until: strings.TrimSpace(in.Get("until")), Reason: strings.TrimSpace(in.Get("reason"))}
	o = billingstore.Override{Standing: tenant.Standing(view.Standing), Plan: view.Plan, Limits: map[string]int64{}, FromAt: now.Truncate(time.Microsecond), Reason: view.Reason}
	for _, f := range limitFields {
		text := strings.TrimSpace(in.Get(f.name))
		view.Limits = append(view.Limits, LimitField{Name: f.name, Value: text})
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > 1_000_000_000_000/f.unit*1000 {
			view.LimitError = "A limit is a whole number; 0 is no limit."
			continue
		}
		o.Limits[f.name] = n * f.unit
	}
	if o.Standing != "" && !slices.Contains(decidable, o.Standing) {
		view.FormError = "Choose one of the standings of the list."
	}
	if _, known := h.Billing.Plans.Plan(o.Plan); o.Plan != "" && !known {
		view.FormError = "Choose one of the plans of the list."
	}
	if view.FormError == "" && view.LimitError == "" && o.Standing == "" && o.Plan == "" && len(o.Limits) == 0 {
		view.FormError = "Choose what is to be another way: the standing, the plan or a limit."
	}
	if view.Until != "" {
		until, err := time.Parse(dayFormat, view.Until)
		until = until.AddDate(0, 0, 1) // to the end of the day
		switch {
		case err != nil:
			view.UntilError = "A day is written like 2026-11-20."
		case !until.After(now) || until.After(now.AddDate(10, 0, 0)):
			view.UntilError = "Choose a day from today on, within ten years."
		default:
			o.Until = &until
		}
	}
	switch n := utf8.RuneCountInString(view.Reason); {
	case n == 0:
		view.ReasonError = "Say why: whoever looks at this later has to know."
	case n > mostReason:
		view.ReasonError = "This is too long: a reason has at most 1000 characters."
	}
	return o, view, view.FormError+view.LimitError+view.UntilError+view.ReasonError == ""
}

// decide is POST /staff/tenants/:id/decisions: it shows what would follow, and does it once
// that is confirmed.
func (h *Handlers) decide(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	o, view, ok := h.readDecision(in)
	if !ok || in.Get("change") != "" {
		status := http.StatusOK
		if !ok {
			status = http.StatusUnprocessableEntity
		}
		return h.showDecision(c, v, t, status, view)
	}
	if in.Get("confirmed") == "" {
		if view.Preview, err = h.preview(c, t.ID, func(all []billing.Override) []billing.Override {
			return append(all, billing.Override{Standing: o.Standing, Plan: o.Plan, Limits: o.Limits, From: o.FromAt, Until: timeOf(o.Until)})
		}); err != nil {
			return err
		}
		view.Preview.Until = lastMoment(o.Until)
		return h.showDecision(c, v, t, http.StatusOK, view)
	}
	o.StaffID = int64(v.person.ID)
	err = h.read(c, "decide how a tenant stands", func(ctx context.Context, tx *pg.PlatformTx) error {
		if err := billingstore.AddOverride(ctx, tx, t.ID, &o); err != nil {
			return err
		}
		err := audit.AppendFor(ctx, tx, t.ID, audit.Entry{Actor: v.stranger(), Action: "staff.decide", Target: "decision:" + ids.Format(o.ID), Detail: decisionDetail(&o)})
		if err != nil {
			return err
		}
		return h.Billing.Ledger.Assess(ctx, tx, t.ID, billingstore.ByStaff)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, tenantURL(t.ID)+"#decisions")
}

// lastMoment is when something still holds that ends at a time; zero: it does not end. Of a
// decision that is its last day: it ends with the day after.
func lastMoment(end *time.Time) time.Time {
	if end == nil || end.IsZero() {
		return time.Time{}
	}
	return end.Add(-time.Microsecond)
}

// decisionDetail is what the audit log keeps of a decision.
func decisionDetail(o *billingstore.Override) map[string]string {
	out := map[string]string{"reason": o.Reason}
	if o.Standing != "" {
		out["standing"] = string(o.Standing)
	}
	if o.Plan != "" {
		out["plan"] = o.Plan
	}
	for _, name := range slices.Sorted(maps.Keys(o.Limits)) {
		out[name] = strconv.FormatInt(o.Limits[name], 10)
	}
	if o.Until != nil {
		out["until"] = o.Until.UTC().Format(time.RFC3339)
	}
	return out
}

// preview says what a tenant's entitlement would be with other decisions.
func (h *Handlers) preview(c echo.Context, id tenant.ID, with func([]billing.Override) []billing.Override) (*Preview, error) {
	now := h.now()
	var f billing.Facts
	var has tenant.Standing
	err := h.read(c, "see what a decision would do", func(ctx context.Context, tx *pg.PlatformTx) error {
		found, err := billingstore.FoundEntitlement(ctx, tx, id, now)
		if err != nil {
			return err
		}
		has = found.Entitlement.Standing
		if f, err = billingstore.Facts(ctx, tx, found); err != nil {
			return err
		}
		f.Usage, err = billingstore.UsageOf(ctx, tx, id, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	before, _ := h.Billing.Plans.EntitleFrom(has, &f, now)
	f.Overrides = with(slices.Clone(f.Overrides))
	// A moment later: a decision that begins now is in force.
	after, _ := h.Billing.Plans.EntitleFrom(has, &f, now.Add(time.Millisecond))
	return &Preview{Rows: h.compare(before, after), IsWorse: after.Standing.IsWorseThan(before.Standing) && !after.Standing.MayPublish()}, nil
}

func (h *Handlers) compare(before, after tenant.Entitlement) []PreviewRow {
	yes := func(is bool) string {
		if is {
			return "Yes"
		}
		return "No"
	}
	limit := func(name string, before, after, unit int64) PreviewRow {
		return PreviewRow{Name: name, IsLimit: true, BeforeN: int(before / unit), AfterN: int(after / unit)}
	}
	b, a := before.Limits, after.Limits
	rows := []PreviewRow{
		{Name: "Standing", Before: Standing(before.Standing).Word(), After: Standing(after.Standing).Word(), IsWords: true},
		{Name: "Plan", Before: h.planName(before.Plan), After: h.planName(after.Plan)},
		{Name: "People may post", Before: yes(before.Standing.MayPublish()), After: yes(after.Standing.MayPublish()), IsWords: true},
		{Name: "Accounts may be added", Before: yes(before.MayGrow()), After: yes(after.MayGrow()), IsWords: true},
		{Name: "Pages are open", Before: yes(before.Standing.MayRead()), After: yes(after.Standing.MayRead()), IsWords: true},
		limit("Accounts", int64(b.Accounts), int64(a.Accounts), 1),
		limit("People", int64(b.Seats), int64(a.Seats), 1),
		limit("Domains", int64(b.Domains), int64(a.Domains), 1),
		limit("Storage, GB", b.StorageBytes, a.StorageBytes, gigabyte),
		limit("Traffic a month, GB", b.EgressBytes, a.EgressBytes, gigabyte),
		limit("Deliveries a month", b.Deliveries, a.Deliveries, 1),
	}
	for i := range rows {
		rows[i].IsSame = rows[i].Before == rows[i].After && rows[i].BeforeN == rows[i].AfterN
	}
	return rows
}

var errDecision = fault.New(fault.Conflict, "This decision is not in force any more: somebody took it back, or its time is over.")

// decisionIn returns the decision that the path names, while it is in force.
func (h *Handlers) decisionIn(c echo.Context, id tenant.ID) (*billingstore.Override, error) {
	number, ok := ids.Parse(c.Param("decision"))
	if !ok {
		return nil, web.ErrNotFound
	}
	var all []*billingstore.Override
	err := h.read(c, "find a decision", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		all, err = billingstore.Overrides(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.ID != number {
			continue
		}
		if o.EndedAt != nil || o.Until != nil && !h.now().Before(*o.Until) {
			return nil, errDecision
		}
		return o, nil
	}
	return nil, web.ErrNotFound
}

// endDecision is GET /staff/tenants/:id/decisions/:decision/end: what follows if it is taken back.
func (h *Handlers) endDecision(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	o, err := h.decisionIn(c, t.ID)
	if err != nil {
		return err
	}
	preview, err := h.preview(c, t.ID, func(all []billing.Override) []billing.Override {
		return slices.DeleteFunc(all, func(x billing.Override) bool {
			return x.From.Equal(o.FromAt) && x.Standing == o.Standing && x.Plan == o.Plan && x.Until.Equal(timeOf(o.Until))
		})
	})
	if err != nil {
		return err
	}
	names, err := h.People.ByIDs(c.Request().Context(), []social.PersonID{social.PersonID(o.StaffID)})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderEndDecision, EndDecisionView{
		Shell: h.shell(v), Token: access.CSRF(v.session), TenantName: t.Name, Action: c.Request().URL.Path, CancelURL: tenantURL(t.ID) + "#decisions",
		Decision: h.decision(v, t.ID, o, names, h.now()), Preview: *preview,
	}))
}

// endedDecision is POST of it.
func (h *Handlers) endedDecision(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	o, err := h.decisionIn(c, t.ID)
	if err != nil {
		return err
	}
	err = h.read(c, "take a decision back", func(ctx context.Context, tx *pg.PlatformTx) error {
		ok, err := billingstore.EndOverride(ctx, tx, t.ID, o.ID)
		if err != nil {
			return err
		}
		if !ok {
			return errDecision
		}
		err = audit.AppendFor(ctx, tx, t.ID, audit.Entry{Actor: v.stranger(), Action: "staff.decision_end", Target: "decision:" + ids.Format(o.ID), Detail: map[string]string{"reason": o.Reason}})
		if err != nil {
			return err
		}
		return h.Billing.Ledger.Assess(ctx, tx, t.ID, billingstore.ByStaff)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, tenantURL(t.ID)+"#decisions")
}
