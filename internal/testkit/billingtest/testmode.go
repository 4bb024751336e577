package billingtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rookery/billing"
	"rookery/billing/stripefake"
)

// inTestMode is Stripe's test mode as a provider. Each world has a test clock there, which
// all of its customers live by; deleting it at the end deletes them.
//
// Two things are emulated, because only a browser could do them. Nobody can pay on Stripe's
// page by API: pay makes the subscription that the page was asked for, with a test card, and
// from then on our gateway is told that the page is complete. And Stripe reaches no webhook
// on this machine: deliver reads its events, signs them with a secret of our own and rings
// at the real door.
type inTestMode struct {
	*api
	world *World
	wire  *wire
	bell  bell
	clock string
	at    int64                   // what the clock says
	tries map[string]subscription // of sessions that were tried in vain
	pause time.Duration           // between two looks at something that takes its time
	quiet int                     // looks that find no event, until there is none to come
}

// stride is what a clock is moved by at once: Stripe allows two intervals of the shortest
// subscription, and no plan's is below a month.
const stride = 28 * billing.Day

// useTestMode has the world live in Stripe's test mode, by a clock of its own.
func (w *World) useTestMode(at place) {
	w.T.Helper()
	m := &inTestMode{
		api: &api{place: at, client: http.DefaultClient}, world: w, at: time.Now().Unix(), tries: map[string]subscription{},
		pause: time.Second, quiet: 3,
	}
	if strings.HasPrefix(at.url, "http://") { // a fake, which is never late
		m.pause, m.quiet = 5*time.Millisecond, 1
	}
	m.bell = bell{api: m.api, since: m.at - 60, seen: map[string]bool{}}
	w.place, w.Secret = at, "whsec_"+w.run
	var clock thing
	form := url.Values{"frozen_time": {strconv.FormatInt(m.at, 10)}, "name": {"rookery " + w.run}}
	if err := m.call(w.T.Context(), http.MethodPost, "/v1/test_helpers/test_clocks", form, &clock); err != nil {
		w.T.Fatal(err)
	}
	m.clock = clock.ID
	m.wire = newWire(m.clock, w.run)
	w.provider = m
	w.connect(&http.Client{Transport: m.wire, Timeout: patience})
	w.T.Cleanup(func() { w.tidy(http.MethodDelete, "/v1/test_helpers/test_clocks/"+m.clock, nil) })
}

func (m *inTestMode) now() time.Time { return time.Unix(m.at, 0).UTC() }

func (m *inTestMode) advance(d time.Duration) error {
	for ; d > 0; d -= stride {
		if err := m.step(min(d, stride)); err != nil {
			return err
		}
	}
	return nil
}

// step moves the clock and waits until all that fell due has happened.
func (m *inTestMode) step(d time.Duration) error {
	ctx, cancel := context.WithTimeout(m.world.T.Context(), clockPatience)
	defer cancel()
	until, path := m.at+int64(d/time.Second), "/v1/test_helpers/test_clocks/"+m.clock
	if until == m.at {
		return nil
	}
	var clock thing
	if err := m.call(ctx, http.MethodPost, path+"/advance", url.Values{"frozen_time": {strconv.FormatInt(until, 10)}}, &clock); err != nil {
		return err
	}
	for clock.Status != "ready" {
		if clock.Status != "advancing" {
			return fmt.Errorf("the test clock is %s", clock.Status)
		}
		if err := every(ctx, m.pause); err != nil {
			return fmt.Errorf("the test clock is still %s: %w", clock.Status, err)
		}
		if err := m.call(ctx, http.MethodGet, path, nil, &clock); err != nil {
			return err
		}
	}
	m.at = until
	return nil
}

// subscription is what pay reads of one.
type subscription struct {
	ID, Status string
	Latest     struct {
		ID     string
		Intent *struct{ Status string } `json:"payment_intent"`
	} `json:"latest_invoice"`
}

var errDeclined = errors.New("the card was declined")

// pay emulates the page: what is entered there goes to the customer, and the subscription is
// made that the page was asked for. As there, a payment in vain leaves the page open, and
// the next try pays the same subscription.
func (m *inTestMode) pay(session string, how stripefake.Purchase) error {
	ctx := m.world.T.Context()
	asked, ok := m.wire.openPage(session)
	if !ok {
		return fmt.Errorf("no open page %s", session)
	}
	customer := asked.Get("customer")
	if how.Country != "" {
		form := url.Values{"address[country]": {how.Country}, "address[postal_code]": {how.PostalCode}}
		if err := m.call(ctx, http.MethodPost, "/v1/customers/"+customer, form, nil); err != nil {
			return err
		}
	}
	card := ""
	if how.Card != "" {
		var err error
		if card, err = m.attach(ctx, customer, how.Card); err != nil {
			return err
		}
	}
	sub, err := m.buy(ctx, session, card, asked, how.Code)
	if err != nil {
		return err
	}
	switch {
	case sub.Status == "active" || sub.Status == "trialing":
		m.wire.paid(session, sub.ID)
		return nil
	case sub.Latest.Intent != nil && sub.Latest.Intent.Status == "requires_action":
		return stripefake.ErrUnconfirmed
	}
	return errDeclined
}

var expandPayment = url.Values{"expand[]": {"latest_invoice.payment_intent"}}

// buy makes the subscription that a page is for, or pays the one of an earlier try.
func (m *inTestMode) buy(ctx context.Context, session, card string, asked url.Values, code string) (sub subscription, err error) {
	if tried, again := m.tries[session]; again {
		if err = m.call(ctx, http.MethodPost, "/v1/invoices/"+tried.Latest.ID+"/pay", url.Values{"payment_method": {card}}, nil); err != nil {
			return sub, err
		}
		if err = m.call(ctx, http.MethodPost, "/v1/subscriptions/"+tried.ID, url.Values{"default_payment_method": {card}}, nil); err != nil {
			return sub, err
		}
		err = m.call(ctx, http.MethodGet, "/v1/subscriptions/"+tried.ID, expandPayment, &sub)
		return sub, err
	}
	form := ordered(asked)
	form["expand[]"] = expandPayment["expand[]"]
	if card != "" {
		form.Set("default_payment_method", card)
	}
	if code != "" {
		var found thing
		if err = m.call(ctx, http.MethodGet, "/v1/promotion_codes", url.Values{"code": {code}, "active": {"true"}}, &found); err != nil {
			return sub, err
		}
		if len(found.Data) != 1 {
			return sub, fmt.Errorf("the code %s is not valid", code)
		}
		form.Set("promotion_code", found.Data[0].ID)
	}
	if err = m.call(ctx, http.MethodPost, "/v1/subscriptions", form, &sub); err == nil {
		m.tries[session] = sub
	}
	return sub, err
}

// ordered rewrites what a page was asked for as the parameters of the subscription that it
// makes.
func ordered(asked url.Values) url.Values {
	out := url.Values{}
	for name, values := range asked {
		if rest, ok := strings.CutPrefix(name, "subscription_data["); ok {
			head, tail, _ := strings.Cut(rest, "]")
			out[head+tail] = values
			continue
		}
		if rest, ok := strings.CutPrefix(name, "line_items"); ok {
			out["items"+rest] = values
		}
		if name == "customer" || strings.HasPrefix(name, "automatic_tax[") {
			out[name] = values
		}
	}
	return out
}

// deliver rings for what has happened until nothing more happens for a while: events come
// some moments after the answer to what caused them.
func (m *inTestMode) deliver(ctx context.Context) error {
	for still := 0; still < m.quiet; still++ {
		news, err := m.bell.news(ctx, m.wire.isOurs)
		if err != nil {
			return err
		}
		for _, e := range news {
			if err := m.world.ring(ctx, e); err != nil {
				return err
			}
			still = -1
		}
		if err := every(ctx, m.pause); err != nil {
			return err
		}
	}
	return nil
}
