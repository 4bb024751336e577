package site_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/site"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/seal"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/socialtest"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/access"
	"rookery/tenant/factor"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

const password = "correct horse battery"

// world is two tenants with their sites on one server. Tenant A has the account
// support, made as the product makes accounts, and alice, who operates both.
type world struct {
	*fixture.World
	server  *browse.Server
	judge   *access.Judge
	logins  *limit.Logins
	factors *factor.Factors
	sso     *sso.Service
	clock   atomic.Int64 // what authenticators take for now, in seconds
	posts   *status.Service
	support *social.Account
	// template answers a handle's server; asked lists the handles.
	template string
	asked    []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: fixture.New(t)}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.judge, w.logins = access.New(w.PG, nil), limit.NewLogins(w.PG, limit.Options{Now: testkit.StoppedClock()})
	w.clock.Store(time.Now().Unix())
	w.factors = newFactors(t, w)
	w.sso = newSSO(t, w)
	w.posts = status.New(status.Options{Streams: &socialtest.Recorder{}})
	h := site.New(site.Deps{
		DB: w.PG, Log: slog.New(slog.DiscardHandler), Judge: w.judge, People: w.People, Logins: w.logins, Factors: w.factors, Limiter: limit.New(limit.Options{Now: testkit.StoppedClock()}),
		Media: media.Addresses{Scheme: "https", Host: "media.test"}, Version: "0.1", SSO: w.sso,
		Documents: site.Documents{
			Actor: func(c echo.Context, id social.AccountID) error {
				return c.Blob(http.StatusOK, "application/activity+json", []byte(`{"type":"Person"}`))
			},
			Object: func(c echo.Context, id social.StatusID) error {
				return c.Blob(http.StatusOK, "application/activity+json", []byte(`{"type":"Note"}`))
			},
		},
		SubscribeTemplate: func(_ context.Context, handle string) (string, error) {
			w.asked = append(w.asked, handle)
			if w.template == "" {
				return "", errors.New("no such server")
			}
			return w.template, nil
		},
	})
	e := echo.New()
	e.Pre(hostroute.New(hostroute.Options{Table: w.Registry, TLS: true, Media: "media.test", MediaHandler: http.HandlerFunc(serveDrawing)}))
	e.IPExtractor = hostroute.IPExtractor
	e.HTTPErrorHandler = func(err error, c echo.Context) { h.ErrorPage(c, err) }
	h.Register(e)
	w.server = browse.Serve(t, e)
	w.support = w.makeAccount(t, "support", "Acme Support")
	w.A.Grant(t, w.support.ID, w.A.Person, people.Drafter)
	return w
}

func newFactors(t testing.TB, w *world) *factor.Factors {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	return factor.New(factor.Options{DB: w.PG, Seal: key, Now: func() time.Time { return time.Unix(w.clock.Load(), 0) }})
}

func (w *world) makeAccount(t testing.TB, username, name string) *social.Account {
	t.Helper()
	key, err := seal.New("the master key of tests: 32 characters and more")
	if err != nil {
		t.Fatal(err)
	}
	a, err := account.NewWith(w.PG, key, testkeys.RSA).Create(t.Context(), w.A.Tenant, account.Local{Username: username, DisplayName: name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// setPassword is expensive by design: only tests that sign in call it.
func (w *world) setPassword(t testing.TB, person social.PersonID) {
	t.Helper()
	if err := w.People.SetPassword(t.Context(), person, password); err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(t testing.TB, d status.Draft) *social.Status {
	t.Helper()
	var st *social.Status
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		st, err = w.posts.Create(ctx, scope, w.A.Tenant, w.support, d)
		return err
	})
	return st
}

// signIn signs alice in on tenant A through the form.
func (w *world) signIn(t testing.TB, b *browse.Browser) {
	t.Helper()
	w.setPassword(t, w.A.Person)
	page := b.Get("https://a.test/auth/sign_in")
	done := b.Submit(page, b.Form(page, "password", ""), "email", "alice@a.test", "password", password)
	if done.Status != http.StatusSeeOther || done.Location() != "/" {
		t.Fatalf("sign in: %d to %q\n%s", done.Status, done.Location(), done.Body)
	}
}

// session gives a browser alice's session without the form.
func (w *world) session(t testing.TB, b *browse.Browser) *access.Session {
	t.Helper()
	s, err := w.judge.StartSession(t.Context(), w.A.Tenant.ID, w.A.Person, "test")
	if err != nil {
		t.Fatal(err)
	}
	b.SetCookie("https://a.test/", &http.Cookie{Name: "__Host-rookery_session", Value: s.Token, Path: "/", Secure: true})
	return s
}

// setPasswordKeeping gives alice her password; changing one signs every browser out,
// so that a session which the test goes on with (nil: none) is put back.
func (w *world) setPasswordKeeping(t testing.TB, s *access.Session) {
	t.Helper()
	w.setPassword(t, w.A.Person)
	if s == nil {
		return
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return store.AddSession(ctx, scope, &store.Session{
			IDHash: s.Hash, PersonID: s.Person, UserAgent: s.UserAgent, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeen, ExpiresAt: s.ExpiresAt,
		})
	})
}

// withdrawAll takes every account from alice.
func (w *world) withdrawAll(t testing.TB) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		mine, err := people.AccountsOf(ctx, scope, w.A.Person)
		if err != nil {
			return err
		}
		for _, a := range mine {
			if err := people.Withdraw(ctx, scope, a.Account.ID, w.A.Person); err != nil {
				return err
			}
		}
		return nil
	})
}
