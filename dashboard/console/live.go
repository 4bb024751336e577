package console

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/tenant"
)

// Open pages hear by server-sent events (HTML Living Standard, section 9.2) when what they
// show changes. Each stream reads its rows every two seconds rather than waiting for the
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

// framed is an event whose data is a rendered part of a page, or nil where that cannot be
// rendered: the page then stays as it is.
func (h *Handlers) framed(c echo.Context, name, id string, render func(w io.Writer) error) []byte {
	var body, out bytes.Buffer
	if err := render(web.Spoken(c, &body)); err != nil {
		h.Log.ErrorContext(c.Request().Context(), "render the changing part of a page", "event", name, "error", err)
		return nil
	}
	fmt.Fprintf(&out, "event: %s\nid: %s\n", name, id)
	for line := range bytes.Lines(body.Bytes()) {
		fmt.Fprintf(&out, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	out.WriteByte('\n')
	return out.Bytes()
}
