package assets

// GateKind is one of the small pages at the way in.
type GateKind string

// The pages, the same on a tenant's host and on the console's.
const (
	GateForgot     GateKind = "forgot"      // asks for a mail address
	GateForgotSent GateKind = "forgot-sent" // look into your mail
	GateReset      GateKind = "reset"       // asks for a new password
	GateSecond     GateKind = "second"      // asks for the second factor
	GateSignUp     GateKind = "sign-up"
	GateSignUpSent GateKind = "sign-up-sent"
	GateConfirm    GateKind = "confirm"  // a sign-up, by its mail
	GateNewMail    GateKind = "new-mail" // a new address, by its mail
	GateMailDone   GateKind = "mail-done"
	GateDeadLink   GateKind = "dead-link"
	GateOffer      GateKind = "offer" // to add a passkey
)

// Gate is one of these pages. Errors are whole sentences; what was typed comes back, but
// passwords.
type Gate struct {
	Kind    GateKind
	Host    string // that one signs in to
	Action  string // where the form posts
	Token   string // against forged requests
	Secret  string // of the mail's link
	Next    string
	Mail    string
	Name    string
	BackURL string // of the sign-in page, or where "Not now" leads
	Problem Problem
	// MailError, NameError, PasswordError and CodeError stand under their fields.
	MailError     string
	NameError     string
	PasswordError string
	CodeError     string
	NeedsPassword bool   // to confirm a sign-up in another browser
	BeginURL      string // of an offer: where the script asks for a challenge
}

// Title is the heading of the page.
func (g Gate) Title() string {
	switch g.Kind {
	case GateForgot:
		return "Forgot your password?"
	case GateForgotSent, GateSignUpSent:
		return "Look into your mail"
	case GateReset:
		return "Choose a new password"
	case GateSecond:
		return "One more step"
	case GateSignUp:
		return "Create your login"
	case GateConfirm:
		return "Confirm your mail address"
	case GateNewMail:
		return "Confirm your new address"
	case GateMailDone:
		return "Your new address works"
	case GateOffer:
		return "Sign in without a password next time?"
	}
	return "This link does not work any more"
}

// Lead is the line below the heading.
func (g Gate) Lead() string {
	switch g.Kind {
	case GateForgot:
		return "We send you a link with which you choose a new one."
	case GateForgotSent:
		return "If " + g.Mail + " belongs to a login here, a link is on its way. It works once, for an hour."
	case GateSignUpSent:
		return "We sent a link to " + g.Mail + ". Open it within a day, best in this browser."
	case GateReset:
		return "For " + g.Mail + "."
	case GateSecond:
		return "Your password was right. Now the code of your authenticator app."
	case GateSignUp:
		return "One login for you. Your company comes after it."
	case GateConfirm:
		return "You signed up with " + g.Mail + "."
	case GateNewMail:
		return "From now on you sign in with it on " + g.Host + "."
	case GateMailDone:
		return "You sign in with " + g.Mail + " now."
	case GateOffer:
		return "A passkey is kept by your device and opened like its screen: with a finger, your face or a PIN."
	}
	return "It works once, and not for long. Perhaps it was opened already."
}
