// Package webhook is the door at which the payment provider rings: POST /stripe/webhook on
// the platform's host (docs/billing.md).
//
// It believes nothing that is not signed by a secret it knows, within five minutes, and
// hands the event to billing/ledger, which stores it before this answers 200. dashboard
// mounts it beside the platform's pages, outside sessions and their protection from forged
// forms: the signature is the proof. It must not read anything from an event but what it is
// called and whom it is about.
package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stripe/stripe-go/v76/webhook"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/fault"
)

const (
	// Path is where it is mounted.
	Path = "/stripe/webhook"
	// maxBody is more than any event: Stripe's largest are some tens of kilobytes.
	maxBody   = 512 << 10
	tolerance = 5 * time.Minute
	header    = "Stripe-Signature"
)

// Handler answers the provider. All but Log are needed.
type Handler struct {
	// Secrets are all that are good now: several while one is changed. None: 404.
	Secrets func(ctx context.Context) ([]string, error)
	// Receive stores an event; once it returns nil the provider may forget it.
	Receive func(ctx context.Context, e billing.Event, from store.Source) error
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger
	// Refused counts what was not believed; nil: nobody counts.
	Refused prometheus.Counter
}

// Routes mounts the door.
func (h *Handler) Routes(e *echo.Echo) { e.POST(Path, h.post) }

func (h *Handler) post(c echo.Context) error {
	err := h.take(c.Request())
	code := fault.CodeOf(err)
	switch code {
	case "":
		return c.NoContent(http.StatusOK)
	case fault.NotFound:
		return c.NoContent(http.StatusNotFound)
	case fault.TooLarge:
		return c.NoContent(http.StatusRequestEntityTooLarge)
	case fault.Malformed:
		if h.Refused != nil {
			h.Refused.Inc()
		}
		h.log().WarnContext(c.Request().Context(), "refused what claims to be the payment provider", "error", err, "from", c.RealIP())
		return c.NoContent(http.StatusBadRequest)
	}
	// The provider comes again, for three days.
	h.log().ErrorContext(c.Request().Context(), "store an event of the payment provider", "error", err)
	c.Response().Header().Set("Retry-After", "60")
	return c.NoContent(http.StatusServiceUnavailable)
}

func (h *Handler) log() *slog.Logger {
	if h.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Log
}

var (
	errNoSecret  = fault.New(fault.NotFound, "Nothing is taken here.")
	errTooLarge  = fault.New(fault.TooLarge, "The event is too large.")
	errBody      = fault.New(fault.Malformed, "The body could not be read.")
	errUnsigned  = fault.New(fault.Malformed, "The event is not signed.")
	errSignature = fault.New(fault.Malformed, "The signature fits no secret.")
	errTime      = fault.New(fault.Malformed, "The signature is from another time.")
	errEvent     = fault.New(fault.Malformed, "That is no event.")
)

// take checks a request and hands its event on.
func (h *Handler) take(req *http.Request) error {
	secrets, err := h.Secrets(req.Context())
	if err != nil {
		return err
	}
	if len(secrets) == 0 {
		return errNoSecret
	}
	body, err := read(req)
	if err != nil {
		return err
	}
	if err := h.prove(body, req.Header.Get(header), secrets); err != nil {
		return err
	}
	e, err := billing.ReadEvent(body)
	if err != nil {
		return errEvent
	}
	return h.Receive(req.Context(), e, store.FromWebhook)
}

// read takes the body as it came: the signature is over its bytes.
func read(req *http.Request) ([]byte, error) {
	if req.ContentLength > maxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(body) > maxBody:
		return nil, errTooLarge
	case err != nil:
		return nil, errBody
	}
	return body, nil
}

// prove checks the signature. The library takes an empty secret for a good one, and times
// in the future (docs/billing.md): both are looked at here.
func (h *Handler) prove(body []byte, signature string, secrets []string) error {
	if signature == "" {
		return errUnsigned
	}
	now := time.Now()
	if h.Now != nil {
		now = h.Now()
	}
	for _, at := range signedAt(signature) { // the library believes the last of several
		if age := now.Sub(at); age > tolerance || age < -tolerance {
			return errTime
		}
	}
	for _, secret := range secrets {
		if secret != "" && webhook.ValidatePayloadIgnoringTolerance(body, signature, secret) == nil {
			return nil
		}
	}
	return errSignature
}

// signedAt are the times in a signature; the zero time where there is none, or no number.
func signedAt(signature string) (all []time.Time) {
	for part := range strings.SplitSeq(signature, ",") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			seconds, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return []time.Time{{}}
			}
			all = append(all, time.Unix(seconds, 0))
		}
	}
	if len(all) == 0 {
		return []time.Time{{}}
	}
	return all
}
