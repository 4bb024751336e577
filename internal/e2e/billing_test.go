package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

const aDay = 24 * time.Hour

// buyer is an owner in the room of plan and billing.
type buyer struct {
	*shop
	host string
	room string
	tab  *browse.Tab
}

// An owner buys a plan: the bank's question is refused and then answered, the plan begins,
// grows, is cancelled and goes on; a payment fails and is made good.
func TestE2EBillingInABrowser(t *testing.T) {
	t.Parallel()
	needsTime(t)
	browse.NeedsChromium(t)
	srv := startServer(t, sells(nil))
	b := &buyer{shop: &shop{srv, local(t), "http://rookery.localhost:" + srv.port()}, host: "acme.localhost:" + srv.port()}
	srv.tenant("http", b.host)
	owner := srv.account(b.client, "http", b.host, "support")
	b.awaitStanding(t, b.host, "trial")

	b.tab = browse.StartChromium(t, "").Tab(t, 1280)
	b.tab.Open(b.console)
	signIn(b.tab, owner.Email, password)
	b.tab.Press(`.list li:first-child a`)
	b.room = strings.TrimSuffix(b.tab.Path(), "/") + "/billing"
	b.tab.Open(b.console + b.room)
	b.tab.Look("billing-trial")
	b.buys(t)
	b.upgrades(t)
	b.changesItsMind(t)
	b.failsToPay(t)
	if status := owner.document("/@support"); status != http.StatusOK {
		t.Errorf("the profile answers %d", status)
	}
	srv.stop() // what was counted in memory is written down then
	if n := b.count(t, `SELECT COALESCE(sum(egress_bytes), 0) FROM billing_usage`); n == 0 {
		t.Error("nobody counted what went out")
	}
}

// see opens the room and expects words on it.
func (b *buyer) see(t *testing.T, what string, words ...string) {
	t.Helper()
	var text string
	testkit.Eventually(t, time.Minute, what, func() bool {
		b.tab.Open(b.console + b.room)
		text = b.tab.Text("main")
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	})
}

// buys pays for Team on the provider's page, where the bank asks (3-D Secure).
func (b *buyer) buys(t *testing.T) {
	t.Helper()
	b.tab.Press(offer("team") + " button")
	if !strings.HasPrefix(b.tab.Path(), "/stripe-fake/c/pay/") {
		t.Fatalf("choosing a plan leads to %s", b.tab.Address())
	}
	b.tab.Fill("name", "Acme Cycles")
	b.tab.Fill("country", "DE")
	b.tab.Fill("postal_code", "10115")
	b.tab.Click(`input[name=card][value="3ds"]`)
	b.tab.Press("form button[type=submit]")
	b.tab.Press(`button[value=no]`)
	if b.tab.Text("[role=alert]") == "" {
		t.Error("nobody says that the bank refused")
	}
	b.see(t, "nothing is bought yet", "Trial")
	b.tab.Press(offer("team") + " button") // the same page is still open
	b.tab.Fill("name", "Acme Cycles")
	b.tab.Fill("country", "DE")
	b.tab.Fill("postal_code", "10115")
	b.tab.Click(`input[name=card][value="3ds"]`)
	b.tab.Press("form button[type=submit]")
	b.tab.Press(`button[value=yes]`)
	b.tab.Look("billing-bought")
	if got := b.tab.Text("h1"); got != "Team is yours" {
		t.Errorf("after the payment: %q", got)
	}
	b.see(t, "the plan is there", "Team", "Nothing is charged before")
}

func offer(plan string) string { return fmt.Sprintf(`form:has(input[name=plan][value=%s])`, plan) }

// upgrades is after the trial, whose end the first payment came with.
func (b *buyer) upgrades(t *testing.T) {
	t.Helper()
	b.pass(t, 15*aDay)
	b.awaitStanding(t, b.host, "active")
	b.see(t, "the invoice is there", "Paid")
	b.tab.Look("billing-active")
	b.tab.Press(`#plans a[href*="plan=business"]`)
	b.tab.Look("billing-change")
	b.tab.Press("main form .btn--go")
	b.see(t, "the larger plan", "Business")
	if _, plan := b.standing(b.host); plan != "business" {
		t.Errorf("the plan is %s", plan)
	}
}

func (b *buyer) changesItsMind(t *testing.T) {
	t.Helper()
	b.tab.Press(`a[href$="/billing/cancel"]`)
	b.tab.Look("billing-cancel")
	b.tab.Press("main form .btn--bad")
	b.awaitStanding(t, b.host, "active_ending")
	b.see(t, "the plan ends", "is cancelled and ends on")
	b.tab.Look("billing-ending")
	b.tab.Press(`#plan .btn--go`)
	b.awaitStanding(t, b.host, "active")
}

// failsToPay has the card refused with the next period, and then pays the invoice.
func (b *buyer) failsToPay(t *testing.T) {
	t.Helper()
	b.control(t, "decline", map[string]string{"customer": b.customer(t), "codes": strings.Repeat("card_declined ", 12)})
	b.pass(t, 32*aDay)
	b.awaitStanding(t, b.host, "grace")
	b.see(t, "the banner and the way out", "A payment failed")
	b.tab.Look("billing-grace")
	b.control(t, "decline", map[string]string{"customer": b.customer(t)})
	b.tab.Press(`#plan a.btn--go`)
	b.tab.Click(`input[name=card][value="pays"]`)
	b.tab.Press("form button[type=submit]")
	b.awaitStanding(t, b.host, "active")
}
