package billing_test

import (
	"strings"
	"testing"

	"rookery/billing"
	"rookery/tenant"
)

func TestThePlansThatComeAlong(t *testing.T) {
	t.Parallel()
	c := plans(t)
	if c.Trial != "trial" || c.TrialDays != 14 || len(c.Public()) != 3 || strings.Join(c.Currencies(), " ") != "eur usd" {
		t.Errorf("%+v", c)
	}
	business, _ := c.Plan("business")
	price, ok := business.Price("usd", billing.Yearly)
	if !ok || price.Amount(billing.Base) != 219_000 || price.Key(billing.Extra) != "rookery_business_usd_year_extra" {
		t.Errorf("%+v", price)
	}
	solo, _ := c.Plan("solo")
	if solo.Limits.Has(tenant.Approvals) || !business.Limits.Has(tenant.SingleSignOn) {
		t.Errorf("features: solo lacks %v, business %v", solo.Limits.Lacks, business.Limits.Lacks)
	}
	if e := c.Free(); e.Standing != "" || !e.MayGrow() || e.Limits.Accounts != 0 {
		t.Errorf("without billing: %+v", e)
	}
}

// Somebody writes this file by hand: each mistake is named, with its place.
func TestPlansThatCannotBe(t *testing.T) {
	t.Parallel()
	const good = "trial = 'a'\ntrial_days = 14\n[[plan]]\nid = 'a'\nname = 'A'\n"
	for text, want := range map[string]string{
		"":                                      "there is no plan",
		"trial = 'a":                            "toml",
		good + "acounts = 3":                    "plan.acounts is no setting",
		good + "accounts = -1":                  "accounts = -1",
		good + "features = ['sos']":             `no feature "sos"`,
		good + "public = true":                  "no price",
		good + "[[plan]]\nid = 'a'\nname = 'B'": "stands there twice",
		good + "[[plan]]\nid = 'B b'\nname = 'B'":                            "an id has small letters",
		good + "summary_in = { german = 'x' }":                               "a sentence by language",
		good + "summary_in = { de = '' }":                                    "a sentence by language",
		good + "[[plan]]\nid = 'b'":                                          "name: from 1",
		good + "price = [{currency = 'EUR', interval = 'month', base = 1}]":  "currency",
		good + "price = [{currency = 'eur', interval = 'week', base = 1}]":   "interval",
		good + "price = [{currency = 'eur', interval = 'month', base = -1}]": "a price is from 0",
		good + "price = [{currency = 'eur', interval = 'month', base = 1}, {currency = 'eur', interval = 'month', base = 2}]":           "two prices",
		good + "price = [{currency = 'eur', interval = 'month', base = 1, extra = 1}, {currency = 'eur', interval = 'year', base = 2}]": "name extra with all of them",
		strings.Replace(good, "trial = 'a'", "trial = 'x'", 1):                                                                          `trial = "x" is no plan`,
		strings.Replace(good, "14", "0", 1): "trial_days = 0",
		"default = 'x'\n" + good:            `default = "x" is no plan`,
		good + "public = true\nprice = [{currency = 'eur', interval = 'month', base = 1}]\n[[plan]]\nid = 'b'\nname = 'B'\npublic = true\n" +
			"price = [{currency = 'usd', interval = 'month', base = 1}]": "no price a month in eur",
	} {
		if _, err := billing.ParsePlans(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n→ %v; want %q", text, err, want)
		}
	}
	if _, err := billing.ParsePlans(good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}
