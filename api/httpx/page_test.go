package httpx_test

import (
	"fmt"
	"math"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/tenant"
)

func request(target string) echo.Context {
	r := httptest.NewRequest("GET", "http://attacker.test"+target, nil)
	return echo.New().NewContext(r.WithContext(tenant.NewContext(r.Context(), acme)), httptest.NewRecorder())
}

func TestPageOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query string
		want  httpx.Page
		code  fault.Code
	}{
		"nothing":        {"", httpx.Page{Limit: 20}, ""},
		"all":            {"max_id=9&since_id=2&min_id=3&limit=5&offset=40", httpx.Page{MaxID: 9, SinceID: 2, MinID: 3, Limit: 5, Offset: 40}, ""},
		"empty":          {"max_id=&limit=", httpx.Page{Limit: 20}, ""},
		"too many":       {"limit=500", httpx.Page{Limit: 40}, ""},
		"zero":           {"limit=0", httpx.Page{Limit: 20}, ""},
		"beyond 64 bits": {"max_id=99999999999999999999", httpx.Page{MaxID: math.MaxInt64, Limit: 20}, ""},
		"negative limit": {"limit=-1", httpx.Page{}, fault.Malformed},
		"negative start": {"offset=-1", httpx.Page{}, fault.Malformed},
		"negative id":    {"max_id=-1", httpx.Page{}, fault.Malformed},
		"word":           {"min_id=undefined", httpx.Page{}, fault.Malformed},
		"huge limit":     {"limit=99999999999", httpx.Page{}, fault.Malformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := httpx.PageOf(request("/?"+tt.query), 20, 40)
			if got != tt.want || fault.CodeOf(err) != tt.code {
				t.Errorf("PageOf(%q) = %+v, %v", tt.query, got, err)
			}
		})
	}
}

func TestLinksKeepTheQuestionAndTheTenantsHost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		target string
		first  int64
		last   int64
		full   bool
		want   string
	}{
		"full page": {"/api/v1/timelines/tag/caf%C3%A9?limit=2&any[]=a&any[]=b&max_id=99&access_token=x", 12, 7, true,
			`<https://social.acme.test/api/v1/timelines/tag/caf%C3%A9?any%5B%5D=a&any%5B%5D=b&limit=2&max_id=7>; rel="next", ` +
				`<https://social.acme.test/api/v1/timelines/tag/caf%C3%A9?any%5B%5D=a&any%5B%5D=b&limit=2&min_id=12>; rel="prev"`},
		"last page": {"/api/v1/blocks", 12, 7, false, `<https://social.acme.test/api/v1/blocks?min_id=12>; rel="prev"`},
		"nothing":   {"/api/v1/blocks", 0, 0, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := request(tt.target)
			httpx.SetLink(c, tt.first, tt.last, tt.full)
			if diff := cmp.Diff(tt.want, c.Response().Header().Get("Link")); diff != "" {
				t.Error(diff)
			}
		})
	}
	c := request("/api/v1/trends/tags?limit=10&offset=5")
	httpx.SetOffsetLink(c, httpx.Page{Limit: 10, Offset: 5}, true)
	want := `<https://social.acme.test/api/v1/trends/tags?limit=10&offset=15>; rel="next", <https://social.acme.test/api/v1/trends/tags?limit=10&offset=0>; rel="prev"`
	if diff := cmp.Diff(want, c.Response().Header().Get("Link")); diff != "" {
		t.Error(diff)
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprint(httpx.NewestFirst(httpx.Page{MinID: 1}, []int{2, 3, 4})); got != "[4 3 2]" {
		t.Error(got)
	}
	if got := fmt.Sprint(httpx.NewestFirst(httpx.Page{SinceID: 1}, []int{4, 3, 2})); got != "[4 3 2]" {
		t.Error(got)
	}
}

func TestPathIDIsStrict(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"12": true, "12/34": false, "-1": false, "": false, "12abc": false, "%31": false} {
		c := request("/")
		c.SetParamNames("id")
		c.SetParamValues(value)
		id, err := httpx.PathID[social.StatusID](c, "id")
		if (err == nil) != ok || ok && id != 12 || !ok && !fault.IsNotFound(err) {
			t.Errorf("%q: %d, %v", value, id, err)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{" abc ": "abc", "": "", string(make([]byte, 300)): ""} {
		c := request("/")
		c.Request().Header.Set("Idempotency-Key", value)
		if got := httpx.IdempotencyKey(c); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
}
