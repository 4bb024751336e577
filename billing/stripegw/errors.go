package stripegw

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/stripe/stripe-go/v76"

	"rookery/internal/fault"
)

// The sentences that people see when the provider cannot or will not.
const (
	sayAway    = "The payment provider does not answer just now. Nothing was charged. Try again in a few minutes."
	sayRefused = "The payment provider does not let this platform in. Nothing was charged; the people who run it have been told."
)

// mapError gives an error of Stripe's its code. Sentences of Stripe's about a card are for
// people (https://docs.stripe.com/error-handling); others stay in the log.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	var said *stripe.Error
	if !errors.As(err, &said) {
		return fault.Wrap(err, fault.Unavailable, sayAway) // a timeout, no network
	}
	switch status := said.HTTPStatusCode; {
	case status == http.StatusNotFound || said.Code == stripe.ErrorCodeResourceMissing:
		return fault.Wrap(err, fault.NotFound, "The payment provider does not know that.")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fault.Wrap(err, fault.Unauthorized, sayRefused)
	case status == http.StatusTooManyRequests, status >= 500, status == http.StatusConflict:
		return fault.Wrap(err, fault.Unavailable, sayAway)
	case said.Type == stripe.ErrorTypeCard:
		return fault.Wrap(err, fault.Invalid, said.Msg)
	}
	return fault.Wrap(err, fault.Invalid, "The payment provider refused this. The people who run this platform have been told; nothing was charged.")
}

var errNotPaid = fault.New(fault.Invalid, "Nothing was paid with this invoice, so nothing can be given back.")

// isMissing reports whether Stripe says that something is not there.
func isMissing(err error) bool {
	var said *stripe.Error
	return errors.As(err, &said) && (said.HTTPStatusCode == http.StatusNotFound || said.Code == stripe.ErrorCodeResourceMissing)
}

// leveled passes what the library logs on, at a level below: callers log what failed.
type leveled struct{ log *slog.Logger }

func (l leveled) say(level slog.Level, format string, v ...any) {
	if l.log != nil {
		l.log.Log(context.Background(), level, "stripe-go", "said", format, "with", v)
	}
}

// Debugf implements stripe.LeveledLoggerInterface.
func (l leveled) Debugf(string, ...any) {}

// Infof implements stripe.LeveledLoggerInterface.
func (l leveled) Infof(string, ...any) {}

// Warnf implements stripe.LeveledLoggerInterface.
func (l leveled) Warnf(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }

// Errorf implements stripe.LeveledLoggerInterface.
func (l leveled) Errorf(format string, v ...any) { l.say(slog.LevelInfo, format, v...) }
