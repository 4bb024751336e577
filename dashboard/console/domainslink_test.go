package console_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/people"
)

// linkOn is the link that a name's page shows.
func linkOn(t *testing.T, p *browse.Page) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.Body, `data-copy="`+home+`/dns?`)
	query, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("there is no link on the page:\n%s", p.Body)
	}
	return home + "/dns?" + query
}

// Whoever runs the DNS sees what is missing without signing in, and nothing of the company.
func TestALinkForIT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.set(t, `UPDATE tenants SET name = 'Acme Cycles Ltd' WHERE id = $1`, w.A.Tenant.ID)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	claims := w.claim(t, w.A, domains.Wish{Mode: tenant.SplitDomain, Name: "acme-cycles.test"})
	w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "secret-plan.test"})
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, claims[1]))
	page = b.Follow(b.Submit(page, formTo(t, page, "/link")))
	address := linkOn(t, page)
	contains(t, "the history", page, "A link to what social.acme-cycles.test needs was made")
	stranger := w.server.Browser(t)
	seen := stranger.Get(address)
	if seen.Status != http.StatusOK {
		t.Fatalf("a stranger: %d\n%s", seen.Status, seen.Body)
	}
	contains(t, "the link", seen, "rookery-verify="+claims[0].Token, "rookery-verify="+claims[1].Token, "Add two records", "nginx", `content="noindex"`, `http-equiv="refresh"`)
	for _, private := range []string{"Acme Cycles Ltd", "alice", "secret-plan", w.A.Tenant.ID.String() + "/", "<form", "authenticity_token", "a.test<", "What happened"} {
		if strings.Contains(seen.Body, private) {
			t.Errorf("a stranger sees %q:\n%s", private, seen.Body)
		}
	}
	for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
		if got := seen.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	if len(stranger.Cookies(home+"/")) != 0 {
		t.Error("a stranger gets a cookie")
	}
	// The page hears of changes without a session.
	open := w.listen(t, eventsOf(t, seen), "")
	if open.status != http.StatusOK {
		t.Fatalf("the stream: %d", open.status)
	}
	if err := w.domains.Check(t.Context(), claims[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := open.next("the first look"); !strings.Contains(got, "rookery-verify=") || strings.Contains(got, "<form") {
		t.Errorf("after the first look:\n%s", got)
	}
	// The other name's page shows the same link, and ends it.
	other := b.Get(domainURL(w.A, claims[0]))
	if linkOn(t, other) != address {
		t.Error("the names of a set-up have a link each")
	}
	b.Submit(other, formTo(t, other, "/unlink"))
	open.ends("the links were ended")
	if got := stranger.Get(address); got.Status != http.StatusGone || !strings.Contains(got.Body, "This link has ended") || strings.Contains(got.Body, "acme-cycles") {
		t.Errorf("after the end: %d\n%s", got.Status, got.Body)
	}
	page = b.Get(domainURL(w.A, claims[0]))
	if again := linkOn(t, b.Follow(b.Submit(page, formTo(t, page, "/link")))); again == address || stranger.Get(again).Status != http.StatusOK {
		t.Error("after the end there is no new link")
	}
}

// No link can be made up, changed, or used after its time.
func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	theirs := w.claim(t, w.B, domains.Wish{Mode: tenant.WholeDomain, Name: "social.other.test"})[0]
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	address := linkOn(t, b.Follow(b.Submit(page, formTo(t, page, "/link"))))
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	key := parsed.Query().Get("key")
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(raw) < 24+16 {
		t.Fatalf("a key of %d bytes, %v", len(raw), err)
	}
	stranger := w.server.Browser(t)
	at := func(key string) *browse.Page { return stranger.Get(home + "/dns?" + url.Values{"key": {key}}.Encode()) }
	changed := func(i int) string {
		out := append([]byte(nil), raw...)
		out[i] ^= 1
		return base64.RawURLEncoding.EncodeToString(out)
	}
	for name, bad := range map[string]string{
		"nothing": "", "nonsense": "x", "no base64": "%%%", "another company": changed(7), "another name": changed(15), "a later time": changed(17), "another signature": changed(len(raw) - 1),
		"a short one": key[:len(key)-4], "a long one": key + "AAAA", "bits behind the end": key[:len(key)-1] + "/", "very long": strings.Repeat("A", 8000),
	} {
		if got := at(bad); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", name, got.Status)
		}
		if got := stranger.Get(home+"/dns/events?key="+url.QueryEscape(bad), "Sec-Fetch-Site", "same-origin"); got.Status != http.StatusNotFound {
			t.Errorf("%s, events: %d", name, got.Status)
		}
	}
	if got := stranger.Get(home+"/dns/events?key="+key, "Sec-Fetch-Site", "cross-site"); got.Status != http.StatusForbidden {
		t.Errorf("events for another site: %d", got.Status)
	}
	w.set(t, `UPDATE domains SET tenant_id = $2 WHERE id = $1`, d.ID, theirs.TenantID)
	if got := at(key); got.Status != http.StatusGone {
		t.Errorf("the name is another company's now: %d", got.Status)
	}
	w.set(t, `UPDATE domains SET tenant_id = $2 WHERE id = $1`, d.ID, d.TenantID)
	w.set(t, `UPDATE domains SET state = 'released' WHERE id = $1`, d.ID)
	if got := at(key); got.Status != http.StatusGone {
		t.Errorf("the name was given up: %d", got.Status)
	}
	w.set(t, `UPDATE domains SET state = 'pending_ownership' WHERE id = $1`, d.ID)
	if got := at(key); got.Status != http.StatusOK {
		t.Errorf("and is back: %d", got.Status)
	}
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if got := at(key); got.Status != http.StatusOK {
		t.Errorf("of a suspended company: %d", got.Status)
	}
}

// A mail has a link; the same one as long as that works for a week.
func TestTheMailToITHasALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	send := func() { b.Submit(page, formTo(t, page, "/send#it"), "email", "it@acme.test") }
	send()
	send()
	letters := w.letters(t)
	if len(letters) != 1 || w.server.Browser(t).Get(letters[0]["link"]).Status != http.StatusOK {
		t.Fatalf("%v", letters)
	}
	until, err := time.Parse(time.RFC3339, letters[0]["deadline"])
	if err != nil || time.Until(until) < 13*24*time.Hour || time.Until(until) > 14*24*time.Hour {
		t.Errorf("it works until %v, %v", until, err)
	}
	page = b.Get(domainURL(w.A, d))
	if linkOn(t, page) != letters[0]["link"] {
		t.Error("the page shows another link than the mail")
	}
	b.Submit(page, formTo(t, page, "/unlink"))
	send()
	if letters = w.letters(t); len(letters) != 2 || letters[0]["link"] == letters[1]["link"] {
		t.Errorf("after the end of the link: %d mails", len(letters))
	}
}

// Only those who may change names make and end links.
func TestWhoMayMakeLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	owner := w.session(t, w.A.Person)
	page := owner.Get(domainURL(w.A, d))
	address := linkOn(t, owner.Follow(owner.Submit(page, formTo(t, page, "/link"))))
	w.set(t, `UPDATE memberships SET role = $2 WHERE person_id = $1`, w.A.Person, string(people.MemberModerator))
	if got := owner.Get(domainURL(w.A, d)); strings.Contains(got.Body, "/dns?") {
		t.Error("a moderator is shown the link")
	}
	token := formTo(t, page, "/link").Values
	for _, act := range []string{"/link", "/unlink"} {
		if got := owner.Post(domainURL(w.A, d)+act, token, "Origin", home); got.Status != http.StatusForbidden {
			t.Errorf("a moderator, %s: %d", act, got.Status)
		}
	}
	if got := w.server.Browser(t).Get(address); got.Status != http.StatusOK {
		t.Errorf("the link: %d", got.Status)
	}
}
