package httpx_test

import (
	"net/http"
	"testing"

	"rookery/api/httpx"
	"rookery/tenant/access"
)

// toot sends people to /oauth/authorize/, and Mastodon.py asks for /api/v1/instance/.
func TestSlashAtTheEnd(t *testing.T) {
	t.Parallel()
	b := serve(t, acme,
		httpx.Route{Method: "GET", Path: "/oauth/page", Auth: httpx.Public, Act: access.Read, Handler: who},
		httpx.Route{Method: "GET", Path: "/api/page", Auth: httpx.Public, Act: access.Read, Handler: who},
	)
	for _, path := range []string{"/oauth/page/?response_type=code", "/oauth/page", "/api/page/", "/api/page//"} {
		if response, body := b.do(t, "GET", path, ""); response.StatusCode != http.StatusOK {
			t.Errorf("%s = %d %s", path, response.StatusCode, body)
		}
	}
}
