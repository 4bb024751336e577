package certs

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"

	"rookery/internal/seal"
	"rookery/internal/testkit"
)

var (
	_ certmagic.Storage          = (*storage)(nil)
	_ certmagic.TryLocker        = (*storage)(nil)
	_ certmagic.LockLeaseRenewer = (*storage)(nil)
)

func testStorage(t *testing.T, db *testkit.Database, owner string) *storage {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	return &storage{db: db.PG, key: key, owner: owner}
}

func super(t *testing.T, db *testkit.Database, sql string, into ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if len(into) > 0 {
		err = conn.QueryRow(t.Context(), sql).Scan(into...)
	} else {
		_, err = conn.Exec(t.Context(), sql)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStorageKeepsFilesAndSealsKeys(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	s, ctx := testStorage(t, db, "one"), t.Context()
	files := map[string]string{"certificates/ca/a.test/a.test.crt": "cert", "certificates/ca/a.test/a.test.key": "secret", "certificates/ca/a_b.test/x": "y"}
	for key, value := range files {
		if err := s.Store(ctx, key, []byte("old")); err != nil {
			t.Fatal(err)
		}
		if err := s.Store(ctx, key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range files {
		if got, err := s.Load(ctx, key); err != nil || string(got) != value {
			t.Errorf("load %s: %q, %v", key, got, err)
		}
	}
	var dumped []byte
	super(t, db, `SELECT value FROM cert_kv WHERE key LIKE '%.key'`, &dumped)
	if bytes.Contains(dumped, []byte("secret")) {
		t.Error("a dump shows the private key")
	}
	if _, err := s.Load(ctx, "certificates/ca/c.test"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load what is missing: %v", err)
	}
	for key, want := range map[string]bool{"certificates": true, "certificates/ca/a.test/a.test.crt": true, "certificates/ca/a.tes": false, "certificates/ca/aXb.test": false} {
		if s.Exists(ctx, key) != want {
			t.Errorf("exists %s: want %t", key, want)
		}
	}
	flat, err := s.List(ctx, "certificates/ca", false)
	if want := []string{"certificates/ca/a.test", "certificates/ca/a_b.test"}; err != nil || !slices.Equal(slices.Sorted(slices.Values(flat)), want) {
		t.Errorf("list: %v, %v", flat, err)
	}
	if all, err := s.List(ctx, "certificates", true); err != nil || len(all) != 3 {
		t.Errorf("list all: %v, %v", all, err)
	}
	if info, err := s.Stat(ctx, "certificates/ca"); err != nil || info.IsTerminal {
		t.Errorf("stat of a path: %+v, %v", info, err)
	}
	if info, err := s.Stat(ctx, "certificates/ca/a.test/a.test.crt"); err != nil || !info.IsTerminal || info.Size != 4 {
		t.Errorf("stat of a file: %+v, %v", info, err)
	}
	if err := s.Delete(ctx, "certificates/ca/a.test"); err != nil {
		t.Fatal(err)
	}
	if left, err := s.List(ctx, "", true); err != nil || len(left) != 1 {
		t.Errorf("after the deletion of a path: %v, %v", left, err)
	}
}

// "No" would have a certificate ordered again.
func TestExistsSaysYesWhereNobodyKnows(t *testing.T) {
	t.Parallel()
	s := testStorage(t, testkit.DB(t), "one")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if !s.Exists(ended, "certificates/ca/a.test") {
		t.Error("it says that nothing is there, without having looked")
	}
}

func TestLeases(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	one, two, ctx := testStorage(t, db, "one"), testStorage(t, db, "two"), t.Context()
	try := func(s *storage, want bool, when string) {
		t.Helper()
		if taken, err := s.TryLock(ctx, "order a.test"); err != nil || taken != want {
			t.Errorf("%s: %t, %v", when, taken, err)
		}
	}
	try(one, true, "a free lock")
	try(two, false, "a lock of another process")
	if err := two.Unlock(ctx, "order a.test"); err != nil {
		t.Fatal(err)
	}
	try(two, false, "after a stranger's Unlock")
	if err := one.Unlock(ctx, "order a.test"); err != nil {
		t.Fatal(err)
	}
	try(two, true, "after Unlock")

	// The process that holds it dies: its lease runs out and is anybody's.
	super(t, db, `UPDATE cert_locks SET expires_at = now() - interval '1 second'`)
	try(one, true, "an expired lease")
	if err := two.RenewLockLease(ctx, "order a.test", leaseTime); err == nil {
		t.Error("a lease was renewed that another process has taken over")
	}
	waiting, cancel := context.WithCancel(ctx)
	cancel()
	if err := two.Lock(waiting, "order a.test"); err == nil {
		t.Error("Lock did not end with its context")
	}
	if err := one.Unlock(ctx, "order a.test"); err != nil {
		t.Fatal(err)
	}
}
