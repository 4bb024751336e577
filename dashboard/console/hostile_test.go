package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
)

// TEN-30: what people call themselves is text in the console, and no script of theirs
// would run if it were not.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	const script = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}`
	made := w.A.AddAccount(t, "mallory")
	made.DisplayName, made.Note = script, script
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.UpdateLocalAccount(ctx, scope, made) })
	b := w.session(t, w.A.Person)
	shown := 0
	for _, path := range []string{room(w.A), room(w.A) + "/accounts/" + ids.Format(int64(made.ID)), home + "/tenants", room(w.A) + "/accounts/new?username=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"} {
		got := b.Get(path)
		if got.Status != http.StatusOK || strings.Contains(got.Body, "<script>alert") || strings.Contains(got.Body, "<img src=x") {
			t.Errorf("%s: %d, or the name is markup", path, got.Status)
		}
		if strings.Contains(got.Body, "&lt;script&gt;alert(1)") {
			shown++
		}
		policy := got.Header.Get("Content-Security-Policy")
		if policy == "" || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
	if shown == 0 {
		t.Error("the name was shown nowhere: this tests nothing")
	}
}
