package inbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	encoding "encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
)

func pemOf(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(encoding.EncodeToMemory(&encoding.Block{Type: kind, Bytes: der}))
}

// SIG-28: keys that are none, or none that a signature may be made with: 401, and
// whatever comes next works.
func TestStrangeKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t)
	private := keyPool()[0].private
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	secret := pemOf("PRIVATE KEY", pkcs8, err)
	spki, err := x509.MarshalPKIXPublicKey(curve.Public())
	elliptic := pemOf("PUBLIC KEY", spki, err)
	n := 0
	for name, list := range map[string]any{
		"private":          object{"publicKeyPem": secret},
		"private, PKCS #1": object{"publicKeyPem": pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private), nil)},
		"elliptic":         object{"publicKeyPem": elliptic},
		"empty":            object{"publicKeyPem": ""},
		"a number":         object{"publicKeyPem": 7},
		"a list":           []any{nil, 7, "x", []any{}, object{"publicKeyPem": []any{}}},
		"a megabyte":       object{"publicKeyPem": strings.Repeat("A", 1<<20-4096)},
		"text":             "x",
	} {
		n++
		a := p.actor(fmt.Sprintf("u%d", n), 0)
		a.publish(func(doc map[string]any) {
			if one, ok := list.(object); ok {
				one["id"], one["owner"] = a.keyID, a.id
			}
			doc["publicKey"] = list
		})
		if code := w.a.send(a, a.activity("Follow", w.a.user.URI)); code != http.StatusUnauthorized {
			t.Errorf("%s: answered %d, want 401", name, code)
		}
		w.a.wants("follows with the key "+name, 0, followsBy, pgx.NamedArgs{"uri": a.id})
	}
	good := p.actor("good", 0)
	w.a.deliver(good, good.activity("Follow", w.a.user.URI))
}

// SIG-29: a signature inside the document proves nothing, whatever shapes of JSON-LD
// stand around it and however the request itself is signed.
func TestSignaturesInDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, p := newPeer(t).actor("v", 0), newPeer(t).actor("p", 1)
	inside := object{"type": "RsaSignature2017", "creator": v.keyID, "created": "2026-11-21T00:00:00Z", "signatureValue": "AAAA"}
	follow := v.activity("Follow", w.a.user.URI)
	for name, more := range map[string]object{
		"plain": {}, "graph": {"@graph": []any{follow}}, "included": {"@included": []any{follow}}, "reverse": {"@reverse": object{"actor": follow}},
	} {
		body := v.activity("Follow", w.a.user.URI, object{"signature": inside}, more)
		unsigned := v.request(t, w.a.url("/inbox"), body)
		unsigned.Header.Del("Signature")
		broken := v.request(t, w.a.url("/inbox"), body)
		remake(broken, func(s string) string { return strings.Replace(s, `signature="`, `signature="AAAA`, 1) })
		forwarded := p.request(t, w.a.url("/inbox"), body) // as a relay would
		for how, req := range map[string]*http.Request{"unsigned": unsigned, "mis-signed": broken, "signed by another": forwarded} {
			if code := w.do(req); code != http.StatusUnauthorized {
				t.Errorf("%s, %s: answered %d, want 401", name, how, code)
			}
		}
	}
	w.a.settle()
	w.a.wants("stored activities", 0, `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id`, nil)
	w.a.wants("accounts", 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": v.id})
	// What stands around an activity that is signed by HTTP is not read as one more.
	w.a.deliver(p, p.activity("Follow", w.a.user.URI, object{"@graph": []any{follow}, "@included": []any{follow}, "@reverse": object{"actor": follow}}))
	w.a.wants("follows by the victim", 0, followsBy, pgx.NamedArgs{"uri": v.id})
}

// SIG-14: the target is what stood on the wire, byte by byte. An escaped path is another
// path, so that no route matches it (404); an escaped query leaves the route as it is, and
// then the signature over the escaped form is good and one over the decoded form is not.
func TestEscapedTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t)
	id := ids.Format(int64(w.a.user.ID))
	escapedID := fmt.Sprintf("%%%02x", id[0]) + id[1:]
	for n, tt := range []struct {
		path, signed string
		want         int
	}{
		{"/inbox?a=%69&b=%2F", "", 202},
		{"/inbox?a=%69&b=%2F", "/inbox?a=i&b=/", 401},
		{"/inbox?", "", 202},
		{"/inbox?a=%zz", "", 202},
		{"/ap/actors/" + escapedID + "/inbox", "", 404},
		{"/ap/actors/" + escapedID + "/inbox", "/ap/actors/" + id + "/inbox", 404},
		{"/ap/actors/" + id + "%2Finbox", "", 404},
		{"/%2Finbox", "", 404},
	} {
		a := p.actor(fmt.Sprintf("u%d", n), 0)
		req := a.request(t, w.a.url(tt.path), a.activity("Follow", w.a.user.URI))
		if tt.signed != "" {
			other := a.request(t, w.a.url(tt.signed), a.activity("Follow", w.a.user.URI))
			for _, name := range []string{"Signature", "Date", "Digest"} {
				req.Header[name] = other.Header[name]
			}
			req.Body, req.GetBody, req.ContentLength = other.Body, other.GetBody, other.ContentLength
		}
		if code := w.do(req); code != tt.want {
			t.Errorf("%s signed as %q: answered %d, want %d", tt.path, tt.signed, code, tt.want)
		}
	}
}
