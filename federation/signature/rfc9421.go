package signature

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
	httpsig "github.com/remitly-oss/httpsig-go"
)

// signedMessage is one RFC 9421 signature and what it covers.
type signedMessage struct {
	label   string
	covered []string
	params  *httpsfv.Params
}

// inspectRFC9421 does for RFC 9421 what Inspect promises. Everything the
// library would read is checked here first: it looks the key up in the middle
// of its work, and it panics on parameters of a wrong type.
func inspectRFC9421(req *http.Request, body []byte, policy Policy) (*Parsed, error) {
	if len(signatureCredentials(req.Header)) > 0 {
		return nil, malformed("The request carries more than one signature.")
	}
	message, err := readSignatureInput(req.Header)
	if err != nil {
		return nil, err
	}
	keyID, signed, err := checkMetadata(message.params, policy.Now)
	if err != nil {
		return nil, err
	}
	if err := checkComponents(message.covered, req); err != nil {
		return nil, err
	}
	if digest, ok := headerValue(req, "content-digest"); ok {
		if err := checkContentDigest(digest, body); err != nil {
			return nil, err
		}
	}
	shown := presentable(req, message.covered, policy)
	algorithm, _ := message.params.Get("alg")
	check := func(pub crypto.PublicKey) error {
		return verifyRFC9421(shown, body, message.label, algorithm, pub)
	}
	return &Parsed{KeyID: keyID, Scheme: RFC9421, Signed: signed, check: check}, nil
}

// readSignatureInput reads both headers. There must be exactly one signature:
// with two, the key that is looked up and the key that is verified might differ.
func readSignatureInput(header http.Header) (*signedMessage, error) {
	input, signature := strings.Join(header["Signature-Input"], ", "), strings.Join(header["Signature"], ", ")
	if signature == "" {
		return nil, malformed("There is no Signature header to Signature-Input.")
	}
	if len(input) > maxHeaderSize || len(signature) > maxHeaderSize {
		return nil, malformed("The Signature headers are too long.")
	}
	if strings.Count(strings.ToLower(input), "keyid=") > 1 {
		return nil, malformed("The Signature-Input header gives keyid twice.")
	}
	inputs, err := httpsfv.UnmarshalDictionary([]string{input})
	if err != nil || len(inputs.Names()) != 1 {
		return nil, malformed("The Signature-Input header cannot be read, or has more than one signature.")
	}
	signatures, err := httpsfv.UnmarshalDictionary([]string{signature})
	if err != nil || len(signatures.Names()) != 1 || signatures.Names()[0] != inputs.Names()[0] {
		return nil, malformed("The Signature header cannot be read, or does not fit Signature-Input.")
	}
	label := inputs.Names()[0]
	member, _ := inputs.Get(label)
	list, ok := member.(httpsfv.InnerList)
	if !ok || len(list.Items) > maxComponents {
		return nil, malformed("The Signature-Input header cannot be read.")
	}
	message := &signedMessage{label: label, params: list.Params}
	for _, item := range list.Items {
		name, ok := item.Value.(string)
		if !ok || len(item.Params.Names()) > 0 {
			// Parameters such as ;bs and ;req change what is signed, and the library ignores them.
			return nil, refuse("The signature covers components in a way that is not supported.")
		}
		message.covered = append(message.covered, name)
	}
	return message, nil
}

// checkMetadata checks types and values of the signature's parameters (RFC 9421 section 2.3).
func checkMetadata(params *httpsfv.Params, now time.Time) (keyID string, signed time.Time, err error) {
	for _, name := range params.Names() {
		value, _ := params.Get(name)
		var ok bool
		switch name {
		case "created", "expires":
			var unix int64
			unix, ok = value.(int64)
			ok = ok && unix > 0 && unix < 1<<40
		case "keyid", "alg", "nonce", "tag":
			_, ok = value.(string)
		}
		if !ok {
			return "", signed, malformed("The Signature-Input header has a parameter that cannot be read.")
		}
	}
	if value, ok := params.Get("keyid"); ok {
		keyID = value.(string)
	}
	if keyID == "" || len(keyID) > maxKeyIDSize {
		return "", signed, malformed("The Signature-Input header has no usable keyid.")
	}
	created, ok := params.Get("created")
	if !ok {
		return "", signed, refuse("The signature does not say when it was made.")
	}
	signed = time.Unix(created.(int64), 0)
	if err := checkTime(signed, now); err != nil {
		return "", signed, err
	}
	if expires, ok := params.Get("expires"); ok {
		if err := checkExpiry(time.Unix(expires.(int64), 0), now); err != nil {
			return "", signed, err
		}
	}
	return keyID, signed, nil
}

// checkComponents refuses what the library computes wrongly (it takes @scheme
// and @request-target for empty) and coverage that leaves open what must not be
// changed.
func checkComponents(covered []string, req *http.Request) error {
	for _, name := range covered {
		switch {
		case slices.Contains([]string{"@method", "@target-uri", "@authority", "@path", "@query"}, name):
		case !isToken(name) || name != strings.ToLower(name):
			return refuse("The signature covers components in a way that is not supported.")
		default:
			if _, ok := headerValue(req, name); !ok {
				return refuse("The signature covers a header that is not there.")
			}
		}
	}
	has := func(name string) bool { return slices.Contains(covered, name) }
	_, _, hasQuery := splitTarget(rawTarget(req))
	coversTarget := has("@target-uri") || (has("@authority") && has("@path") && (has("@query") || !hasQuery))
	switch {
	case !has("@method"):
		return refuse("The signature does not cover the method.")
	case !coversTarget:
		return refuse("The signature does not cover the target.")
	case hasBody(req.Method) && !has("content-digest"):
		return refuse("The signature does not cover the body.")
	}
	return nil
}

// presentable makes the request the library is shown. It puts @target-uri
// together as scheme, Host, RawPath, RawQuery without a question mark, takes
// @path from Path and reads each header's first line only; so each of these is
// set to what makes the result right.
func presentable(req *http.Request, covered []string, policy Policy) *http.Request {
	header := make(http.Header, len(covered)+2)
	for _, name := range covered {
		if value, ok := headerValue(req, name); ok && !strings.HasPrefix(name, "@") {
			header.Set(name, value)
		}
	}
	header.Set("Signature", strings.Join(req.Header["Signature"], ", "))
	header.Set("Signature-Input", strings.Join(req.Header["Signature-Input"], ", "))
	return forLibrary(req.Method, policy.URLScheme, authority(req.Host, policy.URLScheme), rawTarget(req), header)
}

// forLibrary is described at presentable; signing needs the same shape.
func forLibrary(method, scheme, host, target string, header http.Header) *http.Request {
	path, query, ok := splitTarget(target)
	shown := &http.Request{Method: method, Host: host, Header: header, URL: &url.URL{Path: path, RawPath: path, RawQuery: query}}
	if ok {
		shown.URL.RawPath += "?"
	}
	if scheme == "https" {
		shown.TLS = &tls.ConnectionState{}
	}
	return shown
}

// verifyRFC9421 has the library check the signature with a key that is known.
func verifyRFC9421(shown *http.Request, body []byte, label string, stated any, pub crypto.PublicKey) error {
	algorithm := httpsig.Algo_RSA_v1_5_sha256
	if _, ok := pub.(ed25519.PublicKey); ok {
		algorithm = httpsig.Algo_ED25519
	}
	if stated != nil && stated != string(algorithm) {
		return refuse("The signature's algorithm is not that of the key.")
	}
	again := shown.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	profile := httpsig.VerifyProfile{
		SignatureLabel:         label,
		AllowedAlgorithms:      []httpsig.Algorithm{algorithm},
		DisableTimeEnforcement: true, // done, against the caller's clock
	}
	if _, err := httpsig.Verify(again, knownKey{algorithm, pub}, profile); err != nil {
		return refuse("The signature is not that of the key.")
	}
	return nil
}

// knownKey answers the library's question for a key: it was looked up before.
type knownKey struct {
	algorithm httpsig.Algorithm
	pub       crypto.PublicKey
}

// FetchByKeyID implements httpsig.KeyFetcher.
func (k knownKey) FetchByKeyID(_ context.Context, _ http.Header, keyID string) (httpsig.KeySpecer, error) {
	return httpsig.KeySpec{KeyID: keyID, Algo: k.algorithm, PubKey: k.pub}, nil
}

// Fetch implements httpsig.KeyFetcher. It is never asked: a keyid was demanded.
func (k knownKey) Fetch(context.Context, http.Header, httpsig.MetadataProvider) (httpsig.KeySpecer, error) {
	return nil, refuse("The signature names no key.")
}

// SignPostRFC9421 signs a request with a body by RFC 9421: it sets
// Content-Digest, Signature-Input and Signature. For the second try at servers
// that refuse draft-cavage. The time of signing is that of the process.
func (s *Signer) SignPostRFC9421(req *http.Request, body []byte) error {
	req.Header.Set("Content-Digest", contentDigestHeader(body))
	return s.signRFC9421(req, "@method", "@target-uri", "content-digest")
}

// SignGetRFC9421 signs a request without a body by RFC 9421.
func (s *Signer) SignGetRFC9421(req *http.Request) error {
	return s.signRFC9421(req, "@method", "@target-uri")
}

func (s *Signer) signRFC9421(req *http.Request, covered ...string) error {
	algorithm := httpsig.Algo_RSA_v1_5_sha256
	if _, ok := s.key.(*rsa.PrivateKey); !ok {
		algorithm = httpsig.Algo_ED25519
	}
	profile := httpsig.SigningProfile{
		Algorithm: algorithm,
		Fields:    httpsig.Fields(covered...),
		Metadata:  []httpsig.Metadata{httpsig.MetaCreated, httpsig.MetaKeyID},
	}
	header := make(http.Header, 3)
	if digest := req.Header.Get("Content-Digest"); digest != "" {
		header.Set("Content-Digest", digest)
	}
	host := authority(requestHost(req), req.URL.Scheme)
	shown := forLibrary(req.Method, req.URL.Scheme, host, pathAndQuery(req.URL), header)
	if err := httpsig.Sign(shown, profile, httpsig.SigningKey{Key: s.key, MetaKeyID: s.keyID}); err != nil {
		return fmt.Errorf("sign %s %s: %w", req.Method, req.URL, err)
	}
	req.Header.Set("Signature-Input", header.Get("Signature-Input"))
	req.Header.Set("Signature", header.Get("Signature"))
	return nil
}
