package social

import "time"

// PlanID names a planned post. Apps see it as the id of a scheduled status.
type PlanID int64

// PlanState is where a planned post stands.
type PlanState string

// The states of a plan.
const (
	PlanDraft     PlanState = "draft"     // somebody still writes
	PlanWaiting   PlanState = "waiting"   // for somebody's approval
	PlanScheduled PlanState = "scheduled" // for its time
	PlanDeclined  PlanState = "declined"  // somebody said no, or it could not be published
	PlanPublished PlanState = "published" // it is a post
)

// Valid reports whether s is one of the five.
func (s PlanState) Valid() bool {
	switch s {
	case PlanDraft, PlanWaiting, PlanScheduled, PlanDeclined, PlanPublished:
		return true
	}
	return false
}

// Plan is a post that is not one yet, and of one that is, who wrote it and who let it out.
type Plan struct {
	ID        PlanID
	AccountID AccountID
	AuthorID  PersonID // who wrote it
	EditorID  PersonID // who else changed its words last; 0: nobody
	AppID     AppID
	State     PlanState

	// The words; empty once it is published.
	Text        string
	SpoilerText string
	Visibility  Visibility
	Sensitive   bool
	Language    string
	InReplyToID StatusID

	Idempotency string
	ScheduledAt *time.Time // nil: none
	Zone        string     // in which the time was typed; "": unknown

	Reason    string
	DecidedBy PersonID // 0: nobody had to, or the program did
	DecidedAt *time.Time
	StatusID  StatusID // 0: no post yet

	CreatedAt time.Time
	UpdatedAt time.Time
}

// HasTime reports whether the plan is to be published at a certain time.
func (p *Plan) HasTime() bool { return p.ScheduledAt != nil }
