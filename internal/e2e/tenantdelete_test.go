package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/testkit"
)

// TEN-21: a tenant is deleted by command, undone, and deleted for good: apps and pages are
// gone at once, other servers notice nothing until it is for good, and then every server
// hears of it, the other tenant of the platform among them.
func TestE2ETenantDeletion(t *testing.T) {
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
	support.awaitNotification("follow", "news@"+globex)
	made := support.post(map[string]any{"status": "Here today"})
	news.awaitHome("the post", func(st statusEntity) bool { return st.URI == made.URI })

	var plan struct {
		State   string
		Changed bool
		Names   []string
		Goes    struct {
			Accounts, Posts, Tokens int
			Followers               int `json:"followers_elsewhere"`
			Servers                 int `json:"servers_that_hear"`
		}
	}
	if err := json.Unmarshal([]byte(srv.rookery("tenant", "delete", acme, "--dry-run", "--json")), &plan); err != nil {
		t.Fatal(err)
	}
	if plan.Changed || plan.State != "active" || plan.Goes.Accounts != 1 || plan.Goes.Posts != 1 || plan.Goes.Tokens != 1 || plan.Goes.Followers != 2 ||
		plan.Goes.Servers != 2 || len(plan.Names) != 1 || plan.Names[0] != acme {
		t.Errorf("the dry run says %+v", plan)
	}

	actor, page, finger := support.URI[len(support.Base):], "/about", "/.well-known/webfinger?resource="+url.QueryEscape("acct:support@"+acme)
	srv.rookery("tenant", "delete", acme, "--yes")
	for _, path := range []string{"/api/v1/accounts/verify_credentials", "/api/v1/timelines/public", page} {
		support.awaitAnswer(path, http.StatusGone)
	}
	for _, path := range []string{actor, finger, "/@support"} {
		support.awaitAnswer(path, http.StatusOK) // for other servers
	}
	srv.rookery("tenant", "undelete", acme)
	support.awaitAnswer("/api/v1/timelines/public", http.StatusOK)
	if status, _ := support.call(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("a token from before answers %d, want 401", status)
	}
	if n := v.count(far, "Delete", ""); n != 0 {
		t.Errorf("a foreign server heard of a deletion that was undone, %d times", n)
	}

	srv.rookery("tenant", "delete", acme, "--yes", "--now")
	for _, path := range []string{actor, finger, "/@support", made.URI[len(support.Base):], "/ap/actors/1", page, "/api/v1/timelines/public"} {
		support.awaitAnswer(path, http.StatusGone)
	}
	testkit.Eventually(t, 2*time.Minute, "a foreign server hears of it", func() bool { return v.count(far, "Delete", support.URI) == 1 })
	testkit.Eventually(t, 2*time.Minute, "the other tenant forgets the account", func() bool {
		status, _ := news.call(http.MethodGet, "/api/v1/accounts/"+there.ID, nil, nil)
		return status == http.StatusNotFound
	})
	testkit.Eventually(t, time.Minute, "its rows are removed", func() bool {
		var removed int
		err := srv.db.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) (err error) {
			removed, err = pg.Value[int](t.Context(), tx, `SELECT count(*) FROM tenants WHERE host = @host AND removed_at IS NOT NULL`, pgx.NamedArgs{"host": acme})
			return err
		})
		return err == nil && removed == 1
	})
	support.awaitAnswer(actor, http.StatusGone)
	support.awaitAnswer("/ap/instance", http.StatusGone)
	news.post(map[string]any{"status": "Still here"})
	srv.rookery("tenant", "delete", acme, "--yes", "--now") // harmless
	srv.stop()
}
