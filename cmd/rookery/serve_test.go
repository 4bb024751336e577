package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"
)

// Whoever takes longer to download something than the server waits for a request gets all
// of it: an archive of a company goes over slow lines too.
func TestASlowDownloadIsNotCut(t *testing.T) {
	t.Parallel()
	const short = 200 * time.Millisecond
	asked, went := make(chan struct{}), make(chan error, 1)
	server := newServer(entrance{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the first part, ")
		_ = http.NewResponseController(w).Flush()
		close(asked)
		select { // far longer than the request had to arrive
		case <-r.Context().Done():
			went <- r.Context().Err()
			return
		case <-time.After(4 * short):
		}
		_, err := io.WriteString(w, "and the last")
		went <- err
	})}, log.New(io.Discard, "", 0))
	if server.WriteTimeout != 0 {
		t.Errorf("a download may take %v", server.WriteTimeout)
	}
	server.ReadTimeout, server.IdleTimeout = short, short
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	<-asked
	body, err := io.ReadAll(answer.Body)
	if string(body) != "the first part, and the last" || err != nil {
		t.Errorf("what came is %q, %v", body, err)
	}
	if err := <-went; err != nil {
		t.Errorf("the handler: %v", err)
	}
}
