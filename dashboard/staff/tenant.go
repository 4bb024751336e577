package staff

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/billing"
	billingstore "rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
	"rookery/tenant/registry"
)

const (
	changesShown  = 30
	invoicesShown = 24
	actsShown     = 20
)

// facts are all that is read for the page of a tenant.
type facts struct {
	owners        []*billingstore.TenantOwner
	names         []*tenant.Domain
	acts          []*store.AuditEntry
	usage         billing.Usage
	found         *billingstore.Entitlement
	changes       []*billingstore.Change
	overrides     []*billingstore.Override
	customers     []*billingstore.Customer
	subscriptions []*billingstore.Subscription
	invoices      []*billingstore.Invoice
	disputes      []*billingstore.Dispute
}

// tenant is GET /staff/tenants/:id.
func (h *Handlers) tenant(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	before, _ := ids.Parse(c.QueryParam("acts"))
	var f facts
	err = h.read(c, "look at a tenant", func(ctx context.Context, tx *pg.PlatformTx) error {
		if err := f.read(ctx, tx, t.ID, before, h.now()); err != nil || h.Billing == nil {
			return err
		}
		return f.readMoney(ctx, tx, t.ID, h.now())
	})
	if err != nil {
		return err
	}
	names, err := h.whoActed(c.Request().Context(), &f)
	if err != nil {
		return err
	}
	view := TenantView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Name: t.Name, Host: t.Host, HomeURL: t.URL("/"), ListURL: Base + "/tenants", ID: t.ID.String(),
		State: State(t.State), Since: t.CreatedAt, LiveAt: t.FederatesSince,
	}
	for _, o := range f.owners {
		view.Owners = append(view.Owners, Person{ID: ids.Format(int64(o.PersonID)), Name: nameOr(o.Name, o.Email), Mail: o.Email})
	}
	for _, d := range f.names {
		view.Names = append(view.Names, NameLine{Name: d.Name, State: nameWords[d.State]})
	}
	view.Acts = actLines(f.acts, names)
	if len(f.acts) > actsShown {
		view.Acts = view.Acts[:actsShown]
		view.ActsMore = tenantURL(t.ID) + "?acts=" + ids.Format(f.acts[actsShown-1].Seq) + "#acts"
	}
	var limits tenant.Limits
	if h.Billing != nil {
		limits = f.found.Entitlement.Limits
		view.Money = h.money(c, v, t, &f, names)
	}
	view.Uses = uses(f.usage, limits, h.Billing != nil)
	return web.HTML(c, http.StatusOK, writer(RenderTenant, view))
}

func nameOr(name, mail string) string {
	if name == "" {
		return mail
	}
	return name
}

func (f *facts) read(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, before int64, now time.Time) (err error) {
	if f.owners, err = billingstore.TenantOwners(ctx, tx, id); err != nil {
		return err
	}
	if f.names, err = registry.DomainsOf(ctx, tx, id); err != nil {
		return err
	}
	if f.usage, err = billingstore.UsageOf(ctx, tx, id, now); err != nil {
		return err
	}
	f.acts, err = store.StaffActsOn(ctx, tx, id, before, actsShown+1)
	return err
}

func (f *facts) readMoney(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, now time.Time) (err error) {
	if f.found, err = billingstore.FoundEntitlement(ctx, tx, id, now); err != nil {
		return err
	}
	if f.changes, err = billingstore.Changes(ctx, tx, id, changesShown); err != nil {
		return err
	}
	if f.overrides, err = billingstore.Overrides(ctx, tx, id); err != nil {
		return err
	}
	if f.customers, err = billingstore.Customers(ctx, tx, id); err != nil {
		return err
	}
	if f.subscriptions, err = billingstore.Subscriptions(ctx, tx, id); err != nil {
		return err
	}
	if f.invoices, err = billingstore.Invoices(ctx, tx, id, time.Time{}, invoicesShown); err != nil {
		return err
	}
	f.disputes, err = billingstore.Disputes(ctx, tx, id)
	return err
}

// whoActed names the staff whose decisions and acts are shown.
func (h *Handlers) whoActed(ctx context.Context, f *facts) (map[social.PersonID]*people.Person, error) {
	var list []social.PersonID
	add := func(id int64) {
		if p := social.PersonID(id); p != 0 && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	for _, o := range f.overrides {
		add(o.StaffID)
	}
	for _, a := range f.acts {
		add(a.ActorID)
	}
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // nobody is an answer
	}
	return h.People.ByIDs(ctx, list)
}

func staffName(names map[social.PersonID]*people.Person, id int64) string {
	if p := names[social.PersonID(id)]; p != nil {
		return nameOr(p.Name, p.Email)
	}
	if id == 0 {
		return "Rookery, by itself"
	}
	return "Somebody who has left"
}

// actWords are what each act of the staff says, after a name.
var actWords = map[string]string{
	"staff.decide": "decided how the tenant stands", "staff.decision_end": "took a decision back", "staff.read_customer": "had the customer read again",
	"staff.replay": "had an event looked at again", "staff.settle": "settled a matter",
}

func actLines(rows []*store.AuditEntry, names map[social.PersonID]*people.Person) []ActLine {
	out := make([]ActLine, len(rows))
	for i, row := range rows {
		var e audit.Entry
		_ = json.Unmarshal(row.Body, &e) // what cannot be read is shown without details
		out[i] = ActLine{At: row.At, Who: staffName(names, row.ActorID), Text: row.Action}
		if words, ok := actWords[row.Action]; ok {
			out[i].Text = words
		}
		for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
			out[i].Details = append(out[i].Details, [2]string{k, e.Detail[k]})
		}
	}
	return out
}

// uses lists what is in use; without billing only what is counted at once.
func uses(u billing.Usage, l tenant.Limits, all bool) []Use {
	use := func(name string, used, limit int) Use {
		return Use{Name: name, UsedN: used, LimitN: limit, IsOver: limit > 0 && used > limit, IsCapped: limit > 0}
	}
	bytes := func(name string, used, limit int64) Use {
		return Use{Name: name, IsSize: true, Used: assets.Size(used), Limit: assets.Size(limit), IsOver: limit > 0 && used > limit, IsCapped: limit > 0}
	}
	out := []Use{use("Accounts", u.Accounts, l.Accounts), use("People", u.Seats, l.Seats), use("Domains", u.Domains, l.Domains)}
	if all {
		out = append(out, bytes("Storage", u.StorageBytes, l.StorageBytes), bytes("Traffic this month", u.EgressBytes, l.EgressBytes),
			use("Deliveries this month", int(u.Deliveries), int(l.Deliveries)))
	}
	return out
}

// money puts in words how a tenant stands.
func (h *Handlers) money(c echo.Context, v *visitor, t *tenant.Tenant, f *facts, names map[social.PersonID]*people.Person) *MoneyView {
	now, e := h.now(), f.found.Entitlement
	m := &MoneyView{
		Standing: Standing(e.Standing), Plan: h.planName(e.Plan), From: e.Since, EndsAt: lastMoment(&e.EndsAt), ReadAction: tenantURL(t.ID) + "/read", WasRead: c.QueryParam("read") != "",
	}
	if f.found.NextChangeAt != nil {
		m.NextAt = *f.found.NextChangeAt
	}
	for _, flag := range []struct {
		on   bool
		text string
	}{
		{e.IsOver, "It uses more than its plan allows."}, {e.IsDisputed, "A payment is disputed: nothing can be added."},
		{e.NoUploads, "Uploads are refused: storage is far over its limit."}, {e.IsSlow, "Its deliveries go after those of others."},
	} {
		if flag.on {
			m.Flags = append(m.Flags, flag.text)
		}
	}
	if v.may(access.DecideStanding) {
		m.NewURL = tenantURL(t.ID) + "/decisions/new"
	}
	for _, o := range f.overrides {
		m.Decisions = append(m.Decisions, h.decision(v, t.ID, o, names, now))
	}
	for _, x := range f.changes {
		m.Changes = append(m.Changes, ChangeLine{
			At: x.At, From: Standing(x.FromStanding), To: Standing(x.ToStanding), FromPlan: h.planName(x.FromPlan), ToPlan: h.planName(x.ToPlan), Cause: causeWords[x.Cause],
		})
	}
	h.moneyLines(m, f)
	return m
}

// causeWords are what made somebody look.
var causeWords = map[billingstore.Cause]string{
	billingstore.ByClock: "By the clock", billingstore.BySync: "After a reading", billingstore.ByStaff: "After a decision", billingstore.ByUsage: "After a count",
}

func (h *Handlers) moneyLines(m *MoneyView, f *facts) {
	for _, x := range f.customers {
		line := CustomerLine{ID: x.CustomerID, Mail: x.Email, Currency: x.Currency, IsCurrent: x.IsCurrent, IsTest: !x.Livemode, URL: h.customerURL(x.CustomerID, x.Livemode)}
		line.ReadAt, line.DeletedAt = timeOf(x.SyncedAt), timeOf(x.DeletedAt)
		m.Customers = append(m.Customers, line)
	}
	all := make([]billing.Subscription, len(f.subscriptions))
	for i, s := range f.subscriptions {
		all[i] = s.Subscription
	}
	chosen, _ := billing.Choose(all)
	for _, s := range f.subscriptions {
		line := SubscriptionLine{
			ID: s.ID, Status: string(s.Status), Plan: h.planName(s.Plan), Every: string(s.Every), Currency: s.Currency, Extra: s.Extra, PeriodEnd: s.PeriodEnd, TrialEnd: s.TrialEnd,
			CancelAt: s.CancelAt, EndedAt: s.EndedAt, IsChosen: s.ID == chosen.ID, IsPaused: s.IsPaused,
		}
		if s.CardLast4 != "" {
			line.Card = s.CardBrand + " " + s.CardLast4
		}
		m.Subscriptions = append(m.Subscriptions, line)
	}
	for _, x := range f.invoices {
		m.Invoices = append(m.Invoices, InvoiceLine{Number: nameOr(x.Number, x.InvoiceID), Status: x.Status, URL: x.PageURL, Total: assets.Money{Amount: x.Total, Currency: x.Currency}, Refunded: assets.Money{Amount: x.Refunded, Currency: x.Currency}, At: x.CreatedAt})
	}
	for _, x := range f.disputes {
		m.Disputes = append(m.Disputes, DisputeLine{ID: x.DisputeID, Status: x.Status, Reason: x.Reason, Amount: assets.Money{Amount: x.Amount, Currency: x.Currency}, At: x.CreatedAt, DueBy: timeOf(x.DueBy)})
	}
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// customerURL is where the provider shows a customer to those who run the platform.
func (h *Handlers) customerURL(id string, livemode bool) string {
	switch {
	case h.Billing.Dashboard == "":
		return ""
	case livemode:
		return h.Billing.Dashboard + "/customers/" + id
	}
	return h.Billing.Dashboard + "/test/customers/" + id
}

func (h *Handlers) decision(v *visitor, id tenant.ID, o *billingstore.Override, names map[social.PersonID]*people.Person, now time.Time) Decision {
	d := Decision{
		Standing: Standing(o.Standing), Plan: h.planName(o.Plan), Limits: limitLines(o.Limits), From: o.FromAt, Until: lastMoment(o.Until), Reason: o.Reason, By: staffName(names, o.StaffID),
		EndedAt: timeOf(o.EndedAt),
	}
	d.IsOn = o.EndedAt == nil && (o.Until == nil || now.Before(*o.Until))
	if d.IsOn && v.may(access.DecideStanding) {
		d.EndURL = tenantURL(id) + "/decisions/" + ids.Format(o.ID) + "/end"
	}
	return d
}

// readAgain is POST /staff/tenants/:id/read: the customer is read at the provider, soon.
func (h *Handlers) readAgain(c echo.Context, v *visitor) error {
	t, err := h.tenantIn(c)
	if err != nil {
		return err
	}
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	var customers []*billingstore.Customer
	err = h.read(c, "have a customer read again", func(ctx context.Context, tx *pg.PlatformTx) (err error) {
		if customers, err = billingstore.Customers(ctx, tx, t.ID); err != nil || len(customers) == 0 {
			return err
		}
		return audit.AppendFor(ctx, tx, t.ID, audit.Entry{Actor: v.stranger(), Action: "staff.read_customer", Target: "tenant:" + t.ID.String()})
	})
	if err != nil {
		return err
	}
	for _, x := range customers {
		if err := h.Billing.Ledger.Ring(c.Request().Context(), x.CustomerID); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusSeeOther, tenantURL(t.ID)+"?read=1#provider")
}
