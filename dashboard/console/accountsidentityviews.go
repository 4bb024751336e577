package console

import (
	"io"
	"time"
)

// HandleView asks which handle an account is to have.
type HandleView struct {
	Shell            Shell
	Token            string
	Account          Account
	Name, HandleHost string // the present handle's parts
	Action, BackURL  string
	MaxRenames, Days int      // how often in how long
	Former           []string // handles that lead to it
	Typed, TypedSure string
	NameError        string
	IsUnsure         bool // the present name was not typed
}

// RenderHandle writes the page. Its form posts authenticity_token, username and sure.
func RenderHandle(w io.Writer, v HandleView) error {
	return render(w, "Handle of "+v.Account.Handle+" · "+v.Shell.Room.Name, "account-handle", v)
}

// AccountKey is the public half of a key.
type AccountKey struct {
	ID          string
	Fingerprint string
	Made        time.Time
	IsSigning   bool // what is sent is signed with it
}

// KeysView shows what other servers check an account's posts with.
type KeysView struct {
	Shell           Shell
	Token           string
	Account         Account
	Action, BackURL string
	Keys            []AccountKey
	Error           string
}

// RenderKeys writes the page. Its form posts authenticity_token and sure.
func RenderKeys(w io.Writer, v KeysView) error {
	return render(w, "Keys of "+v.Account.Handle+" · "+v.Shell.Room.Name, "account-keys", v)
}
