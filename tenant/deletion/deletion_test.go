package deletion_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fedtest"
	"rookery/tenant"
	"rookery/tenant/deletion"
)

// TEN-21: a tenant with three accounts, media, jobs, tokens and followers elsewhere goes:
// its followers' servers hear it signed, nothing of it is left in any table but what has
// to stay, and the other tenant has the rows that it had.
func TestATenantGoesWithAllThatItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shared, own := fedtest.NewPeer(t, "127.77.21.1", nil), fedtest.NewPeer(t, "127.77.21.2", nil)
	var accounts []*social.Account
	for _, name := range []string{"support", "sales", "news"} {
		accounts = append(accounts, w.Account(t, name))
	}
	fans := []*social.Account{w.Remote(t, shared, "fan", true), w.Remote(t, shared, "friend", true), w.Remote(t, own, "loner", false)}
	for _, fan := range fans {
		w.Follow(t, fan, accounts[0])
	}
	w.fill(w.Tenant, accounts[0], fans[0])
	neighbour := w.at(w.other)
	w.fill(w.other, neighbour.Account(t, "neighbour"), neighbour.Remote(t, shared, "fan", true))
	neighbour.Follow(t, neighbour.Remote(t, own, "loner", false), neighbour.Account(t, "second"))
	for table, n := range w.count(w.Tenant) {
		if n == 0 && table != "audit_entries" {
			t.Errorf("this test gives the tenant no row in %s: add one to rows", table)
		}
	}
	// Somebody of both companies has a passkey on each host, and was asked on each.
	for _, host := range []string{w.Tenant.Host, "other.test"} {
		for _, sql := range []string{`INSERT INTO passkeys (rp_id, credential_id, person_id, name, credential) VALUES ($1, 'k', $2, 'Key', '{}')`, `INSERT INTO passkey_offers (rp_id, person_id) VALUES ($1, $2)`} {
			if _, err := w.super.Exec(t.Context(), sql, host, both); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := w.count(w.other)
	goes, err := w.service.Preview(t.Context(), w.Tenant.ID)
	want := &store.TenantFootprint{Accounts: 3, Posts: 40, Files: 30, MediaBytes: 300_000, Followers: 3, Inboxes: 2, Tokens: 20, Sessions: 1, Jobs: 2, Members: 2, Persons: 1}
	if diff := cmp.Diff(want, goes); err != nil || diff != "" {
		t.Fatalf("what would go, %v -want +got:\n%s", err, diff)
	}

	w.work()
	w.begin(0)
	w.sweep()
	for peer, n := range map[*fedtest.Peer]int{shared: 3, own: 3} {
		testkit.Eventually(t, 30*time.Second, "every server hears of each account", func() bool { return len(peer.Received()) >= n })
		var signed []string
		for _, r := range peer.Received() {
			i := slices.IndexFunc(accounts, func(a *social.Account) bool { return strings.Contains(string(r.Body), `"actor":"`+a.URI+`"`) })
			if i < 0 || !strings.Contains(string(r.Body), `"type":"Delete"`) {
				t.Fatalf("sent: %s", r.Body)
			}
			peer.Verify(t, w.World, r, accounts[i])
			signed = append(signed, accounts[i].Username)
		}
		slices.Sort(signed)
		if !slices.Equal(signed, []string{"news", "sales", "support"}) {
			t.Errorf("heard of %v", signed)
		}
	}
	testkit.Eventually(t, 30*time.Second, "the rows are removed", func() bool { w.sweep(); return w.isRemoved() })
	w.wantGone(accounts)
	if diff := cmp.Diff(before, w.count(w.other)); diff != "" {
		t.Errorf("rows of the other tenant, -before +after:\n%s", diff)
	}
	if n := w.number(`SELECT count(*) FROM persons`); n != 2 {
		t.Errorf("%d people are left, want the one of the other tenant and the one of both", n)
	}
	if got := w.list(`SELECT rp_id FROM passkeys UNION ALL SELECT rp_id FROM passkey_offers`); !slices.Equal(got, []string{"other.test", "other.test"}) {
		t.Errorf("passkeys of %v are left", got)
	}
	w.sweep() // safe to run again
	w.begin(0)
	w.wantGone(accounts)

	// The names are given up as any other; when they answer no more, the tombstones go.
	if got := w.states(); !slices.Equal(got, []string{"releasing"}) {
		t.Errorf("its names are %v", got)
	}
	w.exec(`UPDATE domains SET state = 'released', tombstones_until = now() - interval '1 second' WHERE tenant_id = %d`, w.Tenant.ID)
	w.sweep()
	if n := w.count(w.Tenant); n["tombstones"] != 0 || n["domains"] == 0 || n["audit_entries"] == 0 {
		t.Errorf("in the end there are %v", n)
	}
	if report, err := audit.Verify(t.Context(), w.PG, w.Tenant.ID); err != nil {
		t.Errorf("the audit log: %+v, %v", report, err)
	}
}

// wantGone checks that every table is empty but those that are named.
func (w *world) wantGone(accounts []*social.Account) {
	w.t.Helper()
	for table, n := range w.count(w.Tenant) {
		if _, kept := store.KeptOfTenants[table]; n != 0 && !kept {
			w.t.Errorf("%s: %d rows are left", table, n)
		}
	}
	if n := w.number(`SELECT COALESCE(sum(octet_length(bytes)), 0) FROM blobs WHERE tenant_id = %d`, w.Tenant.ID); n != 0 {
		w.t.Errorf("%d bytes of media are left", n)
	}
	want := make([]string, len(accounts))
	for i, a := range accounts {
		want[i] = a.URI
	}
	slices.Sort(want)
	w.Tx(w.t, func(s *pg.Scope) error {
		got, err := pg.Values[string](w.t.Context(), s, `SELECT uri FROM tombstones WHERE tenant_id = @tenant_id ORDER BY uri`, nil)
		if diff := cmp.Diff(want, got); diff != "" {
			w.t.Errorf("tombstones, -want +got:\n%s", diff)
		}
		return err
	})
}

// For thirty days nothing is lost but sign-ins, and other servers notice nothing.
func TestADeletionCanBeUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	peer := fedtest.NewPeer(t, "127.77.22.1", nil)
	support, fan := w.Account(t, "support"), w.Remote(t, peer, "fan", true)
	w.fill(w.Tenant, support, fan)
	ctx, id := t.Context(), w.Tenant.ID
	if err := w.Registry.SetState(ctx, id, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	before := w.count(w.Tenant)
	d := w.begin(deletion.UndoFor)
	if got, _ := w.Registry.ByID(id); got.State != tenant.Deleting || !got.State.IsClosed() || d.DeleteAt.Before(time.Now().Add(29*24*time.Hour)) {
		t.Errorf("it is %s until %v", got.State, d.DeleteAt)
	}
	if again := w.begin(2 * deletion.UndoFor); !again.DeleteAt.Equal(d.DeleteAt) {
		t.Errorf("asked again it goes at %v, not at %v", again.DeleteAt, d.DeleteAt)
	}
	w.sweep()
	for _, table := range []string{"tokens", "sessions", "oauth_codes"} {
		before[table] = 0
	}
	before["audit_entries"]++
	before["mails"]++ // to the owner
	if diff := cmp.Diff(before, w.count(w.Tenant)); diff != "" {
		t.Errorf("rows while it can be undone, -want +got:\n%s", diff)
	}
	w.exec(`INSERT INTO tokens (tenant_id, id, token_hash, app_id, person_id, account_id, scopes)
		SELECT tenant_id, 99, 'left', 1, person_id, account_id, '{}' FROM operators WHERE tenant_id = %d`, id)
	if err := w.service.Undo(ctx, audit.ByOperator(), id); err != nil {
		t.Fatal(err)
	}
	if n := w.count(w.Tenant)["tokens"]; n != 0 {
		t.Errorf("%d tokens came back with the tenant", n)
	}
	if got, _ := w.Registry.ByID(id); got.State != tenant.Suspended {
		t.Errorf("after the undo it is %s, not what it was", got.State)
	}
	if err := w.service.Undo(ctx, audit.ByOperator(), id); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("undone twice: %v", err)
	}
	w.begin(deletion.UndoFor)
	w.late = deletion.UndoFor + time.Minute
	w.sweep()
	if err := w.service.Undo(ctx, audit.ByOperator(), id); fault.CodeOf(err) != fault.Gone {
		t.Errorf("undone after its time: %v", err)
	}
	if got, _ := w.Registry.ByID(id); got.State != tenant.Deleted {
		t.Errorf("after its time it is %s", got.State)
	}
}

// A server that is down is waited for, and not for ever; what is left of the work then
// goes, and so does a job of the tenant that only just began.
func TestAServerThatIsDownIsWaitedForThreeDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down := fedtest.NewPeer(t, "127.77.23.1", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	support, fan := w.Account(t, "support"), w.Remote(t, down, "fan", true)
	w.Follow(t, fan, support)
	w.fill(w.Tenant, support, fan)
	stop := w.work()
	w.begin(0)
	w.sweep()
	testkit.Eventually(t, 30*time.Second, "it was tried, and is tried again later", func() bool {
		return w.number(`SELECT count(*) FROM deliveries WHERE tenant_id = %d AND state = 'waiting' AND next_try_at IS NOT NULL`, w.Tenant.ID) == 1
	})
	testkit.Eventually(t, 30*time.Second, "the names are given up", func() bool { w.sweep(); return slices.Equal(w.states(), []string{"releasing"}) })
	stop() // the next try is due within seconds, and a job that runs holds the removal up
	if n := w.number(`SELECT count(*) FROM river.river_job WHERE state = 'running'`); n != 0 {
		t.Fatalf("%d jobs run without workers", n)
	}
	w.late = 71 * time.Hour
	w.sweep()
	if n := w.count(w.Tenant); n["accounts"] == 0 || n["account_keys"] == 0 || n["jobs"] == 0 || w.isRemoved() {
		t.Fatalf("removed while a server has not heard: %v", n)
	}
	w.late = 73 * time.Hour
	w.exec(`UPDATE river.river_job SET state = 'running', attempted_at = now() WHERE args->>'tenant_id' = '%d' AND finalized_at IS NULL`, w.Tenant.ID)
	w.sweep()
	if w.isRemoved() {
		t.Error("removed while a job ran that could write rows")
	}
	w.exec(`UPDATE river.river_job SET state = 'scheduled' WHERE args->>'tenant_id' = '%d' AND state = 'running'`, w.Tenant.ID)
	w.sweep()
	if !w.isRemoved() {
		t.Error("a server that is down is waited for longer than three days")
	}
	w.wantGone([]*social.Account{support})
}

// Wherever it is interrupted, the next one goes on; no statement removes more than a batch.
func TestAnInterruptedDeletionGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	peer := fedtest.NewPeer(t, "127.77.24.1", nil)
	support, fan := w.Account(t, "support"), w.Remote(t, peer, "fan", true)
	w.fill(w.Tenant, support, fan)
	w.exec(`CREATE TABLE removed (relation text, n bigint)`)
	w.exec(`GRANT ALL ON removed TO PUBLIC`)
	w.exec(`CREATE FUNCTION note_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO removed SELECT TG_TABLE_NAME, count(*) FROM gone; RETURN NULL; END $$`)
	for _, table := range store.TablesOfTenants() {
		w.exec(`CREATE TRIGGER note_removed AFTER DELETE ON %s REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_removed()`, table)
	}
	w.work()
	w.begin(0)
	interrupted := 0
	testkit.Eventually(t, time.Minute, "it comes to its end in small steps", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
		defer cancel()
		if _, err := w.service.Sweep(ctx); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) && fault.CodeOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
			interrupted++
		}
		return w.isRemoved() || interrupted > 40
	})
	testkit.Eventually(t, 30*time.Second, "and to its end", func() bool { w.sweep(); return w.isRemoved() })
	if interrupted == 0 {
		t.Error("it was never interrupted")
	}
	w.wantGone([]*social.Account{support})
	if n := w.number(`SELECT max(n) FROM removed`); n > 7 {
		t.Errorf("one statement removed %d rows of a table, with a batch of 7: %v", n, w.list(`SELECT relation || ' ' || n FROM removed WHERE n > 7`))
	}
	if n := w.number(`SELECT count(*) FROM activities a JOIN deliveries d ON d.activity_id = a.id`); n != 0 {
		t.Errorf("%d deliveries are left", n)
	}
	if got := len(peer.Received()); got != 1 {
		t.Errorf("the peer heard %d times, want once", got)
	}
}
