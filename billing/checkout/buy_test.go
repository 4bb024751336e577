package checkout_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/checkout"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// 1, 41: somebody buys, comes back from the page, and has the plan. Another company's page
// is not there.
func TestBuying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.start(team)
	globex := w.Company("globex.test")
	for _, id := range []tenant.ID{globex.ID, 12345} {
		_, err := w.shop.Return(t.Context(), id, session)
		refused(t, "another company's page", err, fault.NotFound)
	}
	r, err := w.shop.Return(t.Context(), w.Acme.ID, session)
	must(t, err)
	if r.Status != billing.PageOpen || r.IsConfirmed || r.URL == "" {
		t.Errorf("before it is paid: %+v", r)
	}
	must(t, w.PayPage(session, pays))
	// No event has been heard yet: the page reads by itself.
	if r, err = w.shop.Return(t.Context(), w.Acme.ID, session); err != nil || !r.IsConfirmed || r.Choice != team {
		t.Errorf("after it is paid: %+v, %v", r, err)
	}
	w.Wants(tenant.Paid, "team")
	if is := w.live(); is.Currency != "eur" || is.Every != billing.Monthly || is.CardLast4 != "4242" {
		t.Errorf("%+v", is)
	}
	if w.recorded("billing.checkout") != 1 {
		t.Error("it is not in the log")
	}
	_, err = w.shop.Start(t.Context(), owner, w.Acme, business)
	refused(t, "a second plan", err, fault.Conflict)
	w.Settle()
	if n := w.Count(`billing_checkouts WHERE status = 'open'`, nil); n != 0 {
		t.Errorf("%d pages are open", n)
	}
}

// Whoever pays within the trial is charged at its end, and not for days that were promised.
func TestBuyingWithinTheTrial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Wants(tenant.Trial, "trial")
	end := w.Entitlement(w.Acme).EndsAt
	w.pay(team, pays)
	w.Wants(tenant.Trial, "team")
	if e := w.Entitlement(w.Acme); !e.EndsAt.Truncate(time.Second).Equal(end.Truncate(time.Second)) || e.Limits.Accounts != 10 || w.charged() != 0 {
		t.Errorf("charged %d, %+v, want a trial until %s", w.charged(), e, end)
	}
	// 28: with a card it goes on after the trial.
	w.Pass(15 * billing.Day)
	w.Wants(tenant.Paid, "team")
	if w.charged() != 5831 {
		t.Errorf("charged %d after the trial", w.charged())
	}
}

// 28: a trial at the provider that nobody gives a card for ends with its last day, and nothing
// is owed for it. With a card it goes on: TestBuyingWithinTheTrial.
func TestATrialWithoutACard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	customer := w.Customer(w.Acme)
	w.Ask(http.MethodPost, "/v1/subscriptions", url.Values{
		"customer": {customer}, "items[0][price]": {w.Prices["rookery_team_eur_month_base"]},
		"trial_end": {strconv.FormatInt(w.Now().Add(20*billing.Day).Unix(), 10)},
		"trial_settings[end_behavior][missing_payment_method]": {"cancel"},
	})
	w.Settle()
	w.Wants(tenant.Trial, "team")
	w.Pass(19 * billing.Day)
	w.Wants(tenant.Trial, "team")
	w.Pass(2 * billing.Day)
	w.Wants(tenant.Restricted, "team")
	if n := w.Count(`billing_subscriptions WHERE status = 'canceled'`, nil); n != 1 || w.charged() != 0 {
		t.Errorf("%d ended, charged %d", n, w.charged())
	}
	w.Pass(13 * billing.Day)
	w.Wants(tenant.Unpaid, "team")
	w.pay(team, pays)
	w.Wants(tenant.Paid, "team")
}

// The last hours of a trial are too short for the provider: it is charged at once.
func TestBuyingAtTheEndOfTheTrial(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Pass(13 * billing.Day)
	w.pay(team, pays)
	w.Wants(tenant.Paid, "team")
}

// 31: two tabs, one page; another choice ends the page of the first.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var group sync.WaitGroup
	var urls [6]string
	for i := range urls {
		group.Go(func() {
			url, err := w.shop.Start(t.Context(), owner, w.Acme, team)
			if err != nil && fault.CodeOf(err) != fault.Conflict {
				t.Error(err)
			}
			urls[i] = url
		})
	}
	group.Wait()
	first := w.start(team)
	for _, url := range urls {
		if url != "" && !hasBase(url, first) {
			t.Errorf("another page: %s", url)
		}
	}
	if n := w.Count(`billing_customers`, nil); n != 1 {
		t.Errorf("%d customers", n)
	}
	second := w.start(business)
	if second == first {
		t.Fatal("the page is for the first choice")
	}
	if w.PayPage(first, pays) == nil {
		t.Error("both pages can be paid on")
	}
	must(t, w.PayPage(second, pays))
	// The page is paid on, and nobody here has heard of it: no second one is opened.
	_, err := w.shop.Start(t.Context(), owner, w.Acme, business)
	refused(t, "after the payment", err, fault.Conflict)
	w.Settle()
	w.Wants(tenant.Paid, "business")
}

func hasBase(url, session string) bool {
	return len(url) > len(session) && url[len(url)-len(session):] == session
}

// What cannot be bought, and by whom.
func TestWhatCannotBeBought(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]billing.Choice{
		"by contract": {Plan: "enterprise", Currency: "eur", Every: billing.Monthly}, "no plan": {Plan: "x", Currency: "eur", Every: billing.Monthly},
		"no currency": {Plan: "team", Currency: "xxx", Every: billing.Monthly}, "no interval": {Plan: "team", Currency: "eur", Every: "day"}, "nothing": {},
	} {
		_, err := w.shop.Start(t.Context(), owner, w.Acme, want)
		refused(t, name, err, fault.Invalid)
	}
	nobody := owner
	nobody.Email = ""
	_, err := w.shop.Start(t.Context(), nobody, w.Acme, team)
	refused(t, "without a mail address", err, fault.Forbidden)
	leaving := *w.Acme
	leaving.State = tenant.Deleting
	_, err = w.shop.Start(t.Context(), owner, &leaving, team)
	refused(t, "a company that is being deleted", err, fault.Conflict)
	_, err = w.shop.Portal(t.Context(), w.Acme.ID)
	refused(t, "no payments yet", err, fault.Conflict)
}

// Five pages an hour for a company, ten for an address.
func TestHowManyPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NeedsFake("a test clock has three customers")
	for i := range 5 {
		w.start([]billing.Choice{team, business}[i%2])
	}
	_, err := w.shop.Start(t.Context(), owner, w.Acme, business)
	refused(t, "the sixth page", err, fault.TooMany)
	w.start(team) // the open one is the same
	w.Advance(61 * time.Minute)
	w.start(business)
	for range 4 {
		of := w.Company("co" + time.Now().Format("150405.000000000") + ".test")
		_, err := w.shop.Start(t.Context(), owner, of, team)
		must(t, err)
	}
	_, err = w.shop.Start(t.Context(), owner, w.Company("eleven.test"), team)
	refused(t, "the eleventh from one address", err, fault.TooMany)
	elsewhere := owner
	elsewhere.Address = netip.MustParseAddr("198.51.100.7")
	_, err = w.shop.Start(t.Context(), elsewhere, w.Company("twelve.test"), team)
	must(t, err)
}

// 46: while somebody tries cards nothing can be bought, and it opens again by itself.
func TestCardTesting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.Company("stranger.test")
	customer := w.Customer(stranger)
	w.refusals(stranger, customer, 20)
	w.start(team)
	w.refusals(stranger, customer, 1)
	_, err := w.shop.Start(t.Context(), owner, w.Acme, business)
	refused(t, "after 21 refusals", err, fault.Unavailable)
	w.start(team) // who is paying already may go on
	_, err = w.shop.Start(t.Context(), owner, w.Company("other.test"), business)
	refused(t, "for everybody", err, fault.Unavailable)
	if w.tasks(checkout.CardTesting) != 1 {
		t.Errorf("%d matters for the staff", w.tasks(checkout.CardTesting))
	}
	w.Advance(11 * time.Minute)
	w.start(business)
}

// 21: a first payment that fails gives nothing and takes nothing, however often; what is paid
// then is paid once.
func TestTheFirstPaymentFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Pass(13 * billing.Day) // too late for a trial at the provider: it is charged at once
	session := w.start(team)
	for _, card := range []stripefake.Card{stripefake.CardDeclines, stripefake.CardFailsLater, stripefake.CardPoor} {
		how := pays
		how.Card = card
		if w.PayPage(session, how) == nil {
			t.Errorf("%s was taken", card)
		}
		w.Settle()
		w.Wants(tenant.Trial, "trial")
	}
	r, err := w.shop.Return(t.Context(), w.Acme.ID, session)
	if err != nil || r.IsConfirmed || r.Status != billing.PageOpen {
		t.Errorf("%+v, %v", r, err)
	}
	must(t, w.PayPage(session, pays))
	w.Settle()
	w.Wants(tenant.Paid, "team")
	if w.charged() != 5831 {
		t.Errorf("charged %d", w.charged())
	}
}

// 22, 23: a question of the bank that is answered pays, one that is not leaves all as it was.
func TestTheBankAsksAtFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Pass(13 * billing.Day)
	session := w.start(team)
	try := func(answer string) error {
		how := pays
		how.Card, how.Answer = stripefake.Card3DS, answer
		err := w.PayPage(session, how)
		w.Settle()
		return err
	}
	if err := try("no"); err == nil {
		t.Error("the bank said no")
	}
	if err := try(""); !errors.Is(err, stripefake.ErrUnconfirmed) {
		t.Error(err)
	}
	w.Wants(tenant.Trial, "trial")
	must(t, try("yes"))
	w.Wants(tenant.Paid, "team")
}

// 21, 23: what is never confirmed lapses after 23 hours, and can be bought anew.
func TestTheFirstPaymentIsAbandoned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sweep()
	w.Pass(13*billing.Day + 12*time.Hour)
	how := pays
	how.Card = stripefake.Card3DSAlways
	if err := w.PayPage(w.start(team), how); !errors.Is(err, stripefake.ErrUnconfirmed) {
		t.Fatal(err)
	}
	w.Settle()
	w.Wants(tenant.Trial, "trial")
	w.Pass(25 * time.Hour)
	w.Wants(tenant.Restricted, "trial")
	if n := w.Count(`billing_subscriptions WHERE status = 'incomplete_expired'`, nil); n != 1 {
		t.Errorf("%d lapsed", n)
	}
	w.pay(team, pays)
	w.Wants(tenant.Paid, "team")
}

// 35: a code for all of it needs no card.
func TestACodeForAllOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay(team, stripefake.Purchase{Country: "DE", PostalCode: "10115", Name: "Acme", Code: w.Promotion("100")})
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_invoices WHERE status = 'paid' AND total = 0`, nil); n != 1 || w.live().HasCard {
		t.Errorf("%d invoices of nothing", n)
	}
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Paid, "team")
}

// 34: another currency is another customer; the earlier one is kept, and taken again.
func TestAnotherCurrency(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	dollars := billing.Choice{Plan: "team", Currency: "usd", Every: billing.Monthly}
	_, err := w.shop.Preview(t.Context(), w.Acme.ID, dollars)
	refused(t, "while it runs", err, fault.Conflict)
	must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
	w.Pass(32 * billing.Day)
	w.Wants(tenant.Restricted, "team")
	w.pay(dollars, pays)
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_customers WHERE tenant_id = @id`, pgx.NamedArgs{"id": w.Acme.ID}); n != 2 {
		t.Errorf("%d customers", n)
	}
	if n := w.Count(`billing_customers WHERE is_current AND currency = 'usd'`, nil); n != 1 || w.live().Currency != "usd" {
		t.Errorf("%d current, %s", n, w.live().Currency)
	}
	must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
	w.Pass(32 * billing.Day)
	w.pay(team, pays)
	w.Wants(tenant.Paid, "team")
	if n := w.Count(`billing_customers`, nil); n != 2 || w.live().Currency != "eur" {
		t.Errorf("%d customers, %s", n, w.live().Currency)
	}
	if w.tasks("double_subscription") != 0 {
		t.Error("somebody seems to pay twice")
	}
}

// 38: who was deleted at the provider can buy again, and gets nothing for what was before.
func TestBuyingAfterTheCustomerWasDeleted(t *testing.T) {
	t.Parallel()
	w := paying(t, team)
	w.Ask(http.MethodDelete, "/v1/customers/"+w.live().CustomerID, nil)
	w.Settle()
	w.Wants(tenant.Restricted, "team")
	session := w.start(solo)
	w.Sweep()
	w.Wants(tenant.Restricted, "team")
	must(t, w.PayPage(session, pays))
	w.Settle()
	w.Wants(tenant.Paid, "solo")
	if w.tasks("double_subscription") != 0 {
		t.Error("somebody seems to pay twice")
	}
}

// dying is a till whose answers are lost, as if the process had died before it could write.
type dying struct {
	billing.Till
	at string
}

var errDied = fault.New(fault.Unavailable, "the process died")

func (d dying) CreateCustomer(ctx context.Context, key string, c billing.NewCustomer) (string, error) {
	id, err := d.Till.CreateCustomer(ctx, key, c)
	if d.at == "customer" && err == nil {
		return "", errDied
	}
	return id, err
}

func (d dying) OpenCheckout(ctx context.Context, key string, c billing.NewCheckout) (*billing.CheckoutPage, error) {
	page, err := d.Till.OpenCheckout(ctx, key, c)
	if d.at == "page" && err == nil {
		return nil, errDied
	}
	return page, err
}

func (d dying) ChangePlan(ctx context.Context, key string, c billing.PlanChange) error {
	if d.at == "before the change" {
		return errDied
	}
	if err := d.Till.ChangePlan(ctx, key, c); err != nil || d.at != "change" {
		return err
	}
	return errDied
}

func (d dying) CancelNow(ctx context.Context, key, subscription string) error {
	if err := d.Till.CancelNow(ctx, key, subscription); err != nil || d.at != "end" {
		return err
	}
	return errDied
}

// 39: whoever dies between the provider's answer and our commit asks again under the same
// key, and there is one of everything.
func TestDyingInBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.NeedsFake("all that is at the provider is counted")
	for _, at := range []string{"customer", "page"} {
		_, err := w.sell(dying{w.Gateway, at}).Start(t.Context(), owner, w.Acme, team)
		refused(t, at, err, fault.Unavailable)
	}
	if n := w.Count(`billing_intents WHERE state = 'open'`, nil); n != 1 {
		t.Errorf("%d intents are open", n)
	}
	_, err := w.shop.Start(t.Context(), owner, w.Acme, business)
	refused(t, "something else meanwhile", err, fault.Conflict)
	w.start(team)
	w.atProvider(1, 1)
	// Nobody comes back: the sweep does it.
	w.Advance(2 * time.Minute)
	globex := w.Company("globex.test")
	for _, at := range []string{"customer", "page"} {
		_, err = w.sell(dying{w.Gateway, at}).Start(t.Context(), owner, globex, team)
		refused(t, at, err, fault.Unavailable)
		w.Advance(2 * time.Minute)
		must(t, w.shop.Sweep(t.Context()))
		if n := w.Count(`billing_intents WHERE state = 'open'`, nil); n != 0 {
			t.Errorf("%d intents are open after the sweep", n)
		}
	}
	w.atProvider(2, 2)
	_, err = w.shop.Start(t.Context(), owner, globex, team)
	must(t, err)
	w.atProvider(2, 2)
}

// atProvider counts customers and pages there.
func (w *world) atProvider(customers, pages int) {
	w.T.Helper()
	for path, want := range map[string]int{"/v1/customers": customers, "/v1/checkout/sessions": pages} {
		if n := len(w.List(path, nil)); n != want {
			w.T.Errorf("%s: %d at the provider, want %d", path, n, want)
		}
	}
}

// 19: while the provider is away nothing is sold, nothing breaks, and who comes back from its
// page is told to wait.
func TestBuyingWhileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fake := w.NeedsFake("the provider is away")
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusInternalServerError})
	_, err := w.shop.Start(t.Context(), owner, w.Acme, team)
	refused(t, "away", err, fault.Unavailable)
	fake.MisbehaveAPI(stripefake.APIChaos{})
	session := w.start(team)
	must(t, w.PayPage(session, pays))
	fake.MisbehaveAPI(stripefake.APIChaos{Status: http.StatusInternalServerError})
	r, err := w.shop.Return(t.Context(), w.Acme.ID, session)
	if err != nil || r.IsConfirmed || r.Status != billing.PageComplete {
		t.Errorf("%+v, %v", r, err)
	}
	fake.MisbehaveAPI(stripefake.APIChaos{})
	w.Settle()
	for range 2 { // again, once what was bought has ended
		if r, err = w.shop.Return(t.Context(), w.Acme.ID, session); err != nil || !r.IsConfirmed {
			t.Errorf("%+v, %v", r, err)
		}
		if w.account().Live != nil {
			must(t, w.shop.Cancel(t.Context(), owner, w.Acme.ID))
			w.Pass(32 * billing.Day)
		}
	}
	w.Platform(func(tx *pg.PlatformTx) error {
		c, err := store.CheckoutByID(t.Context(), tx, w.Acme.ID, session)
		if err == nil && c.Status != "complete" {
			t.Errorf("the page is %s", c.Status)
		}
		return err
	})
}
