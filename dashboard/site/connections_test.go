package site_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// The numbers of a profile lead to the lists, page by page; who hides them shows
// numbers alone.
func TestConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const all = 25
	for i := range all {
		follower := w.A.AddAccount(t, fmt.Sprintf("follower%02d", i))
		w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			_, err := store.AddFollow(ctx, scope, social.Follow{
				ID: ids.New(), AccountID: follower.ID, TargetID: w.support.ID, URI: fmt.Sprintf("https://a.test/follows/%d", i), State: social.FollowAccepted,
			}, false)
			return err
		})
	}
	b := w.server.Browser(t)
	if got := b.Get(home + "/@support"); !strings.Contains(got.Body, `href="/@support/followers"`) || !strings.Contains(got.Body, `href="/@support/following"`) {
		t.Error("the numbers lead nowhere")
	}
	page := b.Get(home + "/@support/followers")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "@follower24@a.test") || strings.Contains(page.Body, "@follower04@") || !strings.Contains(page.Body, `content="noindex"`) {
		t.Errorf("the first page: %d\n%s", page.Status, page.Body)
	}
	_, next, _ := strings.Cut(page.Body, `href="/@support/followers?max_id=`)
	next, _, _ = strings.Cut(next, `"`)
	page = b.Get(home + "/@support/followers?max_id=" + next)
	if !strings.Contains(page.Body, "@follower04@") || strings.Contains(page.Body, "@follower05@") || !strings.Contains(page.Body, "min_id=") {
		t.Errorf("the second page:\n%s", page.Body)
	}
	if got := b.Get(home + "/@support/following"); !strings.Contains(got.Body, "No accounts yet") {
		t.Errorf("an empty list: %d\n%s", got.Status, got.Body)
	}
	if got := b.Get(home + "/@nobody/followers"); got.Status != http.StatusNotFound {
		t.Errorf("nobody's followers: %d", got.Status)
	}
}
