package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// watched is a company that never pays, and a foreign server that follows it.
type watched struct {
	*fediverse
	*shop
	post statusEntity
}

// TEN-20. 47: a company lets its trial run out. Fedify watches it become read-only, paused,
// closing and deleted: until the end its addresses answer and relations stay true, and at
// the end no Delete goes out, because nobody chose one.
func TestE2EBillingWatched(t *testing.T) {
	t.Parallel()
	needsTime(t)
	f := newFediverseWith(t, sells(nil))
	w := &watched{fediverse: f, shop: &shop{f.server, f.tls.client(t), "https://rookery.localhost:" + f.tls.Port}}
	f.bobFollows()
	w.post = f.alice.post(map[string]any{"status": "Hello from a trial", "visibility": "public"})
	f.awaitReceived("our Create", func(d document) bool { return d.text("type") == "Create" && d.object() == w.post.URI })
	w.answers(t, http.StatusOK)

	w.restricted(t)
	w.paused(t)
	w.closing(t)
	w.gone(t)
	f.server.stop()
}

// answers looks at what other servers ask for.
func (w *watched) answers(t *testing.T, want int) {
	t.Helper()
	path := func(uri string) string { return strings.TrimPrefix(uri, w.alice.Base) }
	for _, address := range []string{path(w.alice.URI), path(w.post.URI), "/.well-known/webfinger?resource=" + url.QueryEscape("acct:support@"+w.alice.Host)} {
		testkit.Eventually(t, 2*time.Minute, address+" answers as it should", func() bool { return w.alice.document(address) == want })
	}
	if want != http.StatusOK {
		return
	}
	var actor, post document
	w.bob.do("find", map[string]any{"what": w.alice.Handle()}, &actor)
	w.bob.do("find", map[string]any{"what": w.post.URI}, &post)
	if actor.text("id") != w.alice.URI || post.text("type") != "Note" {
		t.Errorf("Fedify finds %v and %v", actor, post)
	}
	if suspended, _ := actor["suspended"].(bool); suspended {
		t.Error("the actor says that it is suspended")
	}
}

// page is what a browser gets of the profile.
func (w *watched) page(t *testing.T) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.alice.Base+"/@support", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html")
	answer, err := w.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func (w *watched) wants(t *testing.T, method, path string, body any, want int, words string) {
	t.Helper()
	if status, text := w.alice.call(method, path, body, nil); status != want || !strings.Contains(text, words) {
		t.Errorf("%s %s: %d %s; want %d with %q", method, path, status, text, want, words)
	}
}

// restricted: nothing new goes out; what comes in is taken, and what is taken back goes out.
func (w *watched) restricted(t *testing.T) {
	t.Helper()
	second := w.alice.post(map[string]any{"status": "To be taken back", "visibility": "public"})
	w.awaitReceived("our second Create", func(d document) bool { return d.text("type") == "Create" && d.object() == second.URI })
	w.pass(t, 15*aDay)
	w.awaitStanding(t, w.alice.Host, "restricted")
	testkit.Eventually(t, 10*time.Second, "posting is refused", func() bool {
		status, text := w.alice.call(http.MethodPost, "/api/v1/statuses", map[string]any{"status": "No more"}, nil)
		return status == http.StatusForbidden && strings.Contains(text, "read-only")
	})
	var reply struct{ Note string }
	w.bob.do("note", map[string]any{"content": "<p>Are you there?</p>", "inReplyTo": w.post.URI, "mentions": []string{w.alice.Handle()}}, &reply)
	w.alice.awaitNotification("mention", w.bob.Acct())
	w.alice.must(http.MethodDelete, "/api/v1/statuses/"+second.ID, nil, nil)
	w.awaitReceived("our Delete", func(d document) bool { return d.text("type") == "Delete" && d.object() == second.URI })
	if got := w.page(t); got != http.StatusOK {
		t.Errorf("the profile's page answers %d", got)
	}
	w.answers(t, http.StatusOK)
	w.told(t, "billing_read_only")
}

// paused: apps and pages are closed, relations stay true, the rest of what comes is dropped.
func (w *watched) paused(t *testing.T) {
	t.Helper()
	w.pass(t, 14*aDay)
	w.awaitStanding(t, w.alice.Host, "suspended")
	testkit.Eventually(t, 10*time.Second, "apps cannot read", func() bool {
		status, _ := w.alice.call(http.MethodGet, "/api/v1/timelines/home", nil, nil)
		return status == http.StatusForbidden
	})
	w.wants(t, http.MethodGet, "/api/v1/accounts/verify_credentials", nil, http.StatusOK, "support")
	if got := w.page(t); got != http.StatusServiceUnavailable {
		t.Errorf("the profile's page answers %d, want 503", got)
	}
	w.answers(t, http.StatusOK)
	var like struct{ ID string }
	w.bob.do("like", map[string]any{"object": w.post.URI}, &like)
	accepted := w.accepts()
	w.bob.do("follow", map[string]any{"actor": w.alice.Handle()}, nil) // once more, as servers do that lost it
	testkit.Eventually(t, time.Minute, "a Follow is still accepted", func() bool { return w.accepts() > accepted })
	if n := w.count(t, `SELECT count(*) FROM notifications WHERE type = 'favourite'`); n != 0 {
		t.Errorf("a Like was kept that came meanwhile")
	}
	w.told(t, "billing_paused", "account_closes")
}

// accepts counts what Fedify's follows were answered with.
func (w *watched) accepts() (n int) {
	var all []document
	w.bob.do("received", nil, &all)
	for _, d := range all {
		if d.text("type") == "Accept" {
			n++
		}
	}
	return n
}

func (w *watched) closing(t *testing.T) {
	t.Helper()
	w.pass(t, 92*aDay)
	w.awaitStanding(t, w.alice.Host, "closing")
	testkit.Eventually(t, 10*time.Second, "apps hear that it is over", func() bool {
		status, _ := w.alice.call(http.MethodGet, "/api/v1/timelines/home", nil, nil)
		return status == http.StatusGone
	})
	w.answers(t, http.StatusOK)
	w.told(t, "account_closing")
}

// told waits until people were written to.
func (w *watched) told(t *testing.T, templates ...string) {
	t.Helper()
	for _, template := range templates {
		testkit.Eventually(t, time.Minute, "a mail "+template, func() bool {
			return w.count(t, `SELECT count(*) FROM mails WHERE template = '`+template+`'`) > 0
		})
	}
}

// gone: thirty days in which it could be taken back, and then nothing is left but the word
// that it was there.
func (w *watched) gone(t *testing.T) {
	t.Helper()
	w.pass(t, 14*aDay)
	testkit.Eventually(t, time.Minute, "its deletion begins", func() bool {
		return w.count(t, `SELECT count(*) FROM tenants WHERE state = 'deleting' AND is_quiet`) == 1
	})
	w.answers(t, http.StatusOK)
	w.pass(t, 31*aDay)
	testkit.Eventually(t, 3*time.Minute, "its rows are removed", func() bool {
		return w.count(t, `SELECT count(*) FROM tenants WHERE removed_at IS NOT NULL`) == 1
	})
	w.answers(t, http.StatusGone)
	var all []document
	w.bob.do("received", nil, &all)
	for _, d := range all {
		if d.text("type") == "Delete" && d.object() == w.alice.URI {
			t.Error("other servers were told to delete the account, and nobody chose so")
		}
	}
}
