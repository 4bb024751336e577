package billing

import (
	"slices"
	"time"

	"rookery/tenant"
)

// Catalogue is what can be bought. It does not change while a process runs.
type Catalogue struct {
	Plans []Plan // in the order of the file, from small to large
	Trial string // plan of who has not paid yet
	// Default is the plan of every tenant where nothing is charged; "": no limit.
	Default   string
	TrialDays int
}

// Plan is one of them.
type Plan struct {
	ID      string
	Name    string // shown
	Summary string // shown: one sentence, English where nothing else is said
	// SummaryIn is the same in other languages of ours, by tag.
	SummaryIn map[string]string
	IsPublic  bool // can be bought by anybody
	Limits    tenant.Limits
	Prices    []Price
}

// SummaryFor is the sentence in a language, and the usual one where it is not written in that.
func (p *Plan) SummaryFor(tag string) string {
	if text, ok := p.SummaryIn[tag]; ok {
		return text
	}
	return p.Summary
}

// Price is what a plan costs in one currency for one interval, in its smallest unit.
type Price struct {
	Plan     string
	Currency string   // ISO 4217, lower case as Stripe has it
	Interval Interval // of payment
	Base     int64
	Extra    int64 // for each account above the plan's; 0: none can be added
}

// Interval is how often somebody pays.
type Interval string

// The intervals.
const (
	Monthly Interval = "month"
	Yearly  Interval = "year"
)

// Kind tells the parts of a price.
type Kind string

// The parts: the plan itself, and accounts on top of it.
const (
	Base  Kind = "base"
	Extra Kind = "extra"
)

// Key names one part of a price at the provider, whatever id it has there: its lookup key.
func (p Price) Key(k Kind) string {
	return "rookery_" + p.Plan + "_" + p.Currency + "_" + string(p.Interval) + "_" + string(k)
}

// Amount is what a part costs.
func (p Price) Amount(k Kind) int64 {
	if k == Extra {
		return p.Extra
	}
	return p.Base
}

// Plan returns a plan by its id.
func (c *Catalogue) Plan(id string) (Plan, bool) {
	for _, p := range c.Plans {
		if p.ID == id {
			return p, true
		}
	}
	return Plan{}, false
}

// Price returns what a plan costs.
func (p Plan) Price(currency string, every Interval) (Price, bool) {
	for _, price := range p.Prices {
		if price.Currency == currency && price.Interval == every {
			return price, true
		}
	}
	return Price{}, false
}

// Public returns the plans that anybody can buy.
func (c *Catalogue) Public() []Plan {
	var out []Plan
	for _, p := range c.Plans {
		if p.IsPublic {
			out = append(out, p)
		}
	}
	return out
}

// Currencies are those in which every public plan can be bought, the first plan's first.
func (c *Catalogue) Currencies() []string {
	var out []string
	for _, p := range c.Public() {
		for _, price := range p.Prices {
			if !slices.Contains(out, price.Currency) {
				out = append(out, price.Currency)
			}
		}
	}
	return out
}

// TrialTime is how long a tenant may try.
func (c *Catalogue) TrialTime() time.Duration { return time.Duration(c.TrialDays) * Day }

// Free is the entitlement of every tenant where nothing is charged.
func (c *Catalogue) Free() tenant.Entitlement {
	if c.Default == "" {
		return tenant.Entitlement{}
	}
	return tenant.Entitlement{Limits: c.limits(c.Default, 0, nil)}
}

// New is the entitlement of a tenant that nobody has looked at yet.
func (c *Catalogue) New(now time.Time) tenant.Entitlement {
	e, _ := c.Entitle(Facts{TrialFrom: now}, now)
	return e
}

// limits are those of a plan, with bought accounts, and what staff decided instead. A plan
// that is no more in the file has the largest limits there are: a line that was deleted by
// mistake must not cut off who pays.
func (c *Catalogue) limits(id string, extra int, instead map[string]int64) tenant.Limits {
	var l tenant.Limits
	if p, ok := c.Plan(id); ok {
		l = p.Limits
	}
	if l.Accounts > 0 {
		l.Accounts += extra
	}
	for name, n := range instead {
		if set, ok := settable[name]; ok {
			set(&l, n)
		}
	}
	return l
}

// sellsMore reports whether accounts can be added to a subscription, each for a price.
func (c *Catalogue) sellsMore(s Subscription) bool {
	plan, ok := c.Plan(s.Plan)
	return ok && s.IsPaidFor() && len(plan.Prices) > 0 && plan.Prices[0].Extra > 0
}

const limitAccounts = "accounts"

// settable are the limits that staff can set for one tenant.
var settable = map[string]func(*tenant.Limits, int64){
	limitAccounts:   func(l *tenant.Limits, n int64) { l.Accounts = int(n) },
	"seats":         func(l *tenant.Limits, n int64) { l.Seats = int(n) },
	"domains":       func(l *tenant.Limits, n int64) { l.Domains = int(n) },
	"storage_bytes": func(l *tenant.Limits, n int64) { l.StorageBytes = n },
	"egress_bytes":  func(l *tenant.Limits, n int64) { l.EgressBytes = n },
	"deliveries":    func(l *tenant.Limits, n int64) { l.Deliveries = n },
	"audit_days":    func(l *tenant.Limits, n int64) { l.AuditDays = int(n) },
}
