package main

import (
	"context"
	"net"
	"net/http"
	"testing"
)

// Some programs escape the @ of a handle's page; an address in a query stays what it is.
func TestEscapedHandles(t *testing.T) {
	t.Parallel()
	dev := newDevRun(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, dev.args) }()
	t.Cleanup(func() { stop(); <-ended })
	dev.waitFor(t, demoDone, ended)
	address := dev.args[len(dev.args)-1]
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	host := "acme.localhost:" + port
	for path, want := range map[string]int{
		"/%40support": http.StatusOK, "/%40support/feed.rss": http.StatusOK, "/%40nobody": http.StatusNotFound,
		"/%40%00": http.StatusNotFound, "/%40..": http.StatusNotFound, "/%40": http.StatusNotFound,
		"/nothing?next=/%40support": http.StatusNotFound, "/about/%40support": http.StatusNotFound, "/about?next=/%40nobody": http.StatusOK,
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		answer, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s answers %d, want %d", path, answer.StatusCode, want)
		}
	}
}
