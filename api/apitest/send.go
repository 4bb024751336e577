package apitest

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"rookery/tenant"
)

// Send sends a request that needs more than Do knows, such as a header of its own.
func (c *Client) Send(r *http.Request) Response {
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	w := httptest.NewRecorder()
	c.world.echo.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), c.Home.Tenant)))
	return Response{Status: w.Code, Header: w.Header(), Body: strings.TrimSpace(w.Body.String())}
}
