package safehttp

import (
	"context"
	"errors"
	"net"

	"rookery/internal/fault"
)

// What can be wrong for good: trying again will not help.
var (
	// ErrBlocked: every address of the host is one we do not dial. No packet was sent.
	ErrBlocked = fault.New(fault.Forbidden, "That address is not on the public internet.")
	// ErrURL: not an https URL with a host and an admitted port.
	ErrURL = fault.New(fault.Invalid, "That is not a web address this server can fetch.")
	// ErrRedirect: more hops than allowed, a loop, or from https to http.
	ErrRedirect = fault.New(fault.Invalid, "The other server redirects in a way this server does not follow.")
	// ErrTooLarge: the inflated body is over the limit.
	ErrTooLarge = fault.New(fault.TooLarge, "The answer of the other server is too large.")
	// ErrContentType: not one of the types asked for, or an encoding we did not offer.
	ErrContentType = fault.New(fault.Invalid, "The other server answered with a kind of document that was not asked for.")
	// ErrBudget: the work that began with one activity has used up its share.
	ErrBudget = fault.New(fault.TooMany, "Too many requests would be needed.")
)

// ErrBusy: too many requests to that host, or in all. Nothing was sent; worth trying soon.
var ErrBusy = fault.New(fault.Unavailable, "Too many requests to the other server are under way.")

var permanent = []error{ErrBlocked, ErrURL, ErrRedirect, ErrTooLarge, ErrContentType, ErrBudget}

// IsPermanent reports whether trying again cannot help. Names that do not
// resolve, refused connections, bad certificates and timeouts are temporary:
// servers come back from all of them.
func IsPermanent(err error) bool {
	for _, p := range permanent {
		if errors.Is(err, p) {
			return true
		}
	}
	return false
}

// ErrLate: the work that began with one activity has used up its time. Slow servers do
// that, and they get faster: unlike ErrBudget it is no reason to give up.
var ErrLate = fault.New(fault.Unavailable, "The other server did not answer in time.")

// classify gives an error of the transport a code. Those of this package have one.
func classify(err error) error {
	if code := fault.CodeOf(err); code != fault.Internal {
		return err
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return fault.Wrap(err, fault.Unavailable, "The other server did not answer in time.")
	}
	return fault.Wrap(err, fault.Unavailable, "The other server could not be reached.")
}
