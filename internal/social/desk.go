package social

// DeskState is where a thread with somebody outside stands.
type DeskState string

// The states of a thread.
const (
	DeskOpen    DeskState = "open"    // somebody waits for us
	DeskWaiting DeskState = "waiting" // we wait for them
	DeskDone    DeskState = "done"
)

// Valid reports whether s is one of the three.
func (s DeskState) Valid() bool { return s == DeskOpen || s == DeskWaiting || s == DeskDone }
