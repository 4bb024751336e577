package inbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
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

// TEN-21: a tenant that is being deleted, which can be undone, goes on federating; when it
// is deleted for good its inboxes are gone.
func TestInboxesOfATenantThatEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	ctx, now := t.Context(), time.Now()
	follow := p.activity("Follow", w.a.user.URI)
	for _, step := range []struct {
		name string
		do   func(*pg.PlatformTx) error
		want int
	}{
		{"being deleted", func(tx *pg.PlatformTx) error { return registry.BeginDeletion(ctx, tx, w.a.tenant.ID, now, false) }, http.StatusAccepted},
		{"deleted", func(tx *pg.PlatformTx) error { return registry.CloseTenant(ctx, tx, w.a.tenant.ID, now) }, http.StatusGone},
	} {
		if err := w.db.Platform(ctx, "test", step.do); err != nil {
			t.Fatal(err)
		}
		if err := w.registry.Load(ctx); err != nil {
			t.Fatal(err)
		}
		if code := w.a.send(p, follow); code != step.want {
			t.Errorf("%s: answered %d, want %d", step.name, code, step.want)
		}
	}
	if code := w.b.send(p, p.activity("Follow", w.b.user.URI)); code != http.StatusAccepted {
		t.Errorf("the other tenant answered %d", code)
	}
}

// A tenant in trial has no inbox: whoever knew its present addresses would be lost when
// it gets lasting ones.
func TestTenantInTrialTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	follow := p.activity("Follow", w.a.user.URI)
	if err := w.db.Platform(t.Context(), "set up a trial", func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), tx, `UPDATE tenants SET federates_since = NULL WHERE id = @id`, pgx.NamedArgs{"id": w.a.tenant.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := w.a.send(p, follow); code != http.StatusNotFound {
		t.Errorf("answered %d, want 404", code)
	}
	w.a.wants("activities", 0, `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id`, nil)
	if n := p.peer.total(); n != 0 {
		t.Errorf("the sender's server was asked %d times", n)
	}
}
