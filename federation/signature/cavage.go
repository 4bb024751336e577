package signature

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-fed/httpsig"
)

// Pseudo-headers of draft-cavage section 2.3.
const (
	requestTarget = "(request-target)"
	createdField  = "(created)"
	expiresField  = "(expires)"
)

// cavageInput is what the signature of one request covers, ready to be checked against a key.
type cavageInput struct {
	method    string
	targets   []string          // the raw target, then the raw target without its query
	covered   []string          // lower case, in the signer's order
	values    map[string]string // of the covered headers
	created   int64
	expires   int64
	signature string // base64
}

// inspectCavage does for draft-cavage what Inspect promises.
func inspectCavage(req *http.Request, body []byte, policy Policy) (*Parsed, error) {
	header, err := cavageHeader(req.Header)
	if err != nil {
		return nil, err
	}
	params, err := parseParameters(header)
	if err != nil {
		return nil, err
	}
	if err := checkParameters(params); err != nil {
		return nil, err
	}
	in, err := collect(req, params)
	if err != nil {
		return nil, err
	}
	if err := checkCoverage(in, req.Method); err != nil {
		return nil, err
	}
	signed, err := signingTime(in, policy.Now)
	if err != nil {
		return nil, err
	}
	if digest, ok := in.values["digest"]; ok {
		if err := checkDigest(digest, body); err != nil {
			return nil, err
		}
	}
	return &Parsed{KeyID: params.keyID, Scheme: Cavage, Signed: signed, check: in.verify}, nil
}

// checkParameters refuses what cannot be a signature by an asymmetric key. The
// algorithm parameter is otherwise ignored: the key decides (draft-cavage-12
// section 2.2), or an attacker would.
func checkParameters(p parameters) error {
	switch {
	case p.keyID == "" || len(p.keyID) > maxKeyIDSize:
		return malformed("The Signature header has no usable keyId.")
	case p.signature == "":
		return malformed("The Signature header has no signature.")
	case p.headers == "":
		return refuse("The signature does not say what it covers.")
	case strings.HasPrefix(strings.ToLower(p.algorithm), "hmac"):
		return refuse("Signatures with shared secrets are not accepted.")
	}
	if _, err := base64.StdEncoding.DecodeString(p.signature); err != nil {
		return malformed("The signature is not base64.")
	}
	return nil
}

// collect gathers what the signature covers.
func collect(req *http.Request, p parameters) (*cavageInput, error) {
	in := &cavageInput{method: req.Method, signature: p.signature, covered: strings.Fields(strings.ToLower(p.headers))}
	if len(in.covered) > maxComponents {
		return nil, malformed("The signature covers too many headers.")
	}
	in.values = make(map[string]string, len(in.covered))
	for _, name := range in.covered {
		var err error
		switch {
		case name == requestTarget:
		case name == createdField:
			in.created, err = parseUnix(p.created)
		case name == expiresField:
			in.expires, err = parseUnix(p.expires)
		case !isToken(name):
			err = malformed("The signature covers something that is no header.")
		default:
			value, ok := headerValue(req, name)
			if !ok {
				err = refuse("The signature covers a header that is not there.")
			}
			in.values[name] = value
		}
		if err != nil {
			return nil, err
		}
	}
	// An end that is stated but not covered still ends it: nobody gains by shortening.
	if in.expires == 0 && p.expires != "" {
		expires, err := parseUnix(p.expires)
		if err != nil {
			return nil, err
		}
		in.expires = expires
	}
	target := rawTarget(req)
	in.targets = []string{target}
	if path, _, ok := splitTarget(target); ok {
		// Some software signs without the query; Mastodon takes both.
		in.targets = append(in.targets, path)
	}
	return in, nil
}

func parseUnix(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > 1<<40 {
		return 0, malformed("The signature gives a time that is none.")
	}
	return n, nil
}

// checkCoverage refuses a signature that leaves open what must not be changed:
// method and target, host, time, and the body where there is one.
func checkCoverage(in *cavageInput, method string) error {
	required := []string{requestTarget, "host"}
	if hasBody(method) {
		required = append(required, "digest")
	}
	for _, name := range required {
		if !slices.Contains(in.covered, name) {
			return refuse("The signature does not cover " + name + ".")
		}
	}
	if !slices.Contains(in.covered, "date") && !slices.Contains(in.covered, createdField) {
		return refuse("The signature does not cover a time.")
	}
	return nil
}

// signingTime checks every time that is covered and returns the one that counts.
func signingTime(in *cavageInput, now time.Time) (time.Time, error) {
	var signed time.Time
	if in.expires != 0 {
		if err := checkExpiry(time.Unix(in.expires, 0), now); err != nil {
			return signed, err
		}
	}
	if in.created != 0 {
		signed = time.Unix(in.created, 0)
		if err := checkTime(signed, now); err != nil {
			return signed, err
		}
	}
	if date, ok := in.values["date"]; ok {
		parsed, err := http.ParseTime(date)
		if err != nil {
			return signed, refuse("The Date header cannot be read.")
		}
		if err := checkTime(parsed, now); err != nil {
			return signed, err
		}
		signed = parsed
	}
	return signed, nil
}

// verify checks the signature against a key whose type and size are known to be good.
func (in *cavageInput) verify(pub crypto.PublicKey) error {
	for _, target := range in.targets {
		if in.verifyTarget(pub, target) == nil {
			return nil
		}
	}
	return refuse("The signature is not that of the key.")
}

// verifyTarget checks for one form of the target. The library is shown a
// request made for it: Path holds the raw target because the library writes it
// out as it stands, and the Signature header is in the one form it can read.
//
// It compares (created) and (expires) with the clock of the process and ten
// seconds' patience, so signatures that cover them go another way.
func (in *cavageInput) verifyTarget(pub crypto.PublicKey, target string) error {
	if slices.Contains(in.covered, createdField) || slices.Contains(in.covered, expiresField) {
		return verifyBytes(pub, in.signingString(target), in.signature)
	}
	header := make(http.Header, len(in.values)+1)
	for name, value := range in.values {
		header.Set(name, value)
	}
	header.Set("Signature", `keyId="key",headers="`+strings.Join(in.covered, " ")+`",signature="`+in.signature+`"`)
	verifier, err := httpsig.NewVerifier(&http.Request{Method: in.method, URL: &url.URL{Path: target}, Header: header})
	if err != nil {
		return err
	}
	algorithm := httpsig.RSA_SHA256
	if _, ok := pub.(ed25519.PublicKey); ok {
		algorithm = httpsig.ED25519
	}
	return verifier.Verify(pub, algorithm)
}

// signingString is draft-cavage section 2.3.
func (in *cavageInput) signingString(target string) []byte {
	var b bytes.Buffer
	for i, name := range in.covered {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name)
		b.WriteString(": ")
		switch name {
		case requestTarget:
			b.WriteString(strings.ToLower(in.method) + " " + target)
		case createdField:
			b.WriteString(strconv.FormatInt(in.created, 10))
		case expiresField:
			b.WriteString(strconv.FormatInt(in.expires, 10))
		default:
			b.WriteString(in.values[name])
		}
	}
	return b.Bytes()
}

// verifyBytes checks a base64 signature over data.
func verifyBytes(pub crypto.PublicKey, data []byte, encoded string) error {
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	switch key := pub.(type) {
	case *rsa.PublicKey:
		sum := sha256.Sum256(data)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	case ed25519.PublicKey:
		if ed25519.Verify(key, data, signature) {
			return nil
		}
	}
	return rsa.ErrVerification
}
