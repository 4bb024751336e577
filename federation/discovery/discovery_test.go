package discovery_test

import (
	"encoding/json"
	"encoding/xml"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/federation"
	"rookery/federation/actor"
	"rookery/federation/discovery"
	"rookery/federation/vocab"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
	"rookery/tenant"
	"rookery/tenant/hostroute"
)

type bundle struct {
	*fedtest.World
	server  http.Handler
	support *social.Account
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{World: fedtest.New(t)}
	b.support = b.Account(t, "Support")
	e := echo.New()
	e.Pre(hostroute.New(hostroute.Options{Table: b.Registry, TLS: true}))
	federation.Mount(e, federation.Options{
		Actor: actor.New(actor.Options{DB: b.PG}),
		Discovery: discovery.New(discovery.Options{
			DB: b.PG, Hosts: b.Registry, Version: "0.1.0",
			ChangePassword: func(t *tenant.Tenant) string { return t.URL("/settings/password") },
		}),
		Log: slog.New(slog.DiscardHandler),
	})
	b.server = e
	return b
}

func (b *bundle) get(t *testing.T, host, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	req.Host = host
	req.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, req)
	return w
}

// INP-32, TEN-11.
func TestWebFinger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone := b.Account(t, "gone")
	b.Tx(t, func(scope *pg.Scope) error {
		if err := store.AddTombstone(t.Context(), scope, gone.URI, "Person", gone.ID); err != nil {
			return err
		}
		return store.DeleteAccount(t.Context(), scope, gone.ID)
	})
	b.Tx(t, func(scope *pg.Scope) error {
		return store.AddHandle(t.Context(), scope, b.support.ID, "help", "acme.test")
	})
	instance := b.Tenant.URL("/ap/instance")
	tests := map[string]struct {
		resource string
		status   int
		subject  string
		self     string
	}{
		"handle":             {"acct:support@acme.test", 200, "acct:Support@acme.test", b.support.URI},
		"service host":       {"acct:support@social.acme.test", 200, "acct:Support@acme.test", b.support.URI},
		"mixed case":         {"ACCT:sUPPort@Social.ACME.test", 200, "acct:Support@acme.test", b.support.URI},
		"no scheme":          {"@support@acme.test", 200, "acct:Support@acme.test", b.support.URI},
		"old name":           {"acct:help@acme.test", 200, "acct:Support@acme.test", b.support.URI},
		"old profile page":   {"https://social.acme.test/@help", 200, "acct:Support@acme.test", b.support.URI},
		"profile page":       {"https://social.acme.test/@support", 200, "acct:Support@acme.test", b.support.URI},
		"actor":              {b.support.URI, 200, "acct:Support@acme.test", b.support.URI},
		"actor, slash":       {b.support.URI + "/", 200, "acct:Support@acme.test", b.support.URI},
		"server":             {"https://social.acme.test", 200, "acct:social.acme.test@social.acme.test", instance},
		"server as handle":   {"acct:social.acme.test@social.acme.test", 200, "acct:social.acme.test@social.acme.test", instance},
		"bare host":          {"acme.test", 200, "acct:social.acme.test@social.acme.test", instance},
		"instance actor":     {instance, 200, "acct:social.acme.test@social.acme.test", instance},
		"unknown":            {"acct:nobody@acme.test", 404, "", ""},
		"deleted":            {"acct:gone@acme.test", 410, "", ""},
		"deleted actor":      {gone.URI, 410, "", ""},
		"another host":       {"acct:support@evil.test", 404, "", ""},
		"like host":          {"acct:support@acme.test.evil.test", 404, "", ""},
		"no actor":           {b.Tenant.URL("/ap/actors/12"), 404, "", ""},
		"other path":         {b.Tenant.URL("/about"), 404, "", ""},
		"missing":            {"", 400, "", ""},
		"long":               {"acct:" + strings.Repeat("a", 10_000) + "@acme.test", 400, "", ""},
		"long name":          {"acct:" + strings.Repeat("a", 1000) + "@acme.test", 404, "", ""},
		"line break":         {"acct:support@acme.test\r\nSet-Cookie: a=b", 400, "", ""},
		"zero byte":          {"acct:sup\x00port@acme.test", 400, "", ""},
		"not UTF-8":          {"acct:\xff@acme.test", 400, "", ""},
		"no host":            {"acct:support@", 400, "", ""},
		"user info":          {"https://support@social.acme.test/@support", 400, "", ""},
		"unicode look-alike": {"acct:suppоrt@acme.test", 404, "", ""}, // Cyrillic o
		"scheme":             {"mailto:support@acme.test", 404, "", ""},
	}
	for name, tt := range tests {
		for _, host := range []string{"acme.test", "social.acme.test"} {
			t.Run(name+" at "+host, func(t *testing.T) {
				t.Parallel()
				w := b.get(t, host, "/.well-known/webfinger?"+url.Values{"resource": {tt.resource}}.Encode(), "*/*")
				if w.Code != tt.status {
					t.Fatalf("status %d, want %d", w.Code, tt.status)
				}
				if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Set-Cookie") != "" {
					t.Errorf("headers %v", w.Header())
				}
				if tt.status != 200 {
					return
				}
				doc, err := vocab.Parse(w.Body.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				jrd := vocab.ReadJRD(doc)
				if jrd.Subject != tt.subject || jrd.Self() != tt.self {
					t.Errorf("%s is %s, want %s is %s", jrd.Subject, jrd.Self(), tt.subject, tt.self)
				}
				if w.Header().Get("Content-Type") != vocab.JRDMediaType || w.Header().Get("Cache-Control") != "public, max-age=259200" {
					t.Errorf("headers %v", w.Header())
				}
			})
		}
	}
}

func TestWebFingerFiltersLinks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.get(t, "acme.test", "/.well-known/webfinger?resource=acct:support@acme.test&rel=self", "")
	var jrd vocab.JRD
	if err := json.Unmarshal(w.Body.Bytes(), &jrd); err != nil {
		t.Fatal(err)
	}
	if len(jrd.Links) != 1 || jrd.Links[0].Rel != "self" {
		t.Errorf("links %+v", jrd.Links)
	}
}

func TestHostMeta(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const template = "https://social.acme.test/.well-known/webfinger?resource={uri}"
	for _, host := range []string{"acme.test", "social.acme.test"} {
		w := b.get(t, host, "/.well-known/host-meta", "application/xrd+xml")
		var xrd struct {
			Link struct {
				Template string `xml:"template,attr"`
			}
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &xrd); err != nil || xrd.Link.Template != template {
			t.Errorf("at %s: %v, %+v", host, err, xrd)
		}
		for path, accept := range map[string]string{"/.well-known/host-meta": "application/json", "/.well-known/host-meta.json": "*/*"} {
			var jrd vocab.JRD
			w := b.get(t, host, path, accept)
			if err := json.Unmarshal(w.Body.Bytes(), &jrd); err != nil || jrd.Links[0].Template != template {
				t.Errorf("%s at %s: %v, %s", path, host, err, w.Body)
			}
		}
	}
}

func TestNodeInfo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.get(t, "acme.test", "/.well-known/nodeinfo", "")
	var index vocab.JRD
	if err := json.Unmarshal(w.Body.Bytes(), &index); err != nil || len(index.Links) != 3 {
		t.Fatalf("%v, %s", err, w.Body)
	}
	for _, link := range index.Links[:2] {
		address, err := url.Parse(link.Href)
		if err != nil {
			t.Fatal(err)
		}
		w := b.get(t, address.Host, address.Path, "")
		doc, err := vocab.Parse(w.Body.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", link.Href, err)
		}
		info := vocab.ReadNodeInfo(doc)
		if info.Software != "rookery" || info.UsersTotal != 1 || info.OpenRegistrations || !strings.HasSuffix(link.Rel, info.Version) {
			t.Errorf("%s says %+v", link.Href, info)
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.get(t, "social.acme.test", "/.well-known/change-password", "text/html")
	if w.Code != http.StatusFound || w.Header().Get("Location") != "https://social.acme.test/settings/password" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
}

// Nobody finds an account of a tenant in trial by a name that is not its lasting one.
func TestATenantInTrialIsNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Apart(t)
	for _, resource := range []string{"acct:support@acme.test", b.support.URI} {
		if got := b.get(t, "social.acme.test", "/.well-known/webfinger?resource="+url.QueryEscape(resource), "*/*").Code; got != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", resource, got)
		}
	}
}
