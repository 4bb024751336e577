package console_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"html"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/people"
)

// stream is a page's EventSource.
type stream struct {
	t      *testing.T
	status int
	events chan string // the data of each event; closed when the stream ends
}

const streamWait = time.Minute

// listen opens the stream of a name's page with a session's cookie.
func (w *world) listen(t *testing.T, address, cookie string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(&http.Cookie{Name: "__Host-rookery_console", Value: cookie})
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{t: t, status: answer.StatusCode, events: make(chan string, 8)}
	go s.read(answer.Body)
	return s
}

func (s *stream) read(body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	defer close(s.events)
	var data []string
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		switch text, isData := strings.CutPrefix(lines.Text(), "data: "); {
		case isData:
			data = append(data, text)
		case lines.Text() == "" && len(data) > 0:
			s.events <- strings.Join(data, "\n")
			data = nil
		}
	}
}

func (s *stream) next(what string) string {
	s.t.Helper()
	select {
	case event, ok := <-s.events:
		if !ok {
			s.t.Fatalf("%s: the stream has ended", what)
		}
		return event
	case <-time.After(streamWait):
		s.t.Fatalf("%s: no event", what)
	}
	return ""
}

func (s *stream) ends(what string) {
	s.t.Helper()
	deadline := time.After(streamWait)
	for {
		select {
		case _, ok := <-s.events:
			if !ok {
				return
			}
		case <-deadline:
			s.t.Fatalf("%s: the stream is open still", what)
		}
	}
}

var liveURL = regexp.MustCompile(`data-live="([^"]+)"`)

// eventsOf is the stream that a page names.
func eventsOf(t *testing.T, p *browse.Page) string {
	t.Helper()
	found := liveURL.FindStringSubmatch(p.Body)
	if found == nil {
		t.Fatalf("%s names no stream", p.URL)
	}
	target, err := p.URL.Parse(html.UnescapeString(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return target.String()
}

func (w *world) cookie(t *testing.T, person social.PersonID) string {
	t.Helper()
	s, err := w.judge.StartConsoleSession(t.Context(), person, "test")
	if err != nil {
		t.Fatal(err)
	}
	return s.Token
}

// What the checks of a name find out arrives on the page that is open.
func TestAnOpenPageHearsOfItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.dns.Zone("acme-cycles.test")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	page := w.session(t, w.A.Person).Get(domainURL(w.A, d))
	at := eventsOf(t, page)
	open := w.listen(t, at, w.cookie(t, w.A.Person))
	if open.status != http.StatusOK {
		t.Fatalf("status %d", open.status)
	}
	if err := w.domains.Check(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	if got := open.next("the first look"); !strings.Contains(got, "We saw no such record.") || strings.Contains(got, "<html") {
		t.Errorf("after the first look:\n%s", got)
	}
	w.dns.Set("_rookery-challenge." + d.Name + ` 60 TXT "rookery-verify=` + d.Token + `"`)
	if err := w.domains.Check(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	got := open.next("the proof")
	for _, want := range []string{"Add one record to the DNS of acme-cycles.test", "CNAME", "t-" + w.A.Tenant.ID.String() + ".edge.rookery.test", `<symbol id="okc"`, "The TXT record is there", "social.acme-cycles.test was proven"} {
		if !strings.Contains(got, want) {
			t.Errorf("after the proof %q is missing:\n%s", want, got)
		}
	}
	// A page that is older than the newest state hears of it at once.
	late := w.listen(t, at, w.cookie(t, w.A.Person))
	if got := late.next("a late page"); !strings.Contains(got, "CNAME") {
		t.Errorf("a late page hears:\n%s", got)
	}
}

// Going live changes the host in the navigation of the page that is open.
func TestAnOpenPageHearsOfItsNewHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	page := w.session(t, w.A.Person).Get(domainURL(w.A, d))
	if !strings.Contains(page.Body, `data-slot="room-host">`+w.A.Tenant.HandleDomain+"<") {
		t.Error("the navigation does not show the host")
	}
	open := w.listen(t, eventsOf(t, page), w.cookie(t, w.A.Person))
	w.set(t, `UPDATE tenants SET handle_domain = 'social.acme-cycles.test' WHERE handle_domain = 'a.test'`)
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := open.next("going live"); !strings.Contains(got, `data-elsewhere="room-host">social.acme-cycles.test<`) {
		t.Errorf("the event does not name the new host:\n%s", got)
	}
}

// An open page is no visit: its session ends as if it were closed.
func TestAnOpenPageKeepsNobodySignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b := w.session(t, w.A.Person)
	at := eventsOf(t, b.Get(domainURL(w.A, d)))
	w.set(t, `UPDATE console_sessions SET last_seen_at = now() - interval '3 hours'`)
	open := w.listen(t, at, b.Cookies(home + "/")[0].Value)
	if err := w.domains.Check(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	open.next("the first look")
	if n := w.count(t, `SELECT count(*) FROM console_sessions WHERE last_seen_at > now() - interval '2 hours'`); n != 0 {
		t.Error("an open page was taken for a visit")
	}
	b.Get(domainURL(w.A, d))
	if n := w.count(t, `SELECT count(*) FROM console_sessions WHERE last_seen_at > now() - interval '2 hours'`); n != 1 {
		t.Error("a visit does not move the session's end")
	}
}

// A stream ends with what let it begin, and there are not too many of them.
func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	b := w.session(t, w.A.Person)
	page := b.Get(domainURL(w.A, d))
	at := eventsOf(t, page)
	own := b.Cookies(home + "/")[0].Value
	first := w.listen(t, at, own)
	var others []*stream
	for range 3 {
		others = append(others, w.listen(t, at, w.cookie(t, w.A.Person)))
	}
	if fifth := w.listen(t, at, own); fifth.status != http.StatusTooManyRequests {
		t.Errorf("the fifth: %d", fifth.status)
	}
	b.Submit(page, formTo(t, page, "/sign_out"))
	first.ends("signed out")
	w.set(t, `DELETE FROM memberships WHERE person_id = $1`, w.A.Person)
	for _, s := range others {
		s.ends("no member any more")
	}
	w.join(t, w.A, w.A.Person, people.MemberOwner)
	last := w.listen(t, at, w.cookie(t, w.A.Person))
	if last.status != http.StatusOK {
		t.Fatalf("with room again: %d", last.status)
	}
	w.console.Close()
	last.ends("the server ends")
	if after := w.listen(t, at, w.cookie(t, w.A.Person)); after.status == http.StatusOK {
		t.Error("a stream begins while the server ends")
	}
}

// TEN-40: whoever is sent away by the button hears nothing more on the pages that are open.
func TestStreamsOfSomebodySentAwayEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	d := w.claim(t, w.A, domains.Wish{Mode: tenant.WholeDomain, Name: "social.acme-cycles.test"})[0]
	w.join(t, w.A, w.B.Person, people.MemberAdmin)
	w.A.Grant(t, w.A.Account.ID, w.B.Person, people.Publisher)
	owner, theirs := w.session(t, w.A.Person), w.session(t, w.B.Person)
	cookie := theirs.Cookies(home + "/")[0].Value
	open := map[string]*stream{}
	address := domainURL(w.A, d)
	open[address] = w.listen(t, eventsOf(t, theirs.Get(address)), cookie)
	open[room(w.A)+"/inbox"] = w.listen(t, room(w.A)+"/inbox/events", cookie)
	stays := w.listen(t, eventsOf(t, owner.Get(domainURL(w.A, d))), owner.Cookies(home + "/")[0].Value)
	page := owner.Get(room(w.A) + "/people/" + ids.Format(int64(w.B.Person)) + "/away")
	if got := owner.Submit(page, formTo(t, page, "/away")); got.Status != http.StatusSeeOther {
		t.Fatalf("send away: %d\n%s", got.Status, got.Body)
	}
	for address, s := range open {
		s.ends(address)
		if again := theirs.Get(address); again.Status != http.StatusNotFound {
			t.Errorf("%s opens again: %d", address, again.Status)
		}
	}
	if err := w.domains.Check(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	stays.next("the owner's page")
}
