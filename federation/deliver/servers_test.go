package deliver_test

import (
	"testing"

	"rookery/federation/deliver"
	"rookery/internal/audit"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
)

// What waits for a server that was blocked meanwhile is dropped when its turn comes, and
// nothing of it leaves; other servers get theirs.
func TestWhatWaitsForABlockedServerIsDropped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	servers := moderate.NewServers(b.PG, nil)
	must(t, servers.Load(t.Context()))
	b.worker = deliver.NewWorker(deliver.Options{DB: b.PG, HTTP: b.HTTP, Keys: b.Keys, Health: b.health, Now: b.clock.now, Servers: servers})
	blocked, limited := fedtest.NewPeer(t, "127.77.2.90", nil), fedtest.NewPeer(t, "127.77.2.91", nil)
	b.Follow(t, b.Remote(t, blocked, "p", true), b.author)
	b.Follow(t, b.Remote(t, limited, "q", true), b.author)
	id, n := b.mail(t, 0)
	service := moderate.New(b.PG, servers)
	for domain, severity := range map[string]string{"127.77.2.90": "suspend", "127.77.2.91": "silence"} {
		if _, err := service.Put(t.Context(), audit.ByOperator(), b.Tenant.ID, moderate.Rule{Domain: domain, Severity: severity}); err != nil {
			t.Fatal(err)
		}
	}
	must(t, b.work(t.Context(), id, 1, n))
	if got := len(blocked.Received()); got != 0 {
		t.Errorf("the blocked server got %d requests", got)
	}
	if got := len(limited.Received()); got != 1 {
		t.Errorf("the limited server got %d requests, want 1", got)
	}
	if got := b.counts(t, id); got[store.DeliveryFailed] != 1 || got[store.DeliveryDone] != 1 {
		t.Errorf("deliveries %v", got)
	}
}
