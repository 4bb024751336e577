package console

import (
	"io"
)

// The screens of the set-up, by number.
const (
	companyStep = 1 + iota
	domainStep
	peopleStep
)

// SetupStep is a screen in the line above each of them.
type SetupStep struct {
	Number    int
	Text      string
	URL       string // "": it cannot be gone to
	IsDone    bool
	IsCurrent bool
}

// SetupFrame is what stands around a screen of the set-up.
type SetupFrame struct {
	Steps      []SetupStep
	Current    int    // 0: all are behind
	LaterURL   string // "Finish later"
	NextAction string // leaves the screen of the domain behind
}

// setupSteps are the screens as they stand; "" as an address: the company is not there yet.
func setupSteps(at string, current int, done progress) []SetupStep {
	steps := make([]SetupStep, 0, peopleStep)
	for n := companyStep; n <= peopleStep; n++ {
		steps = append(steps, SetupStep{Number: n, Text: stepWords[n], IsCurrent: n == current})
	}
	if at != "" {
		steps[0].IsDone, steps[1].IsDone, steps[2].IsDone = true, done.domain, done.people
		steps[1].URL, steps[2].URL = at+"/domain", at+"/people"
	}
	return steps
}

// SetupOpen is a company that somebody has begun to set up.
type SetupOpen struct{ Name, Host, URL string }

// SetupName is a free name, with the form that has it filled in.
type SetupName struct{ Slug, URL string }

// SetupCompanyView is the first screen.
type SetupCompanyView struct {
	Setup  SetupFrame
	Action string
	Token  string
	Nonce  string // of this form: sent twice, it makes one company
	Name   string
	Handle string
	Host   string // of the platform
	Free   []SetupName
	Open   []SetupOpen
	// NameError and HandleError stand under their fields, FormError above the form.
	NameError, HandleError, FormError string
}

// RenderSetupCompany writes it. Its form posts authenticity_token, nonce, name and handle.
func RenderSetupCompany(w io.Writer, v SetupCompanyView) error {
	return render(w, "Set up your company · Rookery", "setup-company", v)
}

// SetupAccount is a row for an account to make.
type SetupAccount struct {
	Number      int // from 1
	Username    string
	DisplayName string
	// Errors stand under their fields.
	UsernameError, NameError string
}

// SetupInvite is a row for somebody to invite.
type SetupInvite struct {
	Number    int // from 1
	Mail      string
	Role      Role // in the company
	As        Role // as its accounts; "" is none
	MailError string
}

// SetupPeopleView is the third screen.
type SetupPeopleView struct {
	Setup      SetupFrame
	Company    string
	HandleHost string
	Action     string
	Token      string
	Made       []Account // accounts that are there
	Invited    []string  // mails
	Accounts   []SetupAccount
	Invites    []SetupInvite
	Places     []RoleChoice
	Roles      []RoleChoice // as an account
	FormError  string
	PlanNote   *PlanNote
}

// RenderSetupPeople writes it. Its form posts authenticity_token, username_N and
// display_name_N for accounts, email_N, role_N and as_N for people, and more to stay.
func RenderSetupPeople(w io.Writer, v SetupPeopleView) error {
	return render(w, "People and accounts · "+v.Company, "setup-people", v)
}

// SetupItem is something that makes a company ready.
type SetupItem struct {
	Text   string
	Why    string // while it is to be done
	URL    string
	IsDone bool
}

// SetupDoneView is what is left after the screens.
type SetupDoneView struct {
	Setup     SetupFrame
	Company   string
	PublicURL string // of the company's pages
	PublicTo  string // their host
	Items     []SetupItem
	Left      int
	EndAction string
	Token     string
}

// RenderSetupDone writes it.
func RenderSetupDone(w io.Writer, v SetupDoneView) error {
	return render(w, "What is left · "+v.Company, "setup-done", v)
}
