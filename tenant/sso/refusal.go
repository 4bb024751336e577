package sso

import (
	"rookery/internal/fault"
)

// Kind says why somebody could not sign in; the pages have words for each.
type Kind string

// The kinds.
const (
	Off        Kind = "off"        // nobody signs in here like that
	Stale      Kind = "stale"      // used, too old, or another browser's
	Refused    Kind = "refused"    // the provider said no; Detail is its code
	Down       Kind = "down"       // the provider does not answer
	Setup      Kind = "setup"      // the provider and we do not fit; Detail says where
	Untrusted  Kind = "untrusted"  // what came back proves nothing; Detail says why
	NoMail     Kind = "no-mail"    // the provider names no mail address
	Unverified Kind = "unverified" // nor does it vouch for it
	Taken      Kind = "taken"      // the mail address belongs to somebody who is no member
	Unlinked   Kind = "unlinked"   // it is a member's, and the provider does not vouch for it
	NoPassword Kind = "no-password"
	Full       Kind = "full"      // the company's plan has no seat left, or nobody can be added now
	SentAway   Kind = "sent-away" // was a member once
	Disabled   Kind = "disabled"
	Stranger   Kind = "stranger" // somebody else than who is signed in to the console
)

// Refusal is why somebody could not sign in.
type Refusal struct {
	Kind   Kind
	Detail string // for the log and for whoever sets it up; holds no secret
	Mail   string // as the provider says it
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return "single sign-on: " + string(r.Kind)
	}
	return "single sign-on: " + string(r.Kind) + ": " + r.Detail
}

func refuse(k Kind, detail string) error { return &Refusal{Kind: k, Detail: detail} }

// ErrRequired says that the company wants everybody to sign in with its provider.
var ErrRequired = fault.New(fault.Forbidden, "This company wants you to sign in with its own login.")
