package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/internal/limit"
	"rookery/tenant/people"
)

// Door checks mail addresses and passwords, the same on a tenant's host and on the
// platform's.
type Door struct {
	People *people.People
	Logins *limit.Logins
	Log    *slog.Logger
}

// Refusal is why a sign-in was refused, as the log says it.
type Refusal string

// The reasons. fail2ban and the like read them: see docs/operations.md.
const (
	RefusedPassword Refusal = "password" // the mail address or the password
	RefusedCode     Refusal = "code"     // the second factor
	RefusedPasskey  Refusal = "passkey"
	RefusedLimit    Refusal = "limit" // too many tries before this one
	RefusedDisabled Refusal = "disabled"
)

// refuse writes the one line of the log that tools which ban addresses look for. Its shape is
// kept by TestFail2banReadsTheLog; it never names whom somebody tried to be.
func (d Door) refuse(ctx context.Context, from netip.Addr, why Refusal) {
	if d.Log != nil {
		d.Log.WarnContext(ctx, "sign-in refused", "ip", from.String(), "reason", string(why))
	}
}

// Attempt is one try to sign in.
type Attempt struct {
	From     netip.Addr // as hostroute gives it
	Mail     string
	Password string
}

// Enter returns who it is, or the problem to show. Attempts are counted before the
// password is looked at; the answer does not depend on whether the address is known.
func (d Door) Enter(ctx context.Context, a Attempt) (*people.Person, assets.Problem, error) {
	person, problem, err := d.check(ctx, a)
	if err == nil && problem == assets.NoProblem {
		err = d.Logins.Succeeded(ctx, a.From, a.Mail)
	}
	if err != nil {
		return nil, assets.NoProblem, err
	}
	return person, problem, nil
}

// check is Enter for somebody who may have to show more than a password: what was counted for
// the person stays until then, or who knows the password could guess codes for ever.
func (d Door) check(ctx context.Context, a Attempt) (*people.Person, assets.Problem, error) {
	if err := d.Logins.Attempt(ctx, a.From, a.Mail); err != nil {
		if fault.CodeOf(err) == fault.TooMany {
			d.refuse(ctx, a.From, RefusedLimit)
			return nil, assets.Paused, nil
		}
		return nil, assets.NoProblem, err
	}
	person, err := d.People.Authenticate(ctx, a.Mail, a.Password)
	switch fault.CodeOf(err) {
	case "":
	case fault.Unauthorized:
		d.refuse(ctx, a.From, RefusedPassword)
		return nil, assets.Mismatch, nil
	case fault.Forbidden:
		d.refuse(ctx, a.From, RefusedDisabled)
		return nil, assets.Disabled, nil
	default:
		return nil, assets.NoProblem, fmt.Errorf("sign in: %w", err)
	}
	return person, assets.NoProblem, nil
}

// StatusOfProblem is the status of a sign-in page that shows a problem.
func StatusOfProblem(p assets.Problem) int {
	switch p {
	case assets.NoProblem:
		return http.StatusOK
	case assets.Paused:
		return http.StatusTooManyRequests
	case assets.Stale, assets.NoAccess, assets.SSOOnly, assets.Disabled, assets.Expired, assets.Barred, assets.PasskeyOnly:
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}
