package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"rookery/billing/stripefake"
	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
)

// desk is the platform's staff at work: a company that has bought, was late and disputes a
// payment, and browsers of those who look after it.
type desk struct {
	*buyer
	owner *account
	at    string // of the staff's pages
	of    string // the company's page there
}

// Somebody becomes one of the staff, sets up a second factor and comes in by it and by a
// passkey; looks at a company, decides how it stands and takes that back; and goes through
// every room. Support may look, and the company's owner gets nowhere.
func TestE2EStaff(t *testing.T) {
	t.Parallel()
	needsTime(t)
	browse.NeedsChromium(t)
	d := newDesk(t)
	chromium := browse.StartChromium(t, "")
	d.tab = chromium.Tab(t, 1280)
	d.buysAndIsLate(t)
	mara := &clerk{desk: d, tab: chromium.Tab(t, 1280), mail: "mara@rookery.test"}
	mara.hire(t, "admin")
	mara.setsUpTOTP(t)
	mara.comesBack(t)
	mara.findsTheCompany(t)
	mara.decides(t)
	mara.takesBack(t)
	mara.readsNumbers(t)
	mara.settles(t)
	mara.replays(t)
	mara.watchesQueues(t)
	mara.leaves(t)

	jon := &clerk{desk: d, tab: chromium.Tab(t, 390), mail: "jon@rookery.test"}
	jon.hire(t, "support")
	jon.setsUpTOTP(t)
	jon.onlyLooks(t)
	d.keepsTheOwnerOut(t)
}

func newDesk(t *testing.T) *desk {
	srv := startServer(t, sells(nil))
	console := "http://rookery.localhost:" + srv.port()
	d := &desk{buyer: &buyer{shop: &shop{srv, local(t), console}, host: "acme.localhost:" + srv.port()}, at: console + "/staff"}
	srv.tenant("http", d.host)
	d.owner = srv.account(d.client, "http", d.host, "support")
	return d
}

// buysAndIsLate has the company pay for a plan, contest that payment, and fail to pay the next.
func (d *desk) buysAndIsLate(t *testing.T) {
	t.Helper()
	d.tab.Open(d.console)
	signIn(d.tab, d.owner.Email, password)
	d.tab.Press(`.list li:first-child a`)
	d.room = strings.TrimSuffix(d.tab.Path(), "/") + "/billing"
	d.tab.Open(d.console + d.room)
	d.tab.Press(offer("team") + " button")
	for name, value := range map[string]string{"name": "Acme Cycles", "country": "DE", "postal_code": "10115"} {
		d.tab.Fill(name, value)
	}
	d.tab.Click(`input[name=card][value="pays"]`)
	d.tab.Press("form button[type=submit]")
	d.buyer.see(t, "the plan is there", "Nothing is charged before")
	d.pass(t, 15*aDay)
	d.awaitStanding(t, d.host, "active")
	d.control(t, "dispute", map[string]string{"charge": d.charge(t), "reason": "product_not_received"})
	d.control(t, "decline", map[string]string{"customer": d.customer(t), "codes": strings.Repeat("card_declined ", 12)})
	d.pass(t, 32*aDay)
	d.awaitStanding(t, d.host, "grace")
	testkit.Eventually(t, time.Minute, "the dispute is a matter", func() bool { return d.count(t, `SELECT count(*) FROM billing_tasks WHERE kind = 'dispute'`) > 0 })
}

// charge is the only one there is, as the provider lists it.
func (d *desk) charge(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.console+"/stripe-fake/v1/charges", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+stripeKey)
	request.Header.Set("Stripe-Version", stripefake.Version())
	answer, err := d.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || len(list.Data) != 1 {
		t.Fatalf("%s, charges %+v: %v", answer.Status, list, err)
	}
	return list.Data[0].ID
}

// clerk is one of the staff with a window.
type clerk struct {
	*desk
	tab                    *browse.Tab
	mail, password, secret string
	step                   int64 // of the authenticator's last code: each counts once
}

// hire makes somebody one of the staff, as whoever runs the server does.
func (c *clerk) hire(t *testing.T, role string) {
	t.Helper()
	var row struct{ Person, Role, URL, Password string }
	if err := json.Unmarshal([]byte(c.rookery("staff", "create", "--email", c.mail, "--role", role, "--json")), &row); err != nil {
		t.Fatal(err)
	}
	if c.password = row.Password; row.Role != role || row.URL != c.at || len(c.password) < 12 {
		t.Fatalf("staff create says %+v", row)
	}
}

// code is the authenticator's next that has not been used. Servers take those of half a minute
// before and after.
func (c *clerk) code(t *testing.T) string {
	t.Helper()
	const period = 30
	c.step = max(c.step+1, time.Now().Unix()/period)
	code, err := totp.GenerateCode(c.secret, time.Unix(c.step*period, 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// see looks at the page, in full runs on a desk and on a phone.
func (c *clerk) see(name string) {
	for _, width := range widths() {
		c.tab.Resize(width)
		c.tab.Look("staff-" + name)
	}
	c.tab.Resize(1280)
}

func (c *clerk) open(name, path string) {
	c.tab.Open(c.at + path)
	c.see(name)
}

// must fails the test where an element does not say something.
func (c *clerk) must(t *testing.T, selector, want string) {
	t.Helper()
	if got := c.tab.Text(selector); !strings.Contains(got, want) {
		t.Fatalf("at %s %s says %q, want %q. The page:\n%s", c.tab.Path(), selector, got, want, c.tab.Text("body"))
	}
}

// setsUpTOTP is the first sign-in: nothing opens before there is a second factor.
func (c *clerk) setsUpTOTP(t *testing.T) {
	t.Helper()
	c.open("sign-in", "/")
	signIn(c.tab, c.mail, "not the password")
	c.see("sign-in-wrong")
	signIn(c.tab, c.mail, c.password)
	c.must(t, "main", "Set up a second factor to go on")
	c.see("bound")
	c.tab.Open(c.at + "/tenants")
	if got := c.tab.Path(); got != "/staff/me" {
		t.Errorf("without a second factor the tenants are at %s", got)
	}
	c.tab.Press(`a[href$="/me/authenticator"]`)
	c.see("authenticator")
	c.secret = strings.ReplaceAll(c.tab.Text("main .code code"), " ", "")
	c.tab.Fill("code", c.code(t))
	c.tab.Press("main form .btn--go")
	c.must(t, "main", "recovery codes")
	c.see("codes")
}

// comesBack signs out and in by a code, and again by a passkey.
func (c *clerk) comesBack(t *testing.T) {
	t.Helper()
	c.leaves(t)
	c.tab.Open(c.at + "/revenue")
	signIn(c.tab, c.mail, c.password)
	c.see("second")
	c.tab.Fill("code", c.code(t))
	c.tab.Press("main form .btn--go")
	c.must(t, "h1", "Revenue")
	c.tab.Authenticator()
	c.open("own", "/me")
	c.tab.Press("form[data-passkey] button")
	c.must(t, "main", "not used yet")
	c.leaves(t)
	c.tab.Press("form[data-passkey] button")
	c.must(t, "h1", "Tenants")
}

// leaves signs out by the person's menu.
func (c *clerk) leaves(t *testing.T) {
	t.Helper()
	c.tab.Click(".side .me summary")
	c.tab.Press(".side .me form button")
	if got := c.tab.Path(); got != "/staff/sign_in?signed_out=1" {
		t.Errorf("signing out ends at %s", got)
	}
}
