package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/httpfault"
)

// Fault is an error as a page shows it.
type Fault struct {
	Status int
	// Reason is the fault's own text for users; "" where the page's general words
	// say as much.
	Reason    string
	Wait      time.Duration // from Retry-After; 0: unknown
	RequestID string        // of faults of ours, so that they can be found
}

// ErrNotFound is for what is not there and for what the reader may not know of.
var ErrNotFound = fault.New(fault.NotFound, "")

const retrySoon = 5 * time.Second

// StatusOf maps an error to the status of its page.
func StatusOf(err error) int { return httpfault.Status(err) }

// Fail answers with the page of an error. It is the only place where an error becomes
// a status, and where an unexpected one is logged, once.
func (f Frame) Fail(c echo.Context, err error) {
	status := StatusOf(err)
	if status >= http.StatusInternalServerError {
		f.log(c, status, err)
	}
	if c.Response().Committed || errors.Is(c.Request().Context().Err(), context.Canceled) {
		return
	}
	shown := Fault{Status: status}
	if httpfault.IsCoded(err) && status < http.StatusInternalServerError && status != http.StatusNotFound {
		shown.Reason = fault.TextOf(err)
	}
	header := c.Response().Header()
	if status == http.StatusServiceUnavailable && header.Get(echo.HeaderRetryAfter) == "" {
		RetryAfter(c, retrySoon)
	}
	if seconds, err := strconv.Atoi(header.Get(echo.HeaderRetryAfter)); err == nil {
		shown.Wait = time.Duration(seconds) * time.Second
	}
	if status >= http.StatusInternalServerError {
		shown.RequestID = header.Get(echo.HeaderXRequestID)
	}
	header.Set(echo.HeaderCacheControl, "no-store")
	header.Del("ETag")
	if err := f.ShowFault(c, shown); err != nil {
		f.log(c, status, err)
		if !c.Response().Committed {
			_ = c.NoContent(http.StatusInternalServerError)
		}
	}
}

// RetryAfter says when to come back.
func RetryAfter(c echo.Context, wait time.Duration) {
	c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int((wait+time.Second-1)/time.Second)))
}

func (f Frame) log(c echo.Context, status int, err error) {
	level := slog.LevelError
	if status == http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	f.Log.LogAttrs(c.Request().Context(), level, "request failed",
		append(attrs(c), slog.Int("status", status), slog.String("error", err.Error()))...)
}
