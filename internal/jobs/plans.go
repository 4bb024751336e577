package jobs

import "github.com/riverqueue/river"

// PublishPlan makes a post of a plan whose time has come. At is that time, so that a plan
// which is given another time gets another job.
type PublishPlan struct {
	Scoped
	PlanID int64 `json:"plan_id" river:"unique"`
	At     int64 `json:"at"      river:"unique"`
}

// Kind implements river.JobArgs.
func (PublishPlan) Kind() string { return "plan_publish" }

// InsertOpts implements river.JobArgsWithInsertOpts: the sweep asks again for what is left.
func (PublishPlan) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFanout, MaxAttempts: 5, UniqueOpts: onceAtATime}
}

// PlanSweep finds plans that should have been published, and those whose approvers have
// not been told.
type PlanSweep struct{}

// Kind implements river.JobArgs.
func (PlanSweep) Kind() string { return "plan_sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (PlanSweep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFanout, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// TellAuthor writes to the author of a plan what somebody has decided about it. At is when.
type TellAuthor struct {
	Scoped
	PlanID int64 `json:"plan_id" river:"unique"`
	At     int64 `json:"at"      river:"unique"`
}

// Kind implements river.JobArgs.
func (TellAuthor) Kind() string { return "plan_tell_author" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (TellAuthor) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFanout, MaxAttempts: 5, UniqueOpts: onceAtATime}
}
