package console

import "io"

// ProfileField is a row of a profile's table.
type ProfileField struct {
	Name, Value string
	IsVerified  bool
}

// ProfileView is what an account says about itself, and who may act as it.
type ProfileView struct {
	Shell     Shell
	Token     string
	Account   Account
	BackURL   string
	AppsURL   string // how to work as it
	PublicURL string
	// Where its handle, its keys and its end are; "" for those who may not.
	HandleURL, KeysURL, DeleteURL string
	MayEdit                       bool
	// Where the forms go.
	Action, AvatarAction, HeaderAction string

	DisplayName, Note                   string
	Fields                              []ProfileField
	IsLocked, IsListed, IsBot           bool
	HasAvatar                           bool
	HeaderURL                           string // "": it has none
	AvatarAlt, HeaderAlt                string
	FormError, AvatarError, HeaderError string
	Operators                           []Member
	Take                                []TakeFile // none for those who may not
}

// TakeFile is a list of an account that goes along to another server.
type TakeFile struct {
	Name, What, URL string
}

// RenderProfile writes the page. Its forms post authenticity_token and: display_name, note,
// field_name_0 to 3, field_value_0 to 3, locked, discoverable, bot; file, alt, remove.
func RenderProfile(w io.Writer, v ProfileView) error {
	return render(w, "Profile of "+v.Account.Handle+" · "+v.Shell.Room.Name, "profile-edit", v)
}

// DeleteAccountView asks before an account goes.
type DeleteAccountView struct {
	Shell                  Shell
	Token                  string
	Account                Account
	Name                   string // to type
	Action, CancelURL      string
	Posts, Followers, Apps int
	Typed, Error           string
}

// RenderDeleteAccount writes it. Its form posts authenticity_token and name.
func RenderDeleteAccount(w io.Writer, v DeleteAccountView) error {
	return render(w, "Delete "+v.Account.Handle+" · "+v.Shell.Room.Name, "account-delete", v)
}
