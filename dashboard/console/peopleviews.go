package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// RoleChoice is a role in a list to choose from.
type RoleChoice struct {
	Role Role
	Text string
}

// Member is a line of the list of people.
type Member struct {
	Person    Person
	Role      Role
	ActsAs    []string // short handles
	Since     time.Time
	LastVisit time.Time // zero: not known
	HasFactor bool
	IsYou     bool
	URL       string
}

// InvitationRow is an invitation that nobody has answered.
type InvitationRow struct {
	Mail      string
	Role      Role
	By        string
	Sent      time.Time
	Expires   time.Time
	IsExpired bool
	// ResendAction and RevokeAction are "" for somebody who may not.
	ResendAction, RevokeAction string
}

// GrantField is an account in a form, with the role that somebody has or gets there.
type GrantField struct {
	Field  string // of the form
	Name   string
	Handle string
	Avatar assets.Avatar
	Role   Role // "" is none
}

// InviteForm is where somebody is invited.
type InviteForm struct {
	Action    string
	Token     string
	Mail      string
	Role      Role
	Places    []RoleChoice
	Grants    []GrantField
	Roles     []RoleChoice // as an account
	MailError string
	FormError string
	PlanNote  *PlanNote
}

// PeopleView is the room of people.
type PeopleView struct {
	Shell       Shell
	Token       string
	Members     []Member
	MoreURL     string // the next page
	Invitations []InvitationRow
	Invite      *InviteForm // nil for somebody who may not
	LeaveURL    string
	SentTo      string // a mail was sent right now
}

// RenderPeople writes the list of people. The form of invitations posts authenticity_token,
// email, role and a field for each account.
func RenderPeople(w io.Writer, v PeopleView) error {
	return render(w, "People · "+v.Shell.Room.Name, "people", v)
}

// MemberView is the page of one person.
type MemberView struct {
	Shell    Shell
	Token    string
	Member   Member
	ListURL  string
	Places   []RoleChoice // nil: the visitor may not change it
	PlaceURL string
	Grants   []GrantField
	GrantURL string // "": the visitor may not change them
	Roles    []RoleChoice
	AwayURL  string // "": the visitor may not
	LeaveURL string // of the visitor's own page
	Error    string
}

// RenderMember writes the page of one person.
func RenderMember(w io.Writer, v MemberView) error {
	return render(w, v.Member.Person.Name+" · People · "+v.Shell.Room.Name, "person", v)
}

// AwayView asks before somebody goes.
type AwayView struct {
	Shell     Shell
	Token     string
	Action    string
	CancelURL string
	Name      string
	IsYou     bool
	Error     string // why it cannot be; then there is no form
}

// RenderAway writes it.
func RenderAway(w io.Writer, v AwayView) error {
	return render(w, v.Title()+" · "+v.Shell.Room.Name, "away", v)
}

// Title is the question.
func (v AwayView) Title() string {
	if v.IsYou {
		return "Leave " + v.Shell.Room.Name
	}
	return "Send " + v.Name + " away"
}

// JoinView is where an invitation leads. It stands alone: whoever opens it may have no login.
type JoinView struct {
	Host    string
	Company string
	Mail    string // invited
	Role    Role
	Trouble string // why it does not work; "": it does
	Advice  string
	// SignedInAs is set for somebody whose address is another one.
	SignedInAs string
	Action     string // "": sign in first
	Token      string
	Secret     string
	SignInURL  string
	HomeURL    string
	IsNew      bool // asks for a name and a password
	Name       string
	NameError  string
	Password   string // what is wrong with it
	FormError  string
}

// RenderJoin writes it.
func RenderJoin(w io.Writer, v JoinView) error {
	title := "Join " + v.Company
	if v.Company == "" {
		title = "This invitation does not work"
	}
	return render(w, title+" · Rookery", "join", v)
}
