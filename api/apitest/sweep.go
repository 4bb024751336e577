package apitest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"rookery/api/httpx"
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
// else. So two people on one account are held to their roles on every route.
func (w *World) SweepRoles(t *testing.T, harmless ...string) {
	t.Helper()
	for _, role := range []people.Role{people.Owner, people.Publisher, people.Drafter, people.Viewer} {
		client := w.Client(t, w.A, w.A.AddAccount(t, "sweep_"+string(role)), role, AllScopes)
		for _, route := range w.Routes {
			if route.Auth != httpx.User || route.LongLived || slices.Contains(harmless, route.Path) {
				continue
			}
			for method := range strings.SplitSeq(route.Method, "|") {
				got := client.Do(method, plain(route.Path), nil)
				if may := access.Allow(role, route.Act) == nil; may == (got.Status == http.StatusForbidden) {
					t.Errorf("%s %s (%s) by a %s: %d %s", method, route.Path, route.Act, role, got.Status, got.Body)
				}
			}
		}
	}
	for _, route := range w.Routes {
		for method := range strings.SplitSeq(route.Method, "|") {
			if route.Auth == httpx.User && method != http.MethodGet && route.Act == access.Read && !slices.Contains(harmless, route.Path) {
				t.Errorf("%s %s is open to who may only look", method, route.Path)
			}
		}
	}
}

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
