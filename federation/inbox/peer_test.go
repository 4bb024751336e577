package inbox_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rookery/federation/signature"
	"rookery/internal/social/relate"
)

// keyPool makes RSA keys once for the whole run: each costs a noticeable part of a second.
var keyPool = sync.OnceValue(func() []testKey {
	keys := make([]testKey, 6)
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			private, err := signature.GenerateRSA()
			if err != nil {
				panic(err)
			}
			public, err := signature.MarshalPublicKey(private.Public())
			if err != nil {
				panic(err)
			}
			keys[i] = testKey{signer: func(id string, now func() time.Time) *signature.Signer {
				s, err := signature.NewSigner(id, private, now)
				if err != nil {
					panic(err)
				}
				return s
			}, pem: public, private: private}
		})
	}
	wait.Wait()
	return keys
})

type testKey struct {
	signer  func(id string, now func() time.Time) *signature.Signer
	pem     string
	private *rsa.PrivateKey
}

// sign makes the bare signature of a text: for requests that our Signer would not make.
func (k testKey) sign(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	out, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return out
}

var followOptions = relate.FollowOptions{ShowBoosts: true}

var nextAddress atomic.Int32

// peer is another server: real HTTP on an address of its own.
type peer struct {
	t      testing.TB
	base   string
	host   string
	mu     sync.Mutex
	pages  map[string]page
	asked  map[string]int
	handle func(http.ResponseWriter, *http.Request) bool
}

type page struct {
	status  int
	kind    string
	body    string
	headers map[string]string
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	address := fmt.Sprintf("127.77.3.%d:0", 1+nextAddress.Add(1)%250)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, host: listener.Addr().String(), pages: map[string]page{}, asked: map[string]int{}}
	p.base = "http://" + p.host
	server := &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func (p *peer) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	found, ok := p.pages[r.URL.RequestURI()]
	if !ok {
		found, ok = p.pages[r.URL.Path]
	}
	handle := p.handle
	p.mu.Unlock()
	if handle != nil && handle(w, r) {
		return
	}
	if r.URL.Path == "/.well-known/webfinger" {
		p.webfinger(w, r)
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	for name, value := range found.headers {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", found.kind)
	w.WriteHeader(found.status)
	_, _ = w.Write([]byte(found.body))
}

// webfinger answers for the actors below /users/.
func (p *peer) webfinger(w http.ResponseWriter, r *http.Request) {
	resource := strings.TrimPrefix(r.URL.Query().Get("resource"), "acct:")
	user, _, _ := strings.Cut(resource, "@")
	p.mu.Lock()
	_, ok := p.pages["/users/"+user]
	p.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/jrd+json")
	_, _ = fmt.Fprintf(w, `{"subject":"acct:%s@%s","links":[{"rel":"self","type":"application/activity+json","href":"%s/users/%s"}]}`, user, p.host, p.base, user)
}

// put serves a document; count says how often a path was asked for.
func (p *peer) put(path string, doc any) { p.putAs(path, "application/activity+json", doc) }

func (p *peer) putAs(path, kind string, doc any) {
	body, ok := doc.(string)
	if !ok {
		raw, err := json.Marshal(doc)
		if err != nil {
			p.t.Fatal(err)
		}
		body = string(raw)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[path] = page{status: http.StatusOK, kind: kind, body: body}
}

func (p *peer) answer(path string, pg page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages[path] = pg
}

func (p *peer) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *peer) total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.asked {
		n += c
	}
	return n
}

// actor is somebody on a peer.
type actor struct {
	peer  *peer
	name  string
	id    string
	keyID string
	key   testKey
	now   func() time.Time
	made  *atomic.Int64
}

// actor adds an account with a key and serves its document.
func (p *peer) actor(name string, key int) *actor {
	a := &actor{peer: p, name: name, id: p.base + "/users/" + name, key: keyPool()[key], now: time.Now, made: new(atomic.Int64)}
	a.keyID = a.id + "#main-key"
	a.publish()
	return a
}

func (a *actor) publish(change ...func(map[string]any)) {
	doc := a.document()
	for _, c := range change {
		c(doc)
	}
	a.peer.put("/users/"+a.name, doc)
}

func (a *actor) document() map[string]any {
	return map[string]any{
		"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       a.id, "type": "Person", "preferredUsername": a.name, "name": a.name, "inbox": a.id + "/inbox", "outbox": a.id + "/outbox",
		"followers": a.id + "/followers", "following": a.id + "/following", "endpoints": map[string]any{"sharedInbox": a.peer.base + "/inbox"},
		"publicKey": map[string]any{"id": a.keyID, "owner": a.id, "publicKeyPem": a.key.pem},
	}
}

func (a *actor) signer() *signature.Signer { return a.key.signer(a.keyID, a.now) }

// newID makes an id on the actor's host.
func (a *actor) newID(kind string) string {
	return fmt.Sprintf("%s/%s/%s-%d", a.peer.base, kind, a.name, a.made.Add(1))
}

type object = map[string]any

func (a *actor) activity(kind string, what any, more ...object) object {
	out := object{"@context": "https://www.w3.org/ns/activitystreams", "id": a.newID("activities"), "type": kind, "actor": a.id, "object": what}
	for _, m := range more {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

const public = "https://www.w3.org/ns/activitystreams#Public"

// note makes a post and serves it under its id.
func (a *actor) note(text string, more ...object) object {
	n := object{
		"@context": "https://www.w3.org/ns/activitystreams", "id": a.newID("notes"), "type": "Note", "attributedTo": a.id, "content": "<p>" + text + "</p>",
		"to": []string{public}, "cc": []string{a.id + "/followers"}, "published": time.Now().UTC().Format(time.RFC3339),
	}
	for _, m := range more {
		for k, v := range m {
			n[k] = v
		}
	}
	if id, ok := n["id"].(string); ok {
		a.peer.put(strings.TrimPrefix(id, a.peer.base), n)
	}
	return n
}

func (a *actor) create(note object) object {
	return a.activity("Create", note, object{"to": note["to"], "cc": note["cc"]})
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	if raw, ok := v.([]byte); ok {
		return raw
	}
	if s, ok := v.(string); ok {
		return []byte(s)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// request makes a signed POST for a URL on a tenant.
func (a *actor) request(t testing.TB, url string, body any) *http.Request {
	t.Helper()
	raw := mustJSON(t, body)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/activity+json")
	if err := a.signer().SignPost(req, raw); err != nil {
		t.Fatal(err)
	}
	return req
}
