package console

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/people"
)

// Open pages hear by server-sent events (HTML Living Standard, section 9.2) when their name
// changes. Each stream reads its rows every two seconds rather than waiting for the
// registry's NOTIFY: that tells of every tenant's names, so each stream would have to read
// anyway, a notification that is lost leaves a page behind for ever, and the same look ends
// the stream of somebody who signed out. What it costs is bounded by the number of streams.
const (
	streamPoll  = 2 * time.Second
	streamBeat  = 15 * time.Second // below the time after which proxies drop a silent connection
	streamLife  = 10 * time.Minute // then the browser comes again, and is asked who it is
	streamWrite = 10 * time.Second
	// browsers open six connections to a host: some must be left for pages.
	streamsOfOne     = 4
	streamsOfProcess = 200
)

var (
	errManyStreams = fault.New(fault.TooMany, "This page is open often already.")
	errFromAfar    = fault.New(fault.Forbidden, "This is for our own pages.")
)

// listener is whose pages are counted together: a person's, or those that links to a name
// opened.
type listener struct {
	person social.PersonID
	domain tenant.DomainID
}

// streams counts what is open.
type streams struct {
	mu      sync.Mutex
	of      map[listener]int
	all     int
	once    sync.Once
	closing chan struct{}
}

func newStreams() *streams {
	return &streams{of: map[listener]int{}, closing: make(chan struct{})}
}

func (s *streams) enter(who listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return false
	default:
	}
	if s.all >= streamsOfProcess || s.of[who] >= streamsOfOne {
		return false
	}
	s.all++
	s.of[who]++
	return true
}

func (s *streams) leave(who listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[who]--; s.of[who] == 0 {
		delete(s.of, who)
	}
}

// Close ends all streams and lets in no new ones: before the HTTP server ends, which would
// wait for them.
func (h *Handlers) Close() { h.open.once.Do(func() { close(h.open.closing) }) }

// isStream reports whether a page's script asks, which no form to sign in would help.
func isStream(c echo.Context) bool {
	return strings.HasPrefix(c.Request().Header.Get(echo.HeaderAccept), "text/event-stream")
}

// streamed is what Pages is for answers that do not end by themselves.
func (h *Handlers) streamed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !web.FromHere(c) {
			h.ErrorPage(c, errFromAfar)
			return nil
		}
		if err := next(c); err != nil {
			h.ErrorPage(c, err)
		}
		return nil
	}
}

// domainEvents is GET …/events: the changing part of a name's page, whenever it changed.
func (h *Handlers) domainEvents(c echo.Context, v *visitor) error {
	if _, err := h.setUp(c.Request().Context(), v.tenant, c.Param("domain")); err != nil {
		return err
	}
	return h.stream(c, listener{person: v.person.ID}, func(known string) (string, []byte, bool) { return h.news(c, v, known) })
}

// newer is the event of what changed since, or nil; ok is false for somebody who may not
// know any more.
type newer func(known string) (now string, event []byte, ok bool)

// stream answers with events for as long as a listener may hear them.
func (h *Handlers) stream(c echo.Context, who listener, news newer) error {
	if !h.open.enter(who) {
		return errManyStreams
	}
	defer h.open.leave(who)
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/event-stream")
	header.Set(echo.HeaderCacheControl, "private, no-store")
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	header.Set("X-Accel-Buffering", "no") // nginx would gather events otherwise
	c.Response().WriteHeader(http.StatusOK)
	known := c.Request().Header.Get("Last-Event-ID")
	if known == "" {
		known = c.QueryParam("have")
	}
	h.feed(c, known, news)
	return nil
}

// feed writes until the page is gone, its reader may not see it any more, or it is time.
func (h *Handlers) feed(c echo.Context, known string, news newer) {
	poll, beat, end := time.NewTicker(streamPoll), time.NewTicker(streamBeat), time.NewTimer(streamLife)
	defer poll.Stop()
	defer beat.Stop()
	defer end.Stop()
	// The connection may serve other requests after this one.
	defer func() { _ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Time{}) }()
	for alive := put(c, []byte("retry: 3000\n\n")); alive; {
		var event []byte
		if known, event, alive = news(known); !alive {
			return
		}
		if event != nil && !put(c, event) {
			return
		}
		select {
		case <-poll.C:
		case <-beat.C:
			alive = put(c, []byte(":\n\n"))
		case <-end.C:
			return
		case <-h.open.closing:
			return
		case <-c.Request().Context().Done():
			return
		}
	}
}

// news is what a member hears.
func (h *Handlers) news(c echo.Context, v *visitor, known string) (now string, event []byte, ok bool) {
	ctx := c.Request().Context()
	session, err := h.session(c)
	if err != nil || session.Person != v.person.ID {
		return known, nil, false
	}
	err = h.DB.Tenant(ctx, v.tenant.ID, func(scope *pg.Scope) (err error) {
		v.role, err = people.MembershipOf(ctx, scope, v.person.ID)
		return err
	})
	if err != nil {
		return known, nil, false
	}
	if t, found := h.Tenants.ByID(v.tenant.ID); found {
		v.tenant = t
	}
	s, err := h.setUp(ctx, v.tenant, c.Param("domain"))
	if err != nil {
		return known, nil, false
	}
	return h.event(c, s, known, func() (DomainLive, error) { return h.liveView(c, v, s) })
}

// event is the changing part of a page where it is another than is known.
func (h *Handlers) event(c echo.Context, s setUp, known string, live func() (DomainLive, error)) (now string, event []byte, ok bool) {
	if now = s.fingerprint(); now == known {
		return known, nil, true
	}
	var body, out bytes.Buffer
	view, err := live()
	if err == nil {
		err = RenderDomainLive(web.Spoken(c, &body), view)
	}
	if err != nil {
		h.Log.ErrorContext(c.Request().Context(), "render the changing part of a name's page", "error", err)
		return known, nil, false
	}
	out.WriteString("event: state\nid: " + now + "\n")
	for line := range bytes.Lines(body.Bytes()) {
		out.WriteString("data: ")
		out.Write(bytes.TrimRight(line, "\r\n"))
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
	return now, out.Bytes(), true
}

func put(c echo.Context, text []byte) bool {
	response := c.Response()
	control := http.NewResponseController(response)
	// The server's own deadline for writing, if it has one, is for answers that end.
	if control.SetWriteDeadline(time.Now().Add(streamWrite)) != nil {
		return false
	}
	if _, err := response.Write(text); err != nil {
		return false
	}
	return control.Flush() == nil
}
