package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// served runs a handler behind cutIdleReaders, and returns a connection to it.
func served(t *testing.T, longest time.Duration, handler http.HandlerFunc) net.Conn {
	t.Helper()
	server := httptest.NewServer(cutIdleReaders(longest, handler))
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ask(t *testing.T, conn net.Conn, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

// Whoever asks for much and reads nothing is cut off, so that it does not hold what it asked
// for without end.
func TestWhoReadsNothingIsCutOff(t *testing.T) {
	t.Parallel()
	went := make(chan error, 1)
	conn := served(t, 50*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20)) // more than buffers between here and there hold
		went <- err
	})
	ask(t, conn, "/")
	select {
	case err := <-went:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the handler still writes to somebody who reads nothing")
	}
}

// counted notes how much was written under each deadline.
type counted struct {
	httptest.ResponseRecorder
	under []int
}

func (c *counted) SetWriteDeadline(time.Time) error {
	c.under = append(c.under, 0)
	return nil
}

func (c *counted) Write(p []byte) (int, error) {
	c.under[len(c.under)-1] += len(p)
	return len(p), nil
}

// Whoever reads slowly gets all of it: each piece has its own time, in one write of the
// handler's as in many.
func TestEachPieceHasItsOwnTime(t *testing.T) {
	t.Parallel()
	const size = 10*piece + 1
	to := &counted{}
	cutIdleReaders(time.Minute, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n, err := w.Write(make([]byte, size)); n != size || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, _ = io.WriteString(w, "more")
	})).ServeHTTP(to, httptest.NewRequest(http.MethodGet, "/", nil))
	total := 0
	for _, n := range to.under {
		if total += n; n > piece {
			t.Errorf("%d bytes under one deadline", n)
		}
	}
	if last := to.under[len(to.under)-1]; total != size+len("more") || last != 0 {
		t.Errorf("%d bytes, %d of them under the deadline for what is left in the server's buffer", total, last)
	}
}

// A connection that was idle for longer serves the next request, and one that writes nothing.
func TestIdleConnectionsServeAgain(t *testing.T) {
	t.Parallel()
	const longest = 30 * time.Millisecond
	conn := served(t, longest, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/work" {
			<-time.After(2 * longest)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	reader := bufio.NewReader(conn)
	for _, path := range []string{"/", "/work", "/"} {
		ask(t, conn, path)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil || answer.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %v", path, err)
		}
		<-time.After(2 * longest)
	}
}

// A stream bounds its own writes, by less and by more; and a socket has none.
func TestStreamsKeepTheirDeadlines(t *testing.T) {
	t.Parallel()
	const longest = 30 * time.Millisecond
	conn := served(t, longest, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.URL.Path == "/socket" {
			raw, _, err := control.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			<-time.After(2 * longest)
			_, _ = io.WriteString(raw, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsocket")
			return
		}
		if err := control.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "str")
		if err := control.Flush(); err != nil {
			t.Error(err)
		}
		<-time.After(2 * longest)
		_, _ = io.WriteString(w, "eam")
	})
	reader := bufio.NewReader(conn)
	for _, kind := range []string{"stream", "socket"} { // the socket last: it ends the connection
		ask(t, conn, "/"+kind)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != kind {
			t.Errorf("%s: %q, %v", kind, body, err)
		}
	}
}
