package signature_test

import (
	"bytes"
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/federation/signature"
)

// onWire writes a signed request the way the client does and parses it the way a server does.
func onWire(t testing.TB, req *http.Request) *http.Request {
	t.Helper()
	var wire bytes.Buffer
	if err := req.Write(&wire); err != nil {
		t.Fatal(err)
	}
	return parse(t, wire.String())
}

func outgoing(t testing.TB, method, url, content string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if content != "" {
		req.Header.Set("Content-Type", "application/activity+json")
	}
	return req
}

func TestSignedRequestsVerify(t *testing.T) {
	t.Parallel()
	schemes := map[string]struct {
		post func(*signature.Signer, *http.Request, []byte) error
		get  func(*signature.Signer, *http.Request) error
		now  time.Time
	}{
		"draft-cavage": {(*signature.Signer).SignPost, (*signature.Signer).SignGet, now},
		"rfc9421":      {(*signature.Signer).SignPostRFC9421, (*signature.Signer).SignGetRFC9421, time.Now()},
	}
	keys := map[string]crypto.Signer{"RSA": rsaKey(), "Ed25519": edKey()}
	targets := []string{"", "/", "/users/alice/inbox", "/users/al%69ce/inbox", "/a%2Fb?x=%41&y=ü", "/?author=1", "/p?"}
	for scheme, s := range schemes {
		for kind, key := range keys {
			t.Run(scheme+" "+kind, func(t *testing.T) {
				t.Parallel()
				signer, err := signature.NewSigner(keyID, key, func() time.Time { return now })
				if err != nil {
					t.Fatal(err)
				}
				policy := signature.Policy{Host: host, URLScheme: "https", Now: s.now}
				for _, target := range targets {
					post := outgoing(t, http.MethodPost, "https://"+host+target, body)
					get := outgoing(t, http.MethodGet, "https://"+host+target, "")
					if err := s.post(signer, post, []byte(body)); err != nil {
						t.Fatalf("sign POST %q: %v", target, err)
					}
					if err := s.get(signer, get); err != nil {
						t.Fatalf("sign GET %q: %v", target, err)
					}
					for _, req := range []*http.Request{onWire(t, post), onWire(t, get)} {
						content := body
						if req.Method == http.MethodGet {
							content = ""
						}
						parsed, err := signature.Inspect(req, []byte(content), policy)
						if err != nil {
							t.Fatalf("inspect %s %q: %v", req.Method, target, err)
						}
						if err := parsed.Verify(key.Public()); err != nil {
							t.Errorf("verify %s %q: %v", req.Method, target, err)
						}
					}
				}
			})
		}
	}
}

func TestSignTwiceReplaces(t *testing.T) {
	t.Parallel()
	signer := must(signature.NewSigner(keyID, rsaKey(), func() time.Time { return now }))
	req := outgoing(t, http.MethodPost, "https://"+host+"/inbox", body)
	for _, sign := range []func(*http.Request, []byte) error{signer.SignPostRFC9421, signer.SignPost, signer.SignPost} {
		if err := sign(req, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := verify(onWire(t, req), body, rsaKey().Public()); err != nil {
		t.Errorf("verify = %v", err)
	}
}

// What others are known to demand of the headers we send.
func TestHeadersOthersExpect(t *testing.T) {
	t.Parallel()
	signer := must(signature.NewSigner(keyID, rsaKey(), func() time.Time { return now }))
	req := outgoing(t, http.MethodPost, "https://"+host+"/inbox", body)
	if err := signer.SignPost(req, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if got := req.Header.Get("Digest"); got != digestOf(body) {
		t.Errorf("Digest = %q", got)
	}
	want := `keyId="` + keyID + `",algorithm="rsa-sha256",headers="(request-target) host date digest content-type",signature="`
	if got := req.Header.Get("Signature"); !strings.HasPrefix(got, want) {
		t.Errorf("Signature = %q; want prefix %q", got, want)
	}
	if got := req.Header.Get("Date"); got != now.Format(http.TimeFormat) {
		t.Errorf("Date = %q", got)
	}
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	if _, err := signature.NewSigner(keyID, weak(), nil); err == nil {
		t.Error("a weak key was taken")
	}
	if _, err := signature.NewSigner(`x",y="`, rsaKey(), nil); err == nil {
		t.Error("a key id that breaks out of its quotes was taken")
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, req := range map[string]*http.Request{"cavage": good().request(b), "rfc9421": goodModern().request(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(req, body, rsaKey().Public()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey(), "Ed25519": edKey()} {
		b.Run(name, func(b *testing.B) {
			signer := must(signature.NewSigner(keyID, key, nil))
			req := outgoing(b, http.MethodPost, "https://"+host+"/inbox", body)
			b.ReportAllocs()
			for b.Loop() {
				if err := signer.SignPost(req, []byte(body)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
