package audit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

func entry(action string) audit.Entry {
	return audit.Entry{
		Actor:  audit.Actor{Kind: audit.Person, ID: 7, Name: "Ada", Address: "192.0.2.1"},
		Action: action, Target: "domain:1", Detail: map[string]string{"name": "social.a.test"},
	}
}

func fill(t *testing.T, w *fixture.World, of *fixture.Home, entries int) {
	t.Helper()
	for range entries {
		of.Do(t, func(ctx context.Context, scope *pg.Scope) error {
			return audit.Append(ctx, scope, entry("domain.claim"))
		})
	}
}

func verify(t *testing.T, w *fixture.World, of tenant.ID) audit.Report {
	t.Helper()
	report, err := audit.Verify(t.Context(), w.PG, of)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestChainsOfTenantsAndOfThePlatform(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	fill(t, w, w.A, 3)
	fill(t, w, w.B, 1)
	err := w.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
		if err := audit.AppendFor(t.Context(), tx, w.A.Tenant.ID, entry("tenant.suspend")); err != nil {
			return err
		}
		return audit.AppendFor(t.Context(), tx, audit.Platform, entry("staff.create"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for of, want := range map[tenant.ID]int64{w.A.Tenant.ID: 4, w.B.Tenant.ID: 1, audit.Platform: 1, w.A.Tenant.ID + 1: 0} {
		if r := verify(t, w, of); r.Entries != want || r.Broken != 0 {
			t.Errorf("chain of %d: %+v, want %d entries", of, r, want)
		}
	}
}

// An act that fails leaves no record, and a record that fails takes the act with it.
func TestTheRecordSharesTheActsTransaction(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	fill(t, w, w.A, 1)
	errAct := errors.New("the act failed")
	err := w.A.Try(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := audit.Append(ctx, scope, entry("domain.claim")); err != nil {
			return err
		}
		return errAct
	})
	if !errors.Is(err, errAct) {
		t.Fatal(err)
	}
	if r := verify(t, w, w.A.Tenant.ID); r.Entries != 1 || r.Broken != 0 {
		t.Errorf("after a failed act: %+v", r)
	}
	if err := w.A.Try(t, func(ctx context.Context, scope *pg.Scope) error { return audit.Append(ctx, scope, audit.Entry{}) }); err == nil {
		t.Error("an entry without actor and action was taken")
	}
}

// Neither role of the product can touch what is written.
func TestNobodyOfTheProductChangesEntries(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	fill(t, w, w.A, 1)
	for _, url := range []string{w.DB.AppURL, w.DB.PlatformURL} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{`UPDATE audit_entries SET action = 'x'`, `DELETE FROM audit_entries`, `TRUNCATE audit_entries`, `DELETE FROM audit_heads`} {
			if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %v", sql, err)
			}
		}
		_ = conn.Close(t.Context())
	}
}

func TestVerifyFindsWhatASuperuserDid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sql    string
		broken int64
	}{
		"a changed body":        {`UPDATE audit_entries SET body = convert_to(replace(convert_from(body, 'UTF8'), 'Ada', 'Eve'), 'UTF8') WHERE seq = 2`, 2},
		"a changed column":      {`UPDATE audit_entries SET action = 'domain.other' WHERE seq = 2`, 2},
		"a missing entry":       {`DELETE FROM audit_entries WHERE seq = 2`, 2},
		"a missing first entry": {`DELETE FROM audit_entries WHERE seq = 1`, 1},
		"a cut end":             {`DELETE FROM audit_entries WHERE seq = 4`, 4},
		"all gone":              {`DELETE FROM audit_entries`, 1},
		"a forged hash":         {`UPDATE audit_entries SET body = convert_to(replace(convert_from(body, 'UTF8'), 'Ada', 'Eve'), 'UTF8'), hash = sha256(convert_to(replace(convert_from(body, 'UTF8'), 'Ada', 'Eve'), 'UTF8')) WHERE seq = 1`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fixture.New(t)
			fill(t, w, w.A, 4)
			conn, err := pgx.Connect(t.Context(), w.DB.SuperURL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			if _, err := conn.Exec(t.Context(), tt.sql); err != nil {
				t.Fatal(err)
			}
			if r := verify(t, w, w.A.Tenant.ID); r.Broken != tt.broken || r.Why == "" {
				t.Errorf("%+v, want broken at %d", r, tt.broken)
			}
		})
	}
}
