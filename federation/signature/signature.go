// Package signature signs requests and verifies those of others: draft-cavage
// HTTP signatures (what the fediverse speaks), RFC 9421 (what it is moving to),
// digests of bodies, and the formats keys are published in.
//
// It is the only package that imports the two signature libraries, because
// neither is safe alone: it adds the policy they lack (SECURITY.md rule 1).
// Called by federation/inbox and every route that reads a signed GET (Inspect,
// then Parsed.Verify), by federation/deliver and federation/fetch (Signer), and
// by social/account (keys).
//
// It must not look keys up, know actors or tenants, or touch the network or the
// database: the caller finds the key for Parsed.KeyID and checks that its owner
// is the actor of the activity.
package signature

import (
	"crypto"
	"net/http"
	"time"

	"rookery/internal/fault"
)

// How far the time of a signature may lie from ours. Mastodon
// (signed_request.rb) takes 12 hours back and one ahead.
const (
	maxAge   = 12 * time.Hour
	maxAhead = time.Hour
	// expirySlack forgives small differences between clocks when the signer says itself how long the signature is good.
	expirySlack = 30 * time.Second
)

// Sizes above which a signature is refused unread. Real ones stay far below.
const (
	maxHeaderSize = 8 << 10
	maxKeyIDSize  = 2 << 10
	maxComponents = 32
)

// Scheme says which of the two standards a request was signed with.
type Scheme string

// The schemes.
const (
	Cavage  Scheme = "draft-cavage"
	RFC9421 Scheme = "rfc9421"
)

// Policy is what the receiver knows about itself and the moment. The verifier
// never takes it from the request.
type Policy struct {
	// Host is the canonical host (with port if it is not the scheme's own) of the
	// tenant the request is for. A request signed for another host is refused, so
	// that it cannot be replayed from one tenant to another.
	Host string
	// URLScheme is "https", or "http" in development: what the signer saw in front of any proxy.
	URLScheme string
	// Now is the time of arrival.
	Now time.Time
}

// Parsed is a request whose signature has passed every check that needs no key.
// It says nothing about who sent it until Verify has returned nil.
type Parsed struct {
	// KeyID names the key, as the sender wrote it. Not trusted: a hint for the lookup.
	KeyID string
	// Scheme is the standard the request was signed with.
	Scheme Scheme
	// Signed is when the sender says it signed.
	Signed time.Time

	check func(pub crypto.PublicKey) error
}

// Inspect reads the signature of a request and does all checks that need no
// key: shape, coverage, time, host, and that the digest is that of body, which
// must be the bytes as received. It keeps nothing of req and does not read its
// body.
//
// Errors are fault.Malformed when the headers cannot be read and
// fault.Unauthorized for all else: senders try their other scheme on 400 and
// 401 alone.
func Inspect(req *http.Request, body []byte, policy Policy) (*Parsed, error) {
	if !sameHost(req.Host, policy.Host, policy.URLScheme) {
		return nil, refuse("The request was signed for another host.")
	}
	if len(req.Header["Signature-Input"]) > 0 {
		return inspectRFC9421(req, body, policy)
	}
	return inspectCavage(req, body, policy)
}

// Verify checks the signature itself against the key found for KeyID. The error
// is fault.Unauthorized.
func (p *Parsed) Verify(pub crypto.PublicKey) error {
	if err := checkPublicKey(pub); err != nil {
		return err
	}
	return p.check(pub)
}

// IsSigned reports whether a request carries a signature, good or bad. Routes
// that are open to all use it to skip verification of unsigned readers.
func IsSigned(req *http.Request) bool {
	return len(req.Header["Signature"]) > 0 || len(req.Header["Signature-Input"]) > 0 || len(signatureCredentials(req.Header)) > 0
}

// hasBody says whether the method is one whose body counts, so that a digest must be covered.
func hasBody(method string) bool {
	return method != http.MethodGet && method != http.MethodHead
}

// checkTime refuses a time of signing outside the window.
func checkTime(signed, now time.Time) error {
	switch {
	case now.Sub(signed) > maxAge:
		return refuse("The signature is too old.")
	case signed.Sub(now) > maxAhead:
		return refuse("The signature was made in the future.")
	}
	return nil
}

// checkExpiry refuses a signature past the end its signer gave it.
func checkExpiry(expires, now time.Time) error {
	if now.Sub(expires) > expirySlack {
		return refuse("The signature has expired.")
	}
	return nil
}

func refuse(text string) error    { return fault.New(fault.Unauthorized, text) }
func malformed(text string) error { return fault.New(fault.Malformed, text) }
