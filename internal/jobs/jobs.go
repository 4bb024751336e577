// Package jobs holds the arguments of every background job.
//
// It is a leaf: whoever enqueues a job and whoever works it meet here, so that
// neither imports the other. Arguments hold ids, never bodies or entities, and
// never change meaning: a new meaning gets a new Kind. It must hold no workers.
package jobs

import (
	"time"

	"github.com/riverqueue/river"

	"rookery/tenant"
)

// The queues, by kind of work. Each process decides how many workers serve which.
const (
	QueueInbox   = "inbox"
	QueueDeliver = "deliver"
	QueueFanout  = "fanout"
	QueueFetch   = "fetch"
	QueueUpkeep  = "upkeep"
)

// Scoped is embedded by every job of a tenant. The tag makes uniqueness per tenant.
type Scoped struct {
	TenantID tenant.ID `json:"tenant_id" river:"unique"`
}

// Tenant says whose job it is.
func (s Scoped) Tenant() tenant.ID { return s.TenantID }

// ApplyActivities applies received activities that the inbox has stored.
type ApplyActivities struct {
	Scoped
	IDs []int64 `json:"ids"`
}

// Kind implements river.JobArgs.
func (ApplyActivities) Kind() string { return "inbox_apply" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (ApplyActivities) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueInbox, MaxAttempts: 12}
}

// PublishEvents turns social.Events into activities and their deliveries, in their order.
type PublishEvents struct {
	Scoped
	EventIDs []int64 `json:"event_ids"`
}

// Kind implements river.JobArgs.
func (PublishEvents) Kind() string { return "outbox_publish_events" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (PublishEvents) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFanout, MaxAttempts: 20}
}

// Publish is PublishEvents for one event. Nobody enqueues it any more; jobs of an
// earlier version may wait.
type Publish struct {
	Scoped
	EventID int64 `json:"event_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (Publish) Kind() string { return "outbox_publish" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Publish) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFanout, MaxAttempts: 20}
}

// DeliverSmall sends stored activities that go to few inboxes each, in their order.
type DeliverSmall struct {
	Scoped
	ActivityIDs []int64 `json:"activity_ids"`
}

// Kind implements river.JobArgs.
func (DeliverSmall) Kind() string { return "federation_deliver_small" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (DeliverSmall) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDeliver, MaxAttempts: 25}
}

// Deliver sends one stored activity to the inboxes of deliveries FirstID to LastID.
type Deliver struct {
	Scoped
	ActivityID int64 `json:"activity_id"`
	FirstID    int64 `json:"first_id"`
	LastID     int64 `json:"last_id"`
}

// Kind implements river.JobArgs.
func (Deliver) Kind() string { return "federation_deliver" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Deliver) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueDeliver, MaxAttempts: 25}
}

// RefreshAccount reads a remote actor anew.
type RefreshAccount struct {
	Scoped
	AccountID int64 `json:"account_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (RefreshAccount) Kind() string { return "fetch_account" }

// InsertOpts implements river.JobArgsWithInsertOpts: at most one refresh an hour for an account.
func (RefreshAccount) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFetch, MaxAttempts: 4, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: time.Hour}}
}

// RefreshNow are the options for a refresh that something new makes necessary, such as word
// that the account is gone: one that ended a moment ago does not count.
func RefreshNow() *river.InsertOpts {
	o := RefreshAccount{}.InsertOpts()
	o.UniqueOpts = onceAtATime
	return &o
}

// FetchParents reads the posts above a status that answers an unknown one.
type FetchParents struct {
	Scoped
	StatusID int64 `json:"status_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (FetchParents) Kind() string { return "fetch_parents" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FetchParents) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueFetch, MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: time.Hour}}
}

// Upkeep removes what is no longer needed, in small batches, over all tenants.
type Upkeep struct{}

// Kind implements river.JobArgs.
func (Upkeep) Kind() string { return "upkeep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Upkeep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 3, UniqueOpts: onceAtATime}
}

// RemoveAccount removes what is left of an account that is marked as deleted.
type RemoveAccount struct {
	Scoped
	AccountID int64 `json:"account_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (RemoveAccount) Kind() string { return "remove_account" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (RemoveAccount) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 10, UniqueOpts: onceAtATime}
}

// TenantSweep goes on with the deletion of tenants.
type TenantSweep struct{}

// Kind implements river.JobArgs.
func (TenantSweep) Kind() string { return "tenant_sweep" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (TenantSweep) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 1, UniqueOpts: onceAtATime}
}

// ExportTenant writes an archive of all that a tenant has, and tells who asked for it.
type ExportTenant struct {
	Scoped
	ExportID int64 `json:"export_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (ExportTenant) Kind() string { return "export_tenant" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (ExportTenant) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueUpkeep, MaxAttempts: 10, UniqueOpts: onceAtATime}
}
