package federation_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/federation"
	"rookery/internal/testkit"
)

// inboxOf serves an inbox that reads bodies whole, as the real one does, and answers 400
// where that fails.
func inboxOf(t *testing.T, limits federation.BodyLimits) (address string, waiting func() int) {
	t.Helper()
	e := echo.New()
	reading := make(chan struct{}, 1000)
	e.POST("/inbox", func(c echo.Context) error {
		reading <- struct{}{}
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return c.NoContent(http.StatusBadRequest)
		}
		return c.NoContent(http.StatusAccepted)
	}, federation.NewBodies(limits).Bound)
	server := httptest.NewServer(e)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.Listener.Addr().String(), func() int { return len(reading) }
}

// begin sends the head of a request and a part of its body, and leaves the rest open.
func begin(t *testing.T, address string, announced, sent int) *bufio.Reader {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST /inbox HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n%s", announced, strings.Repeat("x", sent)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return bufio.NewReader(conn)
}

func answer(t *testing.T, from *bufio.Reader) (status int, retry string) {
	t.Helper()
	got, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	defer got.Body.Close()
	return got.StatusCode, got.Header.Get("Retry-After")
}

// Bodies that are sent halfway and kept open hold so much memory and no more; whoever
// finishes gives his room back.
func TestBodiesHaveRoomForSoMuch(t *testing.T) {
	t.Parallel()
	address, waiting := inboxOf(t, federation.BodyLimits{All: 100_000, One: 50_000, Within: 5 * time.Minute})
	first := begin(t, address, 60_000, 40_000)
	testkit.Eventually(t, time.Minute, "the first body is being read", func() bool { return waiting() == 1 })
	var refused int
	testkit.Eventually(t, time.Minute, "a second body of the same address is turned away", func() bool {
		status, retry := answer(t, begin(t, address, 20_000, 20_000))
		if status == http.StatusServiceUnavailable && retry != "" {
			refused++
		}
		return refused > 0
	})
	if status, _ := answer(t, begin(t, address, 5_000, 5_000)); status != http.StatusAccepted {
		t.Errorf("a small body beside it: %d", status)
	}
	_ = first
}

// What is only announced takes no room from others.
func TestAnnouncedBodiesTakeNoRoom(t *testing.T) {
	t.Parallel()
	address, waiting := inboxOf(t, federation.BodyLimits{All: 100_000, One: 50_000, Within: 5 * time.Minute})
	for range 20 {
		begin(t, address, 50_000, 10)
	}
	testkit.Eventually(t, time.Minute, "all are being read", func() bool { return waiting() == 20 })
	if status, _ := answer(t, begin(t, address, 40_000, 40_000)); status != http.StatusAccepted {
		t.Errorf("a body of 40 kB: %d", status)
	}
}

// A body that does not come to its end is ended, in words that bring the sender back.
func TestSlowBodiesEnd(t *testing.T) {
	t.Parallel()
	address, _ := inboxOf(t, federation.BodyLimits{Within: 200 * time.Millisecond})
	began := time.Now()
	status, retry := answer(t, begin(t, address, 1000, 10))
	if status != http.StatusRequestTimeout || retry == "" || time.Since(began) > 10*time.Second {
		t.Errorf("answered %d, Retry-After %q, after %v", status, retry, time.Since(began))
	}
	for range 50 { // and nobody's room is lost
		begin(t, address, 1<<20, 900_000)
	}
	testkit.Eventually(t, time.Minute, "there is room again", func() bool {
		status, _ := answer(t, begin(t, address, 1<<20, 1<<20))
		return status == http.StatusAccepted
	})
}
