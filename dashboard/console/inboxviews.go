package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// InboxView is the room of conversations: the list, and beside it the one that is open.
type InboxView struct {
	Shell    Shell
	Open     int // conversations in which somebody waits for us
	Segments []InboxSegment
	Filter   InboxFilter
	Lines    []InboxLine
	MoreURL  string
	Times    InboxTimes
	// RepliesURL is where saved replies are kept; "" for those who may not change them.
	RepliesURL string
	HasVoice   bool   // the person may read as some account
	Live       string // where changes are told
	Thread     *InboxThread
}

// InboxSegment is one of the states that the list is cut by.
type InboxSegment struct {
	Text      string
	URL       string
	Count     int
	IsCurrent bool
}

// InboxFilter narrows the list further.
type InboxFilter struct {
	Action   string
	State    string
	Account  string
	Who      string
	Unread   bool
	Accounts []InboxChoice
	People   []InboxChoice
	IsOn     bool
	ClearURL string
}

// InboxChoice is a line of a picker.
type InboxChoice struct {
	Value     string
	Text      string
	IsCurrent bool
}

// InboxTimes are how long people wait for a first answer, in the middle. "" is no answer yet.
type InboxTimes struct{ Week, Month string }

// InboxState is where a conversation stands, in words.
type InboxState string

// The states of a conversation.
const (
	InboxOpen    InboxState = "open"
	InboxWaiting InboxState = "waiting"
	InboxDone    InboxState = "done"
)

// Word is the state as it is written on a page.
func (s InboxState) Word() string {
	switch s {
	case InboxOpen:
		return "Open"
	case InboxWaiting:
		return "Waiting"
	default:
		return "Done"
	}
}

// Icon stands beside the word.
func (s InboxState) Icon() string {
	switch s {
	case InboxOpen:
		return "chat"
	case InboxWaiting:
		return "clock"
	default:
		return "check"
	}
}

// InboxLine is a conversation in the list.
type InboxLine struct {
	Key       string // names it on the page
	URL       string
	Name      string
	Face      assets.Avatar
	At        time.Time
	Waited    string // how long somebody has waited; "": nobody does
	Text      string
	IsOurs    bool
	IsUnread  bool
	Account   string // which of ours is asked
	Reach     InboxReach
	State     InboxState
	Assignee  *Person
	IsMine    bool
	IsCurrent bool
}

// InboxReach is who can see a message, as a word with its icon.
type InboxReach struct {
	Value string
	Text  string
	Icon  string
}

// InboxThread is a conversation with all that the team knows of it.
type InboxThread struct {
	Key     string
	Name    string
	Handle  string
	Face    assets.Avatar
	Profile string // address of whoever asks; "": not known
	Earlier int    // other conversations with whoever asks
	// EarlierURL lists them.
	EarlierURL string
	State      InboxState
	Account    string // handle of ours
	BackURL    string
	Token      string
	Seen       string

	Assignee  *Person
	IsMine    bool
	Assignees []InboxChoice
	AssignURL string // "" for those who only look on
	StateURL  string
	NoteURL   string
	WriteURL  string

	Entries []InboxEntry
	Wait    string // somebody waits since; "": nobody
	Reply   *InboxReply
	Plans   []InboxPlan
	Note    InboxNote
	Why     string // why nothing can be sent; "" otherwise
}

// InboxEntry is a message or a note.
type InboxEntry struct {
	IsNote bool
	IsOurs bool
	Name   string
	Face   assets.Avatar
	At     time.Time
	Reach  InboxReach
	// Warning stands before a text that its author folded.
	Warning string
	Body    assets.SafeHTML // of a message
	Text    string          // of a note
	Files   []InboxFile
	By      string // who of us wrote it and who let it out
	URL     string // of the message, where it was posted
}

// InboxFile is a file of a message.
type InboxFile struct {
	URL, PreviewURL, Alt string
	IsImage              bool
	Width, Height        int
}

// InboxReply is the form for an answer.
type InboxReply struct {
	Action     string
	To         string
	Text       string
	Warning    string
	Reach      string
	Reaches    []InboxReachChoice
	MessageIs  string // who could see the message, as a word
	IsTooWide  bool
	Left       int
	Most       int
	Saved      []InboxChoice
	Error      string
	Problem    string // "answered", "asked", "writing": what to look at before it is sent
	Who        string // who was faster, or writes
	Language   string
	Languages  []Choice
	Files      []PublishFile
	HasRoom    bool // for another picture
	NewAlt     string
	FileError  string
	Sensitive  bool
	IsDraft    bool   // it will wait for approval
	PlanID     string // an answer that waits and is being decided
	PlanSeen   string
	Key        string // of this page: a form that is sent twice counts once
	PlanBy     Person
	PlanAt     time.Time
	DeclineURL string
	Reason     string
	ReasonBad  string
}

// InboxReachChoice is one visibility of an answer.
type InboxReachChoice struct {
	InboxReach
	IsCurrent bool
	IsWider   bool // than the message
}

// InboxPlan is an answer that waits.
type InboxPlan struct {
	By   Person
	At   time.Time
	Text string
	URL  string // where it is decided; "" for those who may not
	When time.Time
}

// InboxNote is the form for a note.
type InboxNote struct{ Text, Error string }

// RenderInbox writes the list, with a conversation beside it if one is open.
func RenderInbox(w io.Writer, v InboxView) error {
	title := "Conversations · " + v.Shell.Room.Name
	if v.Thread != nil {
		title = v.Thread.Name + " · " + title
	}
	page := titled(title)
	page.Extra = "inbox"
	return templates().Render(w, page, "inbox", v)
}

// InboxNews is what changes on an open page by itself.
type InboxNews struct {
	Open    int
	Fresh   int
	ListURL string
	States  []InboxLine
	// Of the conversation that is open:
	HasThread bool
	Here      string // who writes
	More      string // what is new
	ThreadURL string
}

// RenderInboxNews writes the changing parts of the room.
func RenderInboxNews(w io.Writer, v InboxNews) error {
	return templates().Fragment(w, "inbox-news", v)
}

// SavedRepliesView is the list of saved replies, with a form for one.
type SavedRepliesView struct {
	Shell    Shell
	Token    string
	BackURL  string
	AddURL   string
	Replies  []SavedReply
	Form     SavedReplyForm
	Name     string // the place in a text for a name
	MayWrite bool
}

// SavedReply is one of the list.
type SavedReply struct {
	Title, Text, URL, DeleteURL string
}

// SavedReplyForm is what is typed.
type SavedReplyForm struct {
	Action, Title, Text, Error string
	IsNew                      bool
	CancelURL                  string
}

// RenderSavedReplies writes the saved replies.
func RenderSavedReplies(w io.Writer, v SavedRepliesView) error {
	page := titled("Saved replies · " + v.Shell.Room.Name)
	page.Extra = "inbox"
	return templates().Render(w, page, "inbox-replies", v)
}
