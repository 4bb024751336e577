package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/dnstest"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/domains/look"
	"rookery/tenant/people"
)

// newDomains is the service over a DNS of the test's own.
func newDomains(t testing.TB, w *fixture.World) (*domains.Service, *dnstest.Server) {
	t.Helper()
	dns := dnstest.Start(t)
	client := safehttp.New(safehttp.Options{
		AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.77.0.0/16")}, LookupIP: look.LookupBy(dns.ResolverAddresses()), HostRate: 1000,
	})
	t.Cleanup(client.Close)
	return domains.New(domains.Options{
		DB: w.PG, Tenants: w.Registry, Suffix: "rookery.test", Scheme: "http", Console: home, Protected: []string{"famous.test"},
		Needs: domains.Needs{Certificates: true},
		Looker: look.New(look.Options{
			HTTP: client, Resolvers: dns.ResolverAddresses(), ZonePort: dns.Port(), AskTimeout: time.Second, EdgeSuffix: "edge.rookery.test",
			Addresses: []netip.Addr{netip.MustParseAddr("127.77.99.9")}, Secret: []byte("of the test"),
		}),
	}), dns
}

func (w *world) claim(t testing.TB, of *fixture.Home, wish domains.Wish) []*tenant.Domain {
	t.Helper()
	claims, err := w.domains.Claim(t.Context(), audit.ByOperator(), of.Tenant.ID, wish)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func domainURL(h *fixture.Home, d *tenant.Domain) string {
	return room(h) + "/domains/" + ids.Format(int64(d.ID))
}

// set changes rows as only time and the world do.
func (w *world) set(t testing.TB, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// count is a number that only the database knows.
func (w *world) count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// onTrial makes tenant A one that has no lasting addresses yet.
func (w *world) onTrial(t testing.TB) {
	t.Helper()
	w.set(t, `UPDATE tenants SET federates_since = NULL WHERE id = $1`, w.A.Tenant.ID)
	w.set(t, `DELETE FROM domains WHERE tenant_id = $1`, w.A.Tenant.ID)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, what string, page *browse.Page, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page.Body, want) {
			t.Errorf("%s lacks %q:\n%s", what, want, page.Body)
		}
	}
}

// A company without a name of its own learns what it could have, adds one, and sees which
// records it needs.
func TestAddADomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.onTrial(t)
	b := w.session(t, w.A.Person)
	form := b.Get(room(w.A) + "/domains/new")
	contains(t, "the form", form, `data-words="@alice@%"`, `value="split" checked`, "social.company.com")
	for name, tt := range map[string]struct {
		typed  []string
		status int
		wants  []string
	}{
		"nothing":         {[]string{"name", " "}, 422, []string{`id="name-error"`, "Type your company’s domain"}},
		"a suffix":        {[]string{"name", "co.uk"}, 422, []string{`id="name-error"`, "public suffix", `value="co.uk"`}},
		"ours":            {[]string{"name", "x.rookery.test"}, 422, []string{`id="name-error"`, "belongs to the platform"}},
		"a bad service":   {[]string{"name", "acme-cycles.test", "service", "nonsense"}, 422, []string{`id="service-help"`, `aria-invalid="true"`, `value="nonsense"`, " open>"}},
		"twice the same":  {[]string{"name", "acme-cycles.test", "service", "acme-cycles.test"}, 422, []string{`id="service-help"`, "needs a second name"}},
		"an unknown mode": {[]string{"name", "acme-cycles.test", "mode", "odd"}, 422, []string{"Choose how"}},
		"markup":          {[]string{"name", `"><script>`}, 422, []string{`id="name-error"`, "&lt;script&gt;"}},
	} {
		got := b.Submit(form, b.Form(form, "mode", ""), tt.typed...)
		if got.Status != tt.status || strings.Contains(got.Body, "<script>") {
			t.Errorf("%s: %d", name, got.Status)
		}
		contains(t, name, got, tt.wants...)
	}
	// An address that was copied from a browser is a domain, too.
	page := b.Follow(b.Submit(form, b.Form(form, "mode", ""), "name", "https://www.Acme-Cycles.test/shop?x"))
	contains(t, "the page after it", page, "Handles end in @acme-cycles.test, pages and apps are on social.acme-cycles.test",
		"Add two records to the DNS of acme-cycles.test", "_rookery-challenge.social", "In full: _rookery-challenge.social.acme-cycles.test", "rookery-verify=", "Waiting for DNS", `http-equiv="refresh"`)
	if got := page.Header.Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self'") || !strings.Contains(got, "default-src 'none'") {
		t.Errorf("policy %q", got)
	}
	if got := b.Submit(form, b.Form(form, "mode", ""), "name", "acme-cycles.test"); got.Status != http.StatusConflict || !strings.Contains(got.Body, "already") {
		t.Errorf("added twice: %d", got.Status)
	}
	contains(t, "the list", b.Get(room(w.A)+"/domains"), "acme-cycles.test", "Handles: @…@acme-cycles.test", "Pages and apps", "Waiting for DNS")
	review := b.Follow(b.Submit(form, b.Form(form, "mode", ""), "name", "fam0us.test", "mode", "whole"))
	contains(t, "a name like another", review, "We look at this name by hand", "one working day")
}

// "Check now" looks at most once in five minutes, and says so kindly.
func TestCheckNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b := w.session(t, w.A.Person)
	at := domainURL(w.A, d)
	page := b.Get(at)
	check := formTo(t, page, "/check")
	if got := b.Submit(page, check); got.Status != http.StatusSeeOther {
		t.Fatalf("the first: %d", got.Status)
	}
	contains(t, "after it", b.Get(at), "disabled", "You can ask again")
	again := b.Submit(page, check)
	if again.Status != http.StatusTooManyRequests {
		t.Errorf("the second: %d", again.Status)
	}
	contains(t, "the second", again, "We looked a moment ago", `role="alert"`)
}

// formTo is the form of a page whose action ends so.
func formTo(t testing.TB, p *browse.Page, suffix string) browse.Form {
	t.Helper()
	for _, f := range p.Forms {
		if strings.HasSuffix(f.Action, suffix) {
			return f
		}
	}
	t.Fatalf("%s has no form to %s:\n%s", p.URL, suffix, p.Body)
	return browse.Form{}
}

// A name that works is removed by typing it, and taken back.
func TestReleaseAndUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	w.set(t, `UPDATE domains SET state = 'live', reason = '' WHERE id = $1`, d.ID)
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	contains(t, "a name that works", page, "It works.", "Remove social.acme-cycles.test")
	wrong := b.Submit(page, formTo(t, page, "/release#remove"), "name", "acme-cycles.test")
	if wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("another name: %d", wrong.Status)
	}
	contains(t, "another name", wrong, "This is not the name", `value="acme-cycles.test"`, " open>")
	gone := b.Follow(b.Submit(page, formTo(t, page, "/release#remove"), "name", "Social.Acme-Cycles.test"))
	contains(t, "the right name", gone, "is being removed", "Keep the name", "by alice@a.test")
	if strings.Contains(gone.Body, "Remove social.acme-cycles.test …") {
		t.Error("a name that is being removed can be removed")
	}
	back := b.Follow(b.Submit(gone, formTo(t, gone, "/undo")))
	if strings.Contains(back.Body, "is being removed.") {
		t.Errorf("after taking it back:\n%s", back.Body)
	}
}

// What to do is mailed to whoever runs the domain: once, with a record, and not without end.
func TestMailToIT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	claims := w.claim(t, w.A, domains.Wish{Mode: tenant.SplitDomain, Name: "acme-cycles.test"})
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, claims[0]))
	form := formTo(t, page, "/send#it")
	for typed, want := range map[string]string{
		"": "Type the mail", "it@acme,example": "Did you mean it@acme.example?", "it": "has no @", "a b@c.test": "no mail that we can write to", "x@y.test\r\nBcc: z@y.test": "no mail",
	} {
		got := b.Submit(page, form, "email", typed)
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", typed, got.Status)
		}
		contains(t, typed, got, want)
	}
	for _, note := range []string{"see https://evil.test", "evil.com/x", "log in at evil.com"} {
		contains(t, note, b.Submit(page, form, "email", "it@acme.test", "note", note), "Leave links and addresses out")
	}
	for range 2 {
		sent := b.Submit(page, form, "email", "it@acme.test", "note", "It is for the new accounts.", "server", "nginx")
		if sent.Status != http.StatusOK {
			t.Fatalf("sent: %d\n%s", sent.Status, sent.Body)
		}
		contains(t, "sent", sent, "it@acme.test</b> is on its way")
	}
	letters := w.letters(t)
	if len(letters) != 1 {
		t.Fatalf("%d mails", len(letters))
	}
	for _, want := range []string{"rookery-verify=" + claims[0].Token, "rookery-verify=" + claims[1].Token, "nginx", "$is_args$args", "\n"} {
		if !strings.Contains(letters[0]["letter"], want) {
			t.Errorf("the letter lacks %q:\n%s", want, letters[0]["letter"])
		}
	}
	if strings.Contains(letters[0]["letter"], "Netlify") || letters[0]["note"] != "It is for the new accounts." || letters[0]["person_mail"] != "alice@a.test" {
		t.Errorf("%v", letters[0])
	}
	contains(t, "the history", b.Get(domainURL(w.A, claims[0])), "was mailed to it@acme.test, by alice@a.test")
	for range 8 {
		b.Submit(page, form, "email", "it@acme.test")
	}
	stopped := b.Submit(page, form, "email", "other@acme.test")
	if stopped.Status != http.StatusTooManyRequests || len(w.letters(t)) != 2 {
		t.Errorf("the eleventh: %d, %d mails", stopped.Status, len(w.letters(t)))
	}
	contains(t, "the eleventh", stopped, "10 such mails within a day")
}

// However many are sent at the same moment, no more go out than in a row.
func TestMailsToITAreCountedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	form := formTo(t, page, "/send#it")
	var statuses [16]int
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = b.Submit(page, form, "email", fmt.Sprintf("it%d@acme.test", i)).Status
		})
	}
	all.Wait()
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	if counts[http.StatusOK] != 10 || counts[http.StatusTooManyRequests] != 6 || len(w.letters(t)) != 10 {
		t.Errorf("answers %v, %d mails", counts, len(w.letters(t)))
	}
}

// Who asks cannot be a link either: such names are left out of what a stranger gets.
func TestNamesThatAreLinksAreLeftOutOfMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	w.set(t, `UPDATE tenants SET name = 'Win now: evil.com' WHERE id = $1`, w.A.Tenant.ID)
	w.set(t, `UPDATE persons SET name = 'https://evil.com/login' WHERE id = $1`, w.A.Person)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	send := func() *mail.Letter {
		if got := b.Submit(page, formTo(t, page, "/send#it"), "email", "it@acme.test", "note", "Soon.\r\nBcc: x"); got.Status != http.StatusOK {
			t.Fatalf("sent: %d", got.Status)
		}
		data := w.letters(t)[0]
		letter, err := mail.Templates{Home: home}.Render("instructions", "en", data)
		if err != nil {
			t.Fatal(err)
		}
		return letter
	}
	letter := send()
	if text := letter.Subject + letter.Text + letter.HTML; strings.Contains(text, "evil") || !strings.Contains(text, "alice@a.test of your company sets up") || !strings.Contains(text, "They add: “Soon. Bcc: x”") {
		t.Errorf("%s\n%s", letter.Subject, letter.Text)
	}
	w.set(t, `UPDATE persons SET name = $2 WHERE id = $1`, w.A.Person, "Your account is locked. "+strings.Repeat("Call us now. ", 20))
	w.set(t, `DELETE FROM mails`)
	if text := send().Text; strings.Count(text, "Call us now") > 9 {
		t.Errorf("a tale for a name:\n%s", text)
	}
}

// letters are the data of the mails that wait.
func (w *world) letters(t testing.TB) (out []map[string]string) {
	t.Helper()
	err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
		all, err := store.UnsentMails(t.Context(), tx, 50)
		for _, m := range all {
			if m.Template == "instructions" {
				out = append(out, m.Data)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The way of another server stops where that one would.
func TestAsAnotherServerSeesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	w.dns.Zone("acme-cycles.test")
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	form := formTo(t, page, "/seen#seen")
	got := b.Submit(page, form)
	if got.Status != http.StatusOK {
		t.Errorf("%d", got.Status)
	}
	contains(t, "what another server sees", got, "Another server does not find @alice@social.acme-cycles.test yet", "Stops here", "It asks DNS for the address")
	for range 5 {
		b.Submit(page, form)
	}
	if got := b.Submit(page, form); got.Status != http.StatusTooManyRequests {
		t.Errorf("the seventh: %d", got.Status)
	}
}

// TEN-31: names are another company's as little as its accounts, and only owners and admins
// change them.
func TestWhoSeesAndChangesDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	ours := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	theirs := w.claim(t, w.B, domains.Wish{Mode: tenant.WholeDomain, Name: "social.other.test"})[0]
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, ours))
	values := formTo(t, page, "/check").Values
	values.Set("name", "social.other.test")
	values.Set("email", "it@acme.test")
	foreign := []string{domainURL(w.B, theirs), domainURL(w.A, theirs), domainURL(w.B, ours), room(w.A) + "/domains/x", room(w.A) + "/domains/-1", room(w.A) + "/domains/1"}
	for _, at := range foreign {
		for _, path := range []string{"", "/events"} {
			if got := b.Get(at+path, "Sec-Fetch-Site", "same-origin"); got.Status != http.StatusNotFound || strings.Contains(got.Body, "other.test") {
				t.Errorf("%s: %d", at+path, got.Status)
			}
		}
		for _, act := range acts {
			if got := b.Post(at+act, values, "Origin", home); got.Status != http.StatusNotFound {
				t.Errorf("%s: %d", at+act, got.Status)
			}
		}
	}
	for _, path := range []string{"/domains", "/domains/new"} {
		if got := b.Get(room(w.B) + path); got.Status != http.StatusNotFound {
			t.Errorf("their %s: %d", path, got.Status)
		}
	}
	if got := b.Post(room(w.B)+"/domains", values, "Origin", home); got.Status != http.StatusNotFound {
		t.Errorf("adding a name to them: %d", got.Status)
	}
	for role, may := range map[people.Membership]bool{
		people.MemberAdmin: true, people.MemberBilling: false, people.MemberModerator: false, people.MemberPlain: false,
	} {
		person := w.Person(t, string(role)+"@a.test")
		w.join(t, w.A, person, role)
		w.changes(t, w.session(t, person), string(role), ours, may)
	}
	if now, err := w.domains.Get(t.Context(), w.B.Tenant.ID, theirs.ID); err != nil || now.State != tenant.DomainPendingOwnership || !now.RetryAfter.IsZero() {
		t.Errorf("the other company's name: %+v, %v", now.Domain, err)
	}
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.changes(t, b, "an owner of a suspended company", ours, false)
}

var acts = []string{"/check", "/send", "/link", "/unlink", "/seen", "/release", "/undo"}

// changes tries everything in one room and says what does not fit a role.
func (w *world) changes(t *testing.T, b *browse.Browser, who string, d *tenant.Domain, may bool) {
	t.Helper()
	list, page := b.Get(room(w.A)+"/domains"), b.Get(domainURL(w.A, d))
	if list.Status != http.StatusOK || page.Status != http.StatusOK || !strings.Contains(page.Body, "rookery-verify=") {
		t.Errorf("%s does not see the name: %d, %d", who, list.Status, page.Status)
	}
	if strings.Contains(list.Body, "/domains/new") != may || strings.Contains(page.Body, "/release") != may || strings.Contains(page.Body, "/send") != may || strings.Contains(page.Body, "/link\"") != may && !strings.Contains(page.Body, "/unlink\"") || strings.Contains(page.Body, "/check") != may {
		t.Errorf("%s is offered what does not fit", who)
	}
	if got := b.Get(room(w.A) + "/domains/new"); (got.Status == http.StatusOK) != may {
		t.Errorf("%s: form %d", who, got.Status)
	}
	values := url.Values{"authenticity_token": {formTo(t, page, "/sign_out").Values.Get("authenticity_token")}, "name": {"x"}, "email": {"it@acme.test"}, "mode": {"whole"}}
	at := "/" + ids.Format(int64(d.ID))
	for _, path := range []string{"", at + "/check", at + "/send", at + "/link", at + "/unlink", at + "/release", at + "/undo"} {
		if got := b.Post(room(w.A)+"/domains"+path, values, "Origin", home); (got.Status == http.StatusForbidden) == may {
			t.Errorf("%s posts to %q: %d", who, path, got.Status)
		}
	}
}

// TEN-29: no form without its token, nor from elsewhere.
func TestDomainFormsAreOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b, other := w.session(t, w.A.Person), w.session(t, w.A.Person)
	token := formTo(t, other.Get(room(w.A)), "/sign_out").Values
	own := formTo(t, b.Get(room(w.A)), "/sign_out").Values
	paths := []string{room(w.A) + "/domains"}
	for _, act := range acts {
		paths = append(paths, domainURL(w.A, d)+act)
	}
	for _, path := range paths {
		for name, try := range map[string]func() *browse.Page{
			"without a token":         func() *browse.Page { return b.Post(path, url.Values{"name": {d.Name}}, "Origin", home) },
			"another session's token": func() *browse.Page { return b.Post(path, token, "Origin", home) },
			"another site":            func() *browse.Page { return b.Post(path, own, "Origin", "https://evil.test") },
			"a tenant's page":         func() *browse.Page { return b.Post(path, own, "Sec-Fetch-Site", "same-site") },
		} {
			if got := try(); got.Status != http.StatusForbidden {
				t.Errorf("%s to %s: %d", name, path, got.Status)
			}
		}
	}
	for name, headers := range map[string][]string{"another site": {"Sec-Fetch-Site", "cross-site"}, "a tenant's page": {"Sec-Fetch-Site", "same-site"}, "nobody's": nil} {
		if got := b.Get(domainURL(w.A, d)+"/events", headers...); got.Status != http.StatusForbidden {
			t.Errorf("events for %s: %d", name, got.Status)
		}
	}
	if got := w.server.Browser(t).Get(domainURL(w.A, d)+"/events", "Sec-Fetch-Site", "same-origin", "Accept", "text/event-stream"); got.Status != http.StatusUnauthorized {
		t.Errorf("events for a stranger: %d", got.Status)
	}
}
