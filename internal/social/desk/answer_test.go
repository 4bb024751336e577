package desk_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/social/plan"
)

// Of two who answer what both have read, one wins; the other keeps the text and reads first.
func TestTwoAnswerAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Public)
	seen := desk.Version(o.thread(k).DeskThread)
	errs := make([]error, 2)
	var group sync.WaitGroup
	for i, who := range []plan.By{o.owner, o.second} {
		group.Go(func() { _, errs[i] = o.answer(who, k, desk.Reply{Text: "hello", Seen: seen}) })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, desk.ErrAnswered) {
			t.Errorf("the slower one: %v", err)
		}
	}
	if won != 1 || len(o.thread(k).Entries) != 2 {
		t.Errorf("%d answers went out", won)
	}
	now := desk.Version(o.thread(k).DeskThread)
	o.says(o.ines, social.Direct, "https://velo.test/notes/1", o.A.Account)
	if _, err := o.answer(o.owner, k, desk.Reply{Text: "hello", Seen: now}); !errors.Is(err, desk.ErrAskedAgain) {
		t.Errorf("an answer to what was not read: %v", err)
	}
}

// A hidden message is not answered in the open by accident.
func TestAnAnswerThatReachesMore(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for message, answers := range map[social.Visibility]map[social.Visibility]bool{
		social.Direct:    {social.Public: false, social.Unlisted: false, social.Followers: false, social.Direct: true, "": true},
		social.Followers: {social.Public: false, social.Unlisted: false, social.Followers: true, social.Direct: true, "": true},
		social.Unlisted:  {social.Public: true, "": true},
		social.Public:    {social.Public: true, social.Direct: true, "": true},
	} {
		for v, may := range answers {
			_, k := o.asks(message)
			made, err := o.answer(o.owner, k, desk.Reply{Text: "the key for 88213 leaves today", Visibility: v})
			if may != (err == nil) || !may && !errors.Is(err, desk.ErrWide) {
				t.Errorf("%q to a %s message: %v", v, message, err)
			}
			if may {
				if want := map[bool]social.Visibility{true: message, false: v}[v == ""]; made.Status.Visibility != want || !strings.HasPrefix(made.Status.Source, "@ines@velo.test ") {
					t.Errorf("%q to a %s message became %s %q", v, message, made.Status.Visibility, made.Status.Source)
				}
				continue
			}
			if _, err := o.answer(o.owner, k, desk.Reply{Text: "for all", Visibility: v, IsWide: true}); err != nil {
				t.Errorf("%q to a %s message, on purpose: %v", v, message, err)
			}
		}
	}
}

// A drafter's answer waits in the thread until somebody lets it out, with the same warning.
func TestADraftersAnswerWaits(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Direct)
	made, err := o.answer(o.drafter, k, desk.Reply{Text: "We look into it."})
	if err != nil || made.Plan == nil || made.Status != nil {
		t.Fatalf("%+v, %v", made, err)
	}
	th := o.thread(k)
	if len(th.Plans) != 1 || th.Plans[0].AuthorID != o.drafter.Person || th.State != social.DeskOpen {
		t.Fatalf("waiting: %+v, %s", th.Plans, th.State)
	}
	approve := func(who plan.By, v social.Visibility) error {
		return o.try(func(ctx context.Context, s *pg.Scope) error {
			_, err := o.desk.Approve(ctx, s, o.A.Tenant, who, k, th.Plans[0].ID, desk.Reply{Text: "We look into it now.", Visibility: v}, th.Plans[0].UpdatedAt)
			return err
		})
	}
	if err := approve(o.drafter, social.Direct); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a drafter approves: %v", err)
	}
	if err := approve(o.second, social.Public); !errors.Is(err, desk.ErrWide) {
		t.Errorf("approved in the open: %v", err)
	}
	if err := approve(o.second, social.Direct); err != nil {
		t.Fatal(err)
	}
	got := o.thread(k)
	last := got.Entries[len(got.Entries)-1].Message
	if got.State != social.DeskWaiting || got.AnsweredBy != o.drafter.Person || last.DecidedBy != o.second.Person || last.AuthorID != o.drafter.Person || last.Visibility != social.Direct {
		t.Errorf("after approval %+v, %+v", got.DeskThread, last)
	}
	if err := approve(o.owner, social.Direct); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("approved twice: %v", err)
	}
}

// Who writes is shown for half a minute; a second person is asked before they send.
func TestThePen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Public)
	o.do(func(ctx context.Context, s *pg.Scope) error { return o.desk.Write(ctx, s, o.second.Person, k) })
	o.do(func(ctx context.Context, s *pg.Scope) error { return o.desk.Write(ctx, s, o.drafter.Person, k) })
	if th := o.thread(k); desk.WriterOf(th.DeskThread, o.owner.Person) != o.second.Person || desk.WriterOf(th.DeskThread, o.second.Person) != 0 {
		t.Errorf("writing: %d until %v", th.WritingBy, th.WritingUntil)
	}
	if _, err := o.answer(o.owner, k, desk.Reply{Text: "hello"}); !errors.Is(err, desk.ErrWriting) {
		t.Errorf("sent over a colleague: %v", err)
	}
	if _, err := o.answer(o.second, k, desk.Reply{Text: "hello"}); err != nil {
		t.Errorf("who holds the pen: %v", err)
	}
	if th := o.thread(k); desk.WriterOf(th.DeskThread, o.owner.Person) != 0 {
		t.Error("whoever has sent still writes")
	}
}
