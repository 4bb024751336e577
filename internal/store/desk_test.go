package store_test

import (
	"context"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// The cast's desk: alice's post as a thread that dora asks in, with a note, and a saved reply.
const (
	deskPerson social.PersonID = 810
	deskNote   int64           = 811
	deskReply  int64           = 812
)

func (c *cast) deskKey() store.DeskKey {
	return store.DeskKey{AccountID: c.alice.ID, ConversationID: c.st.ID}
}

// seat makes somebody who may act as alice, and the rows.
func (c *cast) seat() {
	c.T.Helper()
	err := c.DB.Platform(c.T.Context(), "set up a test", func(tx *pg.PlatformTx) error {
		return store.AddPerson(c.T.Context(), tx, &store.Person{ID: deskPerson, Email: "desk@a.test", CreatedAt: time.Now()})
	})
	if err != nil {
		c.T.Fatal(err)
	}
	c.Do(func(s *pg.Scope) error {
		if err := store.EnsureMember(c.T.Context(), s, deskPerson, "member"); err != nil {
			return err
		}
		if err := store.SetOperator(c.T.Context(), s, store.Operator{AccountID: c.alice.ID, PersonID: deskPerson, Role: "owner"}); err != nil {
			return err
		}
		return c.desk(c.T.Context(), s)
	})
}

func (c *cast) desk(ctx context.Context, s *pg.Scope) error {
	b := pg.NewBatch(s)
	store.QueueDeskMentions(b, c.deskNews())
	store.QueueDeskAnswers(b, []social.StatusID{c.st.ID})
	store.QueueDeskMentions(b, c.deskNews()) // asked, answered, asked again
	if err := b.Send(ctx); err != nil {
		return err
	}
	if err := store.AddDeskNote(ctx, s, c.deskKey(), store.DeskNote{ID: deskNote, PersonID: deskPerson, Text: "stock is low", CreatedAt: time.Now()}); err != nil {
		return err
	}
	if err := store.AddPlan(ctx, s, &social.Plan{ID: 813, AccountID: c.alice.ID, AuthorID: deskPerson, State: social.PlanWaiting, Visibility: social.Public,
		InReplyToID: c.st.ID, CreatedAt: time.Now()}); err != nil {
		return err
	}
	return store.AddSavedReply(ctx, s, store.SavedReply{ID: deskReply, Title: "Thanks", Text: "Thank you."}, 10)
}

// deskNews is a mention of alice; that she wrote it herself is no matter of the store's.
func (c *cast) deskNews() []*social.Notification {
	return []*social.Notification{{AccountID: c.alice.ID, FromID: c.dora.ID, Type: social.NotifyMention, StatusID: c.st.ID}}
}

func (c *cast) deskReads() sweep {
	mine, key := []social.AccountID{c.alice.ID}, c.deskKey()
	lines := func(f store.DeskFilter) func(context.Context, *pg.Scope) (int, error) {
		f.Accounts = mine
		return func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.DeskLines(ctx, s, f)) }
	}
	return sweep{
		"DeskThreadByKey": func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.DeskThreadByKey(ctx, s, key)) },
		"LockDeskThread":  func(ctx context.Context, s *pg.Scope) (int, error) { return single(store.LockDeskThread(ctx, s, key)) },
		"ConversationNow": func(ctx context.Context, s *pg.Scope) (int, error) {
			id, err := store.ConversationNow(ctx, s, c.st.ID)
			return found(id != 0), err
		},
		"ColleaguesOf": func(ctx context.Context, s *pg.Scope) (int, error) {
			return lists(store.ColleaguesOf(ctx, s, mine, 10))
		},
		"DeskLines, open": lines(store.DeskFilter{State: social.DeskOpen, Unassigned: true}),
		"DeskLines, all":  lines(store.DeskFilter{}),
		"CountOpenDesk": func(ctx context.Context, s *pg.Scope) (int, error) {
			return store.CountOpenDesk(ctx, s, deskPerson)
		},
		"PulseOfDesk": func(ctx context.Context, s *pg.Scope) (int, error) {
			p, err := store.PulseOfDesk(ctx, s, mine, time.Time{})
			if err != nil {
				return 0, err
			}
			return p.Open + p.Fresh, nil
		},
		"CountDeskFrom": func(ctx context.Context, s *pg.Scope) (int, error) {
			return store.CountDeskFrom(ctx, s, &store.DeskThread{AccountID: c.alice.ID, FromID: c.alice.ID, ConversationID: 1})
		},
		"TimesOfDesk": func(ctx context.Context, s *pg.Scope) (int, error) {
			times, err := store.TimesOfDesk(ctx, s, mine)
			if err != nil {
				return 0, err
			}
			return times.Month, nil
		},
		"DeskNotes":      func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.DeskNotes(ctx, s, key, 10)) },
		"CountDeskNotes": func(ctx context.Context, s *pg.Scope) (int, error) { return store.CountDeskNotes(ctx, s, key) },
		"DeskMessages":   func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.DeskMessages(ctx, s, key, 10)) },
		"PlansInDesk":    func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.PlansInDesk(ctx, s, key, 10)) },
		"SavedReplies":   func(ctx context.Context, s *pg.Scope) (int, error) { return lists(store.SavedReplies(ctx, s, 10)) },
		"SavedReplyByID": func(ctx context.Context, s *pg.Scope) (int, error) {
			return single(store.SavedReplyByID(ctx, s, deskReply))
		},
	}
}

func (c *cast) deskWrites() changes {
	key := c.deskKey()
	return changes{
		"QueueDeskMentions": queue(func(b *pg.Batch) { store.QueueDeskMentions(b, c.deskNews()) }),
		"QueueDeskAnswers":  queue(func(b *pg.Batch) { store.QueueDeskAnswers(b, []social.StatusID{c.st.ID}) }),
		"AssignDesk": func(ctx context.Context, s *pg.Scope) error {
			return store.AssignDesk(ctx, s, key, 0)
		},
		"SetDeskState": func(ctx context.Context, s *pg.Scope) error { return store.SetDeskState(ctx, s, key, social.DeskDone) },
		"SeeDesk":      func(ctx context.Context, s *pg.Scope) error { return store.SeeDesk(ctx, s, key, 5) },
		"WriteDesk":    func(ctx context.Context, s *pg.Scope) error { return store.WriteDesk(ctx, s, key, 5, 30) },
		"AddDeskNote": func(ctx context.Context, s *pg.Scope) error {
			return store.AddDeskNote(ctx, s, key, store.DeskNote{ID: 1, PersonID: 1, Text: "x", CreatedAt: time.Now()})
		},
		"UpdateSavedReply": func(ctx context.Context, s *pg.Scope) error {
			return store.UpdateSavedReply(ctx, s, store.SavedReply{ID: deskReply, Title: "stolen", Text: "x"})
		},
		"DeleteSavedReply": func(ctx context.Context, s *pg.Scope) error { return store.DeleteSavedReply(ctx, s, deskReply) },
		"AddSavedReply": func(ctx context.Context, s *pg.Scope) error {
			return store.AddSavedReply(ctx, s, store.SavedReply{ID: 1, Title: "x", Text: "x"}, 0)
		},
	}
}
