package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// What happens less often between two servers.
func TestE2EFedifyRarer(t *testing.T) {
	t.Parallel()
	if !full() {
		t.Skip("runs in make e2e-fedify (ROOKERY_E2E=full)")
	}
	f := newFediverse(t)
	f.bobFollows()
	bob := f.aliceFollows()
	t.Run("many posts", func(t *testing.T) { f.in(t).manyPosts(50) })
	t.Run("direct message", func(t *testing.T) { f.in(t).directMessage() })
	t.Run("unfollows", func(t *testing.T) { f.in(t).unfollows(bob) })
	t.Run("asks to follow", func(t *testing.T) { f.in(t).asksToFollow() })
	f.server.stop()
}

// manyPosts: none is lost.
func (f *fediverse) manyPosts(count int) {
	want := map[string]bool{}
	for i := range count {
		want[f.alice.post(map[string]any{"status": fmt.Sprintf("One of many: %d", i)}).URI] = true
	}
	testkit.Eventually(f.t, time.Minute, "all posts arrive", func() bool {
		var all []document
		f.bob.do("received", nil, &all)
		seen := map[string]int{}
		for _, d := range all {
			if d.text("type") == "Create" && want[d.object()] {
				seen[d.object()]++
			}
		}
		return len(seen) == count
	})
}

// directMessage: it names one person and nobody else may read it.
func (f *fediverse) directMessage() {
	secret := f.alice.post(map[string]any{"status": f.bob.Handle + " between us", "visibility": "direct"})
	create := f.awaitReceived("our direct message", func(d document) bool {
		return d.text("type") == "Create" && d.object() == secret.URI
	})
	note := create.embedded()
	if note["to"] != f.bob.Actor && fmt.Sprint(note["to"]) != fmt.Sprint([]any{f.bob.Actor}) || note["cc"] != nil && fmt.Sprint(note["cc"]) != "[]" {
		f.t.Errorf("a direct message is addressed to %v and cc %v", note["to"], note["cc"])
	}
	answer, err := f.tls.client(f.t).Get(secret.URI)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		f.t.Errorf("a stranger gets %s for a direct message, want 404", answer.Status)
	}
}

// unfollows: both ways.
func (f *fediverse) unfollows(bob accountEntity) {
	var follow struct{ ID string }
	f.bob.do("follow", map[string]any{"actor": f.alice.Handle()}, &follow)
	f.awaitReceived("our second Accept", func(d document) bool { return d.text("type") == "Accept" && d.object() == follow.ID })
	f.bob.do("undo", map[string]any{"activity": follow.ID}, nil)
	testkit.Eventually(f.t, 2*time.Minute, "Fedify follows no longer", func() bool { return !f.alice.relationship(bob.ID).FollowedBy })
	f.alice.must(http.MethodPost, "/api/v1/accounts/"+bob.ID+"/unfollow", nil, nil)
	f.awaitReceived("our Undo of the Follow", func(d document) bool {
		return d.text("type") == "Undo" && d.embedded().text("type") == "Follow"
	})
}

// asksToFollow: an account that approves its followers.
func (f *fediverse) asksToFollow() {
	f.alice.must(http.MethodPatch, "/api/v1/accounts/update_credentials", map[string]any{"locked": true}, nil)
	var follow struct{ ID string }
	f.bob.do("follow", map[string]any{"actor": f.alice.Handle()}, &follow)
	asked := f.alice.awaitNotification("follow_request", f.bob.Acct())
	isAccept := func(d document) bool { return d.text("type") == "Accept" && d.object() == follow.ID }
	var all []document
	f.bob.do("received", nil, &all)
	for _, d := range all {
		if isAccept(d) {
			f.t.Fatalf("accepted before anybody approved: %v", d)
		}
	}
	f.alice.must(http.MethodPost, "/api/v1/follow_requests/"+asked.Account.ID+"/authorize", nil, nil)
	f.awaitReceived("our Accept after approval", isAccept)
	if !f.alice.relationship(asked.Account.ID).FollowedBy {
		f.t.Error("an approved follower does not follow")
	}
}
