package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/store"
	"rookery/dashboard/assets"
	"rookery/tenant"
	"rookery/tenant/access"
)

// billingQuery is how somebody wants to see the plans, and which invoices.
type billingQuery struct {
	currency string
	every    billing.Interval
	before   time.Time
	language string // of whoever looks
}

func (q billingQuery) at(room string) string {
	values := url.Values{"currency": {q.currency}, "every": {string(q.every)}}
	return room + "?" + values.Encode() + "#plans"
}

// planName is a plan as it is shown. One that is not in the file keeps its id.
func (h *Handlers) planName(id string) string {
	if p, ok := h.Billing.Plans.Plan(id); ok {
		return p.Name
	}
	return id
}

func (h *Handlers) billingView(v *visitor, q billingQuery, a *checkout.Account) BillingView {
	room, e := h.billingURL(v.tenant), a.Entitlement
	view := BillingView{
		Shell: h.shell(v), Token: access.CSRF(v.session), SelfURL: room, MayPay: v.may(access.ManageBilling) == nil,
		Plan: h.planName(e.Plan), State: billingState(a), Since: e.Since, Until: e.EndsAt, IsDisputed: e.IsDisputed, IsOver: e.IsOver, NoUploads: e.NoUploads,
		Uses: billingUsesOf(a), Month: h.Billing.Now(), TrialEnd: h.Billing.TrialEnd(e), IsBuying: a.Live == nil,
	}
	if view.State == BillingSuspended || view.State == BillingRestricted {
		view.Until = e.EndsAt.Add(billing.ClosingTime) // the day after which nothing is left
	}
	if view.MayPay {
		h.addPayments(&view, v, q, a)
	}
	h.addOffers(&view, room, q, a)
	return view
}

// billingState is where the company stands. The standing that staff gave, and that of the
// clock, are the same to whoever reads it, but for one that nobody pays for.
func billingState(a *checkout.Account) BillingState {
	switch e := a.Entitlement; e.Standing {
	case tenant.Trial, "":
		switch {
		case a.Live == nil:
			return BillingTrial
		case !a.Live.CancelAt.IsZero():
			return BillingEnding
		}
		return BillingTrialing
	case tenant.Paid:
		if a.Live == nil {
			return BillingGiven
		}
		return BillingActive
	case tenant.PaidEnding:
		return BillingEnding
	case tenant.Grace:
		return BillingGrace
	case tenant.Restricted:
		return BillingRestricted
	case tenant.Unpaid:
		return BillingSuspended
	}
	return BillingClosing
}

// addPayments adds what is only for who may pay.
func (h *Handlers) addPayments(view *BillingView, v *visitor, q billingQuery, a *checkout.Account) {
	room := h.billingURL(v.tenant)
	for _, i := range a.Invoices {
		view.Invoices = append(view.Invoices, invoiceView(i))
	}
	if !a.Older.IsZero() {
		view.OlderURL = room + "?" + url.Values{"before": {a.Older.UTC().Format(time.RFC3339Nano)}}.Encode() + "#invoices"
	}
	if !q.before.IsZero() {
		view.NewestURL = room + "#invoices"
	}
	if a.ToPay != nil {
		i := invoiceView(a.ToPay)
		view.ToPay = &i
	}
	if a.HasCustomer {
		view.PortalAction = room + "/portal"
	}
	if view.State == BillingEnding || view.State.IsBad() {
		view.End = &BillingEnd{SaysGoodbye: a.SaysGoodbye}
		if v.may(access.EndCompany) == nil {
			view.End.Action = room + "/goodbye"
		}
	}
	is := a.Live
	if is == nil {
		return
	}
	view.HasPlan, view.Extra, view.IsYearly, view.RenewsAt, view.PendingUntil = true, is.Extra, is.Every == billing.Yearly, is.PeriodEnd, is.PendingUntil
	view.CardBrand, view.CardLast4 = cardName(is.CardBrand), is.CardLast4
	view.Price = h.priceOf(billing.Choice{Plan: is.Plan, Currency: is.Currency, Every: is.Every}, is.Extra)
	if is.CancelAt.IsZero() {
		view.CancelURL = room + "/cancel"
	} else {
		view.ResumeAction = room + "/resume"
	}
	if !is.NextAt.IsZero() {
		next := billing.Choice{Plan: is.NextPlan, Currency: is.Currency, Every: is.NextEvery}
		view.Next = &BillingNext{
			Plan: h.planName(is.NextPlan), At: is.NextAt, Price: h.priceOf(next, is.NextExtra), IsYearly: is.NextEvery == billing.Yearly,
			IsSamePlan: is.NextPlan == is.Plan && is.NextEvery == is.Every, KeepAction: room + "/keep",
		}
	}
}

// priceOf is what a choice costs with accounts besides the plan's, before tax.
func (h *Handlers) priceOf(c billing.Choice, extra int) assets.Money {
	out := assets.Money{Currency: c.Currency}
	if p, ok := h.Billing.Plans.Plan(c.Plan); ok {
		if price, ok := p.Price(c.Currency, c.Every); ok {
			out.Amount = price.Base + int64(extra)*price.Extra
		}
	}
	return out
}

func cardName(brand string) string {
	if brand == "" {
		return ""
	}
	return strings.ToUpper(brand[:1]) + brand[1:]
}

func invoiceView(i *store.Invoice) BillingInvoice {
	return BillingInvoice{
		Number: i.Number, At: i.CreatedAt, Amount: assets.Money{Amount: i.Total, Currency: i.Currency}, Refunded: assets.Money{Amount: i.Refunded, Currency: i.Currency},
		State: billingInvoiceStates[i.Status], IsOpen: i.Status == "open", IsPaid: i.Status == "paid", URL: i.PageURL, File: i.PDFURL,
	}
}

// addOffers adds the plans in a currency and for an interval. Who pays in one stays in it.
func (h *Handlers) addOffers(view *BillingView, room string, q billingQuery, a *checkout.Account) {
	plans := h.Billing.Plans
	currencies := plans.Currencies()
	if len(currencies) == 0 {
		return
	}
	have := billing.Choice{}
	mayChange := view.MayPay
	if a.Live != nil {
		mayChange = mayChange && a.Live.IsPaidFor() && a.Live.CancelAt.IsZero() && a.Live.PendingUntil.IsZero()
		have = billing.Choice{Plan: a.Live.Plan, Currency: a.Live.Currency, Every: a.Live.Every}
		currencies = []string{have.Currency}
	}
	q.currency = oneOf(q.currency, currencies)
	usual := []string{string(billing.Monthly), string(billing.Yearly)}
	if have.Every == billing.Yearly {
		usual = []string{string(billing.Yearly), string(billing.Monthly)}
	}
	q.every = billing.Interval(oneOf(string(q.every), usual))
	for _, code := range currencies {
		other := q
		other.currency = code
		view.Currencies = append(view.Currencies, BillingLink{Text: strings.ToUpper(code), URL: other.at(room), IsCurrent: code == q.currency})
	}
	for _, every := range []billing.Interval{billing.Monthly, billing.Yearly} {
		other := q
		other.every = every
		view.Intervals = append(view.Intervals, BillingLink{Text: billingIntervals[every], URL: other.at(room), IsCurrent: every == q.every})
	}
	for _, p := range plans.Public() {
		if price, ok := p.Price(q.currency, q.every); ok {
			o := offerView(mayChange, room, have, &p, price)
			o.Summary = p.SummaryFor(q.language)
			view.Offers = append(view.Offers, o)
		}
	}
}

func oneOf(text string, all []string) string {
	for _, one := range all {
		if one == text {
			return text
		}
	}
	return all[0]
}

func offerView(mayChange bool, room string, have billing.Choice, p *billing.Plan, price billing.Price) BillingOffer {
	want := billing.Choice{Plan: p.ID, Currency: price.Currency, Every: price.Interval}
	o := BillingOffer{
		ID: p.ID, Name: p.Name, Price: assets.Money{Amount: price.Base, Currency: price.Currency},
		ExtraPrice: assets.Money{Amount: price.Extra, Currency: price.Currency}, HasExtra: price.Extra > 0 && p.Limits.Accounts > 0, IsYearly: price.Interval == billing.Yearly,
		Accounts: p.Limits.Accounts, Seats: p.Limits.Seats, Domains: p.Limits.Domains, IsCurrent: want == have,
		Currency: price.Currency, Every: string(price.Interval),
	}
	if p.Limits.StorageBytes > 0 {
		o.Storage = assets.Size(p.Limits.StorageBytes)
	}
	for _, f := range tenant.Features() {
		if p.Limits.Has(f) {
			o.Features = append(o.Features, billingFeatures[f])
		}
	}
	switch {
	case !mayChange || o.IsCurrent:
	case have == billing.Choice{}:
		o.BuyAction = room + "/buy"
	default:
		o.ChangeURL = room + "/change?" + url.Values{"plan": {want.Plan}, "currency": {want.Currency}, "every": {string(want.Every)}}.Encode()
	}
	return o
}

// billingUsesOf is what is in use of what plans limit, with the last weeks of it.
func billingUsesOf(a *checkout.Account) []BillingUse {
	u, l := a.Usage, a.Entitlement.Limits
	spark := func(of func(*store.UsageDay) int64) string { return sparkOf(a.Days, of) }
	w := &billingUses
	out := []BillingUse{
		{Name: w.accounts, UsedN: u.Accounts, LimitN: l.Accounts, Spark: spark(func(d *store.UsageDay) int64 { return int64(d.Accounts) })},
		{Name: w.people, UsedN: u.Seats, LimitN: l.Seats, Spark: spark(func(d *store.UsageDay) int64 { return int64(d.Seats) })},
		{Name: w.domains, UsedN: u.Domains, LimitN: l.Domains, Spark: spark(func(d *store.UsageDay) int64 { return int64(d.Domains) })},
		sizeUse(w.storage, u.StorageBytes, l.StorageBytes, spark(func(d *store.UsageDay) int64 { return d.StorageBytes })),
		sizeUse(w.transfer, u.EgressBytes, l.EgressBytes, spark(func(d *store.UsageDay) int64 { return d.EgressBytes })),
		{Name: w.deliveries, UsedN: int(u.Deliveries), LimitN: int(l.Deliveries), Spark: spark(func(d *store.UsageDay) int64 { return d.Deliveries })},
	}
	if a.Live != nil {
		out[0].Extra = a.Live.Extra
	}
	for i := range out {
		use := &out[i]
		use.IsMonthly = i > 3
		if use.LimitN > 0 {
			use.Percent, use.IsOver = min(100, 100*use.UsedN/use.LimitN), use.UsedN > use.LimitN
		}
	}
	return out
}

func sizeUse(name string, used, limit int64, spark string) BillingUse {
	u := BillingUse{Name: name, Used: assets.Size(used), IsSize: true, Spark: spark}
	if limit > 0 {
		u.Limit, u.Percent, u.IsOver = assets.Size(limit), int(min(100, 100*used/limit)), used > limit
	}
	return u
}

// sparkOf is a line through the days, in a field of 100 by 24; "" with too few to see anything.
func sparkOf(days []*store.UsageDay, of func(*store.UsageDay) int64) string {
	const width, height = 100.0, 24.0
	if len(days) < 3 {
		return ""
	}
	var most int64 = 1
	for _, d := range days {
		most = max(most, of(d))
	}
	var path strings.Builder
	for i, d := range days {
		x := width * float64(i) / float64(len(days)-1)
		y := height - 1 - (height-2)*float64(of(d))/float64(most)
		path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
		path.WriteString(strconv.FormatFloat(x, 'f', 1, 64) + " " + strconv.FormatFloat(y, 'f', 1, 64))
	}
	return path.String()
}

// changeView is the question about a change.
func (h *Handlers) changeView(v *visitor, o *checkout.Offer) BillingChangeView {
	money := func(n int64) assets.Money { return assets.Money{Amount: n, Currency: o.To.Currency} }
	view := BillingChangeView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: h.billingURL(v.tenant) + "/change", CancelURL: h.billingURL(v.tenant),
		Plan: o.Plan.Name, From: h.planName(o.From.Plan), Choice: BillingOffer{ID: o.To.Plan, Currency: o.To.Currency, Every: string(o.To.Every)},
		IsNow: o.IsNow, IsTrial: o.IsTrial, Now: money(max(0, o.Quote.Now)), Next: money(o.Quote.Next), HasCredit: o.Quote.Now < 0, Credit: money(-o.Quote.Now),
		NextAt: o.Quote.NextAt, At: o.At, IsYearly: o.To.Every == billing.Yearly, Extra: o.Extra, Loses: featureWords(o.Loses),
	}
	for _, e := range o.Exceeds {
		x := BillingExcess{What: string(e.What), Used: int(e.Used), Limit: int(e.Limit)}
		switch e.What {
		case billing.Storage:
			x.UsedSize, x.LimitSize = assets.Size(e.Used), assets.Size(e.Limit)
		case billing.Accounts:
			x.URL = h.roomURL(v.tenant)
		case billing.Seats:
			x.URL = h.roomURL(v.tenant) + "/" + string(People)
		case billing.Domains:
			x.URL = h.domainsURL(v.tenant)
		}
		view.Exceeds = append(view.Exceeds, x)
	}
	return view
}
