package console

import (
	"io"
	"time"
)

// AuditForm is the filter as somebody typed it.
type AuditForm struct{ Actor, Action, Target, From, To string }

// AuditLine is an act in words.
type AuditLine struct {
	Seq            int64
	At             time.Time
	Who            string
	Address        string
	Text           string
	IsWhole        bool   // the text does not begin with who
	Action, Target string // as recorded
	Details        [][2]string
}

// AuditProof says whether the log is as it was written.
type AuditProof struct {
	Entries  int
	IsProven bool // it was looked at
	Broken   int64
	Why      string
	At       time.Time
	Action   string // of the form that has it looked at
}

// AuditView is the audit log.
type AuditView struct {
	Shell            Shell
	Token            string
	Action           string // of the filter
	Form             AuditForm
	Kinds, People    []Choice
	Days             int // how far back it is shown; 0: all of it
	IsFiltered       bool
	IsFirst          bool // the newest page
	ClearURL         string
	Entries          []AuditLine
	OlderURL         string
	CSVURL, LinesURL string
	Proof            AuditProof
}

// RenderAudit writes the page.
func RenderAudit(w io.Writer, v AuditView) error {
	return render(w, "Audit log · "+v.Shell.Room.Name, "audit", v)
}
