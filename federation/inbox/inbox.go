// Package inbox takes in what other servers send: POST /inbox and the personal
// inboxes of local accounts.
//
// A request is verified (SECURITY.md rules 1 and 2), judged relevant or not, stored
// as it came and answered with 202 once that is durable (rule 22). A worker applies
// what was stored: it looks up what the activities name, then calls the rules of
// internal/social in one transaction for the batch. federation mounts the routes;
// federation/actor asks the Verifier who reads. It must not hold a transaction while
// it waits for the network, and must not act on anything that no Verifier let pass.
package inbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"
	"github.com/riverqueue/river"

	"rookery/federation/fetch"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social/moderate"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
)

// Options say what an Inbox works with. Log, Limits and Servers may be missing, the rest may not.
type Options struct {
	DB        *pg.DB
	Tenants   fetch.Tenants
	Fetcher   *fetch.Fetcher
	Keys      *fetch.Keys
	Statuses  *status.Service
	Relations *relate.Service
	Limits    *limit.Limiter
	Servers   *moderate.Servers // nil: no server is blocked
	// Heard is told of each host that a verified activity came from: it is up. nil: nobody.
	Heard func(ctx context.Context, host string)
	Log   *slog.Logger
}

// Inbox receives and applies activities. Make it with New.
type Inbox struct {
	Options
	verifier *Verifier
	writer   *writer
	hand     *handover
	turns    *turns
	doors    *otter.Cache[door, error]
	dropped  atomic.Uint64
}

// New returns an Inbox.
func New(o Options) *Inbox {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	hand := newHandover()
	i := &Inbox{
		Options:  o,
		verifier: NewVerifier(o.DB, o.Keys, o.Servers),
		writer:   newWriter(o.DB, hand),
		hand:     hand,
		doors: otter.Must(&otter.Options[door, error]{
			MaximumSize: 10_000, ExpiryCalculator: otter.ExpiryWriting[door, error](30 * time.Second),
		}),
	}
	i.turns = newTurns(i.applyTogether)
	return i
}

// Verifier is who decides whose a request is.
func (i *Inbox) Verifier() *Verifier { return i.verifier }

// Routes mounts the inboxes. The shared one is the instance actor's too.
func (i *Inbox) Routes(e *echo.Echo) {
	e.POST("/inbox", i.post)
	e.POST("/ap/actors/:id/inbox", i.post)
}

// Register adds the worker that applies what was received.
func (i *Inbox) Register(workers *river.Workers) {
	river.AddWorker(workers, &applyWorker{inbox: i})
}

// post answers with a bare status: who sends here is a program.
func (i *Inbox) post(c echo.Context) error {
	if !isActivity(c.Request().Header.Get("Content-Type")) {
		return c.NoContent(http.StatusUnsupportedMediaType)
	}
	err := i.receive(c)
	code := fault.CodeOf(err)
	switch code {
	case "":
		return c.NoContent(http.StatusAccepted)
	case fault.Internal:
		i.Log.ErrorContext(c.Request().Context(), "receive an activity", "error", err)
	case fault.Unavailable, fault.TooMany:
		c.Response().Header().Set("Retry-After", strconv.Itoa(retryAfter))
	default:
		i.Log.DebugContext(c.Request().Context(), "refused an activity", "error", err)
	}
	return c.NoContent(statusOf(code))
}

// retryAfter is in seconds: long enough for a database to come back.
const retryAfter = 60

// statusOf keeps 401 for signatures alone: it makes senders try their other scheme
// (FEDERATION.md 1.4, 1.11). What nobody foresaw counts as our being away, because
// after a 500 some senders give up.
func statusOf(code fault.Code) int {
	switch code {
	case fault.Malformed, fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Gone:
		return http.StatusGone
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}

// isActivity takes the two media types of activities. Here, unlike where documents are
// fetched, the profile of ld+json may be missing: a signature proves who wrote it.
func isActivity(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == vocab.MediaType || media == "application/ld+json")
}

var (
	errTooLarge = fault.New(fault.TooLarge, "The activity is too large.")
	errNoTenant = fault.New(fault.NotFound, "There is no inbox here.")
	errBody     = fault.New(fault.Malformed, "The body could not be read.")
)

// readBody reads at most what an activity may be.
func readBody(req *http.Request) ([]byte, error) {
	if req.ContentLength > vocab.MaxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, vocab.MaxBody+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(body) > vocab.MaxBody:
		return nil, errTooLarge
	case err != nil:
		return nil, errBody
	}
	return body, nil
}
