package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser is enough of one to sign in and to let an app in: cookies, forms and
// redirects. It runs no scripts: the pages must work without.
type browser struct {
	t      *testing.T
	client *http.Client
}

// errAway stops at a redirect to another host: back to the app.
var errAway = errors.New("redirect to the app")

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := local(t)
	client.Jar = jar
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host {
			return errAway
		}
		return nil
	}
	return &browser{t: t, client: client}
}

// allow opens an app's authorisation page, signs in, lets the app act as the
// account, and returns the code that the app gets: by redirect, or to be copied.
func (b *browser) allow(address, email string) string {
	b.t.Helper()
	at, page, _ := b.get(address)
	at, page, _ = b.submit(at, page, "", url.Values{"email": {email}, "password": {password}})
	_, page, away := b.submit(at, page, "allow", nil)
	if away != nil {
		return away.Query().Get("code")
	}
	code := find(page, func(n *html.Node) bool { return n.Data == "code" })
	if code == nil {
		b.t.Fatalf("no code on the page after consent:\n%s", source(page))
	}
	return strings.TrimSpace(text(code))
}

func (b *browser) get(address string) (*url.URL, *html.Node, *url.URL) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.open(request)
}

// submit fills the form with the id, or the first that posts, over what the page
// itself put into it.
func (b *browser) submit(at *url.URL, page *html.Node, id string, fields url.Values) (*url.URL, *html.Node, *url.URL) {
	b.t.Helper()
	form := find(page, func(n *html.Node) bool {
		return n.Data == "form" && strings.EqualFold(attribute(n, "method"), "post") && (id == "" || attribute(n, "id") == id)
	})
	if form == nil {
		b.t.Fatalf("no form %q on %s:\n%s", id, at, source(page))
	}
	values := formValues(form)
	for name, value := range fields {
		if !values.Has(name) {
			b.t.Fatalf("the form on %s has no field %q", at, name)
		}
		values[name] = value
	}
	action, err := at.Parse(attribute(form, "action"))
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, action.String(), strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", at.Scheme+"://"+at.Host)
	return b.open(request)
}

// open returns where it ended and the page there, or the address away.
func (b *browser) open(request *http.Request) (at *url.URL, page *html.Node, away *url.URL) {
	b.t.Helper()
	answer, err := b.client.Do(request)
	if errors.Is(err, errAway) {
		location, err := answer.Location()
		if err != nil {
			b.t.Fatal(err)
		}
		return nil, nil, location
	}
	if err != nil {
		b.t.Fatalf("open %s: %v", request.URL, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s ends at %s with %s\n%s", request.Method, request.URL, answer.Request.URL, answer.Status, body)
	}
	if page, err = html.Parse(strings.NewReader(string(body))); err != nil {
		b.t.Fatal(err)
	}
	return answer.Request.URL, page, nil
}

// formValues is what a browser would send: of radio buttons the chosen one, else
// the first.
func formValues(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if n.Type != html.ElementNode || n.Data != "input" || name == "" {
			continue
		}
		_, isChecked := lookupAttribute(n, "checked")
		switch attribute(n, "type") {
		case "radio":
			if isChecked || !values.Has(name) {
				values.Set(name, attribute(n, "value"))
			}
		case "checkbox":
			if isChecked {
				values.Add(name, attribute(n, "value"))
			}
		default:
			values.Set(name, attribute(n, "value"))
		}
	}
	return values
}

func find(root *html.Node, ok func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && ok(n) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	value, _ := lookupAttribute(n, name)
	return value
}

func lookupAttribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(root *html.Node) string {
	var all strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
	}
	return all.String()
}

func source(page *html.Node) string {
	var all strings.Builder
	if err := html.Render(&all, page); err != nil {
		return fmt.Sprint(err)
	}
	return all.String()
}
