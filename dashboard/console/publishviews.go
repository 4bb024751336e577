package console

import (
	"io"
	"slices"
	"time"

	"rookery/internal/social"
)

// PublishTab is one of the lists of the room.
type PublishTab struct {
	Text      string
	URL       string
	Count     int // 0: not shown
	IsCurrent bool
}

// PlanState is where a post stands, as a word with a colour.
type PlanState struct {
	Word string
	Icon string
	Tone string // "", "ok", "wait" or "bad"
}

// PublishFile is a picture of a post.
type PublishFile struct {
	ID            string
	URL           string
	Alt           string
	Width, Height int
}

// PlanCard is a post that is planned or sent.
type PlanCard struct {
	ID         string
	Account    Account
	Author     string // "": unknown
	Editor     string // who else changed the words; ""
	Decider    string // who approved or declined; ""
	ByMe       bool
	Text       string
	Warning    string
	Visibility string
	State      PlanState
	CreatedAt  time.Time
	At         time.Time // when it is or was published; zero: none
	Clock      string    // the time of At, on the calendar
	IsLate     bool      // its time has passed while it waited
	IsHeld     bool      // it has a time, and nothing is published at the moment
	Reason     string
	Files      []PublishFile
	Seen       string // the version of the words
	URL        string // of its form; "" where it may not be changed
	PostURL    string
	ApproveURL string
	DeclineURL string
}

// PublishView is the room: one of its lists.
type PublishView struct {
	Shell       Shell
	Tabs        []PublishTab
	List        string
	Plans       []PlanCard
	OlderURL    string
	NewURL      string // "" where one may not write
	CalendarURL string
	Token       string
	HasAccounts bool
}

// RenderPublish writes a list of posts.
func RenderPublish(w io.Writer, v PublishView) error {
	return render(w, "Publish · "+v.Shell.Room.Name, "publish", v)
}

// PublishForm is the composer, and where a post waits, the desk of who decides. It posts
// text, warning, sensitive, language, visibility, date, time, zone, account, media_ids,
// alt_ID, drop_ID, alt_new, file, seen and act.
type PublishForm struct {
	Shell        Shell
	Action       string
	Token        string
	CancelURL    string
	DiscardURL   string
	Accounts     []Account
	Account      string // the chosen one's id
	PlanID       string // "": new
	Seen         string
	Key          string // of this page: a form that is sent twice counts once
	State        PlanState
	Card         *PlanCard
	Text         string
	Warning      string
	Sensitive    bool
	Language     string
	Visibility   string
	InReplyTo    string
	Date, Time   string
	Zone         string
	Files        []PublishFile
	NewAlt       string
	MaxChars     int
	MaxFiles     int
	Zones        []string
	Languages    []Choice
	Visibilities []Choice

	MayPost       bool // for some account, or for the plan's
	NeedsApproval bool // for some account, or for the plan's
	IsDecision    bool // it waits, and this person decides
	Reason        string
	Declining     string // the reason that was typed

	FormError, TextError, DateError, ZoneError, FileError, ReasonError string
}

// Choice is a line of a select.
type Choice struct{ Value, Text string }

// HasRoom reports whether another picture may be added.
func (f PublishForm) HasRoom() bool { return len(f.Files) < f.MaxFiles }

// Title is the heading.
func (f PublishForm) Title() string {
	switch {
	case f.IsDecision:
		return "Waits for your approval"
	case f.PlanID != "":
		return "Change the post"
	}
	return "New post"
}

// RenderCompose writes the composer.
func RenderCompose(w io.Writer, v PublishForm) error {
	return render(w, v.Title()+" · "+v.Shell.Room.Name, "compose", v)
}

// RenderDiscard asks whether a plan is to be thrown away.
func RenderDiscard(w io.Writer, v PublishForm) error {
	return render(w, "Discard the post? · "+v.Shell.Room.Name, "publish-discard", v)
}

// PublishDecided says that somebody else was faster.
type PublishDecided struct {
	Shell   Shell
	BackURL string
	Who     string // "": the program
	IsMe    bool
	At      time.Time
	State   PlanState
	Reason  string
}

// RenderDecided writes who has decided already.
func RenderDecided(w io.Writer, v PublishDecided) error {
	return render(w, "Decided already · "+v.Shell.Room.Name, "publish-decided", v)
}

// PublishCalendar is a month.
type PublishCalendar struct {
	Shell                Shell
	ListURL              string
	Action               string
	Month                time.Time // its first day
	MonthField           string
	EarlierURL, LaterURL string
	Zone                 string
	ZoneError            string
	Zones                []string
	IsCut                bool
	Weeks                [][]PublishDay
}

// PublishDay is a day of the calendar.
type PublishDay struct {
	Number    int
	Date      time.Time
	IsOutside bool // of the month
	IsToday   bool
	Posts     []PlanCard
}

// RenderCalendar writes a month.
func RenderCalendar(w io.Writer, v PublishCalendar) error {
	return render(w, "Calendar · Publish · "+v.Shell.Room.Name, "publish-calendar", v)
}

func inClockOrder(cards []PlanCard) []PlanCard {
	slices.SortStableFunc(cards, func(a, b PlanCard) int { return a.At.Compare(b.At) })
	return cards
}

func planStateOf(p *social.Plan) PlanState {
	switch p.State {
	case social.PlanWaiting:
		return PlanState{"Waiting", "clock", "wait"}
	case social.PlanScheduled:
		return PlanState{"Scheduled", "clock", ""}
	case social.PlanDeclined:
		if p.DecidedBy == 0 {
			return PlanState{"Not published", "alert", "bad"}
		}
		return PlanState{"Declined", "alert", "bad"}
	case social.PlanPublished:
		return planSent
	}
	return PlanState{"Draft", "pen", ""}
}

var planSent = PlanState{"Sent", "check", "ok"}
