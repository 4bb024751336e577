package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// Why an answer is not sent. Each is for the person to read and decide, with the text kept.
var (
	ErrAnswered   = fault.New(fault.Conflict, "Somebody has answered meanwhile. Read the answer, then send yours if it is still needed.")
	ErrAskedAgain = fault.New(fault.Conflict, "There is a new message. Read it, then send your answer.")
	ErrWriting    = fault.New(fault.Conflict, "Somebody else is writing an answer at this moment.")
	ErrWide       = fault.New(fault.Invalid, "This answer reaches more people than the message that it answers.")
	ErrGone       = fault.New(fault.Conflict, "The message was deleted. Nothing is left to answer.")
	errNoPlan     = fault.New(fault.NotFound, "This answer is not there. Somebody may have decided about it.")
)

// Reply is an answer as somebody wants to send it.
type Reply struct {
	Text        string
	SpoilerText string
	Visibility  social.Visibility // "": that of the message
	Language    string            // "": the account's own
	Sensitive   bool              // its pictures are folded
	MediaIDs    []social.MediaID  // of files that belong to nothing, or to the answer that waits
	Seen        string            // the Version that was read before; "": any
	// IsWide: the person knows that more people can read the answer than the message.
	IsWide bool
	// IsAnyway: the person knows that a colleague is writing too.
	IsAnyway bool
}

// reach orders visibilities by how many people can read.
func reach(v social.Visibility) int {
	switch v {
	case social.Direct:
		return 0
	case social.Followers:
		return 1
	case social.Unlisted:
		return 2
	}
	return 3
}

// IsWider reports whether an answer shows a hidden message's matter to more people.
func IsWider(answer, message social.Visibility) bool {
	return !message.IsOpen() && reach(answer) > reach(message)
}

// Answer sends a reply as the thread's account, in the person's name. A drafter's waits for
// approval. Of two who answer what they both have read, the second gets ErrAnswered.
func (s *Service) Answer(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, k Key, r Reply, key string) (*plan.Made, error) {
	p, err := find(ctx, scope, by.Person, k, access.Draft, store.LockDeskThread)
	if err != nil {
		return nil, err
	}
	asked, err := p.check(ctx, by.Person, &r)
	if err != nil {
		return nil, err
	}
	text, err := p.addressed(ctx, t, r.Text, asked.AccountID)
	if err != nil {
		return nil, err
	}
	return s.plans.Add(ctx, scope, t, p.thread.AccountID, by, plan.Words{
		Text: text, SpoilerText: r.SpoilerText, Visibility: r.Visibility, InReplyToID: asked.ID,
		Language: r.Language, Sensitive: r.Sensitive, MediaIDs: r.MediaIDs,
	}, plan.Send, key)
}

// check refuses what the person should look at again, and returns the message that is answered.
func (p *place) check(ctx context.Context, person social.PersonID, r *Reply) (*social.Status, error) {
	switch {
	case r.Seen == "" || r.Seen == Version(p.thread):
	case p.hasAnswered(r.Seen):
		return nil, ErrAnswered
	default:
		return nil, ErrAskedAgain
	}
	if WriterOf(p.thread, person) != 0 && !r.IsAnyway {
		return nil, ErrWriting
	}
	asked, err := p.asked(ctx)
	if err != nil {
		return nil, err
	}
	if r.Visibility == "" {
		r.Visibility = asked.Visibility
	}
	if IsWider(r.Visibility, asked.Visibility) && !r.IsWide {
		return nil, ErrWide
	}
	return asked, nil
}

// hasAnswered reports whether we have said something since the version.
func (p *place) hasAnswered(seen string) bool {
	_, answer, _ := strings.Cut(seen, ".")
	_, now, _ := strings.Cut(Version(p.thread), ".")
	return answer != now
}

// asked is the message that is answered: the last one, or if that was deleted the last that
// is left.
func (p *place) asked(ctx context.Context) (*social.Status, error) {
	messages, err := store.DeskMessages(ctx, p.scope, p.thread.Key(), mostMessages)
	if err != nil {
		return nil, fmt.Errorf("read the messages of conversation %d: %w", p.thread.ConversationID, err)
	}
	var last *social.Status
	for _, m := range messages {
		if m.AccountID == p.thread.AccountID {
			continue
		}
		last = &m.Status
		if m.ID == p.thread.LastIncomingID {
			return last, nil
		}
	}
	if last == nil {
		return nil, ErrGone
	}
	return last, nil
}

// addressed puts the name of whoever is answered before a text that lacks it: without it
// a direct answer would reach nobody.
func (p *place) addressed(ctx context.Context, t *tenant.Tenant, text string, to social.AccountID) (string, error) {
	found, err := store.AccountsByIDs(ctx, p.scope, []social.AccountID{to})
	if err != nil {
		return "", err
	}
	a := found[to]
	if a == nil {
		return "", ErrGone
	}
	for _, m := range htmlsafe.Scan(text).Mentions {
		host := m.Host
		if strings.EqualFold(host, t.HandleDomain) || strings.EqualFold(host, t.Host) {
			host = ""
		}
		if strings.EqualFold(m.User, a.Username) && strings.EqualFold(host, a.Domain) {
			return text, nil
		}
	}
	if strings.TrimSpace(text) == "" {
		return text, nil // package status says that there is nothing
	}
	return a.Handle().String() + " " + text, nil
}

// Approve lets an answer out that waits in a thread, with the words as they are given.
func (s *Service) Approve(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, k Key, id social.PlanID, r Reply, seen time.Time) (*plan.Made, error) {
	p, waiting, err := s.waiting(ctx, scope, by, k, id)
	if err != nil {
		return nil, err
	}
	asked, err := p.check(ctx, by.Person, &r)
	if err != nil {
		return nil, err
	}
	text, err := p.addressed(ctx, t, r.Text, asked.AccountID)
	if err != nil {
		return nil, err
	}
	words := &plan.Words{
		Text: text, SpoilerText: r.SpoilerText, Visibility: r.Visibility, Sensitive: r.Sensitive, Language: r.Language,
		MediaIDs: r.MediaIDs, InReplyToID: waiting.InReplyToID, ScheduledAt: waiting.ScheduledAt, Zone: waiting.Zone,
	}
	return s.plans.Approve(ctx, scope, t, by, id, words, seen)
}

// Decline sends an answer that waits back to its author.
func (s *Service) Decline(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, by plan.By, k Key, id social.PlanID, reason string, seen time.Time) error {
	if _, _, err := s.waiting(ctx, scope, by, k, id); err != nil {
		return err
	}
	_, err := s.plans.Decline(ctx, scope, t, by, id, reason, seen)
	return err
}

// waiting is an answer of this thread that waits for approval.
func (s *Service) waiting(ctx context.Context, scope *pg.Scope, by plan.By, k Key, id social.PlanID) (*place, *social.Plan, error) {
	p, err := find(ctx, scope, by.Person, k, access.Post, store.LockDeskThread)
	if err != nil {
		return nil, nil, err
	}
	plans, err := store.PlansInDesk(ctx, scope, p.thread.Key(), mostPlans)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range plans {
		if w.ID == id && w.State == social.PlanWaiting {
			return p, w, nil
		}
	}
	return nil, nil, errNoPlan
}
