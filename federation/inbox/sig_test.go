package inbox_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// remake turns the Signature header of a request into another.
func remake(req *http.Request, change func(string) string) {
	req.Header.Set("Signature", change(req.Header.Get("Signature")))
}

// TestSignatures holds the cases SIG: each changes one thing of a request that is
// right otherwise, from an actor that is not known yet.
func TestSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	cases := map[string]struct {
		url    string                      // a.test's shared inbox if empty
		actor  func(*actor)                // before signing
		body   func(*actor) any            // a Follow of alice if nil
		change func(*actor, *http.Request) // after signing
		want   int
	}{
		"SIG-01 no signature":      {change: func(_ *actor, r *http.Request) { r.Header.Del("Signature") }, want: 401},
		"SIG-02 control":           {want: 202},
		"SIG-02 control, personal": {url: w.a.personal(), want: 202},
		"SIG-03 no digest":         {change: signing("(request-target) host date", noDigest), want: 401},
		"SIG-04 other body":        {change: replaceBody, want: 401},
		"SIG-06 date alone":        {change: signing("date", nil), want: 401},
		"SIG-07 headers parameter": {change: without("headers"), want: 401},
		"SIG-08 no host":           {change: signing("(request-target) date digest", nil), want: 401},
		"SIG-08 no target":         {change: signing("host date digest", nil), want: 401},
		"SIG-09 13 hours old":      {actor: at(now.Add(-13 * time.Hour)), want: 401},
		"SIG-09 2 hours ahead":     {actor: at(now.Add(2 * time.Hour)), want: 401},
		"SIG-09 unparsable date":   {change: func(_ *actor, r *http.Request) { r.Header.Set("Date", "yesterday") }, want: 401},
		"SIG-11 two keys": {change: func(_ *actor, r *http.Request) {
			remake(r, func(s string) string { return s + `,keyId="https://q.test/u#k"` })
		}, want: 400},
		"SIG-13 spaces": {change: func(_ *actor, r *http.Request) {
			remake(r, func(s string) string { return strings.ReplaceAll(s, `",`, `", `) })
		}, want: 202},
		"SIG-14 escaped path":         {url: w.a.url("/%69nbox"), want: 404},
		"SIG-14 escaped, unknown":     {url: w.a.url("/ap/actors/al%69ce/inbox"), want: 404},
		"SIG-15 hmac with public key": {change: hmacSigned, want: 401},
		"SIG-16 foreign actor": {body: func(a *actor) any {
			return a.activity("Follow", w.a.user.URI, object{"actor": "http://127.77.9.9/users/victim", "id": nil})
		}, want: 401},
		"SIG-24 no id twice":   {body: func(a *actor) any { return a.activity("Follow", w.a.user.URI, object{"id": nil}) }, want: 202},
		"SIG-26 other inbox":   {change: func(_ *actor, r *http.Request) { r.URL.Path = strings.TrimPrefix(w.a.personal(), "https://a.test") }, want: 401},
		"SIG-27 both headers":  {change: func(_ *actor, r *http.Request) { r.Header.Set("Authorization", "Signature "+r.Header.Get("Signature")) }, want: 400},
		"SIG-27 bearer beside": {change: func(_ *actor, r *http.Request) { r.Header.Set("Authorization", "Bearer x-signature-y") }, want: 202},
		"SIG-28 no key":        {actor: keys(nil), want: 401},
		"SIG-28 garbage":       {actor: pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), want: 401},
		"SIG-28 bare IRI":      {actor: func(a *actor) { a.publish(func(d map[string]any) { d["publicKey"] = a.keyID }) }, want: 401},
		"SIG-28 two keys":      {actor: twoKeys, want: 202},
		"SIG-28 other owner": {actor: func(a *actor) {
			a.publish(func(d map[string]any) { d["publicKey"].(map[string]any)["owner"] = "https://v.test/u" })
		}, want: 401},
		"SIG-29 LD signature": {
			body: func(a *actor) any {
				return a.activity("Follow", w.a.user.URI, object{"signature": object{"type": "RsaSignature2017", "creator": a.keyID, "signatureValue": "AAAA"}, "@graph": []any{}})
			},
			change: func(_ *actor, r *http.Request) { r.Header.Del("Signature") }, want: 401,
		},
		"SIG-32 RFC 9421": {change: rfc9421(nil), want: 202},
		"SIG-32 RFC 9421, wrong digest": {change: rfc9421(func(r *http.Request) {
			r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(make([]byte, 32))+":")
		}), want: 401},
		"own actor": {body: func(a *actor) any {
			return a.activity("Follow", w.a.user.URI, object{"actor": w.a.user.URI, "id": nil})
		}, want: 401},
		"OWN-02 foreign activity id": {body: func(a *actor) any {
			return a.activity("Follow", w.a.user.URI, object{"id": "https://v.test/activities/1"})
		}, want: 403},
		"INP-34 text/plain": {change: kind("text/plain"), want: 415},
		"INP-34 no type":    {change: kind(""), want: 415},
		"INP-06 length":     {body: func(*actor) any { return bytes.Repeat([]byte(" "), 1<<20+1) }, want: 413},
		"INP-06 chunked":    {body: func(*actor) any { return bytes.Repeat([]byte(" "), 1<<20+1) }, change: func(_ *actor, r *http.Request) { r.ContentLength = -1; r.GetBody = nil }, want: 413},
		"malformed":         {body: func(*actor) any { return []byte(`{"type":`) }, want: 400},
		"INP-05 depth":      {body: func(*actor) any { return bytes.Repeat([]byte("["), 1<<20) }, want: 400},
		"INP-02 duplicate keys": {body: func(a *actor) any {
			return []byte(fmt.Sprintf(`{"type":"Follow","actor":%q,"actor":"https://v.test/u","object":%q}`, a.id, w.a.user.URI))
		}, want: 400},
		"INP-01 other case": {body: func(a *actor) any {
			return []byte(fmt.Sprintf(`{"type":"Follow","Actor":%q,"object":%q}`, a.id, w.a.user.URI))
		}, want: 400},
		"no such inbox":        {url: w.a.url("/ap/actors/77/inbox"), want: 404},
		"other tenant's inbox": {url: w.a.url(strings.TrimPrefix(w.b.personal(), "https://b.test")), want: 404},
	}
	p := newPeer(t)
	i := 0
	for name, tt := range cases {
		i++
		user := fmt.Sprintf("user%d", i)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := p.actor(user, 0)
			if tt.actor != nil {
				tt.actor(a)
			}
			url := tt.url
			if url == "" {
				url = w.a.url("/inbox")
			}
			body := any(a.activity("Follow", w.a.user.URI))
			if tt.body != nil {
				body = tt.body(a)
			}
			req := a.request(t, url, body)
			if tt.change != nil {
				tt.change(a, req)
			}
			if got := w.do(req); got != tt.want {
				t.Fatalf("answered %d, want %d", got, tt.want)
			}
			w.a.settle()
			followers := 0
			if tt.want == http.StatusAccepted {
				followers = 1
			}
			w.a.wants("follows by this actor", followers, followsBy, pgx.NamedArgs{"uri": a.id})
			w.b.wants("follows in the other tenant", 0, followsBy, pgx.NamedArgs{"uri": a.id})
		})
	}
}

const followsBy = `SELECT count(*) FROM follows f JOIN accounts a ON a.tenant_id = f.tenant_id AND a.id = f.account_id WHERE f.tenant_id = @tenant_id AND a.uri = @uri`

func at(then time.Time) func(*actor) {
	return func(a *actor) { a.now = func() time.Time { return then } }
}

func keys(list any) func(*actor) {
	return func(a *actor) { a.publish(func(d map[string]any) { d["publicKey"] = list }) }
}

func pem(text string) func(*actor) {
	return func(a *actor) {
		a.publish(func(d map[string]any) { d["publicKey"].(map[string]any)["publicKeyPem"] = text })
	}
}

func twoKeys(a *actor) {
	a.publish(func(d map[string]any) {
		other := object{"id": a.id + "#second", "owner": a.id, "publicKeyPem": keyPool()[1].pem}
		d["publicKey"] = []any{other, d["publicKey"]}
	})
}

func noDigest(r *http.Request) { r.Header.Del("Digest") }

func kind(name string) func(*actor, *http.Request) {
	return func(_ *actor, r *http.Request) { r.Header.Set("Content-Type", name) }
}

func replaceBody(a *actor, r *http.Request) {
	other := mustJSON(a.peer.t, a.activity("Follow", "https://a.test/other"))
	fresh, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.URL.String(), bytes.NewReader(other))
	if err != nil {
		a.peer.t.Fatal(err)
	}
	r.Body, r.ContentLength, r.GetBody = fresh.Body, fresh.ContentLength, fresh.GetBody
}

func without(parameter string) func(*actor, *http.Request) {
	return func(_ *actor, r *http.Request) {
		remake(r, func(s string) string {
			start := strings.Index(s, parameter+`="`)
			end := start + len(parameter) + 2 + strings.IndexByte(s[start+len(parameter)+2:], '"') + 1
			return strings.Trim(strings.Replace(s[:start]+s[end:], ",,", ",", 1), ",")
		})
	}
}

// signing claims that only some headers are covered; the signature is good for them.
func signing(covered string, change func(*http.Request)) func(*actor, *http.Request) {
	return func(a *actor, r *http.Request) {
		if change != nil {
			change(r)
		}
		var lines []string
		for name := range strings.FieldsSeq(covered) {
			switch name {
			case "(request-target)":
				lines = append(lines, name+": post "+r.URL.RequestURI())
			case "host":
				lines = append(lines, name+": "+r.URL.Host)
			default:
				lines = append(lines, name+": "+r.Header.Get(name))
			}
		}
		r.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="rsa-sha256",headers="%s",signature="%s"`,
			a.keyID, covered, base64.StdEncoding.EncodeToString(a.key.sign(strings.Join(lines, "\n")))))
	}
}

func hmacSigned(a *actor, r *http.Request) {
	covered := "(request-target) host date digest"
	mac := hmac.New(sha256.New, []byte(a.key.pem))
	_, _ = fmt.Fprintf(mac, "(request-target): post %s\nhost: %s\ndate: %s\ndigest: %s", r.URL.RequestURI(), r.URL.Host, r.Header.Get("Date"), r.Header.Get("Digest"))
	r.Header.Set("Signature", fmt.Sprintf(`keyId="%s",algorithm="hmac-sha256",headers="%s",signature="%s"`,
		a.keyID, covered, base64.StdEncoding.EncodeToString(mac.Sum(nil))))
}

func rfc9421(change func(*http.Request)) func(*actor, *http.Request) {
	return func(a *actor, r *http.Request) {
		body, err := r.GetBody()
		if err != nil {
			a.peer.t.Fatal(err)
		}
		var raw bytes.Buffer
		_, _ = raw.ReadFrom(body)
		for _, name := range []string{"Signature", "Digest", "Date"} {
			r.Header.Del(name)
		}
		if err := a.signer().SignPostRFC9421(r, raw.Bytes()); err != nil {
			a.peer.t.Fatal(err)
		}
		if change != nil {
			change(r)
		}
	}
}

// SIG-17: a key document that claims an owner who does not list the key, on the
// claimed owner's host and on another.
func TestKeyWithoutOwnersConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim := newPeer(t).actor("victim", 0)
	thief := *victim
	thief.key = keyPool()[1]
	for name, p := range map[string]*peer{"same host": victim.peer, "other host": newPeer(t)} {
		thief.keyID = p.base + "/keys/1"
		p.put("/keys/1", object{"id": thief.keyID, "owner": victim.id, "publicKeyPem": thief.key.pem})
		if code := w.a.send(&thief, victim.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
			t.Errorf("%s: answered %d, want 401", name, code)
		}
	}
	w.a.wants("follows", 0, followsBy, pgx.NamedArgs{"uri": victim.id})
}

// GoToSocial serves a stub at the key's own address; the owner's document has the key.
func TestKeyStub(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gus := newPeer(t).actor("gus", 0)
	gus.keyID = gus.id + "/main-key"
	gus.publish()
	gus.peer.put("/users/gus/main-key", object{"id": gus.id, "type": "Person", "preferredUsername": "gus",
		"publicKey": object{"id": gus.keyID, "owner": gus.id, "publicKeyPem": gus.key.pem}})
	w.a.deliver(gus, gus.activity("Follow", w.a.user.URI))
	w.a.wants("follows", 1, followsBy, pgx.NamedArgs{"uri": gus.id})
}

// SIG-19: a key's address that redirects to another host binds nothing.
func TestKeyElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := newPeer(t).actor("q", 0)
	p := newPeer(t)
	p.answer("/users/q", page{status: http.StatusFound, headers: map[string]string{"Location": q.id}})
	fake := &actor{peer: p, name: "q", id: p.base + "/users/q", keyID: p.base + "/users/q#main-key", key: q.key, now: time.Now, made: new(atomic.Int64)}
	if code := w.a.send(fake, fake.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", code)
	}
	w.a.wants("follows", 0, followsBy, pgx.NamedArgs{"uri": fake.id})
}

// SIG-20: a new key is found with one look at the actor; the old one is worth nothing then.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	for name, keyID := range map[string]string{"same id": "#main-key", "new id": "#next-key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v := newPeer(t).actor("v", 0)
			w.a.deliver(v, v.activity("Follow", w.a.user.URI))
			old := *v
			v.key, v.keyID = keyPool()[1], v.id+keyID
			v.publish()
			before := v.peer.count("/users/v")
			w.a.deliver(v, v.activity("Undo", v.activity("Follow", w.a.user.URI)))
			if n := v.peer.count("/users/v") - before; n != 1 {
				t.Errorf("the actor was read %d times, want once", n)
			}
			if code := w.a.send(&old, old.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
				t.Errorf("the old key: answered %d, want 401", code)
			}
		})
	}
}

// SIG-21: garbage in the name of a known key costs its server at most two requests.
func TestGarbageFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := newPeer(t).actor("v", 0)
	w.a.deliver(v, v.activity("Follow", w.a.user.URI))
	before := v.peer.total()
	liar := *v
	liar.key = keyPool()[1]
	parallel(200, 16, func(int) {
		if code := w.a.send(&liar, v.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
			t.Errorf("answered %d, want 401", code)
		}
	})
	if n := v.peer.total() - before; n > 2 {
		t.Errorf("%d requests reached the key's server, want 2 at most", n)
	}
}

// An actor's document is read only so often. Strangers who ask for keys that it does
// not list must not use that up for the one that it does.
func TestMadeUpKeysDoNotShutTheRealOneOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := newPeer(t).actor("v", 0)
	liar := *v
	liar.key = keyPool()[1]
	for n := range 5 {
		liar.keyID = fmt.Sprintf("%s#key-%d", v.id, n)
		if code := w.a.send(&liar, v.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
			t.Errorf("a key that is not there: answered %d, want 401", code)
		}
	}
	w.a.deliver(v, v.activity("Follow", w.a.user.URI))
	if n := v.peer.count("/users/v"); n > 3 {
		t.Errorf("the actor was read %d times", n)
	}
}

// A neighbour that lists the name of the victim's key as its own does not get it.
func TestKeyListedByNeighbour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	host := newPeer(t)
	v, p := host.actor("v", 0), host.actor("p", 1)
	p.publish(func(doc map[string]any) {
		doc["publicKey"] = []any{
			object{"id": p.keyID, "owner": p.id, "publicKeyPem": p.key.pem}, object{"id": v.keyID, "owner": p.id, "publicKeyPem": p.key.pem},
			object{"id": v.keyID, "owner": v.id, "publicKeyPem": p.key.pem},
		}
	})
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.deliver(v, v.activity("Follow", w.a.user.URI))
	forger := *v
	forger.key = p.key
	if code := w.a.send(&forger, v.activity("Undo", v.activity("Follow", w.a.user.URI))); code != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", code)
	}
}

// SIG-22: keys on a host that never answers hold up nobody for long.
func TestSilentKeyHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silent, good := newPeer(t), newPeer(t).actor("good", 0)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	silent.handle = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	start := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		parallel(200, 200, func(n int) {
			a := &actor{peer: silent, name: "x", id: fmt.Sprintf("%s/users/%d", silent.base, n), key: keyPool()[0], now: time.Now, made: new(atomic.Int64)}
			a.keyID = a.id + "#main-key"
			if code := w.a.send(a, a.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
				t.Errorf("answered %d, want 401", code)
			}
		})
	}()
	if code := w.a.send(good, good.activity("Follow", w.a.user.URI)); code != http.StatusAccepted {
		t.Errorf("a good server meanwhile: answered %d", code)
	}
	<-done
	// Five seconds for the key; two hundred signatures and answers on a busy machine. One
	// after the other, sixteen at a time, they would take a minute.
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("all were answered after %v, want 30 s at most", took)
	}
}

// SIG-25: what was signed for one tenant is worth nothing at another.
func TestReplayToOtherTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	follow := p.activity("Follow", w.a.user.URI)
	w.a.deliver(p, follow)
	captured := p.request(t, w.a.url("/inbox"), follow)
	captured.URL.Host = "b.test"
	if code := w.do(captured); code != http.StatusUnauthorized {
		t.Errorf("answered %d, want 401", code)
	}
}

// SIG-24: the same request once more has no second effect.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	follow := p.activity("Follow", w.a.user.URI)
	for range 3 {
		w.a.deliver(p, follow)
	}
	w.a.wants("follows", 1, followsBy, pgx.NamedArgs{"uri": p.id})
	w.a.wants("notifications", 1, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id`, nil)
}

func parallel(n, at int, fn func(int)) {
	slots := make(chan struct{}, at)
	var wait sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			fn(i)
		})
	}
	wait.Wait()
}
