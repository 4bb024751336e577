package billing

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/BurntSushi/toml"

	"rookery/tenant"
)

//go:embed plans.toml
var examples string

// Examples is the plans file that counts where none is named.
func Examples() string { return examples }

// planFile is the file as it is written.
type planFile struct {
	Trial     string     `toml:"trial"`
	TrialDays int        `toml:"trial_days"`
	Default   string     `toml:"default"`
	Plans     []filePlan `toml:"plan"`
}

type filePlan struct {
	ID         string            `toml:"id"`
	Name       string            `toml:"name"`
	Summary    string            `toml:"summary"`
	SummaryIn  map[string]string `toml:"summary_in"`
	Public     bool              `toml:"public"`
	Accounts   int               `toml:"accounts"`
	Seats      int               `toml:"seats"`
	Domains    int               `toml:"domains"`
	StorageGB  int64             `toml:"storage_gb"`
	EgressGB   int64             `toml:"egress_gb"`
	Deliveries int64             `toml:"deliveries"`
	AuditDays  int               `toml:"audit_days"`
	Features   []string          `toml:"features"`
	Prices     []filePrice       `toml:"price"`
}

type filePrice struct {
	Currency string `toml:"currency"`
	Interval string `toml:"interval"`
	Base     int64  `toml:"base"`
	Extra    int64  `toml:"extra"`
}

const gigabyte = 1_000_000_000

// ParsePlans reads a plans file. The error names everything that is wrong with it, and
// where.
func ParsePlans(text string) (*Catalogue, error) {
	var f planFile
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return nil, fmt.Errorf("plans: %w", err)
	}
	var wrong []error
	for _, key := range meta.Undecoded() {
		wrong = append(wrong, fmt.Errorf("%s is no setting of plans", key))
	}
	c := &Catalogue{Trial: f.Trial, Default: f.Default, TrialDays: f.TrialDays}
	for _, p := range f.Plans {
		plan, err := p.plan()
		if err != nil {
			wrong = append(wrong, err)
		}
		if _, twice := c.Plan(p.ID); twice {
			wrong = append(wrong, fmt.Errorf("plan %q stands there twice", p.ID))
		}
		c.Plans = append(c.Plans, plan)
	}
	wrong = append(wrong, c.check()...)
	if len(wrong) > 0 {
		return nil, fmt.Errorf("plans: %w", errors.Join(wrong...))
	}
	return c, nil
}

// check says what is wrong with the plans as a whole.
func (c *Catalogue) check() (wrong []error) {
	if len(c.Plans) == 0 {
		return []error{errors.New("there is no plan: add a [[plan]]")}
	}
	if _, ok := c.Plan(c.Trial); !ok {
		wrong = append(wrong, fmt.Errorf("trial = %q is no plan", c.Trial))
	}
	if _, ok := c.Plan(c.Default); !ok && c.Default != "" {
		wrong = append(wrong, fmt.Errorf("default = %q is no plan", c.Default))
	}
	if c.TrialDays < 1 || c.TrialDays > 365 {
		wrong = append(wrong, fmt.Errorf("trial_days = %d: from 1 to 365", c.TrialDays))
	}
	for _, p := range c.Public() {
		for _, currency := range c.Currencies() {
			if _, ok := p.Price(currency, Monthly); !ok {
				wrong = append(wrong, fmt.Errorf("plan %q can be bought by anybody, but has no price a month in %s, as others have", p.ID, currency))
			}
		}
	}
	return wrong
}

var (
	isID       = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)
	isTag      = regexp.MustCompile(`^[a-z]{2}$`)
	isCurrency = regexp.MustCompile(`^[a-z]{3}$`)
)

func (f filePlan) plan() (Plan, error) {
	p := Plan{ID: f.ID, Name: f.Name, Summary: f.Summary, SummaryIn: f.SummaryIn, IsPublic: f.Public, Limits: tenant.Limits{
		Accounts: f.Accounts, Seats: f.Seats, Domains: f.Domains,
		StorageBytes: f.StorageGB * gigabyte, EgressBytes: f.EgressGB * gigabyte, Deliveries: f.Deliveries, AuditDays: f.AuditDays,
	}}
	var wrong []error
	say := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("plan %q: "+format, append([]any{f.ID}, args...)...))
	}
	if !isID.MatchString(f.ID) {
		say("an id has small letters and digits, 32 at most, and begins with a letter")
	}
	if f.Name == "" || len(f.Name) > 60 {
		say("name: from 1 to 60 characters")
	}
	for tag, text := range f.SummaryIn {
		if !isTag.MatchString(tag) || text == "" {
			say("summary_in: a sentence by language, as in { de = \"…\" }")
		}
	}
	for name, n := range map[string]int64{
		"accounts": int64(f.Accounts), "seats": int64(f.Seats), "domains": int64(f.Domains), "storage_gb": f.StorageGB,
		"egress_gb": f.EgressGB, "deliveries": f.Deliveries, "audit_days": int64(f.AuditDays),
	} {
		if n < 0 || n > 1_000_000_000 {
			say("%s = %d: from 0, which is no limit, to a thousand million", name, n)
		}
	}
	known := tenant.Features()
	for _, name := range f.Features {
		if !slices.Contains(known, tenant.Feature(name)) {
			say("there is no feature %q; there are %v", name, known)
		}
	}
	for _, feature := range known {
		if !slices.Contains(f.Features, string(feature)) {
			p.Limits.Lacks = append(p.Limits.Lacks, feature)
		}
	}
	if f.Public && len(f.Prices) == 0 {
		say("anybody can buy it, but it has no price")
	}
	for _, price := range f.Prices {
		if err := price.check(); err != nil {
			say("%w", err)
		}
		if _, twice := p.Price(price.Currency, Interval(price.Interval)); twice {
			say("two prices in %s a %s", price.Currency, price.Interval)
		}
		if len(p.Prices) > 0 && (p.Prices[0].Extra > 0) != (price.Extra > 0) {
			say("more accounts cost something with one price and cannot be had with another: name extra with all of them, or with none")
		}
		p.Prices = append(p.Prices, Price{Plan: f.ID, Currency: price.Currency, Interval: Interval(price.Interval), Base: price.Base, Extra: price.Extra})
	}
	return p, errors.Join(wrong...)
}

func (f filePrice) check() error {
	const most = 99_999_999 // of Stripe, for one charge
	switch {
	case !isCurrency.MatchString(f.Currency):
		return fmt.Errorf("currency = %q: three small letters, such as eur", f.Currency)
	case f.Interval != string(Monthly) && f.Interval != string(Yearly):
		return fmt.Errorf("interval = %q: month or year", f.Interval)
	case f.Base < 0 || f.Base > most || f.Extra < 0 || f.Extra > most:
		return fmt.Errorf("a price is from 0 to %d cents", most)
	}
	return nil
}
