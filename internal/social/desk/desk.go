// Package desk holds the rules of the team's conversations: mentions of and direct messages
// to a tenant's accounts as threads that somebody takes, answers and closes.
//
// The console calls it inside its own transaction. Threads open, reopen and wait by
// themselves as posts are stored (package status queues that); here is what people do with
// them. Who may do what is asked of tenant/access, with the role that the person has at that
// moment; without one a thread does not exist. Answers are posts made by package plan, so
// that a drafter's waits for approval. It must not render anything, nor send anything by a
// way of its own.
package desk

import (
	"context"
	"fmt"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// Service applies the rules of conversations. Make it with New.
type Service struct {
	plans *plan.Service
}

// New returns a Service. It is safe for concurrent use.
func New(plans *plan.Service) *Service { return &Service{plans: plans} }

// Key names a thread.
type Key = store.DeskKey

// Filter says which threads somebody wants to see.
type Filter struct {
	State      social.DeskState // "": any
	Account    social.AccountID // 0: all of the person's
	Assignee   social.PersonID  // 0: anybody
	Unassigned bool
	Unread     bool
	From       social.AccountID // 0: whoever asks
	After      store.DeskCursor
	Limit      int
}

// List is a page of threads.
type List struct {
	Accounts []people.AccountRole // that the person may read as
	Lines    []*store.DeskLine
	Open     int // of all accounts, store.MostCounted at most
	More     bool
	Times    *store.DeskTimes
}

var errNotThere = fault.New(fault.NotFound, "This conversation is not there.")

// Readable returns the accounts whose conversations a person may read.
func Readable(ctx context.Context, scope *pg.Scope, person social.PersonID) ([]people.AccountRole, error) {
	all, err := people.AccountsOf(ctx, scope, person)
	out := make([]people.AccountRole, 0, len(all))
	for _, a := range all {
		if access.Allow(a.Role, access.Read) == nil {
			out = append(out, a)
		}
	}
	return out, err
}

// IDs are the ids of accounts.
func IDs(list []people.AccountRole) []social.AccountID {
	out := make([]social.AccountID, len(list))
	for i, a := range list {
		out[i] = a.Account.ID
	}
	return out
}

// List returns a page of the threads of the accounts that a person may read as.
func (s *Service) List(ctx context.Context, scope *pg.Scope, person social.PersonID, f Filter) (*List, error) {
	mine, err := Readable(ctx, scope, person)
	if err != nil {
		return nil, err
	}
	out, wanted := &List{Accounts: mine}, IDs(mine)
	if f.Account != 0 {
		wanted = only(wanted, f.Account)
	}
	if len(wanted) == 0 && f.Account != 0 {
		return nil, errNotThere
	}
	out.Lines, err = store.DeskLines(ctx, scope, store.DeskFilter{
		Accounts: wanted, State: f.State, Assignee: f.Assignee, Unassigned: f.Unassigned, Unread: f.Unread, From: f.From, After: f.After, Limit: f.Limit + 1,
	})
	if err != nil {
		return nil, fmt.Errorf("list the conversations of %d accounts: %w", len(wanted), err)
	}
	if out.More = len(out.Lines) > f.Limit; out.More {
		out.Lines = out.Lines[:f.Limit]
	}
	if out.Open, err = store.CountOpenDesk(ctx, scope, person); err != nil {
		return nil, err
	}
	out.Times, err = store.TimesOfDesk(ctx, scope, wanted)
	return out, err
}

func only(list []social.AccountID, wanted social.AccountID) []social.AccountID {
	for _, id := range list {
		if id == wanted {
			return []social.AccountID{id}
		}
	}
	return nil
}

// Cursor is where the page after a line begins.
func Cursor(l *store.DeskLine, state social.DeskState) store.DeskCursor {
	c := store.DeskCursor{At: l.UpdatedAt, ConversationID: l.ConversationID, AccountID: l.AccountID}
	if state == social.DeskOpen && l.WaitingSince != nil {
		c.At = *l.WaitingSince
	}
	return c
}

// place is a thread with the role of somebody who does something there.
type place struct {
	scope  *pg.Scope
	thread *store.DeskThread
	role   people.Role
}

type finder func(context.Context, *pg.Scope, Key) (*store.DeskThread, error)

// find returns a thread to somebody who may do an action there. Whoever may not read it does
// not learn that it exists.
func find(ctx context.Context, scope *pg.Scope, person social.PersonID, k Key, action access.Action, read finder) (*place, error) {
	role, err := people.RoleOf(ctx, scope, k.AccountID, person)
	if fault.IsNotFound(err) {
		return nil, errNotThere
	}
	if err != nil {
		return nil, err
	}
	if access.Allow(role, access.Read) != nil {
		return nil, errNotThere
	}
	if err := access.Allow(role, action); err != nil {
		return nil, err
	}
	thread, err := read(ctx, scope, k)
	if fault.IsNotFound(err) {
		thread, err = followed(ctx, scope, k, read)
	}
	if err != nil {
		return nil, err
	}
	return &place{scope, thread, role}, nil
}

// followed looks for a thread whose conversation has been joined with another since its
// address was written down.
func followed(ctx context.Context, scope *pg.Scope, k Key, read finder) (*store.DeskThread, error) {
	now, err := store.ConversationNow(ctx, scope, k.ConversationID)
	if err == nil && now != k.ConversationID {
		k.ConversationID = now
		var thread *store.DeskThread
		if thread, err = read(ctx, scope, k); err == nil {
			return thread, nil
		}
	}
	if err == nil || fault.IsNotFound(err) {
		return nil, errNotThere
	}
	return nil, fmt.Errorf("look for a conversation that was joined: %w", err)
}

// record writes who did what to a thread; never what was said.
func (p *place) record(ctx context.Context, by plan.By, action string, detail map[string]string) error {
	return audit.Append(ctx, p.scope, audit.Entry{
		Actor: by.Actor, Action: action, Target: "conversation:" + ids.Format(int64(p.thread.ConversationID)),
		Detail: with(detail, "account", ids.Format(int64(p.thread.AccountID))),
	})
}

func with(detail map[string]string, key, value string) map[string]string {
	if detail == nil {
		detail = map[string]string{}
	}
	detail[key] = value
	return detail
}
