// Package stream carries what happened to the open streams of every process.
//
// Rules publish after their transaction has committed (Scope.AfterCommit);
// api/streaming subscribes, loads what the ids name and renders it for each
// viewer. Events hold ids only, travel over one LISTEN/NOTIFY connection, and
// may be lost when that connection breaks: clients reload on reconnect. Nothing
// may depend on an event for correctness.
package stream

import (
	"rookery/internal/social"
	"rookery/tenant"
)

// Kind names an event in Mastodon's words.
type Kind string

// The kinds of events.
const (
	Update       Kind = "update"        // a new status
	StatusUpdate Kind = "status.update" // an edited status
	Delete       Kind = "delete"
	Notification Kind = "notification"
)

// Event says what happened and which streams it concerns.
type Event struct {
	Tenant         tenant.ID             `json:"t"`
	Kind           Kind                  `json:"k"`
	StatusID       social.StatusID       `json:"s,omitempty"`
	NotificationID social.NotificationID `json:"n,omitempty"`
	// Owners are the accounts whose home (or, for a notification, user) stream hears it.
	Owners []social.AccountID `json:"o,omitempty"`
	// Public says that the federated stream hears it, Local that the local one does too.
	Public bool     `json:"p,omitempty"`
	Local  bool     `json:"l,omitempty"`
	Media  bool     `json:"m,omitempty"` // it has media attachments
	Tags   []string `json:"g,omitempty"` // normalised hashtags
}

// Publisher is what rules publish to. *Bus implements it.
type Publisher interface {
	// Publish never blocks and never fails: an event that cannot be sent is dropped and counted.
	Publish(events ...Event)
}
