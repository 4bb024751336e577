package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/riverqueue/river"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/dunning"
	"rookery/billing/ledger"
	"rookery/billing/meter"
	"rookery/billing/store"
	"rookery/billing/stripegw"
	"rookery/billing/webhook"
	"rookery/internal/jobs"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/tenant"
)

const (
	billingOff    = "off"
	billingFake   = "fake"
	stripeTimeout = 20 * time.Second // of one try; the library's own is 80
	stripeAnswer  = 8 << 20          // more than a hundred subscriptions with all they name
	// What endpoints' secrets are sealed for.
	endpointPurpose = "billing-endpoint"
)

// money is billing in this process. It is nil where ROOKERY_BILLING is off: then nothing of
// it is anywhere.
type money struct {
	plans   *billing.Catalogue
	gateway *stripegw.Gateway
	ledger  *ledger.Ledger // on the queues' connections
	fake    *fakeStripe    // nil with Stripe itself
	secrets func(ctx context.Context) ([]string, error)
}

// readPlans reads the plans file; nil: there is none, and nothing has a limit.
func (s *system) readPlans() (*billing.Catalogue, error) {
	path := s.cfg.String("plans")
	if path == "" {
		if s.cfg.String("billing") == billingOff {
			return nil, nil //nolint:nilnil // none is an answer
		}
		return billing.ParsePlans(billing.Examples())
	}
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("read ROOKERY_PLANS: %w", err)
	}
	return billing.ParsePlans(string(text))
}

// entitle is what a tenant may do, for the registry.
func (s *system) entitle(plans *billing.Catalogue) func(t *tenant.Tenant) tenant.Entitlement {
	switch {
	case plans == nil:
		return nil
	case s.cfg.String("billing") == billingOff:
		free := plans.Free()
		return func(*tenant.Tenant) tenant.Entitlement { return free }
	}
	return func(t *tenant.Tenant) tenant.Entitlement {
		if t.Entitlement.Standing == "" { // the ledger's next sweep begins its trial
			return plans.New(time.Now())
		}
		return t.Entitlement
	}
}

// newMoney connects billing; nil where it is off. It asks the provider nothing.
func (s *system) newMoney(plans *billing.Catalogue) (*money, error) {
	if s.cfg.String("billing") == billingOff {
		return nil, nil //nolint:nilnil // off is an answer
	}
	m := &money{plans: plans}
	s.tally = &meter.Tally{}
	o := stripegw.Options{Key: s.cfg.String("stripe_key"), URL: s.cfg.String("stripe_url"), Client: s.http.Standard(stripeTimeout, stripeAnswer), Log: s.log}
	if s.cfg.String("billing") == billingFake {
		m.fake = s.newFakeStripe()
		o = m.fake.options(s.log)
	}
	var err error
	if m.gateway, err = stripegw.New(o); err != nil {
		return nil, err
	}
	m.ledger = ledger.New(ledger.Options{DB: s.jobs, Plans: plans, Gateway: m.gateway, Log: s.log, Now: m.now})
	m.secrets = webhook.Remembered(func(ctx context.Context) ([]string, error) { return s.webhookSecrets(ctx, m) })
	return m, nil
}

// newCheckout is what sells, on some connections; only in processes with billing.
func (s *system) newCheckout(db *pg.DB, limiter *limit.Limiter) *checkout.Service {
	m := s.money
	return checkout.New(checkout.Options{
		DB: db, Plans: m.plans, Till: m.gateway, Ledger: m.ledger.On(db), Livemode: m.gateway.Livemode(), Console: s.console(), Limiter: limiter, Log: s.log, Now: m.now,
	})
}

// billingWork is what the queues do for billing, and how often.
func (s *system) billingWork(p *parts, w *river.Workers) []*river.PeriodicJob {
	m := s.money
	if m == nil {
		return nil
	}
	m.ledger.Register(w)
	s.newCheckout(s.jobs, p.limiter).Register(w)
	river.AddWorker(w, &dunning.Worker{Service: &dunning.Service{
		DB: s.jobs, Ender: s.newDeletion(s.jobs), Trial: m.plans.Trial, Console: s.console(), Log: s.log, Now: m.now,
	}})
	meter.New(meter.Options{DB: s.jobs, Ledger: m.ledger, Log: s.log, Now: m.now, Console: s.console(), Room: "billing"}).Register(w)
	sweep, purchases, letters := ledger.SweepEvery, checkout.SweepEvery, dunning.SweepEvery
	if m.fake != nil { // somebody moves the clock and waits
		sweep, purchases, letters = fakeSweepEvery, fakeSweepEvery, fakeSweepEvery
	}
	return []*river.PeriodicJob{
		every(sweep, jobs.BillingSweep{}), every(purchases, jobs.BillingPurchases{}), every(letters, jobs.BillingDunning{}),
		every(ledger.PollEvery, jobs.BillingPoll{}), every(ledger.RevisitEvery, jobs.BillingRevisit{}), every(ledger.CompareEvery, jobs.BillingCompare{}),
		every(meter.Every, jobs.BillingMeter{}),
	}
}

// now is the time by which everything of billing goes; with the stand-in it can be moved.
func (m *money) now() time.Time {
	if m.fake != nil {
		return m.fake.server.Now()
	}
	return time.Now()
}

// countServed counts what goes out of a tenant's pages, API and documents.
func (s *system) countServed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if t := tenant.FromContext(c.Request().Context()); t != nil {
			s.tally.Served(t.ID, c.Response().Size)
		}
		return err
	}
}

// moneyTime is the clock of what follows from payments; nil: that of everything else.
func (s *system) moneyTime() func() time.Time {
	if s.money == nil {
		return nil
	}
	return s.money.now
}

// webhookSecrets are all that the provider may sign with now.
func (s *system) webhookSecrets(ctx context.Context, m *money) ([]string, error) {
	var out []string
	if given := s.cfg.String("stripe_webhook_secret"); given != "" {
		out = append(out, given)
	}
	err := s.db.Platform(ctx, "read the secrets of the payment provider's events", func(tx *pg.PlatformTx) error {
		all, err := store.Endpoints(ctx, tx, time.Now())
		if err != nil {
			return err
		}
		for _, e := range all {
			if e.Livemode != m.gateway.Livemode() {
				continue
			}
			secret, err := s.key.Open(e.Secret, endpointPurpose)
			if err != nil {
				return fmt.Errorf("open the secret of endpoint %s: %w", e.EndpointID, err)
			}
			out = append(out, string(secret))
		}
		return nil
	})
	return out, err
}

// mountBilling puts the provider's door on the platform's host.
func (s *system) mountBilling(e *echo.Echo) {
	if s.money == nil {
		return
	}
	h := &webhook.Handler{Secrets: s.money.secrets, Receive: s.money.ledger.On(s.db).Receive, Now: s.money.now, Log: s.log, Refused: s.money.ledger.Refused()}
	h.Routes(e)
	if s.money.fake != nil {
		e.Any(fakePath+"/*", echo.WrapHandler(s.money.fake.pages()))
	}
}

// readyBilling holds up a start that would take payments without hearing of them. A database
// that is away holds up nothing.
func (s *system) readyBilling(ctx context.Context) error {
	switch {
	case s.money == nil:
		return nil
	case s.money.fake != nil:
		return s.startFake(ctx)
	}
	secrets, err := s.money.secrets(ctx)
	if err != nil {
		s.log.Warn("the secrets of the payment provider's events cannot be read yet", "error", err)
		return nil
	}
	if len(secrets) == 0 {
		return wrongUse("nothing is known of the payment provider's events: run `rookery billing setup`, or set ROOKERY_STRIPE_WEBHOOK_SECRET")
	}
	return nil
}
