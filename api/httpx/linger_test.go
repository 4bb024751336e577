package httpx_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/tenant/access"
)

// A sender that listens only once it has sent everything, as Apache does in front of us and
// many an app, hears that it sent too much, or had no right to.
func TestARefusedUploadIsHeardAtItsEnd(t *testing.T) {
	t.Parallel()
	read := func(c echo.Context) error {
		if _, err := io.Copy(io.Discard, c.Request().Body); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	}
	b := serve(t, acme,
		httpx.Route{Method: "POST", Path: "/api/public", Auth: httpx.Public, Act: access.Manage, Handler: read},
		httpx.Route{Method: "POST", Path: "/api/user", Auth: httpx.User, Scopes: []string{"write"}, Act: access.Post, Handler: read})
	for path, want := range map[string]int{"/api/public": http.StatusRequestEntityTooLarge, "/api/user": http.StatusUnauthorized} {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(b.url, "http://"), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		const size = 32 << 20 // more than all buffers on the way hold
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, size); err != nil {
			t.Fatal(err)
		}
		chunk := make([]byte, 64<<10)
		for sent := 0; sent < size; sent += len(chunk) {
			if _, err := conn.Write(chunk); err != nil {
				t.Fatalf("POST %s is cut off after %d bytes: %v", path, sent, err)
			}
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("POST %s: %v", path, err)
		}
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != want || !strings.HasPrefix(string(text), `{"error":`) {
			t.Errorf("POST %s: %d %s, want %d", path, answer.StatusCode, text, want)
		}
		_ = conn.Close()
	}
}

// Who waits for our word before it sends a body is told no without having sent it.
func TestARefusalNeedsNoBodyThatWaits(t *testing.T) {
	t.Parallel()
	b := serve(t, acme, httpx.Route{Method: "POST", Path: "/api/user", Auth: httpx.User, Scopes: []string{"write"}, Act: access.Post, Handler: who})
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(b.url, "http://"), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "POST /api/user HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%v, %v", answer, err)
	}
}
