package browse

import (
	"slices"
	"testing"

	"github.com/labstack/echo/v4"
)

// Routes are the paths that e answers a method on, each once. Few of them fail the test: a sweep
// over nothing would pass.
func Routes(t testing.TB, e *echo.Echo, method string) (out []string) {
	t.Helper()
	for _, r := range e.Routes() {
		if r.Method == method {
			out = append(out, r.Path)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) < 10 {
		t.Fatalf("%d routes answer %s: a sweep would see nothing", len(out), method)
	}
	return out
}

// EachHasARow fails for a route that no row of a matrix says who may use, and for a row without
// its route.
func EachHasARow[admits ~string](t testing.TB, method string, routes []string, matrix map[string]admits) {
	t.Helper()
	for _, path := range routes {
		if matrix[path] == "" {
			t.Errorf("%s %q is in no row of the matrix: say who may use it", method, path)
		}
	}
	for path := range matrix {
		if !slices.Contains(routes, path) {
			t.Errorf("%s %q has a row and is no route", method, path)
		}
	}
}
