package console

import (
	"io"

	"rookery/dashboard/assets"
)

// SignInView is the sign-in page of the console.
type SignInView struct {
	Form assets.SignInForm
	Host string // of the platform
}

// RenderSignIn writes the sign-in page. Its form is the first that posts.
func RenderSignIn(w io.Writer, v SignInView) error {
	return render(w, "Sign in to Rookery", "console-signin", v)
}

// GateView is one of the small pages at the way in.
type GateView struct {
	Gate assets.Gate
	Host string // of the platform
}

// RenderGate writes such a page.
func RenderGate(w io.Writer, v GateView) error {
	return render(w, v.Gate.Title()+" · Rookery", "console-gate", v)
}

// Tenant is a company in the list of those a person belongs to.
type Tenant struct {
	Name       string
	HandleHost string
	Logo       assets.Avatar
	Role       Role
	Accounts   int
	URL        string // of its room
	IsReadOnly bool
}

// TenantsView lists the companies a person belongs to.
type TenantsView struct {
	Shell   Shell
	Tenants []Tenant
	NewURL  string // where one makes a company; "": only whoever runs the platform does
}

// RenderTenants writes the list of companies.
func RenderTenants(w io.Writer, v TenantsView) error {
	return render(w, "Your companies · Rookery", "tenants", v)
}

// Account is a line of the list of accounts.
type Account struct {
	ID        string
	Name      string
	Handle    string // whole, with both @
	Avatar    assets.Avatar
	Followers int
	Posts     int
	Role      Role // of the person who looks; "" is none
	URL       string
}

// AccountsView is the first page of a company's room.
type AccountsView struct {
	Shell      Shell
	Accounts   []Account
	NewURL     string // "" when the person may not make accounts
	SignInHost string // what one types into an app
	// SetupURL leads on with a set-up that is not finished, SetupEndAction puts it away.
	SetupURL, SetupEndAction string
}

// RenderAccounts writes the list of a company's accounts.
func RenderAccounts(w io.Writer, v AccountsView) error {
	return render(w, "Accounts · "+v.Shell.Room.Name, "accounts", v)
}

// NewAccountView is the form for a new account. Errors are whole sentences
// that say what to do; what was typed is never thrown away.
type NewAccountView struct {
	Shell       Shell
	Action      string
	Token       string
	CancelURL   string
	HandleHost  string
	Username    string
	DisplayName string
	// UsernameError and NameError stand under their fields, FormError above
	// the form.
	UsernameError string
	NameError     string
	FormError     string
	PlanNote      *PlanNote
	// Included is how many accounts the plan Plan includes, where the next one is charged
	// besides; 0: it is not.
	Included int
	Plan     string
}

// RenderNewAccount writes the form for a new account. It posts
// authenticity_token, username and display_name.
func RenderNewAccount(w io.Writer, v NewAccountView) error {
	return render(w, "New account · "+v.Shell.Room.Name, "new-account", v)
}

// AccountMadeView tells how to work as an account that was just made.
type AccountMadeView struct {
	Shell       Shell
	Account     Account
	ServerName  string // what one types into an app
	Mail        string // of the person, to sign in with
	PublicURL   string
	ProfileURL  string
	AccountsURL string
}

// RenderAccountMade writes the page after an account was made.
func RenderAccountMade(w io.Writer, v AccountMadeView) error {
	return render(w, v.Account.Handle+" is ready · "+v.Shell.Room.Name, "account-made", v)
}

// RenderError writes an error page of the console. It stands alone: who is signed in
// may not be known.
func RenderError(w io.Writer, card assets.FaultCard) error {
	return render(w, card.Title+" · Rookery", "console-error", card)
}
