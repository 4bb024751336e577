package signature_test

import (
	"bufio"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/federation/signature"
)

// now is when all requests of these tests arrive.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	host  = "social.example.org"
	keyID = "https://peer.test/users/p#main-key"
	body  = `{"type":"Follow","actor":"https://peer.test/users/p"}`
)

var policy = signature.Policy{Host: host, URLScheme: "https", Now: now}

// Keys are slow to make, so the tests share them.
var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(signature.GenerateRSA()) })
	edKey  = sync.OnceValue(func() ed25519.PrivateKey { return must(signature.GenerateEd25519()) })
	weak   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// peer is a signer written for the tests alone, which can be told to do
// everything wrong. It shares no code with the package.
type peer struct {
	method, target, host string
	body, digest         string // body as sent; digest as in the header
	date                 string
	covered              string // the headers parameter
	created, expires     int64
	algorithm            string
	signTarget           string // what is signed in place of target
	key                  crypto.Signer
	wrap                 func(params map[string]string) string // makes the Signature header
	extra                string                                // further header lines
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// good is a peer that does everything right.
func good() *peer {
	return &peer{
		method: http.MethodPost, target: "/users/alice/inbox", host: host, body: body, digest: digestOf(body),
		date: now.Format(http.TimeFormat), covered: "(request-target) host date digest", algorithm: "rsa-sha256", key: rsaKey(),
	}
}

func signBytes(key crypto.Signer, data []byte) []byte {
	if key, ok := key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(key, data)
	}
	sum := sha256.Sum256(data)
	return must(key.Sign(rand.Reader, sum[:], crypto.SHA256))
}

func (p *peer) signingString() string {
	target := p.target
	if p.signTarget != "" {
		target = p.signTarget
	}
	values := map[string]string{
		"(request-target)": strings.ToLower(p.method) + " " + target,
		"(created)":        fmt.Sprint(p.created), "(expires)": fmt.Sprint(p.expires),
		"host": p.host, "date": p.date, "digest": p.digest,
		"content-type": "application/activity+json", "content-length": fmt.Sprint(len(p.body)),
	}
	var lines []string
	for name := range strings.FieldsSeq(p.covered) {
		lines = append(lines, name+": "+values[name])
	}
	return strings.Join(lines, "\n")
}

// params of the Signature header, unquoted.
func (p *peer) params() map[string]string {
	params := map[string]string{
		"keyId": keyID, "algorithm": p.algorithm, "headers": p.covered,
		"signature": base64.StdEncoding.EncodeToString(signBytes(p.key, []byte(p.signingString()))),
	}
	return params
}

func plainHeader(params map[string]string) string {
	return fmt.Sprintf(`keyId="%s",algorithm="%s",headers="%s",signature="%s"`,
		params["keyId"], params["algorithm"], params["headers"], params["signature"])
}

// request puts the request through net/http's parser, as a server would get it.
func (p *peer) request(t testing.TB) *http.Request {
	t.Helper()
	wrap := p.wrap
	if wrap == nil {
		wrap = func(params map[string]string) string { return "Signature: " + plainHeader(params) + p.times() }
	}
	lines := []string{p.method + " " + p.target + " HTTP/1.1", "Host: " + p.host}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, name+": "+value)
		}
	}
	add("Date", p.date)
	add("Digest", p.digest)
	add("Content-Type", "application/activity+json")
	add("Content-Length", fmt.Sprint(len(p.body)))
	lines = append(lines, wrap(p.params()))
	if p.extra != "" {
		lines = append(lines, p.extra)
	}
	return parse(t, strings.Join(lines, "\r\n")+"\r\n\r\n"+p.body)
}

func (p *peer) times() string {
	var s string
	if p.created != 0 {
		s += fmt.Sprintf(",created=%d", p.created)
	}
	if p.expires != 0 {
		s += fmt.Sprintf(",expires=%d", p.expires)
	}
	return s
}

func parse(t testing.TB, wire string) *http.Request {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		t.Fatalf("parse request: %v", err)
	}
	return req
}

// verify is both steps in one.
func verify(req *http.Request, body string, pub crypto.PublicKey) error {
	parsed, err := signature.Inspect(req, []byte(body), policy)
	if err != nil {
		return err
	}
	return parsed.Verify(pub)
}
