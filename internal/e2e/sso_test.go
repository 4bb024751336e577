package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/seal"
	socialaccount "rookery/internal/social/account"
	"rookery/internal/testkit/fixture"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/people"
	"rookery/tenant/sso"
)

const ssoSecret = "the secret of a client: 32 characters + more"

// employer is a tenant whose people sign in with a real provider.
type employer struct {
	*fixture.World
	t       *testing.T
	peer    *peer
	service *sso.Service
}

func newEmployer(t *testing.T) *employer {
	t.Helper()
	needsNode(t)
	e := &employer{World: fixture.New(t), t: t}
	e.peer = startPeer(t, "oidc.mjs", "PEER_SECRET="+ssoSecret, "PEER_REDIRECT="+sso.RedirectURI(e.A.Tenant))
	key, err := seal.New(masterKey)
	if err != nil {
		t.Fatal(err)
	}
	client := safehttp.New(safehttp.Options{AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(client.Close)
	e.service = sso.New(sso.Options{DB: e.PG, Seal: key, HTTP: client, People: e.People, Accounts: socialaccount.NewWith(e.PG, key, testkeys.RSA), Console: "https://rookery.test"})
	return e
}

func (e *employer) save(secret string) {
	e.t.Helper()
	err := e.service.Save(e.t.Context(), e.A.Tenant, sso.Change{
		Settings: sso.Settings{
			Issuer: e.peer.Origin + "/", ClientID: "rookery", Scopes: []string{"openid", "email", "profile"}, Role: people.MemberPlain, On: true, MakeAccount: true,
		},
		Secret: secret,
	}, audit.ByOperator())
	if err != nil {
		e.t.Fatalf("save: %v", err)
	}
}

// away sends a browser to the provider and returns what it brings back.
func (e *employer) away(browser string) sso.Return {
	e.t.Helper()
	address, err := e.service.Begin(e.t.Context(), e.A.Tenant, sso.Start{Browser: browser})
	if err != nil {
		e.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		e.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 10 {
		request, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, address, nil)
		if err != nil {
			e.t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			e.t.Fatal(err)
		}
		_ = answer.Body.Close()
		next, err := answer.Location()
		if err != nil {
			e.t.Fatalf("%s answers %s and leads nowhere", address, answer.Status)
		}
		if address = next.String(); strings.HasPrefix(address, sso.RedirectURI(e.A.Tenant)) {
			q := next.Query()
			return sso.Return{Browser: browser, State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error")}
		}
	}
	e.t.Fatalf("the provider leads to %s and on", address)
	return sso.Return{}
}

func (e *employer) refused(in sso.Return, want sso.Kind) {
	e.t.Helper()
	_, err := e.service.Finish(e.t.Context(), e.A.Tenant, in)
	var refusal *sso.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != want {
		e.t.Errorf("got %v, want %s", err, want)
	}
}

func TestE2ESSO(t *testing.T) {
	t.Parallel()
	e := newEmployer(t)
	if found := e.service.Test(t.Context(), e.peer.Origin); found != nil {
		t.Fatalf("the provider does not do: %+v", found)
	}
	e.save(ssoSecret)
	e.peer.do("person", map[string]any{"sub": "zoe", "email": "zoe@a.test", "email_verified": true, "name": "Zoe", "preferred_username": "zoe"}, nil)
	first := e.away("one")
	if first.Issuer != e.peer.Origin {
		t.Errorf("it names itself %q (RFC 9207)", first.Issuer)
	}
	e.refused(sso.Return{Browser: "another", State: first.State, Code: first.Code, Issuer: first.Issuer}, sso.Stale)
	out, err := e.service.Finish(t.Context(), e.A.Tenant, first)
	if err != nil {
		t.Fatal(err)
	}
	zoe, err := e.People.ByID(t.Context(), out.Person)
	if err != nil || zoe.Email != "zoe@a.test" || zoe.Name != "Zoe" {
		t.Errorf("somebody new is %+v, %v", zoe, err)
	}
	e.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		mine, err := people.AccountsOf(ctx, scope, out.Person)
		if len(mine) != 1 || mine[0].Account.Username != "zoe" {
			t.Errorf("accounts %+v", mine)
		}
		return err
	})
	e.refused(first, sso.Stale)
	replay := e.away("one")
	replay.Code = first.Code
	e.refused(replay, sso.Refused)
	mixed := e.away("one")
	mixed.Issuer = "https://evil.test"
	e.refused(mixed, sso.Untrusted)
	unnamed := e.away("one")
	unnamed.Issuer = ""
	e.refused(unnamed, sso.Untrusted)
	if again, err := e.service.Finish(t.Context(), e.A.Tenant, e.away("two")); err != nil || again.Person != out.Person {
		t.Errorf("the second sign-in: %+v, %v", again, err)
	}
	e.save("not the secret")
	e.refused(e.away("three"), sso.Setup)
	e.save(ssoSecret)
	last := e.away("four")
	e.peer.do("stop", nil, nil)
	e.refused(last, sso.Down)
}
