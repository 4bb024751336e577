package jobs

import "github.com/riverqueue/river"

// CountDays counts the days that have ended since the last time, for all tenants.
type CountDays struct{}

// Kind implements river.JobArgs.
func (CountDays) Kind() string { return "insights_count_days" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (CountDays) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 3, UniqueOpts: onceAtATime}
}
