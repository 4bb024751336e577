package streaming_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"rookery/api/apitest"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

func TestSocketCarriesWhatHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	carol := w.Add(t, w.A, "carol")
	s := w.dial(t, w.Alice, "?stream=user")
	s.say("subscribe", "public:local", "")
	s.say("subscribe", "hashtag", "Räder")

	id := post(t, w.Alice, "two wheels #räder")
	for _, f := range s.want("user update", "public:local update", "hashtag/Räder update") {
		if got := f.status(t); got.ID.String() != id || got.Account.Acct != "alice" || !strings.Contains(got.Content, "two wheels") {
			t.Errorf("%s carries %+v", f, got)
		}
	}
	carol.Post("/api/v1/statuses/"+id+"/favourite", nil).Want(t, http.StatusOK)
	if f := s.want("user notification")[0]; !strings.Contains(f.Payload, `"type":"favourite"`) || !strings.Contains(f.Payload, id) {
		t.Errorf("notification: %s", f.Payload)
	}
	w.Alice.Do(http.MethodPut, "/api/v1/statuses/"+id, map[string]any{"status": "three wheels #räder"}).Want(t, http.StatusOK)
	for _, f := range s.want("user status.update", "public:local status.update", "hashtag/Räder status.update") {
		if got := f.status(t); !strings.Contains(got.Content, "three wheels") {
			t.Errorf("%s carries %+v", f, got)
		}
	}
	s.say("unsubscribe", "public:local", "")
	w.Alice.Do(http.MethodDelete, "/api/v1/statuses/"+id, nil).Want(t, http.StatusOK)
	for _, f := range s.want("user delete", "hashtag/Räder delete") {
		if f.Payload != id {
			t.Errorf("%s carries %q, want %q", f, f.Payload, id)
		}
	}
}

// What a viewer has done with a boosted post is part of what it sees, and nobody else's.
func TestEachViewerSeesItsOwnMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	carol, dave, erin := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave"), w.Add(t, w.A, "erin")
	id := post(t, erin, "worth a boost")
	carol.Post("/api/v1/statuses/"+id+"/favourite", nil).Want(t, http.StatusOK)
	w.Alice.Post("/api/v1/statuses/"+id+"/bookmark", nil).Want(t, http.StatusOK)
	follow(t, w, carol, dave)
	follow(t, w, w.Alice, dave)
	alice, fan := w.dial(t, w.Alice, "?stream=user"), w.dial(t, carol, "?stream=user")
	dave.Post("/api/v1/statuses/"+id+"/reblog", nil).Want(t, http.StatusOK)
	got := alice.want("user update")[0].status(t)
	if got.Reblog == nil || got.Reblog.Favourited || !got.Reblog.Bookmarked || !got.Bookmarked || got.Reblog.Reblogged {
		t.Errorf("alice sees %+v", got.Reblog)
	}
	got = fan.want("user update")[0].status(t)
	if got.Reblog == nil || !got.Reblog.Favourited || !got.Favourited || got.Reblog.Bookmarked {
		t.Errorf("carol sees %+v", got.Reblog)
	}
}

func follow(t *testing.T, w *world, from, to *apitest.Client) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := store.AddFollow(ctx, s, social.Follow{
			ID: ids.New(), AccountID: from.Account.ID, TargetID: to.Account.ID, State: social.FollowAccepted, ShowBoosts: true,
			URI: "https://a.test/follows/" + from.Account.Username + to.Account.Username,
		}, false)
		return err
	})
}

// Followers-only, blocked and muted posts, and those of other tenants, come to nobody
// who may not read them.
func TestNobodyHearsWhatIsNotForThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	carol, dave, erin := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave"), w.Add(t, w.A, "erin")
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		if _, err := store.AddBlock(ctx, s, w.Alice.Account.ID, carol.Account.ID, "https://a.test/blocks/1"); err != nil {
			return err
		}
		return store.SetMute(ctx, s, dave.Account.ID, w.Alice.Account.ID, true, nil)
	})
	sockets := map[string]*socket{}
	for name, c := range map[string]*apitest.Client{"blocked": carol, "muting": dave, "another tenant": w.Bob} {
		sockets[name] = w.dial(t, c, "?stream=public")
		sockets[name].say("subscribe", "hashtag", "x")
		sockets[name].say("subscribe", "user", "")
	}
	listener := w.dial(t, erin, "?stream=public")
	listener.say("subscribe", "user", "")

	post(t, w.Alice, "secret #x", "visibility", "private")
	post(t, w.Alice, "aside #x", "visibility", "direct")
	open := post(t, w.Alice, "open #x")
	if got := listener.want("public update")[0].status(t); got.ID.String() != open {
		t.Errorf("a stranger hears %s", got.Content)
	}
	// Each of the others next hears what it may: nothing came before.
	for _, c := range []*apitest.Client{erin, w.Bob} {
		last := post(t, c, "from "+c.Account.Username)
		for name, s := range sockets {
			if (name == "another tenant") != (c == w.Bob) {
				continue
			}
			if got := s.next().status(t); got.ID.String() != last {
				t.Errorf("%s hears %s", name, got.Content)
			}
		}
	}
}

func TestScopesOfStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	statuses := w.Client(t, w.A, w.A.Account, people.Owner, "read:statuses")
	notifications := w.Client(t, w.A, w.A.Account, people.Owner, "read:notifications")
	carol := w.Add(t, w.A, "carol")

	only := w.dial(t, statuses, "?stream=user")
	only.send(`{"type":"subscribe","stream":"user:notification"}`)
	if got := only.next(); got.Status != http.StatusForbidden {
		t.Errorf("read:statuses on notifications: %+v", got)
	}
	told := w.dial(t, notifications, "?stream=user:notification")
	told.send(`{"type":"subscribe","stream":"public"}`)
	if got := told.next(); got.Status != http.StatusForbidden {
		t.Errorf("read:notifications on public: %+v", got)
	}
	post(t, carol, "hello @alice")
	told.want("user:notification notification")
	post(t, w.Alice, "mine")
	only.want("user update") // and no notification before it
}

func TestTokenPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	token := w.Alice.Token
	for name, s := range map[string]*socket{
		"query":    w.dialWith(t, w.A, "?stream=user&access_token="+token, &websocket.DialOptions{}),
		"protocol": w.dialWith(t, w.A, "?stream=user", &websocket.DialOptions{Subprotocols: []string{token}}),
	} {
		if name == "protocol" && s.conn.Subprotocol() != token {
			t.Error("the protocol that carries the token was not selected: browsers close then")
		}
		post(t, w.Alice, "for "+name)
		s.want("user update")
	}
	for name, o := range map[string]*websocket.DialOptions{
		"no token":               {},
		"invented":               {Subprotocols: []string{"invented"}},
		"another tenant's token": {Subprotocols: []string{w.Bob.Token}},
	} {
		_, response, err := websocket.Dial(t.Context(), w.url+"/api/v1/streaming?stream=user", o)
		if err == nil || response == nil || response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v, %v", name, response, err)
		}
	}
}

func TestMistakesOnASocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	s := w.dial(t, w.Alice, "?stream=nonsense")
	if got := s.next(); got.Status != http.StatusNotFound || got.Error == "" {
		t.Errorf("unknown stream at connect: %+v", got)
	}
	tests := map[string]int{
		`not json`:                             http.StatusBadRequest,
		`[]`:                                   http.StatusBadRequest,
		`{"type":"shout","stream":"user"}`:     http.StatusBadRequest,
		`{"type":"subscribe","stream":"list"}`: http.StatusNotFound,
		`{"type":"subscribe","stream":"hashtag"}`:           http.StatusBadRequest,
		`{"type":"subscribe","stream":"hashtag","tag":"#"}`: http.StatusBadRequest,
	}
	for text, want := range tests {
		s.send(text)
		if got := s.next(); got.Status != want || got.Error == "" || got.Event != "" {
			t.Errorf("%s: %+v, want %d", text, got, want)
		}
	}
	s.say("subscribe", "direct", "") // open and silent
	if err := s.conn.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
		t.Fatal(err)
	}
	if code := s.ends(); code != websocket.StatusUnsupportedData {
		t.Errorf("after a binary frame: %d", code)
	}
}

func TestTooManyStreamsOfAConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	s := w.dial(t, w.Alice, "")
	for i := range 64 {
		s.say("subscribe", "hashtag", "tag"+strings.Repeat("x", i))
	}
	s.send(`{"type":"subscribe","stream":"user"}`)
	if got := s.next(); got.Status != http.StatusTooManyRequests {
		t.Errorf("the 65th stream: %+v", got)
	}
}

// SECURITY rule 19: an ended token ends its streams at once, and only those.
func TestRevokedTokenEndsItsStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	other := w.Client(t, w.A, w.A.Account, people.Owner, apitest.AllScopes)
	revoked, stays := w.dial(t, w.Alice, "?stream=user"), w.dial(t, other, "?stream=user")
	events := w.listen(t, w.Alice, "user")
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return access.RevokeApp(ctx, s, w.Alice.App.ID, w.A.Person)
	})
	if code := revoked.ends(); code != websocket.StatusPolicyViolation {
		t.Errorf("closed with %d", code)
	}
	events.ends()
	_, response, err := websocket.Dial(t.Context(), w.url+"/api/v1/streaming?stream=user",
		&websocket.DialOptions{Subprotocols: []string{w.Alice.Token}})
	if err == nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("the token opens streams again: %v", err)
	}
	post(t, other, "still here")
	stays.want("user update")
}

func TestConnectionsOfATokenAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	var first *socket
	for range 20 {
		if s := w.dial(t, w.Alice, "?stream=user"); first == nil {
			first = s
		}
	}
	dial := func() int {
		conn, response, err := websocket.Dial(t.Context(), w.url+"/api/v1/streaming", &websocket.DialOptions{Subprotocols: []string{w.Alice.Token}})
		if err == nil {
			_ = conn.CloseNow()
		}
		return response.StatusCode
	}
	if got := dial(); got != http.StatusTooManyRequests {
		t.Errorf("the 21st connection: %d", got)
	}
	if err := first.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "room for a connection again", func() bool { return dial() == http.StatusSwitchingProtocols })
	w.dial(t, w.Add(t, w.A, "carol"), "?stream=user") // another token has its own
}

func TestShutdownTellsApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	s, events := w.dial(t, w.Alice, "?stream=user"), w.listen(t, w.Alice, "user")
	code := make(chan websocket.StatusCode)
	go func() { code <- s.ends() }()
	if err := w.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != websocket.StatusGoingAway {
		t.Errorf("closed with %d", got)
	}
	events.ends()
	if got := w.get(t, w.Alice, "user"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a stream after the end: %d", got.StatusCode)
	}
}

// A link to the other processes that breaks takes the streams with it.
func TestLostBusEndsStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	s := w.dial(t, w.Alice, "?stream=user")
	w.stopBus()
	if code := s.ends(); code != websocket.StatusServiceRestart {
		t.Errorf("closed with %d", code)
	}
}
