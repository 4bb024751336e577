package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// s256Length is the length of a SHA-256 in unpadded base64url.
const s256Length = 43

// provesChallenge reports whether a verifier belongs to a challenge (RFC 7636
// section 4.6). A verifier for a code without challenge is refused too: an attacker
// may have stripped the challenge (RFC 9700 section 2.1.1).
func provesChallenge(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	const shortest, longest = 43, 128
	if len(verifier) < shortest || len(verifier) > longest {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

func isBase64URL(s string) bool {
	_, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil
}
