package account_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/federation/signature"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
)

// named is a world whose tenant A has an account with keys, made as the product makes them.
type named struct {
	*fixture.World
	key      *seal.Key
	accounts *account.Service
	mara     *social.Account
}

func newNamed(t *testing.T) *named {
	t.Helper()
	w := fixture.New(t)
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	n := &named{World: w, key: key, accounts: account.NewWith(w.PG, key, testkeys.RSA)}
	n.mara = n.create(t, "Mara")
	return n
}

func (n *named) create(t *testing.T, name string) *social.Account {
	t.Helper()
	a, err := n.accounts.Create(t.Context(), n.A.Tenant, account.Local{Username: name, DisplayName: name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (n *named) rename(t *testing.T, id social.AccountID, to string) error {
	t.Helper()
	return n.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Rename(ctx, s, n.A.Tenant, id, to)
		return err
	})
}

// age makes everything that happened to names lie further back.
func (n *named) age(t *testing.T, days int) {
	t.Helper()
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := pg.Exec(ctx, s, `UPDATE accounts SET renamed_at = ARRAY(SELECT at - make_interval(days => @days) FROM unnest(renamed_at) AS r (at)) WHERE tenant_id = @tenant_id`,
			pgx.NamedArgs{"days": days})
		return err
	})
}

func (n *named) events(t *testing.T, kind social.EventKind) int {
	t.Helper()
	var count int
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		count, err = pg.Value[int](ctx, s, `SELECT count(*) FROM events WHERE tenant_id = @tenant_id AND kind = @kind`, pgx.NamedArgs{"kind": string(kind)})
		return err
	})
	return count
}

// An account keeps its URI and everything below it; its name, page and place in the search
// change, and others are told.
func TestRename(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	if err := n.rename(t, n.mara.ID, "help"); err != nil {
		t.Fatal(err)
	}
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		a, err := store.AccountByHandle(ctx, s, social.Handle{User: "HELP"})
		if err != nil {
			return err
		}
		if a.ID != n.mara.ID || a.URI != n.mara.URI || a.InboxURL != n.mara.InboxURL || a.Username != "help" || a.URL != n.A.Tenant.URL("/@help") {
			t.Errorf("renamed to %+v", a)
		}
		if old, err := store.LocalAccountByAnyHandle(ctx, s, "mara"); err != nil || old.ID != n.mara.ID {
			t.Errorf("the old name leads to %v, %v", old, err)
		}
		names, err := account.FormerNames(ctx, s, a)
		if diff := cmp.Diff([]string{"Mara"}, names); diff != "" || err != nil {
			t.Errorf("former names: %v %s", err, diff)
		}
		found, err := pg.Values[string](ctx, s, `SELECT name FROM search_texts WHERE tenant_id = @tenant_id AND kind = 'account' AND ref_id = @id`, pgx.NamedArgs{"id": a.ID})
		if diff := cmp.Diff([]string{"help"}, found); diff != "" {
			t.Errorf("found as %s", diff)
		}
		return err
	})
	if got := n.events(t, social.EventAccountUpdated); got != 1 {
		t.Errorf("%d events for other servers", got)
	}
}

func TestNamesThatAreNotGiven(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	gone := n.create(t, "gone")
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Delete(ctx, s, n.A.Tenant, gone.ID)
		return err
	})
	other := n.create(t, "other")
	if err := n.rename(t, other.ID, "another"); err != nil {
		t.Fatal(err)
	}
	// A name on a domain that the tenant had before: WebFinger still answers to it.
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return store.AddHandle(ctx, s, other.ID, "elsewhere", "old.test")
	})
	tests := map[string]struct {
		name string
		code fault.Code
	}{
		"the same":                   {"Mara", fault.Invalid},
		"reserved":                   {"Admin", fault.Invalid},
		"no name":                    {"", fault.Invalid},
		"not a name":                 {"ma ra", fault.Invalid},
		"another's":                  {"ANOTHER", fault.Conflict},
		"another's before":           {"Other", fault.Conflict},
		"another's on an old domain": {"elsewhere", fault.Conflict},
		"of one that is gone":        {"gone", fault.Conflict},
	}
	for name, tt := range tests {
		if err := n.rename(t, n.mara.ID, tt.name); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
	if _, err := n.accounts.Create(t.Context(), n.A.Tenant, account.Local{Username: "other"}, nil); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a new account gets a name that was given up: %v", err)
	}
	if err := n.rename(t, social.AccountID(1), "free"); !fault.IsNotFound(err) {
		t.Errorf("an account that is not there: %v", err)
	}
	err := n.B.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Rename(ctx, s, n.B.Tenant, n.mara.ID, "stolen")
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("another tenant renames it: %v", err)
	}
	// What another tenant calls its accounts is nobody's business here.
	if _, err := n.accounts.Create(t.Context(), n.B.Tenant, account.Local{Username: "mara"}, nil); err != nil {
		t.Errorf("the name at another tenant: %v", err)
	}
}

// The same account may take an old name back, and only so many in a month.
func TestNamesGoBackAndForth(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	for _, name := range []string{"help", "MARA", "help"} {
		if err := n.rename(t, n.mara.ID, name); err != nil {
			t.Fatalf("to %s: %v", name, err)
		}
	}
	if err := n.rename(t, n.mara.ID, "Mara"); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("a fourth name in a month: %v", err)
	}
	n.age(t, account.RenamesDays)
	if err := n.rename(t, n.mara.ID, "mara"); err != nil {
		t.Errorf("a month later: %v", err)
	}
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		primary, err := pg.Values[string](ctx, s, `SELECT username FROM handles WHERE tenant_id = @tenant_id AND account_id = @id AND is_primary`, pgx.NamedArgs{"id": n.mara.ID})
		if diff := cmp.Diff([]string{"mara"}, primary); diff != "" {
			t.Errorf("present names: %s", diff)
		}
		return err
	})
}

// Of all who want a name at once, accounts that are and one that is made, one gets it.
func TestARaceForAName(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	errs := make([]error, 6)
	run := make([]func() error, len(errs))
	for i := range run {
		if i == 0 {
			run[i] = func() error {
				_, err := n.accounts.Create(t.Context(), n.A.Tenant, account.Local{Username: "wanted"}, nil)
				return err
			}
			continue
		}
		a := n.create(t, fmt.Sprint("racer", i))
		run[i] = func() error { return n.rename(t, a.ID, strings.ToUpper("wanted")) }
	}
	var all sync.WaitGroup
	for i := range run {
		all.Go(func() { errs[i] = run[i]() })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case fault.CodeOf(err) != fault.Conflict:
			t.Errorf("a loser is told %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d have the name", won)
	}
}

func (n *named) rotate(t *testing.T) error {
	t.Helper()
	return n.accounts.Rotate(t.Context(), n.A.Tenant, n.mara.ID, func(*pg.Scope, *social.Account) error { return nil })
}

func (n *named) keys(t *testing.T) (out []account.PublicKey) {
	t.Helper()
	n.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		out, err = account.Keys(ctx, s, n.mara)
		return err
	})
	return out
}

// New keys have new ids; the one before opens for a while, and then not even its bytes are there.
func TestRotate(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	ring := account.NewKeyring(n.PG, n.key)
	first, before := signer(t, ring, n), n.keys(t)
	if former, err := ring.FormerOf(t.Context(), n.A.Tenant.ID, n.mara); former != nil || err != nil {
		t.Errorf("a former key of a new account: %v, %v", former, err)
	}
	if err := n.rotate(t); err != nil {
		t.Fatal(err)
	}
	after := n.keys(t)
	if len(before) != 2 || len(after) != 2 || after[0].Kind != "rsa" || after[0].ID != n.mara.URI+"#main-key-2" || after[0].Number != 2 || after[1].Number != 2 {
		t.Errorf("the keys are %+v", after)
	}
	for i := range after {
		if after[i].PEM == before[i].PEM || after[i].Fingerprint == before[i].Fingerprint || len(strings.Fields(after[i].Fingerprint)) != 16 {
			t.Errorf("the %s key: %+v after %+v", after[i].Kind, after[i], before[i])
		}
	}
	fresh := account.NewKeyring(n.PG, n.key)
	if got := signer(t, fresh, n); got.KeyID() != after[0].ID {
		t.Errorf("signs with %s", got.KeyID())
	}
	former, err := fresh.FormerOf(t.Context(), n.A.Tenant.ID, n.mara)
	if err != nil || former == nil || former.KeyID() != first.KeyID() {
		t.Fatalf("the former key: %v, %v", former, err)
	}
	if err := n.rotate(t); fault.CodeOf(err) != fault.TooMany {
		t.Errorf("again at once: %v", err)
	}
	if got := n.events(t, social.EventAccountRekeyed); got != 1 {
		t.Errorf("%d events", got)
	}
	n.erase(t)
	if former, err := fresh.FormerOf(t.Context(), n.A.Tenant.ID, n.mara); former != nil || err != nil {
		t.Errorf("after its time: %v, %v", former, err)
	}
}

// erase lets the time of the former key pass and upkeep go by.
func (n *named) erase(t *testing.T) {
	t.Helper()
	err := n.PG.Platform(t.Context(), "a test", func(p *pg.PlatformTx) error {
		if _, err := pg.Exec(t.Context(), p, `UPDATE account_keys SET former_until = now() - interval '1 second' WHERE former_until IS NOT NULL`, nil); err != nil {
			return err
		}
		waiting, err := store.CountFormerKeys(t.Context(), p, time.Now())
		if err != nil {
			return err
		}
		erased, err := store.EraseFormerKeys(t.Context(), p, time.Now(), 10)
		if err != nil || waiting != 1 || erased != 1 {
			return fmt.Errorf("%d waiting, %d erased: %w", waiting, erased, err)
		}
		left, err := pg.Value[int](t.Context(), p, `SELECT count(*) FROM account_keys WHERE former_sealed IS NOT NULL`, nil)
		if left != 0 {
			t.Errorf("%d former private keys are still there", left)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func signer(t *testing.T, ring *account.Keyring, n *named) *signature.Signer {
	t.Helper()
	s, err := ring.ForAccount(t.Context(), n.A.Tenant.ID, n.mara)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A process that has a key in memory signs with the new one as soon as another process has
// made it: nobody is to hold on to a key that is withdrawn.
func TestEveryProcessSignsWithTheNewKey(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	ring := account.NewKeyring(n.PG, n.key)
	var log bytes.Buffer
	bus := stream.New(n.PG, slog.New(slog.NewTextHandler(&log, nil)))
	ring.Follow(bus)
	ready, done := bus.Ready(), make(chan struct{})
	go func() {
		defer close(done)
		_ = bus.Run(t.Context())
	}()
	t.Cleanup(func() { <-done })
	select {
	case <-ready:
	case <-time.After(time.Minute):
		t.Fatalf("the bus does not hear: %s", log.String())
	}
	if got := signer(t, ring, n).KeyID(); got != n.mara.URI+"#main-key" {
		t.Fatalf("signs with %s", got)
	}
	if err := n.rotate(t); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 20*time.Second, "the other process signs with the new key", func() bool {
		return signer(t, ring, n).KeyID() == n.mara.URI+"#main-key-2"
	})
}

// Other tenants of the platform have proven the old key: they must read the account's
// document anew before they believe it again.
func TestTheOldKeyIsForgottenOnThePlatform(t *testing.T) {
	t.Parallel()
	n := newNamed(t)
	old := n.keys(t)[0]
	err := n.PG.Platform(t.Context(), "a test", func(p *pg.PlatformTx) error {
		_, err := store.PutRemoteKeys(t.Context(), p, []store.RemoteKey{{KeyID: old.ID, OwnerURI: n.mara.URI, PublicPEM: old.PEM, FetchedAt: time.Now()}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.rotate(t); err != nil {
		t.Fatal(err)
	}
	err = n.PG.Platform(t.Context(), "a test", func(p *pg.PlatformTx) error {
		_, err := store.RemoteKeyByID(t.Context(), p, old.ID)
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("the old key is still believed: %v", err)
	}
}
