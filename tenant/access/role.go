package access

import (
	"rookery/internal/fault"
	"rookery/tenant/people"
)

// Action is what somebody wants to do as an account.
type Action string

// The actions that roles differ in.
const (
	Read   Action = "read"   // timelines, conversations, notifications, settings
	Draft  Action = "draft"  // prepare: upload media, write what waits for approval, keep markers and bookmarks
	Post   Action = "post"   // speak to others: post, edit, delete, boost, favourite, vote
	Relate Action = "relate" // follow, block, mute, answer follow requests, report
	Manage Action = "manage" // profile, filters, lists and settings of the account
)

// roleActions is the matrix. What a drafter writes waits for the approval of a publisher
// or an owner (package internal/social/plan).
var roleActions = map[people.Role]map[Action]bool{
	people.Owner:     {Read: true, Draft: true, Post: true, Relate: true, Manage: true},
	people.Publisher: {Read: true, Draft: true, Post: true, Relate: true},
	people.Drafter:   {Read: true, Draft: true},
	people.Viewer:    {Read: true},
}

var (
	errDrafter = fault.New(fault.Forbidden, "You may prepare posts for this account but not publish them. Ask an owner to make you a publisher.")
	errRole    = fault.New(fault.Forbidden, "Your role on this account does not allow this. Ask one of its owners.")
)

// Allow says whether a role may do something: nil, or fault.Forbidden with the way
// out. Unknown roles and actions are refused.
func Allow(role people.Role, action Action) error {
	if roleActions[role][action] {
		return nil
	}
	if role == people.Drafter && action == Post {
		return errDrafter
	}
	return errRole
}
