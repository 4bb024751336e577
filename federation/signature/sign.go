package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-fed/httpsig"
)

// Signer signs requests with one key. Make it once a key and keep it: it is
// safe for concurrent use, and reading a key from PEM costs as much as a
// signature.
type Signer struct {
	keyID string
	key   crypto.Signer
	now   func() time.Time
}

// NewSigner makes a Signer. The keyID is the id of the public key as the actor
// document lists it. The clock may be nil.
func NewSigner(keyID string, key crypto.Signer, now func() time.Time) (*Signer, error) {
	switch key.(type) {
	case *rsa.PrivateKey, ed25519.PrivateKey:
	default:
		return nil, fmt.Errorf("new signer: keys of type %T are not supported", key)
	}
	if err := checkPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("new signer: %w", err)
	}
	if keyID == "" || strings.ContainsAny(keyID, "\",\\ \r\n") {
		return nil, fmt.Errorf("new signer: bad key id %q", keyID)
	}
	if now == nil {
		now = time.Now
	}
	return &Signer{keyID: keyID, key: key, now: now}, nil
}

// KeyID is the id of the public key.
func (s *Signer) KeyID() string { return s.keyID }

// SignPost signs a request with a body by draft-cavage: it sets Date, Digest
// and Signature. The body must be the bytes that will be sent.
func (s *Signer) SignPost(req *http.Request, body []byte) error {
	req.Header.Set("Digest", digestHeader(body))
	covered := []string{requestTarget, "host", "date", "digest"}
	if req.Header.Get("Content-Type") != "" {
		covered = append(covered, "content-type")
	}
	return s.signCavage(req, covered)
}

// SignGet signs a request without a body by draft-cavage: it sets Date and
// Signature.
func (s *Signer) SignGet(req *http.Request) error {
	return s.signCavage(req, []string{requestTarget, "host", "date"})
}

// signCavage signs a copy made for the library, which reads Host from the
// headers and writes the path decoded, and takes over what came out.
func (s *Signer) signCavage(req *http.Request, covered []string) error {
	req.Header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	copied := http.Header{"Host": {requestHost(req)}}
	for _, name := range covered {
		if value, ok := headerValue(req, name); ok && name != "host" && name != requestTarget {
			copied.Set(name, value)
		}
	}
	algorithm, name := httpsig.RSA_SHA256, "rsa-sha256"
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		algorithm, name = httpsig.ED25519, "hs2019"
	}
	// Not kept: the library's signer holds a hash and is not safe for concurrent use.
	signer, _, err := httpsig.NewSigner([]httpsig.Algorithm{algorithm}, httpsig.DigestSha256, covered, httpsig.Signature, 0)
	if err != nil {
		return fmt.Errorf("sign %s %s: %w", req.Method, req.URL, err)
	}
	shown := &http.Request{Method: req.Method, URL: &url.URL{Path: pathAndQuery(req.URL)}, Header: copied}
	if err := signer.SignRequest(s.key, s.keyID, shown, nil); err != nil {
		return fmt.Errorf("sign %s %s: %w", req.Method, req.URL, err)
	}
	// The library always writes hs2019. Older verifiers take that for RSA with
	// SHA-512; all of them know rsa-sha256, which is what Mastodon writes.
	signature := strings.Replace(copied.Get("Signature"), `algorithm="hs2019"`, `algorithm="`+name+`"`, 1)
	req.Header.Del("Signature-Input")
	req.Header.Set("Signature", signature)
	return nil
}

// requestHost is the Host header net/http will send.
func requestHost(req *http.Request) string {
	if req.Host != "" {
		return req.Host
	}
	return req.URL.Host
}
