package assets

import "time"

// Own is the page on which people look after their own login, the same on a tenant's host
// and on the console's. Errors are whole sentences.
type Own struct {
	Base  string // stands before where its forms post
	Token string // against forged requests
	Host  string // of this page
	Name  string
	Mail  string
	// NewMail is what was typed as another address.
	NewMail string
	Locale  string
	// Done names what was just done; NoDone shows nothing.
	Done Done
	// IsBound: a company asks for a second factor, and there is none yet.
	IsBound      bool
	ForStaff     bool // the page stands among the staff's
	IsFresh      bool // signed in just now: nothing is asked again
	HasPassword  bool
	HasTOTP      bool
	Since        time.Time // of the authenticator
	CodesLeft    int
	Passkeys     []OwnPasskey
	PasskeyName  string // proposed for a new one
	Sessions     []OwnSession
	PasswordURL  string // of the page that changes it
	AppsURL      string // "": apps are let in on other hosts
	NameError    string
	MailError    string
	FactorError  string
	PasskeyError string
}

// OwnPasskey is one of a person's passkeys.
type OwnPasskey struct {
	ID       string
	Name     string
	Since    time.Time
	LastUsed time.Time
	IsCloned bool
}

// OwnSession is a browser that is signed in.
type OwnSession struct {
	ID       string
	Device   string
	Address  string
	Since    time.Time
	LastSeen time.Time
	IsThis   bool
	IsStrong bool // two factors
}

// Done is something that was just done, for the line above a page.
type Done string

// What may have been done.
const (
	NoDone         Done = ""
	DoneProfile    Done = "profile"
	DoneMail       Done = "mail"
	DonePassword   Done = "password"
	DoneTOTPOff    Done = "totp-off"
	DonePasskey    Done = "passkey"
	DoneRenamed    Done = "renamed"
	DoneRemoved    Done = "removed"
	DoneEnded      Done = "ended"
	DoneOthers     Done = "others"
	DoneFactorless Done = "needed" // sent here because a company asks for a second factor
)

// Words are what the line says.
func (d Done) Words() string {
	return map[Done]string{
		DoneProfile:  "Saved.",
		DoneMail:     "We sent a link to the new address. Until it is opened you sign in with the one you have.",
		DonePassword: "Your password is changed. Every other browser was signed out; apps stay signed in.",
		DoneTOTPOff:  "The authenticator app is turned off.",
		DonePasskey:  "The passkey is added. It works on this host alone.",
		DoneRenamed:  "The passkey has its new name.",
		DoneRemoved:  "The passkey is removed. Your device may still offer it; it does not work any more.",
		DoneEnded:    "That browser is signed out.",
		DoneOthers:   "Every other browser is signed out.",
	}[d]
}

// Authenticator is the page that sets an authenticator app up.
type Authenticator struct {
	Base       string
	Token      string
	Secret     string // in groups, to be typed
	PictureURL string
	CodeError  string
}

// Again asks somebody who signed in a while ago for the password. It posts password and next.
type Again struct {
	Base          string
	Action        string
	Token         string
	Mail          string
	Next          string
	PasswordError string
}

// Codes is the page that shows recovery codes, once.
type Codes struct {
	Base  string
	Codes []string
	IsNew bool // with a new authenticator
	Next  string
}

// OwnPassword is the form for another password. It posts old_password, new_password and
// new_password_again.
type OwnPassword struct {
	Base        string
	Action      string
	Token       string
	Mail        string
	HasPassword bool
	Problem     Problem
	OldError    string
	NewError    string
	AgainError  string
}
