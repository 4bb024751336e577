package webfinger_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/federation/webfinger"
	"rookery/internal/fault"
	"rookery/internal/safehttp"
)

const selfType = `application/activity+json`

// internet is a few servers that know one another by name. All names share one
// port, because handles name it.
type internet struct {
	client *safehttp.Client
	port   string

	mu    sync.Mutex
	asked []string // host and path of each request
}

// newInternet serves sites by host name. In a site's text PORT stands for the
// port of all.
func newInternet(t *testing.T, sites map[string]http.HandlerFunc) *internet {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.77.1.20:0")
	if err != nil {
		t.Fatal(err)
	}
	net := &internet{port: fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		net.mu.Lock()
		net.asked = append(net.asked, host+r.URL.Path)
		net.mu.Unlock()
		site, ok := sites[host]
		if !ok {
			http.NotFound(w, r)
			return
		}
		recorder := httptest.NewRecorder()
		site(recorder, r)
		for name, values := range recorder.Header() {
			w.Header()[name] = []string{strings.ReplaceAll(values[0], "PORT", net.port)}
		}
		w.WriteHeader(recorder.Code)
		fmt.Fprint(w, strings.ReplaceAll(recorder.Body.String(), "PORT", net.port))
	})}}
	server.Start()
	t.Cleanup(server.Close)
	net.client = safehttp.New(safehttp.Options{
		AllowHTTP: true, AllowPrefixes: []netip.Prefix{netip.MustParsePrefix("127.77.0.0/16")},
		LookupIP: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.77.1.20")}, nil
		},
	})
	t.Cleanup(net.client.Close)
	return net
}

func (n *internet) lookup(t *testing.T, handle string) (webfinger.Result, error) {
	t.Helper()
	return webfinger.Lookup(t.Context(), n.client, strings.ReplaceAll(handle, "PORT", n.port))
}

func jrd(subject, links string) string {
	return fmt.Sprintf(`{"subject":%q,"links":[%s]}`, subject, links)
}

func self(href string) string {
	return fmt.Sprintf(`{"rel":"self","type":%q,"href":%q}`, selfType, href)
}

// answers is a site whose WebFinger gives the same answer to all.
func answers(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/webfinger" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, body)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestLookupReadsEverything(t *testing.T) {
	t.Parallel()
	var resource, accept string
	net := newInternet(t, map[string]http.HandlerFunc{"peer.test": func(w http.ResponseWriter, r *http.Request) {
		resource, accept = r.URL.Query().Get("resource"), r.Header.Get("Accept")
		fmt.Fprint(w, `{"subject":"acct:Alice@PEER.test:PORT","SUBJECT":"acct:mallory@peer.test:PORT","aliases":["https://peer.test/@alice",7],
			"properties":{"x":null},"links":[null,7,{"rel":"self","type":"application/json","href":"https://peer.test/wrong"},{"rel":"self","type":"application/activity+json","href":"data:,x"},
			{"rel":"http://webfinger.net/rel/profile-page","href":"javascript:alert(1)"},
			{"rel":"http://webfinger.net/rel/profile-page","type":"text/html","href":"https://peer.test/@alice"},
			{"rel":"self","type":"application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"","href":"https://peer.test/users/alice"},
			{"rel":"self","type":"application/activity+json","href":"https://peer.test/second"},
			{"rel":"odd","href":null},{"rel":"http://ostatus.org/schema/1.0/subscribe","template":"https://peer.test/follow?uri={uri}"}]}`)
	}})
	got, err := net.lookup(t, "@alice@peer.test:PORT")
	if err != nil {
		t.Fatal(err)
	}
	want := webfinger.Result{
		Subject: webfinger.Handle{User: "Alice", Domain: "peer.test:" + net.port}, Self: "https://peer.test/users/alice",
		ProfilePage: "https://peer.test/@alice", Template: "https://peer.test/follow?uri={uri}", Aliases: []string{"https://peer.test/@alice"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if resource != "acct:alice@peer.test:"+net.port || accept != "application/jrd+json, application/json" {
		t.Errorf("asked for %q with Accept %q", resource, accept)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	actor := "https://social.test/users/a"
	good := func(domain string) http.HandlerFunc { return answers(jrd("acct:a@"+domain+":PORT", self(actor))) }
	redirectTo := func(host string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+host+":PORT"+r.URL.RequestURI(), http.StatusMovedPermanently)
		}
	}
	hostMeta := func(xml string, rest http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/.well-known/host-meta":
				fmt.Fprint(w, xml)
			case rest != nil:
				rest(w, r)
			default:
				http.NotFound(w, r)
			}
		}
	}
	lrdd := func(template string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Link rel="x" template="http://no/{uri}"/><Link rel="lrdd" type="application/xrd+xml" template="` + template + `"/></XRD>`
	}
	tests := map[string]struct {
		sites map[string]http.HandlerFunc
		want  fault.Code
		asked string // hosts and paths of all requests, if it matters
	}{
		"plain":            {sites: map[string]http.HandlerFunc{"company.test": good("company.test")}},
		"HTTP redirect":    {sites: map[string]http.HandlerFunc{"company.test": redirectTo("social.test"), "social.test": good("company.test")}},
		"other subject":    {sites: map[string]http.HandlerFunc{"company.test": good("social.test"), "social.test": good("social.test")}},
		"third subject":    {sites: map[string]http.HandlerFunc{"company.test": good("social.test"), "social.test": good("third.test"), "third.test": good("third.test")}, want: fault.Invalid, asked: "company.test/.well-known/webfinger social.test/.well-known/webfinger"},
		"subject disowned": {sites: map[string]http.HandlerFunc{"company.test": good("social.test")}, want: fault.NotFound},
		"host-meta": {sites: map[string]http.HandlerFunc{"company.test": hostMeta(lrdd("http://social.test:PORT/finger?q={uri}"), nil), "social.test": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/finger" && strings.HasPrefix(r.URL.Query().Get("q"), "acct:a@company.test:") {
				fmt.Fprint(w, jrd("acct:a@company.test:PORT", self(actor)))
			}
		}}, asked: "company.test/.well-known/webfinger company.test/.well-known/host-meta social.test/finger"},
		"host-meta redirected":  {sites: map[string]http.HandlerFunc{"company.test": redirectTo("social.test"), "social.test": hostMeta(lrdd("http://social.test:PORT/f?q={uri}"), func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })}, want: fault.NotFound},
		"host-meta, no link":    {sites: map[string]http.HandlerFunc{"company.test": hostMeta("<XRD/>", nil)}, want: fault.Invalid},
		"host-meta, no uri":     {sites: map[string]http.HandlerFunc{"company.test": hostMeta(lrdd("http://social.test:PORT/f"), nil)}, want: fault.Invalid},
		"host-meta, file":       {sites: map[string]http.HandlerFunc{"company.test": hostMeta(lrdd("file:///{uri}"), nil)}, want: fault.Invalid},
		"host-meta, loopback":   {sites: map[string]http.HandlerFunc{"company.test": hostMeta(lrdd("http://127.0.0.1:PORT/{uri}"), nil)}, want: fault.Forbidden},
		"host-meta, no XML":     {sites: map[string]http.HandlerFunc{"company.test": hostMeta("<a><b", nil)}, want: fault.Invalid},
		"host-meta, entities":   {sites: map[string]http.HandlerFunc{"company.test": hostMeta(`<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><XRD><Link rel="lrdd" template="&e;"/></XRD>`, nil)}, want: fault.Invalid},
		"unknown":               {sites: nil, want: fault.NotFound},
		"gone":                  {sites: map[string]http.HandlerFunc{"company.test": status(410)}, want: fault.Gone, asked: "company.test/.well-known/webfinger"},
		"bad request":           {sites: map[string]http.HandlerFunc{"company.test": status(400)}, want: fault.Invalid, asked: "company.test/.well-known/webfinger"},
		"forbidden":             {sites: map[string]http.HandlerFunc{"company.test": status(403)}, want: fault.Invalid, asked: "company.test/.well-known/webfinger"},
		"broken":                {sites: map[string]http.HandlerFunc{"company.test": status(500)}, want: fault.Unavailable, asked: "company.test/.well-known/webfinger"},
		"no subject":            {sites: map[string]http.HandlerFunc{"company.test": answers(`{"links":[` + self(actor) + `]}`)}, want: fault.Invalid},
		"subject in other case": {sites: map[string]http.HandlerFunc{"company.test": answers(`{"Subject":"acct:a@company.test:PORT","links":[` + self(actor) + `]}`)}, want: fault.Invalid},
		"subject twice":         {sites: map[string]http.HandlerFunc{"company.test": answers(`{"subject":"acct:a@company.test:PORT","subject":"acct:b@company.test:PORT","links":[` + self(actor) + `]}`)}, want: fault.Invalid},
		"subject a URL":         {sites: map[string]http.HandlerFunc{"company.test": answers(jrd("https://company.test/a", self(actor)))}, want: fault.Invalid},
		"no self":               {sites: map[string]http.HandlerFunc{"company.test": answers(jrd("acct:a@company.test:PORT", ""))}, want: fault.Invalid},
		"self of another type":  {sites: map[string]http.HandlerFunc{"company.test": answers(jrd("acct:a@company.test:PORT", `{"rel":"self","type":"application/ld+json","href":"https://x.test"}`))}, want: fault.Invalid},
		"no JSON":               {sites: map[string]http.HandlerFunc{"company.test": answers("<!doctype html>")}, want: fault.Invalid},
		"too large":             {sites: map[string]http.HandlerFunc{"company.test": answers(strings.Repeat(" ", 1<<20))}, want: fault.TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := newInternet(t, tt.sites)
			got, err := net.lookup(t, "a@Company.test:PORT")
			if fault.CodeOf(err) != tt.want {
				t.Fatalf("lookup = %+v, %v; want code %q", got, err, tt.want)
			}
			if err == nil && got.Self != actor {
				t.Errorf("self = %q", got.Self)
			}
			net.mu.Lock()
			defer net.mu.Unlock()
			if asked := strings.Join(net.asked, " "); tt.asked != "" && asked != tt.asked {
				t.Errorf("asked %s; want %s", asked, tt.asked)
			}
		})
	}
}

// Over https there is no second try over http, and no redirect down to it.
func TestLookupStaysOnHTTPS(t *testing.T) {
	t.Parallel()
	var asked []string
	client := safehttp.New(safehttp.Options{Local: func(host string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, fmt.Sprint(host, r.URL.Path, " ", r.TLS != nil))
			if host == "down.test" {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			target := url.URL{Scheme: "http", Host: host, Path: r.URL.Path}
			http.Redirect(w, r, target.String(), http.StatusFound)
		})
	}})
	if _, err := webfinger.Lookup(t.Context(), client, "a@peer.test"); !errors.Is(err, safehttp.ErrRedirect) {
		t.Errorf("lookup = %v; want a refused redirect", err)
	}
	if _, err := webfinger.Lookup(t.Context(), client, "a@down.test"); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("lookup = %v; want unavailable", err)
	}
	want := []string{"peer.test/.well-known/webfinger true", "down.test/.well-known/webfinger true"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestParseHandle(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"@support@company.com": "support@company.com", "acct:a@b.example": "a@b.example", "ACCT:A.b_c-D@B.Example": "A.b_c-D@b.example", " a@b.example. ": "a@b.example",
		"a@bücher.example": "a@xn--bcher-kva.example", "a@BÜCHER.example": "a@xn--bcher-kva.example", "a@ｂ.example": "a@b.example", "a@аpple.example": "a@xn--pple-43d.example",
		"a@xn--bcher-kva.example": "a@xn--bcher-kva.example", "a@b.example:443": "a@b.example", "a@b.example:8443": "a@b.example:8443", "a@localhost:8080": "a@localhost:8080", "a@127.77.1.1:8080": "a@127.77.1.1:8080",
	} {
		if got, err := webfinger.ParseHandle(in); err != nil || got.String() != want {
			t.Errorf("ParseHandle(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, bad := range []string{
		"", "@", "a", "@a", "a@", "@@b.example", "a@b@c.example", "suppоrt@a.example", "a b@c.example", "a@b", "a@b..example", "a@-b.example", "a@b.example/x", "a@b.example?x", "a@u:p@b.example",
		"a@b.example:0", "a@b.example:99999", "a@b.example:", "a@b.example:080", "a@127.1", "a@2130706433.1", "a\x00@b.example", "a@b\r\n.example", "a@" + strings.Repeat("b", 600) + ".example", "https://b.example/@a", "＠a@b.example",
	} {
		if got, err := webfinger.ParseHandle(bad); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("ParseHandle(%q) = %v, %v; want invalid", bad, got, err)
		}
	}
}
