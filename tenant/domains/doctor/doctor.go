// Package doctor explains what is wrong with a name, in one sentence that says which record
// to change.
//
// Package domains feeds what it finds to the state machine; the console, the mails and the
// operator's commands show its words. It is pure: it asks nobody (package look did) and
// knows neither database nor clock.
package doctor

import "rookery/tenant"

// Outcome is what a check came to.
type Outcome string

// The outcomes. "Could not ask" is never "failed": it changes no state and counts no failure.
const (
	Unknown Outcome = "unknown" // nobody could be asked
	Well    Outcome = "well"
	Wrong   Outcome = "wrong"
)

// Finding is the outcome of one kind of check.
type Finding struct {
	Outcome Outcome `json:"outcome"`
	// Code says what is Wrong or why it is Unknown; of what is Well it is a hint at most.
	Code   Code              `json:"code,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
	// Served: the name leads here all the same, and only a new certificate would fail.
	Served bool `json:"served,omitempty"`
}

// Findings are what one look at a name found. A kind that was not looked at is missing.
type Findings map[tenant.CheckKind]Finding

// Is reports whether a kind was looked at with this outcome.
func (f Findings) Is(kind tenant.CheckKind, o Outcome) bool { return f[kind].Outcome == o }

// Code is a stable name of what is wrong.
type Code string
