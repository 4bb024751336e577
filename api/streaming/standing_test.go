package streaming_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/tenant"
)

// TEN-20: streams go on while nothing new may be published, and end once nothing may be read:
// what happens then is told to nobody. Other tenants hear on.
func TestStreamsOfATenantThatMayNotReadEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	mate := w.Add(t, w.A, "mate")
	follow := func(from, to *social.Account) {
		t.Helper()
		was := *w.A.Tenant
		was.Entitlement = tenant.Entitlement{} // of somebody elsewhere: it does not depend on this tenant
		w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
			_, err := relate.New(w.Streams).Follow(ctx, s, &was, from, to, relate.FollowOptions{})
			return err
		})
	}
	hears := w.dial(t, w.Alice, "?stream=user")
	reads := w.listen(t, w.Alice, "user")
	elsewhere := w.dial(t, w.Bob, "?stream=user")
	w.A.Stand(t, tenant.Restricted)
	follow(mate.Account, w.Alice.Account)
	hears.want("user notification")
	reads.want("notification", "mate")

	w.A.Stand(t, tenant.Unpaid)
	w.B.Stand(t, tenant.Paid)
	follow(w.Add(t, w.A, "late").Account, w.Alice.Account)
	if code := hears.ends(); code != websocket.StatusPolicyViolation {
		t.Errorf("the socket closes with %d", code)
	}
	reads.ends()
	if got := w.get(t, w.Alice, "user"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a stream begins again: %d", got.StatusCode)
	}
	post(t, w.Bob, "elsewhere")
	elsewhere.want("user update")
}
