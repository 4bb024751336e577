package social

import "time"

// EventKind names something that happened here and that others may have to hear of.
type EventKind string

// The kinds of events. Package federation/outbox turns each into an activity.
const (
	EventStatusCreated  EventKind = "status_created"  // Create, or Announce for a boost
	EventStatusEdited   EventKind = "status_edited"   // Update(Note)
	EventStatusDeleted  EventKind = "status_deleted"  // Delete(Tombstone), or Undo(Announce)
	EventFavourited     EventKind = "favourited"      // Like
	EventUnfavourited   EventKind = "unfavourited"    // Undo(Like)
	EventFollowed       EventKind = "followed"        // Follow
	EventUnfollowed     EventKind = "unfollowed"      // Undo(Follow)
	EventFollowAccepted EventKind = "follow_accepted" // Accept(Follow)
	EventFollowRejected EventKind = "follow_rejected" // Reject(Follow), also when a follower is removed
	EventBlocked        EventKind = "blocked"         // Block
	EventUnblocked      EventKind = "unblocked"       // Undo(Block)
	EventAccountUpdated EventKind = "account_updated" // Update(actor)
	EventAccountRekeyed EventKind = "account_rekeyed" // Update(actor) that the key before signs
	EventAccountDeleted EventKind = "account_deleted" // Delete(actor)
	EventPinned         EventKind = "pinned"          // Add to featured
	EventUnpinned       EventKind = "unpinned"        // Remove from featured
)

// Event is a fact written in the transaction that made it true. It keeps what
// the activity needs even when the row it speaks of is gone.
type Event struct {
	ID        EventID
	Kind      EventKind
	AccountID AccountID // who did it: always a local account
	TargetID  AccountID // whom it concerns; 0: nobody in particular
	StatusID  StatusID  // 0: none
	// ObjectURI is the id of the activity or object that is undone, answered or
	// deleted: the Follow's, the Like's, the Note's.
	ObjectURI string
	// Visibility and RecipientIDs say who had heard of a deleted status.
	Visibility   Visibility
	RecipientIDs []AccountID
	CreatedAt    time.Time
}
