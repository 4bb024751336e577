// Package fault holds the few error codes that callers must tell apart.
//
// Every ring may use it. A fault carries a text for users; everything else
// about an error is internal and never leaves the process. One renderer a
// surface (api, federation, dashboard) maps codes to answers. It must not know
// HTTP, SQL or any other package of this project.
package fault

import (
	"errors"
	"fmt"
)

// Code tells a caller what kind of thing went wrong. The zero Code is "no error".
type Code string

// The codes. Anything without one of them is Internal.
const (
	Invalid      Code = "invalid"      // the input can never work; 422 in the API
	Malformed    Code = "malformed"    // the input cannot be read at all; 400
	Unauthorized Code = "unauthorized" // no or wrong credentials; 401
	Forbidden    Code = "forbidden"    // known, but not allowed; 403
	NotFound     Code = "not_found"    // not there, or not visible to the asker; 404
	Gone         Code = "gone"         // was there and is deleted for ever; 410
	Conflict     Code = "conflict"     // somebody else was first; 409
	TooLarge     Code = "too_large"    // over a size limit; 413
	TooMany      Code = "too_many"     // over a rate limit; 429
	Unavailable  Code = "unavailable"  // a service we need does not answer; 503
	Internal     Code = "internal"     // a fault of ours; 500
)

// Error is an error with a code and a text that may be shown to users.
type Error struct {
	Code Code
	Text string // for users: what happened and what to do
	err  error  // internal cause, never shown
}

// New makes a fault. The text is shown to users.
func New(code Code, text string) *Error { return &Error{Code: code, Text: text} }

// Newf is New with a format. Arguments are shown to users.
func Newf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault that keeps its internal cause for the log.
func Wrap(err error, code Code, text string) *Error {
	return &Error{Code: code, Text: text, err: err}
}

// Error is the internal text: for logs, not for users.
func (e *Error) Error() string {
	if e.err != nil {
		return string(e.Code) + ": " + e.Text + ": " + e.err.Error()
	}
	return string(e.Code) + ": " + e.Text
}

// Unwrap returns the internal cause.
func (e *Error) Unwrap() error { return e.err }

// Is makes errors.Is compare by code and text, so that package-level faults work as sentinels.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Text == e.Text
}

// CodeOf returns the code of err: "" for nil, Internal for an error without a code.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var f *Error
	if errors.As(err, &f) {
		return f.Code
	}
	return Internal
}

// TextOf returns the text that may be shown to users; for internal errors it names no detail.
func TextOf(err error) string {
	var f *Error
	if errors.As(err, &f) {
		return f.Text
	}
	return "This server made a mistake. It has been written down; try again in a minute."
}

// IsNotFound reports whether err says that a thing is not there.
func IsNotFound(err error) bool { return CodeOf(err) == NotFound }
