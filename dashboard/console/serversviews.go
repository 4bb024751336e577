package console

import (
	"io"
	"time"

	"rookery/internal/store"
)

// ServerLine is a rule about a server, or a server that is allowed.
type ServerLine struct {
	Domain   string
	Severity string
	NoMedia  bool
	Comment  string
	By       string
	At       time.Time
	URL      string // of the rule; of an allowed server where it is taken off
}

// ServerWalk is how far the rules hold for what is known already.
type ServerWalk struct {
	IsShown   bool
	IsRunning bool
	Seen, Of  int
	Percent   int
	Hidden    int
	Limited   int
	Freed     int
	Follows   int
	At        time.Time // when it ended
}

// walkShown is how long the outcome of a walk stands on the page.
const walkShown = 24 * time.Hour

func walkView(p *store.ServerPolicy, now time.Time) ServerWalk {
	w := ServerWalk{
		Seen: int(p.WalkSeen), Of: int(p.WalkOf), Hidden: int(p.WalkHidden), Limited: int(p.WalkLimited), Freed: int(p.WalkFreed), Follows: int(p.WalkFollows),
	}
	switch {
	case p.Version == 0:
		return w
	case p.WalkVersion != p.Version: // it has not begun
		return ServerWalk{IsShown: true, IsRunning: true}
	case p.WalkDone == nil:
		w.IsShown, w.IsRunning = true, true
	default:
		w.At = *p.WalkDone
		w.IsShown = now.Sub(w.At) < walkShown
	}
	if w.Of > 0 {
		w.Percent = min(100*w.Seen/w.Of, 100)
	}
	return w
}

// ServersView is the room of servers.
type ServersView struct {
	Shell       Shell
	Token       string
	Action      string
	IsOpen      bool // something may be changed
	HasList     bool // only servers on the list are talked to
	IsAllowed   bool // the page shows that list
	Rules       int
	Allowed     int
	Search      string
	IsFirst     bool
	Lines       []ServerLine
	MoreURL     string
	Walk        ServerWalk
	ShowBlocks  string
	ShowReasons string
	Audiences   []Choice
	NewDomain   string
	NewComment  string
	Error       string
}

// RenderServers writes the room. Its forms post authenticity_token and domain, comment, or
// blocks and reasons.
func RenderServers(w io.Writer, v ServersView) error {
	return render(w, "Servers · "+v.Shell.Room.Name, "servers", v)
}

// ServerRuleView is the form of a rule, and what it would do.
type ServerRuleView struct {
	Shell             Shell
	Token             string
	Action, CancelURL string
	RemoveURL         string
	IsOpen            bool
	IsKnown           bool // there is a rule already
	Domain            string
	Severity          string
	NoMedia           bool
	NoReports         bool
	Obfuscate         bool
	Public, Private   string
	Choices           []SeverityChoice
	Reach             store.ServerReach
	By                string
	At                time.Time
	Error             string
}

// RenderServerRule writes the form. It posts domain, severity, media, reports, obfuscate,
// public, private and known.
func RenderServerRule(w io.Writer, v ServerRuleView) error {
	return render(w, "A rule about a server · "+v.Shell.Room.Name, "server-rule", v)
}

// RenderServerConfirm writes what a rule would do. It posts what the form did, and confirmed.
func RenderServerConfirm(w io.Writer, v ServerRuleView) error {
	return render(w, "A rule about a server · "+v.Shell.Room.Name, "server-confirm", v)
}

// RenderServerRemove asks whether a rule shall end.
func RenderServerRemove(w io.Writer, v ServerRuleView) error {
	return render(w, "Remove a rule · "+v.Shell.Room.Name, "server-remove", v)
}

// ServerModeView asks whether a company shall talk to certain servers only, or to all.
type ServerModeView struct {
	Shell             Shell
	Token             string
	Action, CancelURL string
	IsOpen            bool
	HasList           bool
	Allowed           int
	Servers           int // that would be cut off
	Follows           int
	Largest           string // the largest of them, by name
}

// RenderServerMode writes the question. It posts mode.
func RenderServerMode(w io.Writer, v ServerModeView) error {
	return render(w, "Servers · "+v.Shell.Room.Name, "server-mode", v)
}

// ServerProblem is a line of a file that cannot be taken.
type ServerProblem struct {
	Line      int
	Text, Why string
}

// ServerImportView is where a file is chosen, and what it would do.
type ServerImportView struct {
	Shell                   Shell
	Token                   string
	Action, CancelURL       string
	IsOpen                  bool
	Error                   string
	IsRead                  bool
	Text                    string // what would be stored, for the confirmation
	New, Changed, Same, Bad int
	Problems                []ServerProblem
	Sample                  []ServerLine
}

// RenderServerImport writes it. It posts file, and confirmed.
func RenderServerImport(w io.Writer, v ServerImportView) error {
	return render(w, "Import · "+v.Shell.Room.Name, "server-import", v)
}
