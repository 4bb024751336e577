// Package people knows who may sign in, and whom they may act as.
//
// A person signs in; an account is a fediverse identity; a grant (Operator) lets a
// person act as an account. The console, the sign-in pages and the operator's
// commands call it. It must not decide what a role may do, nor hand out tokens or
// sessions: package access does.
package people

import (
	"log/slog"
	"time"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// People is the register of persons of the whole platform.
type People struct {
	db     *pg.DB
	hasher *hasher
	log    *slog.Logger
	now    func() time.Time
}

// New makes a People on a database.
func New(db *pg.DB, log *slog.Logger) *People {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &People{db: db, hasher: newHasher(current), log: log, now: time.Now}
}

// Role is what a person may do as an account; package access says what it allows.
type Role string

// The roles of operators, from most to least.
const (
	Owner     Role = "owner"
	Publisher Role = "publisher"
	Drafter   Role = "drafter"
	Viewer    Role = "viewer"
)

// Valid reports whether r is one of the four.
func (r Role) Valid() bool {
	switch r {
	case Owner, Publisher, Drafter, Viewer:
		return true
	}
	return false
}

// Membership is a person's place in a tenant.
type Membership string

// The memberships.
const (
	MemberOwner     Membership = "owner"
	MemberAdmin     Membership = "admin"
	MemberBilling   Membership = "billing"
	MemberModerator Membership = "moderator"
	MemberPlain     Membership = "member"
)

// Valid reports whether m is one of the five.
func (m Membership) Valid() bool {
	switch m {
	case MemberOwner, MemberAdmin, MemberBilling, MemberModerator, MemberPlain:
		return true
	}
	return false
}

// AccountRole is an account that a person may act as.
type AccountRole struct {
	Account *social.Account
	Role    Role
}

var (
	errRole       = fault.New(fault.Invalid, "A role is owner, publisher, drafter or viewer.")
	errMembership = fault.New(fault.Invalid, "A membership is owner, admin, billing, moderator or member.")
)
