package signature_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/federation/signature"
	"rookery/internal/fault"
)

// modern signs by RFC 9421, independently of the package under test.
type modern struct {
	method, target string
	body, digest   string
	components     []string
	params         string // after the list of components
	key            crypto.Signer
	overrides      map[string]string // values signed in place of the true ones
	extra          string
	label          string
}

func contentDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func goodModern() *modern {
	return &modern{
		method: http.MethodPost, target: "/users/alice/inbox", body: body, digest: contentDigest(body),
		components: []string{"@method", "@target-uri", "content-digest"},
		params:     fmt.Sprintf(`;created=%d;keyid="%s"`, now.Unix(), keyID), key: rsaKey(), label: "sig1",
	}
}

func (m *modern) request(t testing.TB) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(m.target, "?")
	values := map[string]string{
		"@method": m.method, "@target-uri": "https://" + host + m.target, "@authority": host, "@path": path, "@query": "?" + query,
		"@scheme": "https", "@request-target": m.target,
		"content-digest": m.digest, "host": host, "date": now.Format(http.TimeFormat), "content-type": "application/activity+json",
	}
	for name, value := range m.overrides {
		values[name] = value
	}
	var base, list strings.Builder
	for i, name := range m.components {
		bare, params, _ := strings.Cut(name, ";")
		item := fmt.Sprintf("%q", bare)
		if params != "" {
			item += ";" + params
		}
		fmt.Fprintf(&base, "%s: %s\n", item, values[bare])
		if i > 0 {
			list.WriteByte(' ')
		}
		list.WriteString(item)
	}
	input := "(" + list.String() + ")" + m.params
	base.WriteString(`"@signature-params": ` + input)
	lines := []string{
		m.method + " " + m.target + " HTTP/1.1", "Host: " + host, "Date: " + now.Format(http.TimeFormat), "Content-Type: application/activity+json",
		"Content-Length: " + fmt.Sprint(len(m.body)), "Signature-Input: " + m.label + "=" + input,
		"Signature: sig1=:" + base64.StdEncoding.EncodeToString(signBytes(m.key, []byte(base.String()))) + ":",
	}
	if m.digest != "" {
		lines = append(lines, "Content-Digest: "+m.digest)
	}
	if m.extra != "" {
		lines = append(lines, m.extra)
	}
	return parse(t, strings.Join(lines, "\r\n")+"\r\n\r\n"+m.body)
}

func TestVerifyRFC9421(t *testing.T) {
	t.Parallel()
	with := func(params string) func(m *modern) { return func(m *modern) { m.params = params } }
	at := func(d time.Duration) string {
		return fmt.Sprintf(`;created=%d;keyid="%s"`, now.Add(d).Unix(), keyID)
	}
	tests := map[string]struct {
		change func(m *modern)
		want   fault.Code
	}{
		"as Mastodon signs": {change: func(*modern) {}},
		"as Fedify signs": {change: func(m *modern) {
			m.components = []string{"@method", "@target-uri", "@authority", "host", "date", "content-digest"}
			m.params += `;alg="rsa-v1_5-sha256"`
		}},
		"Ed25519":             {change: func(m *modern) { m.key = edKey(); m.params += `;alg="ed25519"` }},
		"query":               {change: func(m *modern) { m.target = "/inbox?author=1" }},
		"parts of the target": {change: func(m *modern) { m.components = []string{"@method", "@authority", "@path", "content-digest"} }},
		"parts with query": {change: func(m *modern) {
			m.target, m.components = "/inbox?a=%41", []string{"@method", "@authority", "@path", "@query", "content-digest"}
		}},
		"percent-encoded path": {change: func(m *modern) { m.target = "/users/al%69ce/inbox" }},
		"GET": {change: func(m *modern) {
			m.method, m.body, m.digest, m.components = "GET", "", "", []string{"@method", "@target-uri"}
		}},
		"created 11 hours ago": {change: with(at(-11 * time.Hour))},

		"body replaced":       {change: func(m *modern) { m.body = strings.Replace(body, "peer", "evil", 2) }, want: fault.Unauthorized},
		"digest not covered":  {change: func(m *modern) { m.components = []string{"@method", "@target-uri"} }, want: fault.Unauthorized},
		"no digest":           {change: func(m *modern) { m.digest = "" }, want: fault.Unauthorized},
		"digest sha-512 only": {change: func(m *modern) { m.digest = "sha-512=:AAAA:" }, want: fault.Unauthorized},
		"digest garbage":      {change: func(m *modern) { m.digest = "sha-256=(" }, want: fault.Malformed},
		"method not covered":  {change: func(m *modern) { m.components = []string{"@target-uri", "content-digest"} }, want: fault.Unauthorized},
		"target not covered":  {change: func(m *modern) { m.components = []string{"@method", "@authority", "content-digest"} }, want: fault.Unauthorized},
		"query not covered": {change: func(m *modern) {
			m.target, m.components = "/inbox?a=1", []string{"@method", "@authority", "@path", "content-digest"}
		}, want: fault.Unauthorized},
		"other target":             {change: func(m *modern) { m.overrides = map[string]string{"@target-uri": "https://" + host + "/inbox"} }, want: fault.Unauthorized},
		"http in target":           {change: func(m *modern) { m.overrides = map[string]string{"@target-uri": "http://" + host + m.target} }, want: fault.Unauthorized},
		"other method":             {change: func(m *modern) { m.overrides = map[string]string{"@method": "PUT"} }, want: fault.Unauthorized},
		"unknown component":        {change: func(m *modern) { m.components = append(m.components, "@scheme") }, want: fault.Unauthorized},
		"upper-case component":     {change: func(m *modern) { m.components = append(m.components, "Date") }, want: fault.Unauthorized},
		"component with parameter": {change: func(m *modern) { m.components[0] = "@method;req" }, want: fault.Unauthorized},
		"created 13 hours ago":     {change: with(at(-13 * time.Hour)), want: fault.Unauthorized},
		"created in 2 hours":       {change: with(at(2 * time.Hour)), want: fault.Unauthorized},
		"expired":                  {change: func(m *modern) { m.params += fmt.Sprintf(";expires=%d", now.Unix()-60) }, want: fault.Unauthorized},
		"no created":               {change: with(`;keyid="` + keyID + `"`), want: fault.Unauthorized},
		"no keyid":                 {change: with(fmt.Sprintf(";created=%d", now.Unix())), want: fault.Malformed},
		"created a string":         {change: with(`;created="1";keyid="` + keyID + `"`), want: fault.Malformed},
		"keyid a number":           {change: with(fmt.Sprintf(";created=%d;keyid=1", now.Unix())), want: fault.Malformed},
		"two keyids":               {change: func(m *modern) { m.params += `;keyid="https://v.test/u#k"` }, want: fault.Malformed},
		"unknown parameter":        {change: func(m *modern) { m.params += ";x=1" }, want: fault.Malformed},
		"alg of another kind":      {change: func(m *modern) { m.params += `;alg="hmac-sha256"` }, want: fault.Unauthorized},
		"alg does not fit key":     {change: func(m *modern) { m.params += `;alg="ed25519"` }, want: fault.Unauthorized},
		"weak key":                 {change: func(m *modern) { m.key = weak() }, want: fault.Unauthorized},
		"labels differ":            {change: func(m *modern) { m.label = "sig2" }, want: fault.Malformed},
		"two signatures":           {change: func(m *modern) { m.extra = `Signature-Input: sig2=("@method");created=1` }, want: fault.Malformed},
		"also Authorization":       {change: func(m *modern) { m.extra = `Authorization: Signature keyId="x",signature="AAAA"` }, want: fault.Malformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := goodModern()
			tt.change(m)
			err := verify(m.request(t), m.body, m.key.Public())
			if fault.CodeOf(err) != tt.want {
				t.Errorf("verify = %v; want code %q", err, tt.want)
			}
		})
	}
}

func TestVerifyRFC9421RefusesOtherKeys(t *testing.T) {
	t.Parallel()
	parsed, err := signature.Inspect(goodModern().request(t), []byte(body), policy)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Scheme != signature.RFC9421 || parsed.KeyID != keyID || !parsed.Signed.Equal(now) {
		t.Errorf("parsed = %+v", parsed)
	}
	other := must(signature.GenerateRSA())
	for _, key := range []crypto.PublicKey{other.Public(), edKey().Public(), nil} {
		if err := parsed.Verify(key); fault.CodeOf(err) != fault.Unauthorized {
			t.Errorf("verify with %T = %v; want unauthorized", key, err)
		}
	}
	if err := parsed.Verify(rsaKey().Public()); err != nil {
		t.Errorf("verify after refusals = %v", err)
	}
}
