package console

import (
	"io"
	"time"

	"rookery/internal/limit"
)

// Security is the place of the room in the navigation.
const Security Place = "security"

// ssoTests bounds what a company has this server ask others.
var ssoTests = limit.Rule{Name: "sso_test", Max: 30, Per: 10 * time.Minute}

// SSOView is where a company says how its people sign in with its own provider.
type SSOView struct {
	Shell         Shell
	PlanNote      *PlanNote // the plan does not have it
	Token         string
	Action        string
	RedirectURI   string // to be told to the provider
	Issuer        string
	ClientID      string
	HasSecret     bool // it is never shown again
	Scopes        string
	MailDomains   string // one a line
	Roles         []SSORole
	MakeAccount   bool
	UsernameClaim string
	AgainDays     string
	IsOn          bool
	IsRequired    bool
	Owners        []SSOOwner
	IsSaved       bool
	IsTested      bool
	Finding       string            // what the test found; "" with IsTested: all is well
	Wrong         map[string]string // what is wrong with a field, by its name
}

// SSORole is a choice of the role that people get at their first sign-in.
type SSORole struct {
	Value, Text string
	IsChosen    bool
}

// SSOOwner is an owner who may have a way in besides the provider.
type SSOOwner struct {
	ID, Name, Mail string
	HasPassword    bool
	IsGlass        bool
}

// RenderSSO writes the page. Its form posts the fields of sso.Change by their names, and
// act, which is "test" or "save".
func RenderSSO(w io.Writer, v SSOView) error {
	return render(w, "Single sign-on · "+v.Shell.Room.Name, "sso", v)
}

// SSOGateView asks somebody to show themselves to a company's own provider.
type SSOGateView struct {
	Shell   Shell
	Name    string // of the company
	GoURL   string
	Problem string
}

// RenderSSOGate writes that page.
func RenderSSOGate(w io.Writer, v SSOGateView) error {
	return render(w, "Sign in with "+v.Name, "sso-gate", v)
}
