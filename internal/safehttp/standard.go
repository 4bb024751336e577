package safehttp

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Standard returns an *http.Client for libraries that demand one (certificates,
// payments, single sign-on, object storage). It dials through the same guard
// and is held to the same schemes and shares of a host; bodies end with
// ErrTooLarge after maxBytes. It follows at most three redirects of GET and
// none of anything else.
//
// A service that the operator runs on a private address needs a Client of its
// own, whose AllowPrefixes name that address.
func (c *Client) Standard(timeout time.Duration, maxBytes int64) *http.Client {
	return &http.Client{
		Transport: &bounded{client: c, limit: maxBytes},
		Timeout:   min(timeout, maxDeadline),
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			first := via[0]
			if (first.Method != http.MethodGet && first.Method != http.MethodHead) || len(via) > maxRedirects {
				return http.ErrUseLastResponse
			}
			if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return fmt.Errorf("to %s: %w", req.URL.Scheme, ErrRedirect)
			}
			return nil
		},
	}
}

// bounded is the transport of a standard client.
type bounded struct {
	client *Client
	limit  int64
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	checked := *req.URL
	if err := b.client.checkURL(&checked); err != nil {
		return nil, fmt.Errorf("request to %q: %w", req.URL.Host, err)
	}
	release, err := b.client.hosts.acquire(req.Context(), hostKey(&checked))
	if err != nil {
		return nil, err
	}
	answer, err := b.client.transport.RoundTrip(req)
	if err != nil {
		release()
		return nil, classify(err)
	}
	answer.Body = &boundedBody{ReadCloser: answer.Body, left: b.limit, release: sync.OnceFunc(release)}
	return answer, nil
}

// boundedBody gives an error in place of the first byte too many, and the turn back when it is closed.
type boundedBody struct {
	io.ReadCloser
	left    int64
	release func() // may be called again
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		b.left = 0
		return n, ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}

// Close implements io.Closer.
func (b *boundedBody) Close() error {
	b.release()
	return b.ReadCloser.Close()
}
