package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/pebble"
	"rookery/internal/testkit/smtptest"
)

// The company of these tests, and its people.
const (
	companyName = "Acme Cycles"
	ownDomain   = "social.acmecycles.test"
	neighbour   = "globex.test"

	ownerMail, ownerName     = "mara@acmecycles.test", "Mara Lindholm"
	drafterMail, drafterName = "jonas@acmecycles.test", "Jonas Weber"
)

// What a page may cost: without pictures, as it comes over the wire.
const (
	mostBytes = 150 * 1000
	mostShift = 0.05
)

// day is a company's first one: the product with a mail server, and browsers of its people.
// In full runs names, certificates and edges are real too.
type day struct {
	*server
	t        *testing.T
	cloud    *cloud // nil in short runs
	mails    *smtptest.Server
	chromium *browse.Chromium
	console  string // https://rookery.test
	home     string // the company's own host: https://social.acmecycles.test
	room     string // the company's in the console
	support  string // the id of its account
	screens  string
	client   *http.Client
	visitor  *account // somebody at the neighbour's
	provider *peer    // the company's own login
	visited  []visit
}

// daySettings are what a day needs besides a mail server of its own.
func daySettings(mails *smtptest.Server) map[string]string {
	return map[string]string{
		"SIGN_UP": "on", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": fmt.Sprint(mails.Port), "SMTP_TLS": "none",
		"QUEUES": "inbox=4,deliver=8,fanout=2,fetch=4,domains=4,mail=2,upkeep=1", "FEDERATION_ALLOW_HTTP": "true",
	}
}

// newPlainDay is one without names and certificates of its own.
func newPlainDay(t *testing.T) *day {
	t.Helper()
	needsTime(t)
	browse.NeedsChromium(t)
	d := &day{t: t, mails: smtptest.Start(t, smtptest.Options{Mode: "none"}), screens: os.Getenv("SCREENS")}
	d.server = startServer(t, daySettings(d.mails))
	d.console, d.home = "http://rookery.localhost:"+d.port(), "http://acme.rookery.localhost:"+d.port()
	d.chromium, d.client = browse.StartChromium(t, ""), local(t)
	return d
}

func newDay(t *testing.T) *day {
	t.Helper()
	if !full() {
		return newPlainDay(t)
	}
	needsTime(t)
	browse.NeedsChromium(t)
	needsNode(t)
	d := &day{t: t, mails: smtptest.Start(t, smtptest.Options{Mode: "none"}), screens: screensDir(t)}
	d.cloud = newCloud(t, pebble.Options{}, daySettings(d.mails))
	d.server, d.console, d.home = d.cloud.server, "https://"+platform, "https://"+ownDomain
	d.chromium, d.client = browse.StartChromium(t, d.cloud.ips[0]+":443"), d.cloud.client(0)
	d.cloud.dns.A(neighbour, d.cloud.ips...)
	d.rookery("tenant", "create", "--domain", neighbour, "--name", "Globex")
	d.cloud.enqueue("certificate_sweep")
	for _, host := range []string{platform, "media." + platform, neighbour} {
		testkit.Eventually(t, time.Minute, host+" has a certificate", func() bool { return d.cloud.serial(0, host) != "" })
	}
	return d
}

// screensDir is where pictures of all pages go: make e2e-console SCREENS=docs/screens.
func screensDir(t *testing.T) string {
	if dir := os.Getenv("SCREENS"); dir != "" {
		return dir
	}
	return t.TempDir()
}

// window opens a browser of somebody's own.
func (d *day) window() *browse.Tab {
	d.t.Helper()
	tab := d.chromium.Tab(d.t, 1280)
	tab.KeepScreens(d.screens, still)
	tab.AxeIfAny()
	return tab
}

// in is the day for a part of the test that has a name of its own.
func (d *day) in(t *testing.T) *day {
	part := *d
	part.t = t
	return &part
}

// still gives avatars the colour of their letters: ids, which choose it, differ at each run.
const still = `for (const e of document.querySelectorAll(".av")) for (const c of [...e.classList]) if (/^h\d$/.test(c))
	e.classList.replace(c, "h" + [...e.textContent].reduce((sum, l) => sum + l.charCodeAt(0), 0) % 8)`

// look holds the page that is open to what all pages promise, on a desk and on a phone.
func (d *day) look(tab *browse.Tab, name string) {
	d.t.Helper()
	tab.Cost(name, mostBytes, mostShift)
	if !full() {
		tab.Look(name)
		return
	}
	d.visited = append(d.visited, visit{tab, name, tab.Address()})
	tab.Keyboard(name)
	tab.Look(name)
	tab.Resize(390)
	tab.Look(name)
	tab.Resize(1280)
}

// open goes to a page and looks at it, on a phone as it loads there.
func (d *day) open(tab *browse.Tab, name, address string) {
	d.t.Helper()
	if full() {
		tab.Resize(390)
		tab.Open(address)
		tab.Cost(name+" on a phone", mostBytes, mostShift)
		tab.Resize(1280)
	}
	tab.Open(address)
	d.look(tab, name)
}

var link = regexp.MustCompile(`https?://\S+`)

// mailTo waits for a mail to somebody and returns the first link in it. Others that come
// before it are read by nobody.
func (d *day) mailTo(address, subject string) string {
	d.t.Helper()
	for {
		m := d.mails.Next()
		parsed := m.Parsed(d.t)
		got, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
		if err != nil {
			d.t.Fatal(err)
		}
		if m.To[0] != address || !strings.Contains(got, subject) {
			continue
		}
		_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
		if err != nil {
			d.t.Fatal(err)
		}
		text := d.plain(multipart.NewReader(parsed.Body, params["boundary"]))
		if found := link.FindString(text); found != "" {
			return found
		}
		d.t.Fatalf("no link in the mail %q:\n%s", got, text)
	}
}

// plain is the part of a mail that is text.
func (d *day) plain(parts *multipart.Reader) string {
	d.t.Helper()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			d.t.Fatal(err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			continue
		}
		text, err := io.ReadAll(part)
		if err != nil {
			d.t.Fatal(err)
		}
		return string(text)
	}
}

// is fails the test unless a part of the page says something.
func (d *day) is(tab *browse.Tab, selector, want string) {
	d.t.Helper()
	if got := tab.Text(selector); !strings.Contains(got, want) {
		d.t.Errorf("at %s %s says %q, want %q", tab.Path(), selector, got, want)
	}
}

// must is is for what everything else builds on.
func (d *day) must(tab *browse.Tab, selector, want string) {
	d.t.Helper()
	if got := tab.Text(selector); !strings.Contains(got, want) {
		d.t.Fatalf("at %s %s says %q, want %q. The page:\n%s", tab.Path(), selector, got, want, tab.Text("main"))
	}
}

// get reads an address of the company's host as somebody with a token, or as anybody.
func (d *day) get(path, token string) (int, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.home+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := d.client.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
