package access_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// process is a judge that follows the news, with pools of its own.
type process struct {
	*access.Judge
	stop func()
}

// follow starts a process and waits until it hears the others.
func (o *oauth) follow(t *testing.T) process {
	t.Helper()
	db, err := pg.Open(t.Context(), pg.Options{AppURL: o.DB.AppURL, PlatformURL: o.DB.PlatformURL})
	if err != nil {
		t.Fatal(err)
	}
	bus := stream.New(db, slog.New(slog.DiscardHandler))
	judge := access.New(db, nil)
	judge.Follow(bus)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = bus.Run(ctx) }()
	stop := func() { cancel(); <-done }
	t.Cleanup(func() { stop(); db.Close() })
	select {
	case <-bus.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the bus does not listen")
	}
	return process{judge, stop}
}

func (o *oauth) token(t *testing.T) (issued *access.Issued) {
	t.Helper()
	o.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		issued, err = access.CreateToken(ctx, s, o.A.Account.ID, o.A.Person, access.Scopes{"read"}, o.app)
		return err
	})
	return issued
}

// soon asks until the answer is right. The deadline is far below the time for which a
// token is remembered: what comes in time came by the news.
func soon(t *testing.T, what string, isRight func() bool) {
	t.Helper()
	for end := time.Now().Add(6 * time.Second); !isRight(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not noticed", what)
		}
	}
}

// Whatever ends or changes what a token may do is known at once in every process that
// has just seen the token.
func TestRememberedTokensEndAtOnceEverywhere(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	one, two := o.follow(t), o.follow(t)
	suspend := `UPDATE accounts SET suspended_at = now() WHERE tenant_id = @tenant_id AND id = @id`
	for _, tt := range []struct {
		name string
		end  func(context.Context, *pg.Scope, *access.Issued) error
		code fault.Code // "": the token still counts, in another role
	}{
		{"revoked by the app", func(ctx context.Context, s *pg.Scope, i *access.Issued) error {
			return access.Revoke(ctx, s, o.client, i.Secret)
		}, fault.Unauthorized},
		{"app forbidden by the person", func(ctx context.Context, s *pg.Scope, _ *access.Issued) error {
			return access.RevokeApp(ctx, s, o.app.ID, o.A.Person)
		}, fault.Unauthorized},
		{"role changed", func(ctx context.Context, s *pg.Scope, _ *access.Issued) error {
			return people.Grant(ctx, s, o.A.Account.ID, o.A.Person, people.Viewer)
		}, ""},
		{"operator removed, its tokens by the foreign key", func(ctx context.Context, s *pg.Scope, _ *access.Issued) error {
			return store.DeleteOperator(ctx, s, o.A.Account.ID, o.A.Person)
		}, fault.Unauthorized},
		{"account suspended", func(ctx context.Context, s *pg.Scope, _ *access.Issued) error {
			_, err := pg.Exec(ctx, s, suspend, pgx.NamedArgs{"id": o.A.Account.ID})
			return err
		}, fault.Forbidden},
	} {
		o.A.Grant(t, o.A.Account.ID, o.A.Person, people.Owner)
		issued := o.token(t)
		for _, p := range []process{one, two, one, two} {
			if v, err := p.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret); err != nil || v.Role != people.Owner {
				t.Fatalf("%s: before, %+v, %v", tt.name, v, err)
			}
			if _, err := p.Authenticate(t.Context(), o.B.Tenant.ID, issued.Secret); fault.CodeOf(err) != fault.Unauthorized {
				t.Fatalf("%s: the other tenant says %v", tt.name, err)
			}
		}
		o.A.Do(t, func(ctx context.Context, s *pg.Scope) error { return tt.end(ctx, s, issued) })
		for _, p := range []process{one, two} {
			soon(t, tt.name, func() bool {
				v, err := p.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
				return fault.CodeOf(err) == tt.code && (err != nil || v.Role == people.Viewer)
			})
		}
	}
}

// behindTheirBack changes a token without any news of it.
func (o *oauth) behindTheirBack(t *testing.T, token int64, scope string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), o.DB.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{`SET session_replication_role = replica`, `UPDATE tokens SET scopes = ARRAY['` + scope + `'] WHERE id = ` + ids.Format(token)} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// A judge remembers while it hears the news, and looks every token up while it does not.
func TestNothingIsRememberedWithoutNews(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	p := o.follow(t)
	issued := o.token(t)
	scopes := func() string {
		v, err := p.Authenticate(t.Context(), o.A.Tenant.ID, issued.Secret)
		if err != nil {
			t.Fatal(err)
		}
		return v.Scopes[0]
	}
	if got := scopes(); got != "read" {
		t.Fatalf("scopes = %s", got)
	}
	o.behindTheirBack(t, issued.TokenID, "write")
	if got := scopes(); got != "read" {
		t.Errorf("scopes = %s: the token was looked up although nothing was told", got)
	}
	p.stop()
	if got := scopes(); got != "write" {
		t.Errorf("scopes = %s: remembered by somebody who hears no news", got)
	}
}
