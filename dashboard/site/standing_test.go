package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/social/status"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
)

// TEN-20: of a tenant that is paused or being closed the public pages rest, with a time to come
// back so that no search engine forgets them; documents for servers go on under the same
// addresses, and its people sign in and look after their logins. After a payment all is back.
func TestPublicPagesOfWhoOwes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := w.write(t, status.Draft{Text: "hello #bikes"})
	post := strings.Replace(st.URL, "https://a.test", "", 1)
	public := []string{"/", "/about", "/@support", "/@support/media", "/@support/followers", "/@support/feed.rss", post, post + "/embed", "/tags/bikes", "/@support/follow"}
	stranger, alice := w.server.Browser(t), w.server.Browser(t)
	w.session(t, alice)
	get := func(b *browse.Browser, path string, header ...string) *browse.Page {
		return b.Get("https://a.test"+path, header...)
	}
	until := time.Date(2030, 5, 6, 9, 0, 0, 0, time.UTC)
	for standing, word := range map[tenant.Standing]string{tenant.Unpaid: "temporarily unavailable", tenant.Closing: "is being closed"} {
		w.A.Entitle(t, tenant.Entitlement{Standing: standing, EndsAt: until})
		for _, path := range public {
			got := get(stranger, path)
			if got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") != "86400" || !strings.Contains(got.Body, word) || strings.Contains(got.Body, "noindex") {
				t.Errorf("%s while %s: %d, Retry-After %q\n%s", path, standing, got.Status, got.Header.Get("Retry-After"), got.Body)
			}
			if strings.Contains(got.Body, "hello") || got.Header.Get("Cache-Control") != "no-store" && !strings.Contains(got.Header.Get("Cache-Control"), "private") {
				t.Errorf("%s while %s: %q\n%s", path, standing, got.Header.Get("Cache-Control"), got.Body)
			}
		}
		for _, path := range []string{"/@support", post} {
			if got := get(stranger, path, "Accept", "application/activity+json"); got.Status != http.StatusOK {
				t.Errorf("the document of %s while %s: %d", path, standing, got.Status)
			}
		}
		for _, path := range []string{"/settings/apps", "/settings/password", "/settings/login"} {
			if got := get(alice, path); got.Status != http.StatusOK || !strings.Contains(got.Body, "This organisation’s account is") || !strings.Contains(got.Body, "6 May 2030") {
				t.Errorf("%s while %s: %d", path, standing, got.Status)
			}
		}
		if got := get(stranger, "/auth/sign_in"); got.Status != http.StatusOK || !strings.Contains(got.Body, "6 May 2030") {
			t.Errorf("the way in while %s: %d", standing, got.Status)
		}
		if got := stranger.Get("https://b.test/"); got.Status != http.StatusOK {
			t.Errorf("the other tenant while %s: %d", standing, got.Status)
		}
	}
	for _, standing := range []tenant.Standing{tenant.Restricted, tenant.Paid, ""} {
		w.A.Stand(t, standing)
		for _, path := range public {
			if got := get(stranger, path); got.Status != http.StatusOK {
				t.Errorf("%s while %q: %d", path, standing, got.Status)
			}
		}
		if got := get(alice, "/settings/apps"); strings.Contains(got.Body, "This organisation’s account") != (standing == tenant.Restricted) {
			t.Errorf("the settings while %q say how it stands: %s", standing, got.Body)
		}
	}
}
