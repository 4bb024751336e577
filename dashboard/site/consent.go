package site

import (
	"io"
	"strings"

	"rookery/dashboard/assets"
)

// Role is what a person may do as an account.
type Role string

// The roles, from most to least.
const (
	Owner     Role = "owner"
	Publisher Role = "publisher"
	Drafter   Role = "drafter"
	Viewer    Role = "viewer"
)

// Effect is what the role means for a post sent from an app.
func (r Role) Effect() string {
	switch r {
	case Owner, Publisher:
		return "Posts at once"
	case Drafter:
		return "Needs approval"
	default:
		return "Read only"
	}
}

// ConsentApp is the app that asks. Its name and website are its own claim.
type ConsentApp struct {
	Name string
	Host string // of its website; "" when it named none
	Icon assets.Avatar
}

// ConsentAccount is an account the person may act as.
type ConsentAccount struct {
	Account
	Role Role
}

// Person is somebody who signs in.
type Person struct {
	ID   string
	Name string
	Mail string
}

// Face is the round picture of a person.
func (p Person) Face() assets.Avatar { return assets.Avatar{Name: p.Name, Seed: p.ID} }

// Hidden is a value that travels with a form.
type Hidden struct{ Name, Value string }

// ConsentView is the page on which a person lets an app act as an account.
// Both its forms post Token as authenticity_token and Hidden; the first has
// decision=allow and the chosen account_id, the second decision=deny.
type ConsentView struct {
	Tenant    Tenant
	App       ConsentApp
	Accounts  []ConsentAccount
	Chosen    string // ID of the account ticked at first; "" ticks the first
	Scopes    []string
	Action    string
	Token     string
	Hidden    []Hidden // client_id, redirect_uri, response_type, scope, state, code_challenge …
	Person    Person
	SwitchURL string // "Not you?"; "" hides it
	AppsURL   string // where this can be ended; "" says to sign out in the app
}

// RenderConsent writes the consent page.
func RenderConsent(w io.Writer, v ConsentView) error {
	page := v.Tenant.page("Let "+v.App.Name+" use an account of "+v.Tenant.Name, "")
	page.NoIndex = true
	return render(w, page, "consent", v)
}

// IsChosen says whether an account is ticked when the page opens.
func (v ConsentView) IsChosen(i int) bool {
	if v.Chosen == "" {
		return i == 0
	}
	return v.Accounts[i].ID == v.Chosen
}

// AllowAs is the account the button names from the start: only where there is
// no choice, because without the script the words cannot follow the choice.
func (v ConsentView) AllowAs() string {
	if len(v.Accounts) == 1 {
		return v.Accounts[0].User()
	}
	return ""
}

// abilities in the order they are shown; an app gets a line when it asks for
// one of the scopes, or for a part of one (read:statuses).
var abilities = []struct {
	scopes []string
	words  string
}{
	{[]string{"profile"}, "See the account’s name, handle and picture"},
	{[]string{"read"}, "Read timelines, conversations and notifications"},
	{[]string{"write"}, "Post, reply and boost as the account, and change its profile"},
	{[]string{"follow", "write:follows", "write:blocks", "write:mutes"}, "Follow, mute and block as the account"},
	{[]string{"push"}, "Send notifications to your phone"},
	{[]string{"admin:read"}, "See reports and the people behind accounts"},
	{[]string{"admin:write"}, "Moderate: act on reports and suspend accounts"},
}

// Abilities is what the app may do, in plain words.
func (v ConsentView) Abilities() []string { return abilitiesOf(v.Scopes) }

func abilitiesOf(scopes []string) []string {
	var out []string
	for _, a := range abilities {
		for _, scope := range scopes {
			if covers(a.scopes, scope) {
				out = append(out, a.words)
				break
			}
		}
	}
	return out
}

// covers says whether a wanted scope is one of the group's, a part of one, or
// the whole of which one is a part (write stands for write:follows).
func covers(group []string, wanted string) bool {
	for _, g := range group {
		if wanted == g || strings.HasPrefix(wanted, g+":") || strings.HasPrefix(g, wanted+":") && wanted == "write" {
			return true
		}
	}
	return false
}

// CanWrite says whether the app asked for more than reading, which a viewer's
// account will not give.
func (v ConsentView) CanWrite() bool {
	for _, s := range v.Scopes {
		if s == "write" || s == "follow" || strings.HasPrefix(s, "write:") || strings.HasPrefix(s, "admin:write") {
			return true
		}
	}
	return false
}
