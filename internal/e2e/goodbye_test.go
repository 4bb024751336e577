package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// An account that is deleted is gone at once where it was, and soon where it was known:
// on the other tenant of the platform, and on a foreign server.
func TestE2EGoodbye(t *testing.T) {
	t.Parallel()
	srv := startServer(t, nil)
	acme, globex := "acme.localhost:"+srv.port(), "globex.localhost:"+srv.port()
	srv.tenant("http", acme)
	srv.tenant("http", globex)
	support, news := srv.account(local(t), "http", acme, "support"), srv.account(local(t), "http", globex, "news")
	v := newVillage(t)
	far := v.villager("far")
	v.follow(far, support)

	there := news.resolve(support.Handle())
	news.must(http.MethodPost, "/api/v1/accounts/"+there.ID+"/follow", nil, nil)
	back := support.resolve(news.Handle())
	support.must(http.MethodPost, "/api/v1/accounts/"+back.ID+"/follow", nil, nil)
	support.awaitNotification("follow", "news@"+globex)
	news.awaitNotification("follow", "support@"+acme)
	made := support.post(map[string]any{"status": "Here today"})
	seen := news.awaitHome("the post", func(st statusEntity) bool { return st.URI == made.URI })
	news.must(http.MethodPost, "/api/v1/statuses/"+seen.ID+"/favourite", nil, nil)
	news.must(http.MethodPost, "/api/v1/statuses/"+seen.ID+"/reblog", nil, nil)
	support.awaitNotification("reblog", "news@"+globex)

	var goes struct {
		Deleted          bool
		Posts, Followers int
	}
	if err := json.Unmarshal([]byte(srv.rookery("account", "delete", "support", "--tenant", acme, "--dry-run", "--json")), &goes); err != nil {
		t.Fatal(err)
	}
	if goes.Deleted || goes.Posts != 1 || goes.Followers != 2 {
		t.Errorf("the dry run says %+v", goes)
	}
	if status, _ := support.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil); status != http.StatusOK {
		t.Fatalf("after the dry run the account answers %d", status)
	}
	srv.rookery("account", "delete", "support", "--tenant", acme, "--yes")

	// Another process deleted it: the serving one hears of the token's end a moment later
	// (ADR 11), long before it would have forgotten the token by itself.
	testkit.Eventually(t, 5*time.Second, "a token of a deleted account answers 401", func() bool {
		status, _ := support.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil)
		return status == http.StatusUnauthorized
	})
	for path, want := range map[string][]int{
		support.URI[len(support.Base):]:                                            {http.StatusGone},
		"/.well-known/webfinger?resource=" + url.QueryEscape("acct:support@"+acme): {http.StatusGone, http.StatusNotFound},
		"/api/v1/accounts/lookup?acct=support":                                     {http.StatusNotFound},
		"/api/v1/accounts/" + support.ID:                                           {http.StatusNotFound},
		"/api/v1/statuses/" + made.ID:                                              {http.StatusNotFound},
		"/@support":                                                                {http.StatusGone, http.StatusNotFound},
	} {
		support.awaitAnswer(path, want...) // other processes hold copies for a second
	}
	testkit.Eventually(t, 2*time.Minute, "the post's address answers 410", func() bool {
		status := support.document(made.URI[len(support.Base):])
		return status == http.StatusGone
	})

	testkit.Eventually(t, 2*time.Minute, "the other tenant forgets the account", func() bool {
		status, _ := news.call(http.MethodGet, "/api/v1/accounts/"+there.ID, nil, nil)
		return status == http.StatusNotFound
	})
	testkit.Eventually(t, 2*time.Minute, "nothing of it is left on the other tenant", func() bool {
		var own struct {
			Followers int `json:"followers_count"`
			Following int `json:"following_count"`
			Posts     int `json:"statuses_count"`
		}
		news.must(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, &own)
		return own.Followers == 0 && own.Following == 0 && own.Posts == 0 && len(news.home()) == 0 && len(news.notifications()) == 0
	})
	testkit.Eventually(t, 2*time.Minute, "a foreign server hears of it", func() bool { return v.count(far, "Delete", support.URI) == 1 })
	srv.stop()
}

// document asks for an address as other servers do.
func (a *account) document(path string) int {
	a.t.Helper()
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.Base+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/activity+json")
	answer, err := a.client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// awaitAnswer waits until an address answers in one of the ways.
func (a *account) awaitAnswer(path string, want ...int) {
	a.t.Helper()
	testkit.Eventually(a.t, 30*time.Second, path+" is gone", func() bool {
		got := a.document(path)
		for _, w := range want {
			if got == w {
				return true
			}
		}
		return false
	})
}
