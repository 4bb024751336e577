package streaming_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/api/apitest"
	"rookery/internal/testkit"
	"rookery/tenant/people"
)

// events is an app's EventSource.
type events struct {
	t     *testing.T
	lines chan string // closed at the end
}

func (w *world) get(t *testing.T, c *apitest.Client, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/v1/streaming/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	r.Header.Set("X-Tenant", c.Home.Tenant.Host)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func (w *world) listen(t *testing.T, c *apitest.Client, path string) *events {
	t.Helper()
	response := w.get(t, c, path)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: %d %s", path, response.StatusCode, response.Header)
	}
	e := &events{t, make(chan string, 1000)}
	go func() {
		defer close(e.lines)
		for s := bufio.NewScanner(response.Body); s.Scan(); {
			e.lines <- s.Text()
		}
	}()
	if got := e.line(); got != ":)" {
		t.Fatalf("the stream begins with %q", got)
	}
	return e
}

func (e *events) line() string {
	e.t.Helper()
	select {
	case line, ok := <-e.lines:
		if !ok {
			e.t.Fatal("the stream ended")
		}
		return line
	case <-time.After(deadline):
		e.t.Fatal("nothing came")
		return ""
	}
}

// want reads one event.
func (e *events) want(event, payload string) {
	e.t.Helper()
	if got := e.line(); got != "event: "+event {
		e.t.Errorf("%q, want event %s", got, event)
	}
	if got := e.line(); !strings.HasPrefix(got, "data: ") || !strings.Contains(got, payload) {
		e.t.Errorf("data of %s: %q lacks %q", event, got, payload)
	}
	if got := e.line(); got != "" {
		e.t.Errorf("after the data of %s: %q", event, got)
	}
}

// ends waits for the server to close.
func (e *events) ends() {
	e.t.Helper()
	for end := time.After(deadline); ; {
		select {
		case _, ok := <-e.lines:
			if !ok {
				return
			}
		case <-end:
			e.t.Fatal("the stream goes on")
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testkit.Eventually(t, deadline, what, ok)
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	carol := w.Add(t, w.A, "carol")
	streams := map[string]*events{}
	for _, path := range []string{
		"user", "user/notification", "public", "public/local", "public/remote", "public?only_media=true",
		"hashtag?tag=Bikes", "hashtag/local?tag=bikes", "direct",
	} {
		streams[path] = w.listen(t, w.Alice, path)
	}
	id := post(t, w.Alice, "one #bikes")
	for _, path := range []string{"user", "public", "public/local", "hashtag?tag=Bikes", "hashtag/local?tag=bikes"} {
		streams[path].want("update", `"id":"`+id+`"`)
	}
	post(t, carol, "hello @alice", "visibility", "unlisted")
	streams["user"].want("notification", `"type":"mention"`)
	streams["user/notification"].want("notification", `"type":"mention"`)
	w.Alice.Do(http.MethodDelete, "/api/v1/statuses/"+id, nil).Want(t, http.StatusOK)
	for _, path := range []string{"user", "public", "public/local", "public?only_media=true", "hashtag?tag=Bikes", "hashtag/local?tag=bikes"} {
		streams[path].want("delete", id)
	}
	for path, s := range streams {
		select {
		case line := <-s.lines:
			t.Errorf("%s: unexpected %q", path, line)
		default:
		}
	}
}

func TestSilenceIsFilled(t *testing.T) {
	t.Parallel()
	const beat = 50 * time.Millisecond
	w := newWorld(t, beat)
	s, socket := w.listen(t, w.Alice, "user"), w.dial(t, w.Alice, "?stream=user")
	for range int(readTimeout/beat) + 10 { // longer than a request may take
		if got := s.line(); got != ":thump" {
			t.Errorf("%q", got)
		}
	}
	// The socket's pings are answered by its reading, and disturb nothing.
	post(t, w.Alice, "in between")
	socket.want("user update")
}

func TestEventStreamErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	narrow := w.Client(t, w.A, w.A.Account, people.Owner, "read:notifications")
	tests := map[string]struct {
		client *apitest.Client
		path   string
		status int
	}{
		"no token":               {w.Stranger(w.A), "user", http.StatusUnauthorized},
		"no token on public":     {w.Stranger(w.A), "public", http.StatusUnauthorized},
		"another tenant's token": {w.Bob.At(w.A), "user", http.StatusUnauthorized},
		"scope":                  {narrow, "public", http.StatusForbidden},
		"list":                   {w.Alice, "list?list=1", http.StatusNotFound},
		"unknown":                {w.Alice, "nonsense", http.StatusNotFound},
		"no tag":                 {w.Alice, "hashtag", http.StatusBadRequest},
	}
	for name, tt := range tests {
		response := w.get(t, tt.client, tt.path)
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != tt.status || !strings.Contains(string(body), `"error"`) {
			t.Errorf("%s: %d %s %v, want %d", name, response.StatusCode, body, err, tt.status)
		}
	}
	health := w.get(t, w.Stranger(w.A), "health")
	if body, err := io.ReadAll(health.Body); err != nil || string(body) != "OK" {
		t.Errorf("health: %s %v", body, err)
	}
	plain := w.get(t, w.Alice, "")
	if plain.StatusCode != http.StatusBadRequest {
		t.Errorf("no upgrade: %d", plain.StatusCode)
	}
}
