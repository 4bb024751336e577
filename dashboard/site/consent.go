package site

import (
	"io"
	"slices"
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

var (
	asKnown   = []string{"profile"}
	asWriter  = []string{"write"}
	asFriend  = []string{"follow", "write:follows", "write:blocks", "write:mutes"}
	everybody = []Role{Owner, Publisher, Drafter, Viewer}
)

// abilities in the order they are shown; an app gets a line when it asks for
// one of the scopes, or for a part of one (read:statuses), and the role allows it.
var abilities = []struct {
	scopes []string
	roles  []Role
	words  string
}{
	{asKnown, everybody, "See the account’s name, handle and picture"},
	{[]string{"read"}, everybody, "Read timelines, conversations and notifications"},
	{asWriter, []Role{Owner}, "Post, reply and boost as the account, and change its profile"},
	{asWriter, []Role{Publisher}, "Post, reply and boost as the account"},
	{asWriter, []Role{Drafter}, "Write posts, which somebody approves before they appear"},
	{asFriend, []Role{Owner, Publisher}, "Follow, mute and block as the account"},
	{[]string{"push"}, everybody, "Send notifications to your phone"},
	{[]string{"admin:read"}, []Role{Owner}, "See reports and the people behind accounts"},
	{[]string{"admin:write"}, []Role{Owner}, "Moderate: act on reports and suspend accounts"},
}

// withheld is what an app that asks to write does not get, because of the role.
var withheld = map[Role]string{
	Publisher: "Not: change the account’s profile",
	Drafter:   "Not: publish, boost, follow or block, which your role on this account leaves to others",
	Viewer:    "Not: write or follow, because your role on this account is to read",
}

// Grant is what the app may do with the accounts on which the person has one role.
type Grant struct {
	Role     Role
	Names    string // of the accounts
	Can      []string
	Withheld string // "": nothing
}

// Grants are what the app may do, by the role that comes with each account: the page shows
// that of the chosen account, and all of them where it cannot know which one is chosen.
func (v ConsentView) Grants() []Grant {
	var out []Grant
	for _, role := range everybody {
		var names []string
		for _, a := range v.Accounts {
			if a.Role == role {
				names = append(names, a.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		g := Grant{Role: role, Names: strings.Join(names, ", "), Can: abilitiesOf(v.Scopes, role)}
		if v.CanWrite() {
			g.Withheld = withheld[role]
		}
		out = append(out, g)
	}
	return out
}

func abilitiesOf(scopes []string, role Role) []string {
	var out []string
	for _, a := range abilities {
		if slices.Contains(a.roles, role) && slices.ContainsFunc(scopes, func(s string) bool { return covers(a.scopes, s) }) {
			out = append(out, a.words)
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
