package federation

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/limit"
)

// BodyLimits say what the bodies of activities may hold while they are read, all
// together and of one address, and how long one may take. Zero is what is right for
// production: 64 MiB, 16 MiB, and 15 seconds, in which a line of 70 kB/s sends the
// largest; most activities have some kilobytes.
type BodyLimits struct {
	All, One int64
	Within   time.Duration
}

// Bodies bounds the memory and the time that unverified bodies take. Anybody may send
// one, and nothing is known of the sender before all of it is there: without this, a few
// hundred slow lines would hold as many megabytes. One serves the process.
type Bodies struct {
	limits BodyLimits

	mu   sync.Mutex
	held int64
	by   map[string]int64 // by limit.AddressKey
}

// NewBodies returns a Bodies.
func NewBodies(limits BodyLimits) *Bodies {
	if limits.All == 0 {
		limits.All = 64 << 20
	}
	if limits.One == 0 {
		limits.One = 16 << 20
	}
	if limits.Within == 0 {
		limits.Within = 15 * time.Second
	}
	return &Bodies{limits: limits, by: map[string]int64{}}
}

// Bound is the middleware for the inboxes. It counts what has arrived, not what is
// announced: announcing costs a stranger nothing. A sender who is turned away is told
// to come again: 503 where there is no room, 408 where the time was over.
func (b *Bodies) Bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		if req.Method != http.MethodPost || req.Body == nil {
			return next(c)
		}
		body := &boundBody{ReadCloser: req.Body, bodies: b, who: addressOf(c)}
		defer body.letGo()
		// Requests of this process to itself have no line that could be slow.
		_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(b.limits.Within))
		req.Body = body
		c.Response().Before(func() {
			if status := body.refusal(); status != 0 {
				c.Response().Status = status
				c.Response().Header().Set(echo.HeaderRetryAfter, "30")
				c.Response().Header().Set(echo.HeaderConnection, "close")
			}
		})
		return next(c)
	}
}

func addressOf(c echo.Context) string {
	ip, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return ""
	}
	return limit.AddressKey(ip)
}

func (b *Bodies) take(who string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.limits.All || b.by[who]+n > b.limits.One {
		return false
	}
	b.held += n
	b.by[who] += n
	return true
}

func (b *Bodies) giveBack(who string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[who] -= n; b.by[who] <= 0 {
		delete(b.by, who)
	}
}

// errNoRoom ends the reading of a body there is no room for.
var errNoRoom = fault.New(fault.Unavailable, "Too much is being received just now.")

// boundBody is one body while it is read.
type boundBody struct {
	io.ReadCloser
	bodies *Bodies
	who    string
	held   int64
	failed error
}

// Read implements io.Reader.
func (b *boundBody) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	n, err := b.ReadCloser.Read(p)
	if n > 0 && !b.bodies.take(b.who, int64(n)) {
		b.failed = errNoRoom
		return 0, b.failed
	}
	b.held += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
	}
	return n, err
}

func (b *boundBody) letGo() {
	b.bodies.giveBack(b.who, b.held)
	b.held = 0
}

// refusal is the status that says why the body was not read, or 0.
func (b *boundBody) refusal() int {
	switch {
	case errors.Is(b.failed, errNoRoom):
		return http.StatusServiceUnavailable
	case errors.Is(b.failed, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	}
	return 0
}
