package export_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/internal/testkit/socialtest"
	"rookery/tenant/export"
)

// A list of an account that is deleted between two pages does not end as if it were whole.
func TestAListOfADeletedAccountBreaksOff(t *testing.T) {
	t.Parallel()
	w := &world{World: socialtest.New(t)}
	w.alice = w.Local("alice")
	w.exec(`INSERT INTO domain_blocks (tenant_id, id, account_id, domain) SELECT @tenant_id, 1000 + n, @a, n || '.noise.test' FROM generate_series(1, 250) AS n`, pgx.NamedArgs{"a": w.alice.ID})
	list, ok := export.OpenTable(w.Tenant, w.alice.ID, "blocked_domains.csv")
	if _, is := export.OpenTable(w.Tenant, w.alice.ID, "outbox.json"); !ok || is {
		t.Fatal("lists are known by their files")
	}
	next := func() (text []byte, more bool, err error) {
		err = w.DB.Read(t.Context(), w.Tenant.ID, func(scope *pg.Scope) (err error) {
			text, more, err = list.Next(t.Context(), scope)
			return err
		})
		return text, more, err
	}
	if text, more, err := next(); err != nil || !more || !strings.HasPrefix(noise(), string(text)) || len(text) == 0 {
		t.Fatalf("the first page: %q, %t, %v", text, more, err)
	}
	w.Do(func(scope *pg.Scope) error {
		_, err := account.Delete(t.Context(), scope, w.Tenant, w.alice.ID)
		return err
	})
	if text, more, err := next(); !fault.IsNotFound(err) {
		t.Errorf("after it is deleted: %q, %t, %v", text, more, err)
	}
}
