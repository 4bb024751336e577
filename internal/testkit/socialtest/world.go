// Package socialtest sets up tenants and accounts for the tests of the rules.
//
// Tests alone import it, as they do testkit. It writes rows through the same
// stores as the program and holds no rule of its own.
package socialtest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/tenant"
)

// World is one tenant in a database of its own, and what was published there.
type World struct {
	T       testing.TB
	DB      *pg.DB
	Tenant  *tenant.Tenant
	Streams *Recorder
}

// New makes a database with one tenant, a.test.
func New(t testing.TB) *World {
	t.Helper()
	return On(t, testkit.DB(t).PG)
}

// On is New in a database that the test has made.
func On(t testing.TB, db *pg.DB) *World {
	t.Helper()
	w := &World{T: t, DB: db, Streams: &Recorder{}}
	w.Tenant = w.addTenant("a.test")
	return w
}

// Other is a second tenant in the same database, which must never see anything of the first.
func (w *World) Other() *World {
	w.T.Helper()
	other := *w
	other.Tenant, other.Streams = w.addTenant("b.test"), &Recorder{}
	return &other
}

func (w *World) addTenant(host string) *tenant.Tenant {
	w.T.Helper()
	t := &tenant.Tenant{
		ID: tenant.ID(ids.New()), Name: host, Host: host, HandleDomain: host, Scheme: "https", State: tenant.Active, CreatedAt: time.Now(),
	}
	err := w.DB.Platform(w.T.Context(), "set up a test", func(tx *pg.PlatformTx) error {
		_, err := pg.Exec(w.T.Context(), tx, `INSERT INTO tenants (id, name, host, handle_domain, scheme) VALUES (@id, @host, @host, @host, 'https')`,
			pgx.NamedArgs{"id": t.ID, "host": host})
		return err
	})
	if err != nil {
		w.T.Fatalf("add tenant %s: %v", host, err)
	}
	return t
}

// Do runs fn in a transaction of the tenant; an error ends the test.
func (w *World) Do(fn func(scope *pg.Scope) error) {
	w.T.Helper()
	if err := w.Try(fn); err != nil {
		w.T.Fatalf("transaction: %v", err)
	}
}

// Try runs fn in a transaction of the tenant.
func (w *World) Try(fn func(scope *pg.Scope) error) error {
	return w.DB.Tenant(w.T.Context(), w.Tenant.ID, fn)
}

// Local adds a local account. The functions change it before it is stored.
func (w *World) Local(name string, change ...func(*social.Account)) *social.Account {
	w.T.Helper()
	id := ids.New()
	a := &social.Account{
		ID: social.AccountID(id), URI: w.Tenant.URL(fmt.Sprintf("/ap/actors/%d", id)), Username: name, ActorType: "Person",
		URL: w.Tenant.URL("/@" + name), DefaultVisibility: social.Public, DefaultLanguage: "en", Discoverable: true, CreatedAt: time.Now(),
	}
	for _, c := range change {
		c(a)
	}
	w.Do(func(scope *pg.Scope) error { return store.InsertLocalAccount(w.T.Context(), scope, a) })
	return a
}

// Remote adds a copy of an account of another server.
func (w *World) Remote(name, host string, change ...func(*social.Account)) *social.Account {
	w.T.Helper()
	base := "https://" + host + "/users/" + name
	a := &social.Account{
		ID: social.AccountID(ids.New()), URI: base, Username: name, Domain: host, ActorType: "Person", URL: "https://" + host + "/@" + name,
		InboxURL: base + "/inbox", SharedInboxURL: "https://" + host + "/inbox", FollowersURL: base + "/followers", CreatedAt: time.Now(),
	}
	for _, c := range change {
		c(a)
	}
	w.Do(func(scope *pg.Scope) error { return store.UpsertRemoteAccount(w.T.Context(), scope, a) })
	return a
}

// Count runs a query of one number in the tenant's scope.
func (w *World) Count(sql string, args pgx.NamedArgs) int {
	w.T.Helper()
	var n int
	w.Do(func(scope *pg.Scope) (err error) {
		n, err = pg.Value[int](w.T.Context(), scope, sql, args)
		return err
	})
	return n
}

// UntilBlocked waits until a session of the test's own database waits for a lock.
func (w *World) UntilBlocked(longest time.Duration) {
	w.T.Helper()
	for deadline := time.Now().Add(longest); time.Now().Before(deadline); {
		if w.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND @tenant_id::bigint > 0`, nil) > 0 {
			return
		}
	}
	w.T.Fatal("nobody waits for a lock")
}

// Events returns the kinds of the events that wait for publication, oldest first.
func (w *World) Events() []social.EventKind {
	w.T.Helper()
	var out []social.EventKind
	w.Do(func(scope *pg.Scope) (err error) {
		out, err = pg.Values[social.EventKind](w.T.Context(), scope, `SELECT kind FROM events WHERE tenant_id = @tenant_id ORDER BY id`, nil)
		return err
	})
	return out
}

// Locked makes an account ask for consent.
func Locked(a *social.Account) { a.Locked = true }

// Suspended makes an account suspended.
func Suspended(a *social.Account) { now := time.Now(); a.SuspendedAt = &now }

// Recorder is a publisher that keeps what it is given.
type Recorder struct {
	mu     sync.Mutex
	events []stream.Event
}

// Publish implements stream.Publisher.
func (r *Recorder) Publish(events ...stream.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, events...)
}

// Take returns what was published since the last call.
func (r *Recorder) Take() []stream.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.events
	r.events = nil
	return out
}
