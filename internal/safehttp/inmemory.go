package safehttp

import (
	"net/http"
	"time"
)

// InMemory returns a client whose requests all go to a handler of this process, whatever
// their address says.
func InMemory(handler func() http.Handler, timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, CheckRedirect: noRedirect, Transport: inMemory(handler)}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

type inMemory func() http.Handler

// RoundTrip implements http.RoundTripper.
func (handler inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	return serveLocal(handler(), req)
}
