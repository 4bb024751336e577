// Package browse is two browsers for tests: one without scripts, which keeps cookies,
// reads forms and sends them as people would, and Chromium, which looks at pages.
//
// Tests of the dashboard and the end-to-end tests import it. It talks TLS to the handler under test whatever
// host a test names, so that Secure cookies work. It must not know our pages.
package browse

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Server serves a handler over TLS under every host name.
type Server struct {
	*httptest.Server
}

// Serve starts a handler for the length of a test.
func Serve(t testing.TB, handler http.Handler) *Server {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	return &Server{s}
}

// Browser has a cookie jar and follows no redirect by itself.
type Browser struct {
	t      testing.TB
	client *http.Client
}

// Browser opens a fresh browser.
func (s *Server) Browser(t testing.TB) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	address := s.Listener.Addr().String()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &Browser{t: t, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is one answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	URL    *url.URL
	Forms  []Form
}

// Form is a form as it would be sent without touching it.
type Form struct {
	Method, Action string
	Values         url.Values
}

// Location is where a redirect leads, or "".
func (p *Page) Location() string { return p.Header.Get("Location") }

// Form returns the form with a hidden or visible value, or fails the test.
func (b *Browser) Form(p *Page, name, value string) Form {
	b.t.Helper()
	for _, f := range p.Forms {
		if vs, ok := f.Values[name]; ok && (value == "" || vs[0] == value) {
			return f
		}
	}
	b.t.Fatalf("%s has no form with %s=%s:\n%s", p.URL, name, value, p.Body)
	return Form{}
}

// Do sends any request.
func (b *Browser) Do(r *http.Request) *Page {
	b.t.Helper()
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &Page{Status: answer.StatusCode, Header: answer.Header, Body: string(body), URL: r.URL, Forms: forms(string(body))}
}

// Get opens an address. Headers come in pairs.
func (b *Browser) Get(address string, headers ...string) *Page {
	b.t.Helper()
	return b.Do(b.request(http.MethodGet, address, nil, headers))
}

// Head asks for the headers of an address alone.
func (b *Browser) Head(address string, headers ...string) *Page {
	b.t.Helper()
	return b.Do(b.request(http.MethodHead, address, nil, headers))
}

// Post sends values as a form.
func (b *Browser) Post(address string, values url.Values, headers ...string) *Page {
	b.t.Helper()
	r := b.request(http.MethodPost, address, strings.NewReader(values.Encode()), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...))
	return b.Do(r)
}

// Submit sends a form of a page with what was typed, as pairs, the way browsers do:
// with the origin of the page.
func (b *Browser) Submit(p *Page, f Form, typed ...string) *Page {
	b.t.Helper()
	values := url.Values{}
	for name, list := range f.Values {
		values[name] = append([]string(nil), list...)
	}
	for i := 0; i+1 < len(typed); i += 2 {
		values.Set(typed[i], typed[i+1])
	}
	target, err := p.URL.Parse(f.Action)
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.EqualFold(f.Method, "get") {
		target.RawQuery = values.Encode()
		return b.Get(target.String(), "Sec-Fetch-Site", "same-origin")
	}
	return b.Post(target.String(), values, "Origin", p.URL.Scheme+"://"+p.URL.Host, "Sec-Fetch-Site", "same-origin")
}

// Follow goes where a redirect leads, and on, until a page comes.
func (b *Browser) Follow(p *Page) *Page {
	b.t.Helper()
	for range 10 {
		if p.Status < 300 || p.Status > 399 {
			return p
		}
		target, err := p.URL.Parse(p.Location())
		if err != nil {
			b.t.Fatal(err)
		}
		p = b.Get(target.String())
	}
	b.t.Fatalf("%s redirects for ever", p.URL)
	return nil
}

// Cookies are what the browser would send to an address.
func (b *Browser) Cookies(address string) []*http.Cookie {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.client.Jar.Cookies(u)
}

func (b *Browser) request(method, address string, body io.Reader, headers []string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// forms reads a page's forms. Of radio buttons the ticked one counts.
func forms(page string) []Form {
	var out []Form
	inside := false
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out
		}
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case token.Data == "form" && kind == html.StartTagToken:
			inside = true
			out = append(out, Form{Method: attr["method"], Action: attr["action"], Values: url.Values{}})
		case token.Data == "form":
			inside = false
		case inside && token.Data == "input" && attr["name"] != "":
			_, ticked := attr["checked"]
			if attr["type"] != "radio" || ticked {
				out[len(out)-1].Values.Add(attr["name"], attr["value"])
			}
		}
	}
}

// SetCookie puts a cookie into the jar, as an earlier answer would have.
func (b *Browser) SetCookie(address string, cookie *http.Cookie) {
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{cookie})
}
