package billing

import (
	"slices"

	"rookery/tenant"
)

// Choice is what somebody wants to pay for.
type Choice struct {
	Plan     string   `json:"plan"`
	Currency string   `json:"currency"`
	Every    Interval `json:"every"`
}

// Offered returns what a choice is, of what anybody can buy.
func (c *Catalogue) Offered(want Choice) (plan Plan, price Price, ok bool) {
	plan, ok = c.Plan(want.Plan)
	if !ok || !plan.IsPublic {
		return Plan{}, Price{}, false
	}
	price, ok = plan.Price(want.Currency, want.Every)
	return plan, price, ok
}

// IsMore reports whether a change of plan or interval is one to more: it counts at once and
// is paid at once. Everything else counts once what was paid for is used up, so that nothing
// has to be given back. A plan that is no more in the file is less than any.
func (c *Catalogue) IsMore(from, to Choice) bool {
	was, is := c.size(from.Plan), c.size(to.Plan)
	if from.Every == Yearly && to.Every == Monthly {
		return false
	}
	return is > was || is == was && from.Every == Monthly && to.Every == Yearly
}

func (c *Catalogue) size(plan string) int {
	return slices.IndexFunc(c.Plans, func(p Plan) bool { return p.ID == plan })
}

// ExtraFor is how many accounts beyond a plan's have to be paid for when so many are in use.
func (p Plan) ExtraFor(price Price, accounts int) int {
	if price.Extra == 0 || p.Limits.Accounts == 0 {
		return 0
	}
	return max(0, accounts-p.Limits.Accounts)
}

// Excess is something of which more is in use than a plan allows.
type Excess struct {
	What        Countable
	Used, Limit int64
}

// Countable is something that plans limit and that does not grow less by itself.
type Countable string

// The countables.
const (
	Accounts Countable = "accounts"
	Seats    Countable = "seats"
	Domains  Countable = "domains"
	Storage  Countable = "storage"
)

// Exceeds lists what keeps a tenant from a plan. Accounts that can be paid for do not.
func (p Plan) Exceeds(price Price, u Usage) (out []Excess) {
	for _, e := range []Excess{
		{Accounts, int64(u.Accounts), int64(p.Limits.Accounts)}, {Seats, int64(u.Seats), int64(p.Limits.Seats)},
		{Domains, int64(u.Domains), int64(p.Limits.Domains)}, {Storage, u.StorageBytes, p.Limits.StorageBytes},
	} {
		if e.Limit > 0 && e.Used > e.Limit && (e.What != Accounts || price.Extra == 0) {
			out = append(out, e)
		}
	}
	return out
}

// Loses lists the features of one plan that another does not have.
func (p Plan) Loses(to Plan) (out []tenant.Feature) {
	for _, f := range tenant.Features() {
		if p.Limits.Has(f) && !to.Limits.Has(f) {
			out = append(out, f)
		}
	}
	return out
}
