package inbox_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/tenant"
)

// TEN-20: a suspended tenant still takes what others send, so that nobody's followers
// are lost, and the other tenant notices nothing.
func TestSuspendedTenantGoesOnFederating(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	if err := w.registry.SetState(t.Context(), w.a.tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.a.wants("follows", 1, followsBy, pgx.NamedArgs{"uri": p.id})
	w.a.deliver(p, p.activity("Undo", p.activity("Follow", w.a.user.URI)))
	w.a.wants("follows after the Undo", 0, followsBy, pgx.NamedArgs{"uri": p.id})
	w.b.deliver(p, p.activity("Follow", w.b.user.URI))
	w.b.wants("follows of the other tenant", 1, followsBy, pgx.NamedArgs{"uri": p.id})
}
