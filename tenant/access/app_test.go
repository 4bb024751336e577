package access_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
)

func TestRegisterApp(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	tests := map[string]struct {
		in        access.NewApp
		redirects []string
		scopes    []string
		bad       bool
	}{
		"Android app": {
			in:        access.NewApp{Name: "Mastodon", RedirectURIs: []string{"org.joinmastodon.android-auth://callback"}, Scopes: "read write follow push", Website: "https://app.joinmastodon.org"},
			redirects: []string{"org.joinmastodon.android-auth://callback"}, scopes: []string{"follow", "push", "read", "write"},
		},
		"toot, no scopes": {
			in: access.NewApp{Name: "toot", RedirectURIs: []string{access.OOB}}, redirects: []string{access.OOB}, scopes: []string{"read"},
		},
		"several, one a line and in a list": {
			in:        access.NewApp{Name: "x", RedirectURIs: []string{"https://one.test/cb\nhttps://two.test/cb?x=1\r\n", "http://localhost:3000/", "https://one.test/cb"}},
			redirects: []string{"https://one.test/cb", "https://two.test/cb?x=1", "http://localhost:3000/"}, scopes: []string{"read"},
		},
		"no redirect":         {in: access.NewApp{Name: "x"}, bad: true},
		"no name":             {in: access.NewApp{Name: "  ", RedirectURIs: []string{access.OOB}}, bad: true},
		"long name":           {in: access.NewApp{Name: strings.Repeat("x", 61), RedirectURIs: []string{access.OOB}}, bad: true},
		"javascript":          {in: access.NewApp{Name: "x", RedirectURIs: []string{"javascript:alert(1)"}}, bad: true},
		"JavaScript":          {in: access.NewApp{Name: "x", RedirectURIs: []string{"JavaScript://a/%0aalert(1)"}}, bad: true},
		"data":                {in: access.NewApp{Name: "x", RedirectURIs: []string{"data:text/html,x"}}, bad: true},
		"vbscript":            {in: access.NewApp{Name: "x", RedirectURIs: []string{"vbscript:x"}}, bad: true},
		"fragment":            {in: access.NewApp{Name: "x", RedirectURIs: []string{"https://a.test/#f"}}, bad: true},
		"empty fragment":      {in: access.NewApp{Name: "x", RedirectURIs: []string{"https://a.test/#"}}, bad: true},
		"relative":            {in: access.NewApp{Name: "x", RedirectURIs: []string{"/callback"}}, bad: true},
		"no host":             {in: access.NewApp{Name: "x", RedirectURIs: []string{"https:///callback"}}, bad: true},
		"too long":            {in: access.NewApp{Name: "x", RedirectURIs: []string{"https://a.test/" + strings.Repeat("x", 2048)}}, bad: true},
		"too many":            {in: access.NewApp{Name: "x", RedirectURIs: strings.Fields(strings.Repeat("https://a.test/", 1) + manyURIs(21))}, bad: true},
		"one bad among good":  {in: access.NewApp{Name: "x", RedirectURIs: []string{"https://a.test/\njavascript:x"}}, bad: true},
		"unknown scope":       {in: access.NewApp{Name: "x", RedirectURIs: []string{access.OOB}, Scopes: "read root"}, bad: true},
		"website of a script": {in: access.NewApp{Name: "x", RedirectURIs: []string{access.OOB}, Website: "javascript:alert(1)"}, bad: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var app *access.App
			var secret string
			err := w.A.Try(t, func(ctx context.Context, s *pg.Scope) (err error) {
				app, secret, err = access.RegisterApp(ctx, s, tt.in)
				return err
			})
			if tt.bad {
				if fault.CodeOf(err) != fault.Invalid {
					t.Fatalf("got %v, want a refusal", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.redirects, app.RedirectURIs); diff != "" {
				t.Errorf("redirect URIs, -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tt.scopes, app.Scopes); diff != "" {
				t.Errorf("scopes, -want +got:\n%s", diff)
			}
			client := access.Client{ID: app.ClientID, Secret: secret}
			authenticate := func(ctx context.Context, s *pg.Scope) error {
				_, err := access.AuthenticateApp(ctx, s, client)
				return err
			}
			w.A.Do(t, authenticate)
			// TEN-07: in another tenant it does not exist.
			if err := w.B.Try(t, authenticate); access.AsOAuthError(err) != access.ErrClient {
				t.Errorf("in the other tenant: %v", err)
			}
			for _, client = range []access.Client{{app.ClientID, ""}, {app.ClientID, secret + "x"}, {"", secret}, {"\x00", secret}, {"unknown", secret}} {
				if err := w.A.Try(t, authenticate); access.AsOAuthError(err) != access.ErrClient {
					t.Errorf("client %+v: %v, want invalid_client", client, err)
				}
			}
		})
	}
}

func TestOwnApp(t *testing.T) {
	t.Parallel()
	w := fixture.New(t)
	own := func(h *fixture.Home) (app *access.App) {
		h.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
			app, err = access.OwnApp(ctx, s)
			return err
		})
		return app
	}
	first, again, other := own(w.A), own(w.A), own(w.B)
	if first.ID != again.ID || first.ID == other.ID {
		t.Errorf("ids %d, %d and in the other tenant %d", first.ID, again.ID, other.ID)
	}
	if !access.Scopes(first.Scopes).Cover(access.AllScopes()) || len(first.RedirectURIs) != 0 {
		t.Errorf("app %+v", first)
	}
	for _, secret := range []string{"", "rookery"} {
		err := w.A.Try(t, func(ctx context.Context, s *pg.Scope) error {
			_, err := access.AuthenticateApp(ctx, s, access.Client{ID: first.ClientID, Secret: secret})
			return err
		})
		if access.AsOAuthError(err) != access.ErrClient {
			t.Errorf("secret %q: %v", secret, err)
		}
	}
}

func manyURIs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" https://a.test/" + strings.Repeat("x", i+1))
	}
	return b.String()
}
