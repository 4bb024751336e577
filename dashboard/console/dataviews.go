package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// DataView is the room of what is kept for how long, and of taking everything along.
type DataView struct {
	Shell   Shell
	Token   string
	IsOpen  bool // clocks may be changed
	Classes []DataClass

	SelfURL  string
	Action   string // of a new archive; "": one is being written
	Archives []Archive
	Kept     int // days that an archive can be downloaded
	Error    string
}

// DataClass is a class of data.
type DataClass struct {
	Title, What string
	Rows        int
	Size        assets.Size
	IsAbout     bool
	Days        int  // 0: for ever
	IsOwn       bool // the company has set it
	LastDone    time.Time
	URL         string // where it is changed
}

// Archive is one archive of all that the company has.
type Archive struct {
	State       string
	IsRunning   bool
	IsReady     bool
	By          string
	AskedAt     time.Time
	Until       time.Time
	Done, Total int
	Files       int
	Size        assets.Size
	SHA256      string
	URL         string
	Remove      string // action that stops or removes it; "": nothing is left of it
}

// refreshArchive is how often the page looks again while an archive is being written, in seconds.
const refreshArchive = 5

// RenderData writes the room. Its forms post authenticity_token alone.
func RenderData(w io.Writer, v DataView) error {
	page := titled("Data · " + v.Shell.Room.Name)
	if v.Action == "" {
		page.Refresh = refreshArchive
	}
	return templates().Render(w, page, "data", v)
}

// DataClockView asks for how long a class is kept, and says what that means.
type DataClockView struct {
	Shell             Shell
	Token             string
	Action, CancelURL string
	Title, What       string
	Days              string // as typed
	Now               int    // days; 0: for ever
	Least, Most       int
	Platform          int // the platform's clock; 0: for ever
	Error             string
	// IsAsked: the number is right, and what goes is shown before it is set.
	IsAsked bool
	Chosen  int
	Goes    int
	IsAbout bool
	Words   string // of what goes
}

// RenderDataClock writes the question. It gets days, then posts them.
func RenderDataClock(w io.Writer, v DataClockView) error {
	return render(w, v.Title+" · "+v.Shell.Room.Name, "data-clock", v)
}
