package httpfault_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/httpfault"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		http.StatusUnprocessableEntity:   fmt.Errorf("save: %w", fault.New(fault.Invalid, "no")),
		http.StatusBadRequest:            fault.New(fault.Malformed, "no"),
		http.StatusGone:                  fault.New(fault.Gone, "no"),
		http.StatusTooManyRequests:       fault.New(fault.TooMany, "no"),
		http.StatusRequestEntityTooLarge: fault.Wrap(&http.MaxBytesError{Limit: 1}, fault.Malformed, "no"),
		http.StatusMethodNotAllowed:      echo.ErrMethodNotAllowed,
		http.StatusServiceUnavailable:    fmt.Errorf("query: %w", context.DeadlineExceeded),
		http.StatusInternalServerError:   errors.New("no"),
	} {
		if got := httpfault.Status(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
	if got := httpfault.Status(echo.NewHTTPError(http.StatusOK)); got != http.StatusInternalServerError {
		t.Errorf("an error that says 200 is answered with %d", got)
	}
	if httpfault.IsCoded(errors.New("no")) || !httpfault.IsCoded(fault.New(fault.Conflict, "no")) {
		t.Error("whose text is shown is mixed up")
	}
}

func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
	err := httpfault.Safely(func(echo.Context) error { panic("boom") }, c)
	if err == nil || !strings.Contains(err.Error(), "panic: boom") || !strings.Contains(err.Error(), "httpfault_test.go") {
		t.Errorf("%v", err)
	}
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler {
			t.Errorf("a dropped connection became %v", cause)
		}
	}()
	_ = httpfault.Safely(func(echo.Context) error { panic(http.ErrAbortHandler) }, c)
}
