package signature_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/federation/signature"
	"rookery/internal/fault"
)

func TestVerifyCavage(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := map[string]struct {
		change func(p *peer)
		want   fault.Code // "" is accepted
	}{
		"as Mastodon signs": {change: func(*peer) {}},
		"with content-type": {change: func(p *peer) { p.covered += " content-type" }},
		"as Pleroma signs":  {change: func(p *peer) { p.covered = "(request-target) content-length date digest host" }},
		"upper case in headers": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string {
				return "Signature: " + strings.Replace(plainHeader(m), "host date", "Host Date", 1)
			}
		}},
		"Ed25519":              {change: func(p *peer) { p.key, p.algorithm = edKey(), "hs2019" }},
		"any algorithm stated": {change: func(p *peer) { p.algorithm = "rsa-sha512" }},
		"comma and space": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string {
				return "Signature: " + strings.ReplaceAll(plainHeader(m), `",`, `", `)
			}
		}},
		"in Authorization": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string { return "Authorization: Signature " + plainHeader(m) }
		}},
		"unrelated Authorization": {change: func(p *peer) { p.extra = "Authorization: Bearer x-signature-keyId-y" }},
		"host in upper case":      {change: func(p *peer) { p.host = strings.ToUpper(host) }},
		"host with port 443":      {change: func(p *peer) { p.host = host + ":443" }},
		"percent-encoded path":    {change: func(p *peer) { p.target = "/users/al%69ce/inbox" }},
		"query":                   {change: func(p *peer) { p.target = "/inbox?author=1" }},
		"query not signed":        {change: func(p *peer) { p.target, p.signTarget = "/inbox?author=1", "/inbox" }},
		"absolute-form": {change: func(p *peer) {
			p.target, p.signTarget = "https://"+host+"/users/al%69ce/inbox?x=%41", "/users/al%69ce/inbox?x=%41"
		}},
		"date 11 hours old":   {change: func(p *peer) { p.date = at(-11 * time.Hour) }},
		"date 50 min ahead":   {change: func(p *peer) { p.date = at(50 * time.Minute) }},
		"created, no date":    {change: func(p *peer) { p.date, p.covered, p.created = "", "(request-target) host (created) digest", now.Unix() }},
		"created 50 min on":   {change: func(p *peer) { p.covered += " (created)"; p.created = now.Add(50 * time.Minute).Unix() }},
		"created and expires": {change: func(p *peer) { p.covered += " (created) (expires)"; p.created, p.expires = now.Unix(), now.Unix()+60 }},
		"digest of two kinds": {change: func(p *peer) { p.digest = "SHA-512=AAAA," + p.digest }},
		"digest in lower case": {change: func(p *peer) {
			p.digest = strings.Replace(p.digest, "SHA-256", "sha-256", 1)
		}},
		"GET": {change: func(p *peer) { p.method, p.body, p.digest, p.covered = "GET", "", "", "(request-target) host date" }},

		"no signature":     {change: func(p *peer) { p.wrap = func(map[string]string) string { return "X: y" } }, want: fault.Unauthorized},
		"body replaced":    {change: func(p *peer) { p.body = strings.Replace(body, "peer", "evil", 2) }, want: fault.Unauthorized},
		"no digest":        {change: func(p *peer) { p.digest, p.covered = "", "(request-target) host date" }, want: fault.Unauthorized},
		"digest not bound": {change: func(p *peer) { p.covered = "(request-target) host date" }, want: fault.Unauthorized},
		"digest covered, absent": {change: func(p *peer) {
			p.digest = ""
		}, want: fault.Unauthorized},
		"digest SHA-512 only": {change: func(p *peer) { p.digest = "SHA-512=AAAA" }, want: fault.Unauthorized},
		"digest twice":        {change: func(p *peer) { p.digest += "," + p.digest }, want: fault.Malformed},
		"digest garbage":      {change: func(p *peer) { p.digest = "SHA-256" }, want: fault.Malformed},
		"date only":           {change: func(p *peer) { p.covered = "date" }, want: fault.Unauthorized},
		"no headers parameter": {change: func(p *peer) {
			p.covered = "date"
			p.wrap = func(m map[string]string) string {
				return `Signature: keyId="` + m["keyId"] + `",signature="` + m["signature"] + `"`
			}
		}, want: fault.Unauthorized},
		"no host":           {change: func(p *peer) { p.covered = "(request-target) date digest" }, want: fault.Unauthorized},
		"no request-target": {change: func(p *peer) { p.covered = "host date digest" }, want: fault.Unauthorized},
		"no time":           {change: func(p *peer) { p.covered = "(request-target) host digest" }, want: fault.Unauthorized},
		"GET without host": {change: func(p *peer) {
			p.method, p.body, p.digest, p.covered = "GET", "", "", "(request-target) date"
		}, want: fault.Unauthorized},
		"date 13 hours old":    {change: func(p *peer) { p.date = at(-13 * time.Hour) }, want: fault.Unauthorized},
		"date 2 hours ahead":   {change: func(p *peer) { p.date = at(2 * time.Hour) }, want: fault.Unauthorized},
		"date unreadable":      {change: func(p *peer) { p.date = "yesterday" }, want: fault.Unauthorized},
		"date twice":           {change: func(p *peer) { p.extra = "Date: " + p.date }, want: fault.Unauthorized},
		"created 13 hours old": {change: func(p *peer) { p.covered += " (created)"; p.created = now.Add(-13 * time.Hour).Unix() }, want: fault.Unauthorized},
		"created stated, not covered": {change: func(p *peer) {
			p.covered, p.created = "(request-target) host digest", now.Unix()
		}, want: fault.Unauthorized},
		"created covered, not stated": {change: func(p *peer) { p.covered += " (created)" }, want: fault.Malformed},
		"old date, good created": {change: func(p *peer) {
			p.covered += " (created)"
			p.created, p.date = now.Unix(), at(-13*time.Hour)
		}, want: fault.Unauthorized},
		"expired": {change: func(p *peer) {
			p.covered += " (created) (expires)"
			p.created, p.expires = now.Unix()-600, now.Unix()-60
		}, want: fault.Unauthorized},
		"expired, not covered": {change: func(p *peer) { p.expires = now.Unix() - 60 }, want: fault.Unauthorized},
		"two keyIds": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string { return `Signature: keyId="https://v.test/u#k",` + plainHeader(m) }
		}, want: fault.Malformed},
		"two keyIds, other case": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string { return `Signature: KEYID="https://v.test/u#k",` + plainHeader(m) }
		}, want: fault.Malformed},
		"two Signature headers": {change: func(p *peer) {
			p.extra = "Signature: " + plainHeader(map[string]string{})
		}, want: fault.Malformed},
		"Signature and Authorization": {change: func(p *peer) { p.extra = `authorization: signature keyId="x",signature="AAAA"` }, want: fault.Malformed},
		"no keyId": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string { m["keyId"] = ""; return "Signature: " + plainHeader(m) }
		}, want: fault.Malformed},
		"signature no base64": {change: func(p *peer) {
			p.wrap = func(m map[string]string) string { m["signature"] = "%%%"; return "Signature: " + plainHeader(m) }
		}, want: fault.Malformed},
		"garbage":        {change: func(p *peer) { p.wrap = func(map[string]string) string { return `Signature: ,,="` } }, want: fault.Malformed},
		"unclosed quote": {change: func(p *peer) { p.wrap = func(map[string]string) string { return `Signature: keyId="a` } }, want: fault.Malformed},
		"too long": {change: func(p *peer) {
			p.wrap = func(map[string]string) string { return "Signature: " + strings.Repeat("a", 9000) }
		}, want: fault.Malformed},
		"newline trick":   {change: func(p *peer) { p.covered += " x:y" }, want: fault.Malformed},
		"other tenant":    {change: func(p *peer) { p.host = "other.example.org" }, want: fault.Unauthorized},
		"other path":      {change: func(p *peer) { p.signTarget = "/inbox" }, want: fault.Unauthorized},
		"decoded path":    {change: func(p *peer) { p.target, p.signTarget = "/users/al%69ce/inbox", "/users/alice/inbox" }, want: fault.Unauthorized},
		"query exchanged": {change: func(p *peer) { p.target, p.signTarget = "/inbox?author=1", "/inbox?author=2" }, want: fault.Unauthorized},
		"other method":    {change: func(p *peer) { p.wrap = signedAs(p, "PUT") }, want: fault.Unauthorized},
		"weak key":        {change: func(p *peer) { p.key = weak() }, want: fault.Unauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good()
			tt.change(p)
			err := verify(p.request(t), p.body, p.key.Public())
			if fault.CodeOf(err) != tt.want {
				t.Errorf("verify = %v; want code %q", err, tt.want)
			}
		})
	}
}

// signedAs makes a header whose signature is for another method.
func signedAs(p *peer, method string) func(map[string]string) string {
	return func(map[string]string) string {
		other := *p
		other.method = method
		return "Signature: " + plainHeader(other.params())
	}
}

func TestParsedTellsKeyAndTime(t *testing.T) {
	t.Parallel()
	parsed, err := signature.Inspect(good().request(t), []byte(body), policy)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.KeyID != keyID || parsed.Scheme != signature.Cavage || !parsed.Signed.Equal(now) {
		t.Errorf("parsed = %+v", parsed)
	}
}

func TestVerifyRefusesOtherKeys(t *testing.T) {
	t.Parallel()
	other := must(signature.GenerateRSA())
	keys := map[string]crypto.PublicKey{
		"another RSA key": other.Public(), "an Ed25519 key": edKey().Public(), "none": nil, "a secret": []byte("secret"), "a private key": rsaKey(),
	}
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := verify(good().request(t), body, key); fault.CodeOf(err) != fault.Unauthorized {
				t.Errorf("verify = %v; want unauthorized", err)
			}
		})
	}
}

// The public key is no secret, so whoever verifies a MAC with it accepts everybody.
func TestPublicKeyIsNoSharedSecret(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"hmac-sha256", "hs2019", "rsa-sha256"} {
		p := good()
		p.algorithm = algorithm
		p.wrap = func(m map[string]string) string {
			mac := hmac.New(sha256.New, []byte(must(signature.MarshalPublicKey(rsaKey().Public()))))
			mac.Write([]byte(p.signingString()))
			m["signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
			return "Signature: " + plainHeader(m)
		}
		if err := verify(p.request(t), body, rsaKey().Public()); fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("algorithm %s: verify = %v; want unauthorized", algorithm, err)
		}
	}
}

func TestInspectNeedsOwnHost(t *testing.T) {
	t.Parallel()
	_, err := signature.Inspect(good().request(t), []byte(body), signature.Policy{URLScheme: "https", Now: now})
	if fault.CodeOf(err) != fault.Unauthorized {
		t.Errorf("inspect without a host = %v; want unauthorized", err)
	}
}

func TestInspectLeavesRequestAlone(t *testing.T) {
	t.Parallel()
	req := good().request(t)
	before := req.Header.Clone()
	if err := verify(req, body, rsaKey().Public()); err != nil {
		t.Fatal(err)
	}
	if len(before) != len(req.Header) || req.Header.Get("Host") != "" {
		t.Errorf("headers after = %v; before %v", req.Header, before)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(plainHeader(good().params()), "")
	f.Add(`sig1=:AAAA:`, `sig1=("@method" "@target-uri");created="x";keyid=1`)
	f.Add(`sig1=:AAAA:`, `sig1=("@method";req "@target-uri");created=1;keyid="k";alg=?1`)
	f.Fuzz(func(t *testing.T, sig, input string) {
		req := &http.Request{Method: "POST", Host: host, RequestURI: "/inbox", Header: http.Header{"Signature": {sig}, "Date": {now.Format(http.TimeFormat)}}}
		if input != "" {
			req.Header["Signature-Input"] = []string{input}
		}
		parsed, err := signature.Inspect(req, nil, policy)
		if err == nil {
			err = parsed.Verify(rsaKey().Public())
		}
		if code := fault.CodeOf(err); code != fault.Unauthorized && code != fault.Malformed {
			t.Errorf("inspect = %v", err)
		}
	})
}
