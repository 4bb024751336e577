// Package httpfault is what the surfaces that answer over HTTP have in common when something
// goes wrong: which status an error has, and that a panic is an error.
//
// The renderers of api, federation and dashboard call it, each with its own words around it. It
// must not write an answer.
package httpfault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
)

var statuses = map[fault.Code]int{
	fault.Invalid:      http.StatusUnprocessableEntity,
	fault.Malformed:    http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Gone:         http.StatusGone,
	fault.Conflict:     http.StatusConflict,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.TooMany:      http.StatusTooManyRequests,
	fault.Unavailable:  http.StatusServiceUnavailable,
}

// IsCoded reports whether an error is a fault with a code of its own, whose text is for users.
func IsCoded(err error) bool {
	_, ok := statuses[fault.CodeOf(err)]
	return ok
}

// Status is the HTTP status of an error. Whatever has no code is a fault of ours: 500.
func Status(err error) int {
	var tooLarge *http.MaxBytesError
	var ofEcho *echo.HTTPError
	status, coded := statuses[fault.CodeOf(err)]
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case coded:
		return status
	case errors.As(err, &ofEcho) && ofEcho.Code >= http.StatusBadRequest:
		return ofEcho.Code
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Safely calls a handler and turns its panic into an error with the stack, for the log.
func Safely(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler: // net/http's own way to drop a connection
			panic(cause)
		default:
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return next(c)
}
