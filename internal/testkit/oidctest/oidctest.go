// Package oidctest is an OpenID Connect provider with keys of its own that answers as a test
// says: also with what a real one never would.
//
// Tests alone import it. It must not be kinder than a real provider: codes are used once,
// PKCE and the client's secret are checked.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// The client that it knows.
const (
	ClientID = "rookery client"
	Secret   = "s3cret: with+odd/characters"
)

// Provider is one provider.
type Provider struct {
	t      testing.TB
	server *httptest.Server
	key    *rsa.PrivateKey

	mu       sync.Mutex
	issuer   string
	document map[string]any
	claims   map[string]any
	info     map[string]any
	change   func(header, claims map[string]any)
	alg      string
	down     bool
	codes    map[string]url.Values
	asked    map[string]int
}

// New starts a provider on loopback, over plain http.
func New(t testing.TB) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{t: t, key: key, alg: "RS256", codes: map[string]url.Values{}, asked: map[string]int{}}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	p.SetIssuer(p.server.URL)
	return p
}

// URL is where it listens.
func (p *Provider) URL() string { return p.server.URL }

// SetIssuer makes it call itself something else.
func (p *Provider) SetIssuer(issuer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.issuer = issuer
	p.document = map[string]any{
		"issuer": issuer, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"userinfo_endpoint": p.server.URL + "/userinfo", "jwks_uri": p.server.URL + "/keys", "response_types_supported": []string{"code"},
		"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"}, "subject_types_supported": []string{"public"},
	}
}

// SetDocument changes a part of what it says of itself; nil takes it out.
func (p *Provider) SetDocument(name string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if value == nil {
		delete(p.document, name)
		return
	}
	p.document[name] = value
}

// SetPerson says who is signed in there: sub, email and so on.
func (p *Provider) SetPerson(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = claims
}

// SetInfo is what the UserInfo endpoint says.
func (p *Provider) SetInfo(info map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info = info
}

// Change lets a test forge the next tokens: their header and claims before they are signed.
func (p *Provider) Change(fn func(header, claims map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = fn
}

// SetAlg says how tokens are signed: RS256, HS256 with the client's secret, or none.
func (p *Provider) SetAlg(alg string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alg = alg
}

// SetDown makes it answer 503 to everything.
func (p *Provider) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Asked is how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Approve is what somebody's browser gets who is sent there and says yes: the address that
// it is sent back to.
func (p *Provider) Approve(address string) string {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": ClientID, "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			p.t.Fatalf("%s is %q in %s, want %q", name, q.Get(name), address, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge", "redirect_uri"} {
		if q.Get(name) == "" {
			p.t.Fatalf("no %s in %s", name, address)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := rand.Text()
	p.codes[code] = q
	return q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	switch {
	case p.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/openid-configuration":
		answer(w, http.StatusOK, p.document)
	case r.URL.Path == "/keys":
		answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "use": "sig", "kid": "1", "alg": "RS256", "n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	case r.URL.Path == "/userinfo" && r.Header.Get("Authorization") == "Bearer access" && p.info != nil:
		answer(w, http.StatusOK, p.info)
	case r.URL.Path == "/token" && r.Method == http.MethodPost:
		p.token(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	// RFC 6749 section 2.3.1: both are form-encoded before they are put into the header.
	if id != url.QueryEscape(ClientID) || secret != url.QueryEscape(Secret) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	q, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || q.Get("code_challenge") != encode(sum[:]) || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "<b>no</b>"})
		return
	}
	now := time.Now()
	header := map[string]any{"alg": p.alg, "kid": "1", "typ": "JWT"}
	claims := map[string]any{
		"iss": p.issuer, "aud": ClientID, "nonce": q.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "amr": []string{"pwd", "mfa"},
	}
	maps.Copy(claims, p.claims)
	if p.change != nil {
		p.change(header, claims)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": p.sign(header, claims)})
}

func (p *Provider) sign(header, claims map[string]any) string {
	text := encode(marshal(header)) + "." + encode(marshal(claims))
	if header["alg"] == "none" {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + encode(signature)
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func encode(b []byte) string { return strings.TrimRight(base64.URLEncoding.EncodeToString(b), "=") }

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(v))
}
