package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// Tone is how something stands: a colour, an icon and always a word beside them.
type Tone string

// The tones. What has not begun has none.
const (
	Done    Tone = "ok"
	Waiting Tone = "wait"
	Wrong   Tone = "bad"
	Later   Tone = ""
)

// Icon is the tone's sign.
func (t Tone) Icon() string {
	switch t {
	case Done:
		return "okc"
	case Waiting:
		return "clock"
	case Wrong:
		return "alert"
	case Later:
	}
	return "later"
}

// Dot is the sign on a step's dot.
func (t Tone) Dot() string {
	switch t {
	case Done:
		return "check"
	case Waiting:
		return "clock"
	case Wrong:
		return "bang"
	case Later:
	}
	return "later"
}

// DomainRow is a name in the list.
type DomainRow struct {
	Name    string
	ASCII   string // where it differs: how DNS writes it
	Purpose string
	Tone    Tone
	Word    string
	Advice  string // what to change; "" is nothing
	URL     string // "" leads nowhere: a name of the platform's
}

// DomainsView lists a company's names.
type DomainsView struct {
	Shell  Shell
	Rows   []DomainRow
	Gone   []DomainRow // removed, for the record
	AddURL string      // "" when the person may not add names
	// HasOwn: there are names besides those the platform lends.
	HasOwn bool
}

// RenderDomains writes the list of names.
func RenderDomains(w io.Writer, v DomainsView) error {
	return render(w, "Domains · "+v.Shell.Room.Name, "domains", v)
}

// AddDomainView is the form for a name.
type AddDomainView struct {
	Shell     Shell
	Action    string
	Token     string
	CancelURL string
	Account   string // whose handle is shown as an example
	Mode      string
	Name      string
	Service   string
	// NameError and ServiceError stand under their fields, FormError above the form.
	NameError    string
	ServiceError string
	FormError    string
	PlanNote     *PlanNote
	IsSecond     bool // the company's addresses stay; the name will lead to them
	// Setup is set where this is a screen of the set-up; Trial is the name to stay on then.
	Setup *SetupFrame
	Trial string
}

// RenderAddDomain writes the form. It posts authenticity_token, mode, name and service.
func RenderAddDomain(w io.Writer, v AddDomainView) error {
	if v.Setup != nil {
		return render(w, "Your domain · "+v.Shell.Room.Name, "setup-domain-add", v)
	}
	return render(w, "Add a domain · "+v.Shell.Room.Name, "domain-add", v)
}

// DomainNote stands above everything: what state the name as a whole is in.
type DomainNote struct {
	Tone  Tone
	Title string
	Text  string
	Until time.Time // shown after the text
	// Undo takes back a removal; Action is where its form goes.
	UndoAction string
}

// DomainRecord is one record to add, change or delete in DNS.
type DomainRecord struct {
	Caption string // "1. Add this record"
	Type    string
	Name    string // as most providers want it: without the domain
	Full    string // the whole name
	WasName string // where it is by mistake
	Was     string // what it says now
	Value   string // what it must say; "" of records to delete
}

// DomainTodo is the one thing to do now.
type DomainTodo struct {
	Title    string
	Tone     Tone
	Word     string
	Texts    []string // why, in sentences
	Records  []DomainRecord
	Redirect *DomainRedirect
	Seen     []string // what we found, in sentences
	Code     string   // of the domain doctor
	LookedAt time.Time
	NextAt   time.Time // zero: we do not look by ourselves
}

// DomainRedirect is what a company's web server must do.
type DomainRedirect struct {
	Pairs   [][2]string // from, to
	Recipes []DomainRecipe
}

// DomainRecipe is something to copy for one kind of web server.
type DomainRecipe struct{ ID, Title, Where, Text string }

// DomainStep is one of the separate truths about a name.
type DomainStep struct {
	Title  string
	Tone   Tone
	Word   string
	Text   string
	Code   string
	LastAt time.Time
	OKAt   time.Time
	NextAt time.Time
}

// DomainLive is the part of a name's page that changes by itself.
type DomainLive struct {
	// HandleHost is the company's in the navigation, which follows an event; "" where there is none.
	HandleHost string
	Summary    string // one sentence for those who do not see it change
	Note       *DomainNote
	Todo       *DomainTodo
	Steps      []DomainStep
	Token      string
	// CheckAction is where "Check now" goes; "" when the person may not, or not yet.
	CheckAction string
	CheckFrom   time.Time // when it may be asked for again; zero: now
	CheckNote   string    // why it was not done
	Mail        string    // whom we write to; "" when the way is not ours to tell
	SendURL     string    // of the form for IT, on the same page
	History     []DomainEvent
}

// ITForm mails what to do to whoever runs the domain.
type ITForm struct {
	Action  string
	Token   string
	Mail    string
	Server  string
	Note    string
	Recipes []DomainRecipe
	// Errors stand under their fields.
	MailError string
	NoteError string
	SentTo    string // it was sent
	// Link is the address that shows the same without signing in; LinkAction is where the
	// form goes that makes one, UnlinkAction that ends all. "": there is no such form.
	Link         string
	LinkUntil    time.Time
	LinkAction   string
	UnlinkAction string
}

// SeenStep is one thing another server did.
type SeenStep struct {
	Title string
	Tone  Tone
	Word  string
	Text  string
}

// SeenView is what another server sees.
type SeenView struct {
	Action string
	Token  string
	Handle string // looked up; "" when there is no account yet
	Steps  []SeenStep
	Sum    string
	Tone   Tone
	Error  string
}

// DomainEvent is a line of a name's history.
type DomainEvent struct {
	At   time.Time
	Text string
	Why  string
	Who  string // a person's name
	By   string // somebody else, in our words
}

// ReleaseForm gives a name up.
type ReleaseForm struct {
	Action string
	Token  string
	Name   string
	Plan   string // what it means
	Error  string
	Typed  string
}

// DomainView is a name's own page. Where handles and pages have a name each, it shows the
// way of both.
type DomainView struct {
	Shell    Shell
	Title    string
	Lead     string
	Handles  string // what handles end in
	Pages    string // where pages are; the same as Handles unless split
	IsSecond bool   // it leads to addresses that the company has
	ListURL  string
	Live     DomainLive
	LiveURL  string // of the stream; "" shows the page as it is
	Refresh  int    // seconds, without script
	Zone     []string
	IT       *ITForm
	Seen     *SeenView
	Releases []ReleaseForm
	Setup    *SetupFrame // set where this is a screen of the set-up
}

// IsSplit reports whether handles and pages have names of their own.
func (v DomainView) IsSplit() bool { return v.Handles != v.Pages }

// RenderDomain writes a name's page.
func RenderDomain(w io.Writer, v DomainView) error {
	what, body := v.Title+" · Domains", "domain"
	if v.Setup != nil {
		what, body = "Connect your domain", "setup-domain"
	}
	page := titled(what + " · " + v.Shell.Room.Name)
	page.Refresh = v.Refresh
	return templates().Render(w, page, body, v)
}

// SharedView is what a name needs, for somebody who is not signed in.
type SharedView struct {
	Title    string
	Lead     string
	Handles  string
	Pages    string
	IsSecond bool
	Host     string    // of the platform
	Until    time.Time // the link ends then
	Live     DomainLive
	LiveURL  string
	Refresh  int // seconds, without script
	Zone     []string
	Recipes  []DomainRecipe
}

// IsSplit reports whether handles and pages have names of their own.
func (v SharedView) IsSplit() bool { return v.Handles != v.Pages }

// RenderShared writes the page that a link opens.
func RenderShared(w io.Writer, v SharedView) error {
	page := assets.Page{What: "What " + v.Title + " needs in DNS", NoIndex: true, Refresh: v.Refresh}
	return templates().Render(w, page, "domain-shared", v)
}

// RenderDomainLive writes the part of a name's page that changes by itself.
func RenderDomainLive(w io.Writer, v DomainLive) error {
	return templates().Fragment(w, "domain-live", v)
}
