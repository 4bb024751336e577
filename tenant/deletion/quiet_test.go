package deletion_test

import (
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/social"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fedtest"
)

// A tenant that goes quietly leaves its tombstones, and tells no server: not by a Delete,
// and not by anything else. Somebody who asks for it aloud is heard.
func TestAQuietEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	peer := fedtest.NewPeer(t, "127.77.21.9", nil)
	support := w.Account(t, "support")
	w.Follow(t, w.Remote(t, peer, "fan", true), support)
	w.work()
	if _, err := w.service.BeginQuietly(t.Context(), audit.BySystem("billing"), w.Tenant.ID, 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := w.number(`SELECT count(*) FROM tenants WHERE id = %d AND is_quiet`, w.Tenant.ID); n != 1 {
		t.Fatal("it is not noted as quiet")
	}
	w.late = 31 * 24 * time.Hour
	testkit.Eventually(t, 30*time.Second, "the rows are removed", func() bool { w.sweep(); return w.isRemoved() })
	w.wantGone([]*social.Account{support})
	if got := peer.Received(); len(got) != 0 {
		t.Errorf("%d activities went out, the first: %s", len(got), got[0].Body)
	}
}

func TestAQuietEndThatIsAskedForAloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	quiet := func() bool {
		return w.number(`SELECT count(*) FROM tenants WHERE id = %d AND is_quiet`, w.Tenant.ID) == 1
	}
	first, err := w.service.BeginQuietly(t.Context(), audit.BySystem("billing"), w.Tenant.ID, 30*24*time.Hour)
	if err != nil || !quiet() {
		t.Fatalf("quiet: %v, %v", quiet(), err)
	}
	// Later than it was to be: the time stays, the goodbye is said.
	if d := w.begin(60 * 24 * time.Hour); !d.DeleteAt.Equal(first.DeleteAt) || quiet() {
		t.Errorf("at %s, want %s; quiet: %v", d.DeleteAt, first.DeleteAt, quiet())
	}
	if _, err := w.service.BeginQuietly(t.Context(), audit.BySystem("billing"), w.Tenant.ID, 24*time.Hour); err != nil || quiet() {
		t.Errorf("asked for quietly again: quiet %v, %v", quiet(), err)
	}
}
