package jobs

import "github.com/riverqueue/river"

// PartDomain ends what is left between an account and a domain that it has blocked. A block
// that is gone leaves nothing to do.
type PartDomain struct {
	Scoped
	BlockID int64 `json:"block_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (PartDomain) Kind() string { return "domain_part" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (PartDomain) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 20, UniqueOpts: onceAtATime}
}
