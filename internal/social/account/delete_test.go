package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/people"
)

func TestADeletedAccountIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	key, err := seal.New(seal.Generate())
	if err != nil {
		t.Fatal(err)
	}
	accounts := account.NewWith(w.PG, key, testkeys.RSA)
	a, err := accounts.Create(t.Context(), w.A.Tenant, account.Local{Username: "Mara", DisplayName: "Mara M."}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.A.Grant(t, a.ID, w.A.Person, people.Publisher)
	id := pgx.NamedArgs{"id": a.ID}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		b := pg.NewBatch(s)
		b.Exec(`INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, redirect_uris, scopes) VALUES (@tenant_id, 1, 'c', '', 'App', '{}', '{}')`, nil)
		b.Exec(`INSERT INTO tokens (tenant_id, id, token_hash, app_id, account_id, person_id, scopes)
			SELECT @tenant_id, 1, 'x', 1, account_id, person_id, '{}' FROM operators WHERE tenant_id = @tenant_id AND account_id = @id`, id)
		return b.Send(ctx)
	})
	listener := listen(t, w.DB.AppURL)

	// Another tenant cannot.
	if err := w.B.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Delete(ctx, s, w.B.Tenant, a.ID)
		return err
	}); !fault.IsNotFound(err) {
		t.Errorf("another tenant deletes the account: %v", err)
	}
	del := func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Delete(ctx, s, w.A.Tenant, a.ID)
		return err
	}
	w.A.Do(t, del)
	if err := w.A.Try(t, del); !fault.IsNotFound(err) {
		t.Errorf("deleted twice: %v", err)
	}

	patience, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if n, err := listener.WaitForNotification(patience); err != nil || n.Channel != store.RevocationChannel {
		t.Errorf("open streams hear %v, %v", n, err)
	}
	if _, err := accounts.Create(t.Context(), w.A.Tenant, account.Local{Username: "mara"}, nil); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("the name was given again: %v", err)
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		for name, find := range map[string]func() error{
			"by id":         func() error { _, err := store.AccountByID(ctx, s, a.ID); return err },
			"by URI":        func() error { _, err := store.AccountByURI(ctx, s, a.URI); return err },
			"by handle":     func() error { _, err := store.AccountByHandle(ctx, s, social.Handle{User: "mara"}); return err },
			"by any handle": func() error { _, err := store.LocalAccountByAnyHandle(ctx, s, "mara"); return err },
			"as an actor":   func() error { _, err := store.LocalActorByID(ctx, s, a.ID); return err },
			"as operated":   func() error { _, err := store.OperatorOf(ctx, s, a.ID, w.A.Person); return err },
			"to be operated": func() error {
				return store.SetOperator(ctx, s, store.Operator{AccountID: a.ID, PersonID: w.A.Person, Role: "owner"})
			},
		} {
			if err := find(); !fault.IsNotFound(err) {
				t.Errorf("found %s: %v", name, err)
			}
		}
		if _, err := store.MemberByPerson(ctx, s, w.A.Person); err != nil {
			t.Errorf("the person is no member any more: %v", err)
		}
		if stone, err := store.TombstoneByURI(ctx, s, a.URI); err != nil || stone.AccountID != a.ID || stone.FormerType != "Person" {
			t.Errorf("tombstone %+v, %v", stone, err)
		}
		// What still has to be said can be signed.
		if sender, err := store.SenderByID(ctx, s, a.ID); err != nil || sender.URI != a.URI || sender.DisplayName != "" {
			t.Errorf("sender %+v, %v", sender, err)
		}
		keys, err := store.AccountPublicKeys(ctx, s, a.ID)
		if len(keys) != 2 || err != nil {
			t.Errorf("%d keys are left, %v", len(keys), err)
		}
		events, err := pg.Many[social.Event](ctx, s, `SELECT id, kind, account_id, target_id, status_id, object_uri, visibility, recipient_ids, created_at
			FROM events WHERE tenant_id = @tenant_id AND account_id = @id`, id)
		if len(events) != 1 || events[0].Kind != social.EventAccountDeleted || events[0].ObjectURI != a.URI {
			t.Errorf("events %v", events)
		}
		if err != nil {
			return err
		}
		jobs, err := pg.Values[string](ctx, s, `SELECT kind FROM river.river_job WHERE (args->>'tenant_id')::bigint = @tenant_id ORDER BY kind`, nil)
		if diff := cmp.Diff([]string{"outbox_publish_events", "remove_account"}, jobs); diff != "" {
			t.Errorf("jobs, -want +got:\n%s", diff)
		}
		return err
	})
}

func TestOnlyOurAccountsAreDeletedByUs(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	far := &social.Account{URI: "https://far.test/u", Username: "u", Domain: "far.test"}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return account.SaveRemote(ctx, s, far) })
	err := w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := account.Delete(ctx, s, w.A.Tenant, far.ID)
		return err
	})
	if !fault.IsNotFound(err) {
		t.Errorf("an account of another server was deleted: %v", err)
	}
}

// listen hears which tokens end.
func listen(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "LISTEN "+store.RevocationChannel); err != nil {
		t.Fatal(err)
	}
	return conn
}
