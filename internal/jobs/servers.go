package jobs

import "github.com/riverqueue/river"

// WalkServers has what a tenant's rules about servers say hold for the accounts that it
// knows. A job of an older version leaves the walk to that of a newer one.
type WalkServers struct {
	Scoped
	Version int64 `json:"version" river:"unique"`
}

// Kind implements river.JobArgs.
func (WalkServers) Kind() string { return "servers_walk" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (WalkServers) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 20, UniqueOpts: onceAtATime}
}
