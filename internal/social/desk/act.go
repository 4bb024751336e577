package desk

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// MostNote is how long a note may be, in characters.
const MostNote = 2000

// Pen is how long somebody is said to write after they last did.
const Pen = 30 * time.Second

var (
	errState    = fault.New(fault.Invalid, "A conversation is open, waiting or done.")
	errNobody   = fault.New(fault.Invalid, "This person may not act as the account. Choose somebody who may.")
	errNoNote   = fault.New(fault.Invalid, "Write something into the note.")
	errLongNote = fault.Newf(fault.Invalid, "A note has at most %d characters.", MostNote)
	errNotes    = fault.Newf(fault.Invalid, "This conversation has %d notes already.", mostNotes)
)

// Assign gives a thread to somebody who may act as its account, or to nobody (0): that is
// possible with every plan.
func (s *Service) Assign(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, k Key, to social.PersonID) error {
	p, err := find(ctx, scope, by.Person, k, access.Draft, store.LockDeskThread)
	if err != nil {
		return err
	}
	if to == p.thread.AssigneeID {
		return nil
	}
	if to != 0 {
		if err := entitled.ToUse(t, tenant.Inbox); err != nil {
			return err
		}
		role, err := people.RoleOf(ctx, scope, p.thread.AccountID, to)
		if fault.IsNotFound(err) || err == nil && access.Allow(role, access.Draft) != nil {
			return errNobody
		}
		if err != nil {
			return err
		}
	}
	if err := store.AssignDesk(ctx, scope, p.thread.Key(), to); err != nil {
		return fmt.Errorf("assign conversation %d: %w", p.thread.ConversationID, err)
	}
	return p.record(ctx, by, "conversation.assign", map[string]string{"to": ids.Format(int64(to))})
}

// SetState moves a thread by hand.
func (s *Service) SetState(ctx context.Context, scope *pg.Scope, by plan.By, k Key, state social.DeskState) error {
	if !state.Valid() {
		return errState
	}
	p, err := find(ctx, scope, by.Person, k, access.Draft, store.LockDeskThread)
	if err != nil || p.thread.State == state {
		return err
	}
	if err := store.SetDeskState(ctx, scope, p.thread.Key(), state); err != nil {
		return fmt.Errorf("move conversation %d: %w", p.thread.ConversationID, err)
	}
	return p.record(ctx, by, "conversation.state", map[string]string{"state": string(state)})
}

// Note tells the team something about a thread. Nobody else ever sees it.
func (s *Service) Note(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, k Key, text string) error {
	if err := entitled.ToUse(t, tenant.Inbox); err != nil {
		return err
	}
	switch text = strings.TrimSpace(htmlsafe.Clean(text)); {
	case text == "":
		return errNoNote
	case utf8.RuneCountInString(text) > MostNote:
		return errLongNote
	}
	p, err := find(ctx, scope, by.Person, k, access.Draft, store.LockDeskThread)
	if err != nil {
		return err
	}
	n, err := store.CountDeskNotes(ctx, scope, p.thread.Key())
	if err != nil {
		return err
	}
	if n >= mostNotes {
		return errNotes
	}
	note := store.DeskNote{ID: ids.New(), PersonID: by.Person, Text: text, CreatedAt: time.Now()}
	if err := store.AddDeskNote(ctx, scope, p.thread.Key(), note); err != nil {
		return fmt.Errorf("store a note on conversation %d: %w", p.thread.ConversationID, err)
	}
	return p.record(ctx, by, "conversation.note", nil)
}

// Write says that a person writes an answer, for as long as Pen. Of two the first has it.
func (s *Service) Write(ctx context.Context, scope *pg.Scope, person social.PersonID, k Key) error {
	p, err := find(ctx, scope, person, k, access.Draft, store.DeskThreadByKey)
	if err != nil {
		return err
	}
	return store.WriteDesk(ctx, scope, p.thread.Key(), person, Pen.Seconds())
}
