package assets

import "time"

// Problem says what was wrong with the last try to sign in; the words for it
// stand in the template "signin-problem".
type Problem string

// The problems the sign-in form has words for.
const (
	NoProblem Problem = ""
	Mismatch  Problem = "mismatch" // unknown mail or wrong password; never say which
	Paused    Problem = "paused"   // too many tries; Wait says how long
	Stale     Problem = "stale"    // the form's token does not fit any more
	NoAccess  Problem = "noaccess" // right password, but no membership here
	Disabled  Problem = "disabled" // right password, but the login was closed
	Passkey   Problem = "passkey"  // one that does not fit
	SSOOnly   Problem = "sso"      // right password, but the company wants its own login
	Barred    Problem = "barred"   // nobody signs up from this network
	// PasskeyOnly: right password, but it takes the passkey that there is.
	PasskeyOnly Problem = "passkeyonly"
	Expired     Problem = "expired" // the second step came too late or failed too often
)

// SignInForm is the sign-in form, the same on a tenant's host and on the
// console's. It posts authenticity_token, next, email and password.
type SignInForm struct {
	Action    string
	Token     string // against forged requests
	Next      string // where to go afterwards; checked by the handler
	Mail      string // what was typed before; the password never comes back
	Problem   Problem
	TriesLeft int           // with Mismatch: 0 says nothing about it
	Wait      time.Duration // with Paused, and with TriesLeft the break that follows; 0 says "some minutes"
	SignedOut bool          // show that signing out worked
	IsReset   bool          // show that there is a new password
	ForgotURL string        // where one gets a link for a new password
	SignUpURL string        // where one signs up; "": nobody may
	// SSOURL is where one signs in with the company's own login, SSOName the company; "": it
	// has none here. SSOOnly: for most people there is no other way.
	SSOURL  string
	SSOName string
	SSOOnly bool
	// PasskeyURL is where a passkey's answer is posted; "": none here. Without script there is
	// no button for it.
	PasskeyURL string
}
