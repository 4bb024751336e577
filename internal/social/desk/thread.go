package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// What a page shows of a thread: the latest.
const (
	mostMessages = 200
	mostNotes    = 500
	mostPlans    = 20
)

// Thread is a conversation with all that stands around it.
type Thread struct {
	*store.DeskThread
	Account   *social.Account // who is asked
	Role      people.Role     // of whoever looks
	From      *social.Account // who asks; nil: gone
	Entries   []Entry         // by age
	Authors   map[social.AccountID]*social.Account
	Media     map[social.StatusID][]*social.Media
	Plans     []*social.Plan // answers that wait
	Operators []people.Operator
	Earlier   int // other threads with whoever asks
}

// Entry is a message or a note: the other is nil.
type Entry struct {
	Message *store.Sent
	Note    *store.DeskNote
}

func (e Entry) at() time.Time {
	if e.Note != nil {
		return e.Note.CreatedAt
	}
	return e.Message.CreatedAt
}

// Version names what somebody has seen of a thread: the last message to us, and of us.
func Version(t *store.DeskThread) string {
	return ids.Format(int64(t.LastIncomingID)) + "." + ids.Format(int64(t.LastAnswerID))
}

// Thread returns a conversation to somebody who may read it.
func (s *Service) Thread(ctx context.Context, scope *pg.Scope, person social.PersonID, k Key) (*Thread, error) {
	p, err := find(ctx, scope, person, k, access.Read, store.DeskThreadByKey)
	if err != nil {
		return nil, err
	}
	out := &Thread{DeskThread: p.thread, Role: p.role}
	key := p.thread.Key()
	messages, err := store.DeskMessages(ctx, scope, key, mostMessages)
	if err != nil {
		return nil, fmt.Errorf("read the messages of conversation %d: %w", key.ConversationID, err)
	}
	notes, err := store.DeskNotes(ctx, scope, key, mostNotes)
	if err != nil {
		return nil, fmt.Errorf("read the notes on conversation %d: %w", key.ConversationID, err)
	}
	out.Entries = inOrder(messages, notes)
	if err := out.fill(ctx, scope, messages); err != nil {
		return nil, err
	}
	if out.Plans, err = store.PlansInDesk(ctx, scope, key, mostPlans); err != nil {
		return nil, err
	}
	if out.Operators, err = people.OperatorsOf(ctx, scope, key.AccountID); err != nil {
		return nil, err
	}
	out.Earlier, err = store.CountDeskFrom(ctx, scope, p.thread)
	return out, err
}

// fill reads who wrote the messages, and their files.
func (t *Thread) fill(ctx context.Context, scope *pg.Scope, messages []*store.Sent) (err error) {
	posts := make([]social.StatusID, len(messages))
	accounts := []social.AccountID{t.AccountID, t.FromID}
	for i, m := range messages {
		posts[i] = m.ID
		accounts = append(accounts, m.AccountID)
	}
	slices.Sort(accounts)
	if t.Authors, err = store.AccountsByIDs(ctx, scope, slices.Compact(accounts)); err != nil {
		return err
	}
	if t.Account, t.From = t.Authors[t.AccountID], t.Authors[t.FromID]; t.Account == nil {
		return errNotThere
	}
	t.Media, err = store.MediaOfStatuses(ctx, scope, posts)
	return err
}

func inOrder(messages []*store.Sent, notes []*store.DeskNote) []Entry {
	out := make([]Entry, 0, len(messages)+len(notes))
	for _, m := range messages {
		out = append(out, Entry{Message: m})
	}
	for _, n := range notes {
		out = append(out, Entry{Note: n})
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.at().UnixMicro(), b.at().UnixMicro()) })
	return out
}

// See notes that a person has opened the last message of a thread. Whoever only looks on
// leaves it unread for those who answer.
func (s *Service) See(ctx context.Context, scope *pg.Scope, t *Thread) error {
	if answers := access.Allow(t.Role, access.Draft) == nil; answers && t.IsUnread() {
		return store.SeeDesk(ctx, scope, t.Key(), t.LastIncomingID)
	}
	return nil
}

// Pulse is what an open page compares to know whether something has changed.
type Pulse struct {
	store.DeskPulse
	Thread *store.DeskThread // nil: the page shows none
}

// Pulse looks whether anything has changed since, for somebody with a thread open or with
// none (the zero key).
func (s *Service) Pulse(ctx context.Context, scope *pg.Scope, person social.PersonID, k Key, since time.Time) (*Pulse, error) {
	mine, err := Readable(ctx, scope, person)
	if err != nil {
		return nil, err
	}
	found, err := store.PulseOfDesk(ctx, scope, IDs(mine), since)
	if err != nil {
		return nil, fmt.Errorf("look what has changed: %w", err)
	}
	out := &Pulse{DeskPulse: *found}
	if k.AccountID == 0 {
		return out, nil
	}
	p, err := find(ctx, scope, person, k, access.Read, store.DeskThreadByKey)
	if err != nil {
		return nil, err
	}
	out.Thread = p.thread
	return out, nil
}

// WriterOf returns who writes an answer at this moment, other than the person; 0 is nobody.
func WriterOf(t *store.DeskThread, but social.PersonID) social.PersonID {
	if t.WritingBy == but || t.WritingUntil == nil || !t.WritingUntil.After(time.Now()) {
		return 0
	}
	return t.WritingBy
}
