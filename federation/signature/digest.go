package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/dunglas/httpsfv"
)

// digestHeader is the Digest of a body (RFC 3230). The algorithm is in upper
// case because Threads does not know it otherwise.
func digestHeader(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// contentDigestHeader is the Content-Digest of a body (RFC 9530).
func contentDigestHeader(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// checkDigest compares a Digest header with the bytes received. Other
// algorithms may stand beside SHA-256 and are not looked at; two SHA-256
// values are refused.
func checkDigest(header string, body []byte) error {
	var found string
	for part := range strings.SplitSeq(header, ",") {
		algorithm, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return malformed("The Digest header cannot be read.")
		}
		if !strings.EqualFold(algorithm, "sha-256") {
			continue
		}
		if found != "" {
			return malformed("The Digest header gives SHA-256 twice.")
		}
		found = value
	}
	if found == "" {
		return refuse("The Digest header lacks SHA-256.")
	}
	given, err := base64.StdEncoding.DecodeString(found)
	if err != nil {
		return malformed("The Digest header cannot be read.")
	}
	return compareDigest(given, body)
}

// checkContentDigest compares a Content-Digest header with the bytes received.
func checkContentDigest(header string, body []byte) error {
	dictionary, err := httpsfv.UnmarshalDictionary([]string{header})
	if err != nil {
		return malformed("The Content-Digest header cannot be read.")
	}
	member, ok := dictionary.Get("sha-256")
	if !ok {
		return refuse("The Content-Digest header lacks sha-256.")
	}
	item, ok := member.(httpsfv.Item)
	if !ok {
		return malformed("The Content-Digest header cannot be read.")
	}
	given, ok := item.Value.([]byte)
	if !ok {
		return malformed("The Content-Digest header cannot be read.")
	}
	return compareDigest(given, body)
}

func compareDigest(given, body []byte) error {
	sum := sha256.Sum256(body)
	if !bytes.Equal(given, sum[:]) {
		return refuse("The digest is not that of the body.")
	}
	return nil
}
