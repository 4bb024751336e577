package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/federation/signature"
)

// village is a set of small foreign servers on one port, told apart by their host
// names. They sign by draft-cavage and can be slow on purpose.
type village struct {
	t      *testing.T
	port   string
	client *http.Client

	mu        sync.Mutex
	villagers map[string]*villager // by id
	isSlow    bool
	waiting   int           // deliveries that a slow peer has not answered
	release   chan struct{} // closed when slow peers may go on
}

// villager is one actor, on a host of its own.
type villager struct {
	ID, Inbox, Acct string
	signer          *signature.Signer
	publicPEM       string
	received        []document
}

func newVillage(t *testing.T) *village {
	t.Helper()
	v := &village{t: t, client: local(t), villagers: map[string]*villager{}, release: make(chan struct{})}
	transport, ok := v.client.Transport.(*http.Transport)
	if ok {
		transport.MaxIdleConnsPerHost = 64
	}
	srv := httptest.NewServer(v)
	t.Cleanup(func() {
		v.mu.Lock()
		v.letGo()
		v.mu.Unlock()
		srv.CloseClientConnections()
		srv.Close()
	})
	_, v.port, _ = net.SplitHostPort(srv.Listener.Addr().String())
	return v
}

// villager makes an actor.
func (v *village) villager(name string) *villager {
	v.t.Helper()
	host := name + ".localhost:" + v.port
	one := &villager{ID: "http://" + host + "/users/" + name, Acct: name + "@" + host}
	one.Inbox = one.ID + "/inbox"
	key, err := signature.GenerateRSA()
	if err != nil {
		v.t.Fatal(err)
	}
	if one.publicPEM, err = signature.MarshalPublicKey(key.Public()); err != nil {
		v.t.Fatal(err)
	}
	if one.signer, err = signature.NewSigner(one.ID+"#main-key", key, nil); err != nil {
		v.t.Fatal(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.villagers[one.ID] = one
	return one
}

// ServeHTTP answers as the host that was asked.
func (v *village) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(r.Host, ".")
	v.mu.Lock()
	one := v.villagers["http://"+r.Host+"/users/"+name]
	v.mu.Unlock()
	switch {
	case one == nil:
		http.NotFound(w, r)
	case r.Method == http.MethodPost && r.URL.Path == "/users/"+name+"/inbox":
		v.take(one, w, r)
	case r.URL.Path == "/users/"+name:
		answerJSON(w, "application/activity+json", one.document(name))
	case r.URL.Path == "/.well-known/webfinger":
		answerJSON(w, "application/jrd+json", map[string]any{
			"subject": "acct:" + one.Acct,
			"links":   []any{map[string]any{"rel": "self", "type": "application/activity+json", "href": one.ID}},
		})
	default:
		http.NotFound(w, r)
	}
}

func (one *villager) document(name string) map[string]any {
	return map[string]any{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       one.ID, "type": "Person", "preferredUsername": name, "name": "Villager " + name, "inbox": one.Inbox,
		"publicKey": map[string]any{"id": one.signer.KeyID(), "owner": one.ID, "publicKeyPem": one.publicPEM},
	}
}

// take keeps a delivery once it is answered. A slow peer answers only when it is let go.
func (v *village) take(one *villager, w http.ResponseWriter, r *http.Request) {
	var activity document
	if err := json.NewDecoder(r.Body).Decode(&activity); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	isSlow, release := v.isSlow, v.release
	if isSlow {
		v.waiting++
	}
	v.mu.Unlock()
	if isSlow {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		v.mu.Lock()
		v.waiting--
		v.mu.Unlock()
		if r.Context().Err() != nil {
			return // the other side went away: this was no delivery
		}
	}
	v.mu.Lock()
	one.received = append(one.received, activity)
	v.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// slow makes all peers keep the senders waiting.
func (v *village) slow() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.isSlow, v.release = true, make(chan struct{})
}

// quick lets all waiting senders go and answers at once from now on.
func (v *village) quick() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letGo()
}

func (v *village) letGo() {
	if v.isSlow {
		close(v.release)
	}
	v.isSlow = false
}

func (v *village) inFlight() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.waiting
}

// count is how many activities of a kind about an object a villager has.
func (v *village) count(one *villager, kind, object string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, d := range one.received {
		if d.text("type") == kind && (object == "" || d.object() == object) {
			n++
		}
	}
	return n
}

// deliver signs an activity and posts it to an inbox of ours; it returns the status.
func (v *village) deliver(ctx context.Context, from *villager, inbox string, activity map[string]any) (int, string, error) {
	activity["@context"] = "https://www.w3.org/ns/activitystreams"
	activity["actor"] = from.ID
	body, err := json.Marshal(activity)
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, inbox, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/activity+json")
	if err := from.signer.SignPost(request, body); err != nil {
		return 0, "", err
	}
	answer, err := v.client.Do(request)
	if err != nil {
		return 0, "", fmt.Errorf("deliver to %s: %w", inbox, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// follow makes a villager follow one of ours.
func (v *village) follow(from *villager, whom *account) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	defer cancel()
	status, text, err := v.deliver(ctx, from, whom.URI+"/inbox", map[string]any{
		"id": from.ID + "/follows/1", "type": "Follow", "object": whom.URI,
	})
	if err != nil || status != http.StatusAccepted {
		v.t.Fatalf("follow from %s: %d %s %v", from.Acct, status, text, err)
	}
}

func answerJSON(w http.ResponseWriter, contentType string, value any) {
	w.Header().Set("Content-Type", contentType)
	_ = json.NewEncoder(w).Encode(value)
}
