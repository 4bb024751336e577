package apitest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// Missing is what every id that names nothing is answered with, to the byte: an
// id of another tenant must not be told from one that never was.
const Missing = `{"error":"Record not found"}`

// Request is how to call a route: the values of its path's parameters, and a
// body that is right where one is needed.
type Request struct {
	Params map[string]string
	Body   any
}

// SweepForeignIDs calls every route that has a parameter with ids of tenant B, as
// Alice of tenant A and as a stranger. request returns nil for a route whose
// parameter names nothing of a tenant (a hashtag); the test must list those.
func (w *World) SweepForeignIDs(t *testing.T, request func(httpx.Route) *Request) {
	t.Helper()
	swept := 0
	for _, route := range w.Routes {
		if !strings.Contains(route.Path, "/:") {
			continue
		}
		r := request(route)
		if r == nil {
			continue
		}
		path := route.Path
		for name, value := range r.Params {
			path = strings.ReplaceAll(path, ":"+name, value)
		}
		if strings.Contains(path, ":") {
			t.Errorf("%s: no value for a parameter", route.Path)
			continue
		}
		for method := range strings.SplitSeq(route.Method, "|") {
			swept++
			if got := w.Alice.Do(method, path, r.Body); got.Status != http.StatusNotFound || got.Body != Missing {
				t.Errorf("%s %s with an id of another tenant: %d %s", method, path, got.Status, got.Body)
			}
			if route.Auth == httpx.User {
				continue
			}
			if got := w.Stranger(w.A).Do(method, path, r.Body); got.Status != http.StatusNotFound && got.Status != http.StatusUnauthorized {
				t.Errorf("%s %s by a stranger: %d %s", method, path, got.Status, got.Body)
			}
		}
	}
	if swept == 0 {
		t.Error("no route was swept")
	}
}

// SweepTokens calls every route that looks at a token with one of another tenant,
// with an invented one and, where a user is needed, with none: 401 each time.
func (w *World) SweepTokens(t *testing.T) {
	t.Helper()
	invented := *w.Alice
	invented.Token = "invented"
	for _, route := range w.Routes {
		if route.Auth == httpx.Public || route.Auth == httpx.Own {
			continue
		}
		callers := map[string]*Client{"another tenant's token": w.Bob.At(w.A), "an invented token": &invented}
		if route.Auth == httpx.User || route.Auth == httpx.App {
			callers["no token"] = w.Stranger(w.A)
		}
		for method := range strings.SplitSeq(route.Method, "|") {
			for name, caller := range callers {
				if got := caller.Do(method, plain(route.Path), nil); got.Status != http.StatusUnauthorized {
					t.Errorf("%s %s with %s: %d %s", method, route.Path, name, got.Status, got.Body)
				}
			}
		}
	}
}

// SweepRoles calls every route with a token of each role, on an account of their own: what
// the role may not do is 403, whatever the request says, and what it may do is anything
// else. So two people on one account are held to their roles on every route. Somebody whose
// role was taken away has no token any more: 401. The harmless paths write nothing, although
// they are asked with POST.
func (w *World) SweepRoles(t *testing.T, harmless ...string) {
	t.Helper()
	for _, role := range []people.Role{people.Owner, people.Publisher, people.Drafter, people.Viewer} {
		client := w.Client(t, w.A, w.A.AddAccount(t, "sweep_"+string(role)), role, AllScopes)
		w.eachOfUsers(func(method string, route httpx.Route) {
			got := client.ask(method, route)
			may := access.Allow(role, route.Act) == nil
			if may == (got.Status == http.StatusForbidden) || got.Status == http.StatusUnauthorized {
				t.Errorf("%s %s (%s) by a %s: %d %s", method, route.Path, route.Act, role, got.Status, got.Body)
			}
		})
	}
	gone := w.Client(t, w.A, w.A.AddAccount(t, "sweep_gone"), people.Owner, AllScopes)
	gone.Home.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		return people.Withdraw(ctx, scope, gone.Account.ID, gone.Home.Person)
	})
	w.eachOfUsers(func(method string, route httpx.Route) {
		if got := gone.ask(method, route); got.Status != http.StatusUnauthorized {
			t.Errorf("%s %s by somebody whose role was taken away: %d %s", method, route.Path, got.Status, got.Body)
		}
		if method != http.MethodGet && route.Act == access.Read && !slices.Contains(harmless, route.Path) {
			t.Errorf("%s %s is open to who may only look", method, route.Path)
		}
	})
}

// SweepScopes calls every route that needs a token with one that may do nothing but tell who
// it is, and with one of every scope but those that the route takes: 403.
func (w *World) SweepScopes(t *testing.T) {
	t.Helper()
	tokens := map[string]*Client{}
	for _, scopes := range []string{"profile", "read", "write", "follow", "push"} {
		tokens[scopes] = w.Client(t, w.A, w.A.AddAccount(t, "scoped_"+scopes), people.Owner, scopes)
	}
	refused := 0
	for _, route := range w.Routes {
		if route.Auth != httpx.User && route.Auth != httpx.App || slices.Contains(route.Scopes, httpx.AnyScope) {
			continue
		}
		for method := range strings.SplitSeq(route.Method, "|") {
			for scopes, client := range tokens {
				granted, err := access.ParseScopes(scopes)
				if err != nil {
					t.Fatal(err)
				}
				may := granted.AllowAny(route.Scopes...)
				got := client.ask(method, route)
				if may == (got.Status == http.StatusForbidden && strings.Contains(got.Body, httpx.ErrScope.Text)) {
					t.Errorf("%s %s (%s) with a token for %s: %d %s", method, route.Path, route.Scopes, scopes, got.Status, got.Body)
				}
				if !may {
					refused++
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no route refused a token")
	}
}

// SweepStandings calls every route in a standing of its tenant with what it pays. What does
// not is refused in words about the organisation; what works answers anything else. works
// says which it is to be.
func (w *World) SweepStandings(t *testing.T, standing tenant.Standing, works func(method, path string) bool) {
	t.Helper()
	w.A.Stand(t, standing)
	refusal := http.StatusForbidden
	if standing.IsWorseThan(tenant.Unpaid) {
		refusal = http.StatusGone
	}
	for _, route := range w.Routes {
		for method := range strings.SplitSeq(route.Method, "|") {
			got := w.Alice.ask(method, route)
			isRefused := strings.Contains(got.Body, "his organisation's account") && got.Status == refusal
			if want := !works(method, route.Path); isRefused != want {
				t.Errorf("%s %s while %q: %d %s; refused is %t, want %t", method, route.Path, standing, got.Status, got.Body, isRefused, want)
			}
		}
	}
}

// eachOfUsers calls fn for every method of every route that needs somebody's token.
func (w *World) eachOfUsers(fn func(method string, route httpx.Route)) {
	for _, route := range w.Routes {
		if route.Auth != httpx.User {
			continue
		}
		for method := range strings.SplitSeq(route.Method, "|") {
			fn(method, route)
		}
	}
}

// ask calls a route with nothing in the request; of a stream, the beginning is enough.
func (c *Client) ask(method string, route httpx.Route) Response {
	if !route.LongLived {
		return c.Do(method, plain(route.Path), nil)
	}
	ctx, cancel := context.WithCancel(tenant.NewContext(context.Background(), c.Home.Tenant))
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, plain(route.Path), http.NoBody)
	r.Header.Set("Authorization", "Bearer "+c.Token)
	rec := &beginning{ResponseRecorder: httptest.NewRecorder(), then: cancel}
	c.world.echo.ServeHTTP(rec, r)
	return Response{Status: rec.Code, Header: rec.Header(), Body: strings.TrimSpace(rec.Body.String())}
}

// beginning is a client that goes away once it has the first part of an answer.
type beginning struct {
	*httptest.ResponseRecorder
	then func()
}

// WriteHeader implements http.ResponseWriter.
func (b *beginning) WriteHeader(code int) {
	b.ResponseRecorder.WriteHeader(code)
	b.then()
}

// SetReadDeadline and SetWriteDeadline let streams lift them, as a real connection does.
func (b *beginning) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is its pair.
func (b *beginning) SetWriteDeadline(time.Time) error { return nil }

// plain puts a 1 in place of every parameter.
func plain(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = "1"
		}
	}
	return strings.Join(parts, "/")
}
