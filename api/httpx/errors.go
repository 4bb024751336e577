package httpx

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/internal/fault"
	"rookery/internal/httpfault"
)

// The answers that every part of the API gives alike. Apps compare these texts.
var (
	ErrNotFound     = fault.New(fault.NotFound, "Record not found")
	ErrInvalidToken = fault.New(fault.Unauthorized, "The access token is invalid")
	ErrScope        = fault.New(fault.Forbidden, "This action is outside the authorized scopes")
	ErrNoUser       = fault.New(fault.Invalid, "This method requires an authenticated user")
	ErrClosed       = fault.New(fault.Gone, "This server has been closed.")
	ErrNotAllowed   = fault.New(fault.Forbidden, "This action is not allowed")
	ErrTooMany      = fault.New(fault.TooMany, "Too many requests")
)

// retrySoon is the Retry-After of a 503, in seconds: long enough for a fail-over
// to make progress, short enough that a person waits for it.
const retrySoon = "5"

// detailed is an error that also says what is wrong with each field.
type detailed struct {
	error
	details map[string][]entity.ErrorDetail
}

func (d *detailed) Unwrap() error { return d.error }

// WithDetails adds what is wrong with each field to an error, for sign-up forms.
func WithDetails(err error, details map[string][]entity.ErrorDetail) error {
	return &detailed{error: err, details: details}
}

// ErrorHandler is the echo.HTTPErrorHandler of the API, for requests that no
// route took. Routes of a table are rendered by Mount.
func ErrorHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) { Render(c, log, err) }
}

// Render answers with an error. It is the only place where an error becomes a
// status and a text, and where an unexpected one is logged, once.
func Render(c echo.Context, log *slog.Logger, err error) {
	if err == nil || c.Response().Committed {
		if err != nil { // too late for an answer, not for the log
			logFault(c, log, http.StatusInternalServerError, err)
		}
		return
	}
	if errors.Is(c.Request().Context().Err(), context.Canceled) {
		return // nobody is listening any more
	}
	status, body := answer(err)
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, noStore)
	if status == http.StatusServiceUnavailable && header.Get(echo.HeaderRetryAfter) == "" {
		header.Set(echo.HeaderRetryAfter, retrySoon)
	}
	logFault(c, log, status, err)
	if err := c.JSON(status, body); err != nil {
		logFault(c, log, status, err)
	}
}

// answer maps an error to what the app is told. Whatever has no code is ours,
// and its text stays here.
func answer(err error) (int, entity.Error) {
	var tooLarge *http.MaxBytesError
	var ofEcho *echo.HTTPError
	var details *detailed
	var body entity.Error
	if errors.As(err, &details) {
		body.Details = details.details
	}
	status := httpfault.Status(err)
	switch {
	case errors.As(err, &tooLarge):
		body.Error = "The request is larger than this server allows."
	case httpfault.IsCoded(err):
		body.Error = fault.TextOf(err)
	case errors.As(err, &ofEcho) && status == http.StatusNotFound:
		body.Error = ErrNotFound.Text
	case errors.As(err, &ofEcho) && status < http.StatusInternalServerError:
		body.Error = http.StatusText(status)
	case errors.Is(err, context.DeadlineExceeded):
		body.Error = "This took too long. Try again in a minute."
	default:
		body.Error = fault.TextOf(errors.New("internal"))
	}
	return status, body
}

func logFault(c echo.Context, log *slog.Logger, status int, err error) {
	level := slog.LevelError
	switch {
	case status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case status < http.StatusInternalServerError:
		return
	}
	log.LogAttrs(c.Request().Context(), level, "request failed",
		append(requestAttrs(c), slog.Int("status", status), slog.String("error", err.Error()))...)
}
