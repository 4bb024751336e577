package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rookery/internal/testkit"
)

// The examples of deploy/proxy, each in front of the product as operators run it. In
// `make test` the first that is installed, in `make e2e-proxies` all of them.
func TestE2EProxies(t *testing.T) {
	t.Parallel()
	needsTime(t)
	ran := 0
	for _, program := range proxyPrograms {
		if _, ok := program.find(); ran > 0 && ok && !full() {
			continue
		} else if ok {
			ran++
		}
		t.Run(program.name, func(t *testing.T) {
			t.Parallel()
			b := newBehind(t, program)
			b.t.Run("signatures", b.signatures)
			b.t.Run("bytes of the request", b.rawRequests)
			b.t.Run("who asks", b.addresses)
			b.t.Run("streams", b.streams)
			b.t.Run("uploads", b.uploads)
			b.t.Run("other names", b.names)
			b.t.Run("plain http", b.plainHTTP)
			if program.name != "caddy" { // which is its own certbot
				b.t.Run("certbot", b.certbot)
			}
		})
	}
}

// behind is the product behind a proxy.
type behind struct {
	t     *testing.T
	srv   *server
	front *front
	ca    *testkit.CA
	tap   *tap
	alice *account
}

func newBehind(t *testing.T, program proxyProgram) *behind {
	t.Helper()
	if _, ok := program.find(); !ok {
		program.run(t, "") // skips
	}
	b := &behind{t: t, srv: startServer(t, map[string]string{
		"PUBLIC_SCHEME": "https", "PLATFORM_HOST": proxyPlatform, "MEDIA_HOST": proxyMedia,
		"TRUSTED_PROXIES": "127.0.0.1/32", "LIMITS": "on",
	})}
	b.tap = newTap(t, b.srv.address)
	b.front, b.ca = program.run(t, b.tap.address)
	b.srv.tenant("https", proxyTenant)
	b.alice = b.srv.account(b.client("127.0.0.1", true), "https", proxyTenant, "support")
	return b
}

// dial connects to the proxy's port for TLS, whatever the name, from one of our addresses.
func (b *behind) dial(from string) func(context.Context, string, string) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, b.front.secure)
	}
}

// client speaks HTTP/2 or HTTP/1.1, from one of our addresses.
func (b *behind) client(from string, isHTTP2 bool) *http.Client {
	transport := &http.Transport{
		DialContext: b.dial(from), ForceAttemptHTTP2: isHTTP2,
		TLSClientConfig: &tls.Config{RootCAs: b.ca.Pool(), MinVersion: tls.VersionTLS12},
	}
	b.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// get asks with headers given in pairs.
func (b *behind) get(t *testing.T, client *http.Client, url string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return answer, string(text)
}

// What peers have signed is verified here, so neither host nor path nor query has changed.
func (b *behind) signatures(t *testing.T) {
	v := newVillage(t)
	peer := v.villager("peer")
	for i, target := range []string{
		"/inbox",
		"/inbox?via=a%2Fb%40c&via=%2f&b=2&a=1&//",
		strings.TrimPrefix(b.alice.URI, b.alice.Base) + "/inbox",
		strings.TrimPrefix(b.alice.URI, b.alice.Base) + "/inbox?to=%40support&empty&a+b=%20;c",
	} {
		for _, isHTTP2 := range []bool{true, false} {
			v.client = b.client("127.0.0.1", isHTTP2)
			status, text, err := v.deliver(t.Context(), peer, b.alice.Base+target, map[string]any{
				"id": fmt.Sprintf("%s/likes/%d-%v", peer.ID, i, isHTTP2), "type": "Like", "object": b.alice.Base + "/ap/objects/1",
			})
			if err != nil || status != http.StatusAccepted {
				t.Errorf("signed POST %s (HTTP/2: %v): %d %s %v", target, isHTTP2, status, text, err)
			}
		}
	}
	// The other scheme covers the whole address, with its scheme, which only we know.
	body := []byte(`{"@context":"https://www.w3.org/ns/activitystreams","id":"` + peer.ID + `/likes/9421","type":"Like","actor":"` + peer.ID +
		`","object":"` + b.alice.Base + `/ap/objects/1"}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.alice.Base+"/inbox?via=a%2Fb", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/activity+json")
	if err := peer.signer.SignPostRFC9421(request, body); err != nil {
		t.Fatal(err)
	}
	answer, err := b.alice.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		t.Errorf("POST signed by RFC 9421: %d", answer.StatusCode)
	}
}

// The first line and the Host reach us as they were written.
func (b *behind) rawRequests(t *testing.T) {
	for i, form := range []string{
		"/%%40support/n%d", "/tags/a%%2Fb%%2fc/n%d", "/double//slashes///n%d", "/a%%20b/%%C3%%BC/n%d", "/a+b/~/n%d/",
		"/n%d?b=2&a=1&b=%%2F&c=%%2f&d=%%40@&e", "/n%d?x=%%5B%%5D[]&a=b//c/../d", "/n%d?", "/n%d?a=;b", "/n%d!$&'()*,;=:@",
	} {
		path := fmt.Sprintf(form, i+1000)
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", b.front.secure,
			&tls.Config{RootCAs: b.ca.Pool(), ServerName: proxyTenant, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: Social.Acme.Example\r\nConnection: close\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		_ = conn.Close()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		head := b.tap.head(fmt.Sprint("n", i+1000))
		if line, _, _ := strings.Cut(head, "\r\n"); line != "GET "+path+" HTTP/1.1" {
			t.Errorf("GET %s arrives as %q (and is answered %d)", path, line, answer.StatusCode)
		}
		if !strings.Contains(head, "\r\nHost: Social.Acme.Example") {
			t.Errorf("the Host of %s arrives as %q", path, head)
		}
	}
}

// Limits count who really asks, and nobody is believed who says to be somebody else.
func (b *behind) addresses(t *testing.T) {
	const lie = "203.0.113.9"
	forged := []string{
		"X-Forwarded-For", lie, "X-Forwarded-For", "198.51.100.1", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http",
		"X-Forwarded-Port", "81", "X-Real-IP", lie, "Forwarded", "for=" + lie + ";host=evil.example",
	}
	for _, test := range []struct {
		name, from string
		isHTTP2    bool
		more       []string
	}{
		// The proxy believes nobody; that we trust its own machine makes no difference.
		{"from the proxy's machine", "127.0.0.1", true, nil},
		{"from elsewhere", "127.0.0.6", true, nil},
		{"from elsewhere by HTTP/1.1", "127.0.0.7", false, nil},
		// A field named in Connection is for the next hop, and taken away there: but not ours.
		{"hidden as fields of the connection", "127.0.0.8", false, []string{"Connection", "close, X-Forwarded-For, X-Forwarded-Proto"}},
	} {
		client := b.client(test.from, test.isHTTP2)
		marker := "/api/v1/instance?" + strings.ReplaceAll(test.name, " ", "-")
		left := -1
		for i := range 3 {
			header := slices.Concat(test.more, forged)
			answer, text := b.get(t, client, b.alice.Base+marker+fmt.Sprint(i), header...)
			remaining, err := strconv.Atoi(answer.Header.Get("X-RateLimit-Remaining"))
			if answer.StatusCode != http.StatusOK || err != nil || left >= 0 && remaining != left-1 {
				t.Errorf("%s: %d, %q requests left after %d: %.200s", test.name, answer.StatusCode, answer.Header.Get("X-RateLimit-Remaining"), left, text)
			}
			left = remaining
			if answer.Header.Get("Strict-Transport-Security") == "" || strings.Contains(text, "evil.example") {
				t.Errorf("%s: a forged header was believed: %.300s", test.name, text)
			}
		}
		head := b.tap.head(marker)
		if !strings.Contains(head, "X-Forwarded-For: "+test.from+"\r\n") || !strings.Contains(head, "X-Forwarded-Proto: https") {
			t.Errorf("%s: the head does not say who asks: %q", test.name, head)
		}
		for _, bad := range []string{lie, "198.51.100.1", "evil.example", "X-Forwarded-Host", ": 81"} {
			if strings.Contains(head, bad) {
				t.Errorf("%s: %s reaches us: %q", test.name, bad, head)
			}
		}
	}
}

// Events arrive while they happen, both ways.
func (b *behind) streams(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.alice.Base+"/api/v1/streaming/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.alice.Token)
	answer, err := b.client("127.0.0.1", true).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("the stream of events is %d %s", answer.StatusCode, kind)
	}
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != ":)" {
		t.Fatalf("the first line is %q (%v)", lines.Text(), lines.Err())
	}
	socket, _, err := websocket.Dial(ctx, "wss://"+proxyTenant+"/api/v1/streaming?stream=user", &websocket.DialOptions{
		HTTPClient: b.client("127.0.0.1", false), HTTPHeader: http.Header{"Authorization": {"Bearer " + b.alice.Token}},
	})
	if err != nil {
		t.Fatalf("WebSocket: %v", err)
	}
	defer func() { _ = socket.CloseNow() }()
	socket.SetReadLimit(1 << 20)

	for _, words := range []string{"First words", "Second words"} { // the second: nothing was stuck behind the first
		began := time.Now()
		b.alice.post(map[string]any{"status": words})
		for lines.Scan() && !strings.Contains(lines.Text(), words) {
		}
		if !strings.Contains(lines.Text(), words) {
			t.Fatalf("%s: the stream of events ended: %v", words, lines.Err())
		}
		_, message, err := socket.Read(ctx)
		if err != nil || !bytes.Contains(message, []byte(words)) {
			t.Fatalf("WebSocket reads %s, %v", message, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("an event took %v through the proxy", took)
		}
	}
}

// form is an upload of these bytes.
func form(t *testing.T, content []byte) (contentType string, body []byte) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	part, err := w.CreateFormFile("file", "picture.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	return w.FormDataContentType(), out.Bytes()
}

// noise is a picture of almost the size that is allowed: 16 MiB.
func noise(t *testing.T) []byte {
	t.Helper()
	const side = 2350
	drawing := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range drawing.Pix {
		drawing.Pix[i] = byte(rand.Uint32())
		if i%4 == 3 {
			drawing.Pix[i] = 255
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&out, drawing); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The largest picture arrives, and what is too large is refused in words that apps show.
func (b *behind) uploads(t *testing.T) {
	kind, body := form(t, noise(t))
	if len(body) < 15<<20 || len(body) > 16<<20 {
		t.Fatalf("a picture of %d bytes tests nothing", len(body))
	}
	if status, text := b.upload(t, b.alice.client, kind, bytes.NewReader(body)); status != http.StatusOK || !strings.Contains(text, `"preview_url"`) {
		t.Errorf("an upload of %d bytes: %d %.300s", len(body), status, text)
	}
	kind, body = form(t, make([]byte, 30<<20))
	for name, reader := range map[string]io.Reader{
		"of known length":   bytes.NewReader(body),
		"of unknown length": io.MultiReader(bytes.NewReader(body)),
	} {
		for _, isHTTP2 := range []bool{true, false} {
			status, text := b.upload(t, b.client("127.0.0.1", isHTTP2), kind, reader)
			var said struct{ Error string }
			if json.Unmarshal([]byte(text), &said) != nil || status != http.StatusRequestEntityTooLarge || said.Error == "" {
				t.Errorf("an upload of 30 MB, %s (HTTP/2: %v): %d %.300s", name, isHTTP2, status, text)
			}
			reader = bytes.NewReader(body)
			if name == "of unknown length" {
				reader = io.MultiReader(reader)
			}
		}
	}
}

func (b *behind) upload(t *testing.T, client *http.Client, contentType string, body io.Reader) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.alice.Base+"/api/v2/media", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+b.alice.Token)
	answer, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// What Rookery says about names that it does not serve reaches who asked.
func (b *behind) names(t *testing.T) {
	client := b.client("127.0.0.1", true)
	answer, text := b.get(t, client, "https://"+proxyNobody+"/api/v1/instance")
	if answer.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(text, `{"error":"This server does not serve the host`) {
		t.Errorf("a name without a tenant: %d %.200s", answer.StatusCode, text)
	}
	if answer.ProtoMajor != 2 {
		t.Errorf("the proxy speaks %s", answer.Proto)
	}
	if answer, text := b.get(t, client, "https://"+proxyPlatform+"/healthz"); answer.StatusCode != http.StatusOK {
		t.Errorf("the platform's host: %d %.200s", answer.StatusCode, text)
	}
	if answer, text := b.get(t, client, "https://"+proxyMedia+"/nothing"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("the host of media: %d %.200s", answer.StatusCode, text)
	}
	// On the connection of one name for another that nobody serves: no page of a tenant's.
	answer, text = b.get(t, b.client("127.0.0.1", false), b.alice.Base+"/", "Host", "other.example")
	if answer.StatusCode != http.StatusMisdirectedRequest && answer.StatusCode != http.StatusOK || strings.Contains(text, "Acme") {
		t.Errorf("a name that the proxy does not know: %d %.200s", answer.StatusCode, text)
	}
	t.Logf("for a name that it does not know the proxy answers %s %.80q", answer.Status, text)
}

// Where an authority asks for proofs, the proxy's own certbot answers.
func (b *behind) certbot(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.front.plain+"/.well-known/acme-challenge/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = proxyTenant
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if text, _ := io.ReadAll(answer.Body); string(text) != acmeProof {
		t.Errorf("a proof of certbot's: %d %.200s", answer.StatusCode, text)
	}
}

// Port 80 leads to the same address under https, whatever is in it.
func (b *behind) plainHTTP(t *testing.T) {
	for path, want := range map[string]string{
		"/@support":      "https://" + proxyTenant + "/@support",
		"/a%2Fb?b=%40&a": "https://" + proxyTenant + "/a%2Fb?b=%40&a",
	} {
		conn, err := net.Dial("tcp", b.front.plain)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: "+proxyTenant+"\r\nConnection: close\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		_ = conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(b.front.secure)
		location := strings.Replace(answer.Header.Get("Location"), ":"+port+"/", "/", 1) // Caddy knows its port
		if answer.StatusCode != http.StatusPermanentRedirect || location != want {
			t.Errorf("http %s: %d to %q, want %q", path, answer.StatusCode, location, want)
		}
	}
}
