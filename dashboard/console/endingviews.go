package console

import (
	"io"
	"time"
)

// EndingView is where an owner deletes a company, and takes that back.
type EndingView struct {
	Shell     Shell
	Token     string
	CancelURL string
	Days      int // in which it can be undone
	// What goes.
	Accounts, Posts, Files, Followers, People int
	Names                                     []string
	// Action is where the form goes that deletes; "": the company is not active.
	Action string
	Typed  string
	Error  string
	// Until it can be taken back; zero: nobody asked for its end. UndoAction is "" where
	// whoever runs the server began it.
	Until      time.Time
	UndoAction string
}

// RenderEnding writes the page. Its form posts authenticity_token and name.
func RenderEnding(w io.Writer, v EndingView) error {
	return render(w, "Delete the company · "+v.Shell.Room.Name, "ending", v)
}
