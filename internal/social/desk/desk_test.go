package desk_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/social/plan"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// office is an account with one person in each role, somebody outside who asks, and the
// rules under test.
type office struct {
	*fixture.World
	t                                *testing.T
	posts                            *status.Service
	desk                             *desk.Service
	owner, second, drafter, watching plan.By
	ines                             *social.Account
	said                             int
}

func newOffice(t *testing.T) *office {
	t.Helper()
	w := fixture.New(t)
	o := &office{World: w, t: t, posts: status.New(status.Options{Streams: stream.New(w.PG, slog.New(slog.DiscardHandler))}), owner: by(w.A.Person)}
	o.desk = desk.New(plan.New(o.posts))
	for name, at := range map[string]struct {
		who  *plan.By
		role people.Role
	}{"second": {&o.second, people.Publisher}, "drafter": {&o.drafter, people.Drafter}, "watching": {&o.watching, people.Viewer}} {
		person := w.Person(t, name+"@a.test")
		w.A.Grant(t, w.A.Account.ID, person, at.role)
		*at.who = by(person)
	}
	o.ines = o.remote("ines")
	return o
}

func by(person social.PersonID) plan.By {
	return plan.By{Person: person, Actor: audit.Actor{Kind: audit.Person, ID: int64(person)}}
}

func (o *office) remote(name string) *social.Account {
	o.t.Helper()
	base := "https://velo.test/users/" + name
	a := &social.Account{ID: social.AccountID(ids.New()), URI: base, Username: name, Domain: "velo.test", ActorType: "Person", DisplayName: strings.ToUpper(name),
		URL: base, InboxURL: base + "/inbox", FollowersURL: base + "/followers", CreatedAt: time.Now()}
	o.do(func(ctx context.Context, s *pg.Scope) error { return store.UpsertRemoteAccount(ctx, s, a) })
	return a
}

func (o *office) do(fn func(context.Context, *pg.Scope) error) { o.t.Helper(); o.A.Do(o.t, fn) }

// says has somebody outside say something; mentions are the accounts named.
func (o *office) says(author *social.Account, v social.Visibility, answers string, mentions ...*social.Account) *social.Status {
	o.t.Helper()
	o.said++
	return o.saysAs(author, fmt.Sprintf("https://velo.test/notes/%d", o.said), v, answers, mentions...)
}

func (o *office) saysAs(author *social.Account, uri string, v social.Visibility, answers string, mentions ...*social.Account) (st *social.Status) {
	o.t.Helper()
	in := status.Incoming{Author: author, URI: uri, URL: uri, Body: "<p>" + uri + "</p>", Visibility: v, Published: time.Now(), InReplyToURI: answers}
	for _, m := range mentions {
		in.MentionAccountIDs = append(in.MentionAccountIDs, m.ID)
	}
	o.do(func(ctx context.Context, s *pg.Scope) (err error) {
		st, _, err = o.posts.Receive(ctx, s, in)
		return err
	})
	return st
}

func (o *office) asks(v social.Visibility) (*social.Status, desk.Key) {
	o.t.Helper()
	st := o.says(o.ines, v, "", o.A.Account)
	return st, desk.Key{AccountID: o.A.Account.ID, ConversationID: st.ConversationID}
}

func (o *office) thread(k desk.Key) (t *desk.Thread) {
	o.t.Helper()
	o.do(func(ctx context.Context, s *pg.Scope) (err error) {
		t, err = o.desk.Thread(ctx, s, o.owner.Person, k)
		return err
	})
	return t
}

func (o *office) try(fn func(context.Context, *pg.Scope) error) error { return o.A.Try(o.t, fn) }

func (o *office) answer(who plan.By, k desk.Key, r desk.Reply) (made *plan.Made, err error) {
	err = o.try(func(ctx context.Context, s *pg.Scope) (err error) {
		made, err = o.desk.Answer(ctx, s, o.A.Tenant, who, k, r, "")
		return err
	})
	return made, err
}

func (o *office) list(who plan.By, f desk.Filter) (l *desk.List) {
	o.t.Helper()
	f.Limit = max(f.Limit, 1)
	o.do(func(ctx context.Context, s *pg.Scope) (err error) {
		l, err = o.desk.List(ctx, s, who.Person, f)
		return err
	})
	return l
}

// A mention opens a thread, an own answer from any app hands it back, and a new message
// opens it again however it was left.
func TestAThreadOpensWaitsAndReopens(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, k := o.asks(social.Public)
	opened := o.thread(k)
	if opened.State != social.DeskOpen || opened.FromID != o.ines.ID || opened.WaitingSince == nil || !opened.IsUnread() || opened.LastIncomingID != first.ID {
		t.Fatalf("after a mention: %+v", opened.DeskThread)
	}
	o.do(func(ctx context.Context, s *pg.Scope) error {
		_, err := o.posts.Create(ctx, s, o.A.Tenant, o.A.Account, status.Draft{Text: "@ines@velo.test yes", InReplyToID: first.ID, AuthorID: o.second.Person})
		return err
	})
	answered := o.thread(k)
	if answered.State != social.DeskWaiting || answered.WaitingSince != nil || answered.FirstAnswerAt == nil || answered.AnsweredBy != o.second.Person ||
		answered.AssigneeID != o.second.Person || answered.IsUnread() || len(answered.Entries) != 2 {
		t.Errorf("after an answer from an app: %+v", answered.DeskThread)
	}
	o.do(func(ctx context.Context, s *pg.Scope) error {
		return o.desk.SetState(ctx, s, o.owner, k, social.DeskDone)
	})
	again := o.says(o.ines, social.Direct, first.URI, o.A.Account)
	if got := o.thread(k); got.State != social.DeskOpen || got.WaitingSince == nil || got.LastIncomingID != again.ID || got.LastVisibility != social.Direct ||
		!got.IsUnread() || !got.FirstAnswerAt.Equal(*answered.FirstAnswerAt) || got.Earlier != 0 {
		t.Errorf("after a new message: %+v", got.DeskThread)
	}
	before := *o.thread(k).WaitingSince
	o.says(o.ines, social.Direct, again.URI, o.A.Account)
	if got := o.thread(k); !got.WaitingSince.Equal(before) {
		t.Error("who asks twice waits anew")
	}
}

// What nobody was told of is no conversation: boosts, posts of others, blocked people.
func TestWhatOpensNoThread(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	troll := o.remote("troll")
	o.do(func(ctx context.Context, s *pg.Scope) error {
		_, err := pg.Exec(ctx, s, `INSERT INTO blocks (tenant_id, id, account_id, target_id) SELECT @tenant_id, 1, @a, @b`, map[string]any{"a": o.A.Account.ID, "b": troll.ID})
		return err
	})
	o.says(o.ines, social.Public, "")
	o.says(troll, social.Public, "", o.A.Account)
	statements := o.DB.Statements.Record(func() { o.says(o.ines, social.Public, "") })
	for _, s := range statements {
		if strings.Contains(s.SQL, "desk_threads") {
			t.Errorf("a post without a mention asks the desk: %s", s.SQL)
		}
	}
	if l := o.list(o.owner, desk.Filter{}); len(l.Lines) != 0 || l.Open != 0 {
		t.Errorf("threads: %+v", l.Lines)
	}
}

// Several messages stored at once make one line, with the last of them.
func TestManyMessagesAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var batch []status.Incoming
	for i := range 3 {
		in := status.Incoming{Author: o.ines, URI: fmt.Sprintf("https://velo.test/%d", i), Body: "<p>x</p>", Visibility: social.Public, Published: time.Now(),
			MentionAccountIDs: []social.AccountID{o.A.Account.ID}}
		if i > 0 {
			in.InReplyToURI = fmt.Sprintf("https://velo.test/%d", i-1)
		}
		batch = append(batch, in)
	}
	o.do(func(ctx context.Context, s *pg.Scope) error {
		_, err := o.posts.ReceiveMany(ctx, s, batch)
		return err
	})
	l := o.list(o.owner, desk.Filter{State: social.DeskOpen, Limit: 9})
	if len(l.Lines) != 1 || l.Open != 1 {
		t.Fatalf("%d lines", len(l.Lines))
	}
	th := o.thread(l.Lines[0].Key())
	if last := th.Entries[len(th.Entries)-1].Message; len(th.Entries) != 3 || th.LastIncomingID != last.ID {
		t.Errorf("%d messages, the last is %d, the thread says %d", len(th.Entries), last.ID, th.LastIncomingID)
	}
}

// Two conversations that turn out to be one become one thread; notes, the address and
// whoever waits come along.
func TestJoinedConversations(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	late := "https://velo.test/notes/root"
	reply := o.says(o.ines, social.Public, late, o.A.Account)
	old := desk.Key{AccountID: o.A.Account.ID, ConversationID: reply.ConversationID}
	other := o.says(o.ines, social.Public, late, o.A.Account)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		if err := o.desk.Note(ctx, s, o.A.Tenant, o.drafter, old, "first note"); err != nil {
			return err
		}
		if err := o.desk.Assign(ctx, s, o.A.Tenant, o.owner, old, o.second.Person); err != nil {
			return err
		}
		return o.desk.SetState(ctx, s, o.owner, desk.Key{AccountID: o.A.Account.ID, ConversationID: other.ConversationID}, social.DeskDone)
	})
	since := *o.thread(old).WaitingSince
	root := o.saysAs(o.ines, late, social.Public, "")
	for _, k := range []desk.Key{{AccountID: o.A.Account.ID, ConversationID: root.ConversationID}, old} {
		got := o.thread(k)
		if got.ConversationID != root.ConversationID || got.State != social.DeskOpen || !got.WaitingSince.Equal(since) || got.AssigneeID != o.second.Person ||
			got.LastIncomingID != other.ID || len(got.Entries) != 4 {
			t.Errorf("joined: %+v with %d entries", got.DeskThread, len(got.Entries))
		}
	}
	if l := o.list(o.owner, desk.Filter{Limit: 9}); len(l.Lines) != 1 {
		t.Errorf("%d lines after joining", len(l.Lines))
	}
}

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

// Assigning at once leaves one of the two, and both acts in the log.
func TestTwoAssignAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Public)
	var group sync.WaitGroup
	for _, who := range []plan.By{o.owner, o.second} {
		group.Go(func() {
			if err := o.try(func(ctx context.Context, s *pg.Scope) error {
				return o.desk.Assign(ctx, s, o.A.Tenant, who, k, who.Person)
			}); err != nil {
				t.Errorf("assign: %v", err)
			}
		})
	}
	group.Wait()
	if got := o.thread(k).AssigneeID; got != o.owner.Person && got != o.second.Person {
		t.Errorf("assigned to %d", got)
	}
	o.do(func(ctx context.Context, s *pg.Scope) error {
		entries, err := store.AuditEntries(ctx, s, store.AuditFilter{Action: "conversation.assign", Limit: 9})
		if len(entries) != 2 {
			t.Errorf("%d entries in the log", len(entries))
		}
		return err
	})
}

// Whoever leaves the company leaves their threads to the others.
func TestWhoLeavesHasNoThreads(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, k := o.asks(social.Public)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		return o.desk.Assign(ctx, s, o.A.Tenant, o.owner, k, o.second.Person)
	})
	o.do(func(ctx context.Context, s *pg.Scope) error { return people.Leave(ctx, s, o.second.Person) })
	if got := o.thread(k); got.AssigneeID != 0 || got.State != social.DeskOpen {
		t.Errorf("after they left: %+v", got.DeskThread)
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

// What each role may do, and that nobody else learns that there is a thread.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	stranger := by(o.Person(t, "clerk@a.test"))
	o.do(func(ctx context.Context, s *pg.Scope) error {
		return people.Join(ctx, s, stranger.Person, people.MemberOwner)
	})
	read := func(who plan.By) func(context.Context, *pg.Scope, desk.Key) error {
		return func(ctx context.Context, s *pg.Scope, k desk.Key) error {
			_, err := o.desk.Thread(ctx, s, who.Person, k)
			return err
		}
	}
	acts := func(who plan.By) map[string]func(context.Context, *pg.Scope, desk.Key) error {
		return map[string]func(context.Context, *pg.Scope, desk.Key) error{
			"read": read(who),
			"note": func(ctx context.Context, s *pg.Scope, k desk.Key) error {
				return o.desk.Note(ctx, s, o.A.Tenant, who, k, "note")
			},
			"assign": func(ctx context.Context, s *pg.Scope, k desk.Key) error {
				return o.desk.Assign(ctx, s, o.A.Tenant, who, k, o.owner.Person)
			},
			"state": func(ctx context.Context, s *pg.Scope, k desk.Key) error {
				return o.desk.SetState(ctx, s, who, k, social.DeskDone)
			},
			"write": func(ctx context.Context, s *pg.Scope, k desk.Key) error { return o.desk.Write(ctx, s, who.Person, k) },
			"replies": func(ctx context.Context, s *pg.Scope, k desk.Key) error {
				_, err := o.desk.Replies(ctx, s, who.Person, access.Draft)
				return err
			},
			"save": func(ctx context.Context, s *pg.Scope, _ desk.Key) error {
				return o.desk.SaveReply(ctx, s, o.A.Tenant, who, store.SavedReply{Title: "Hello", Text: "Hello {name}"})
			},
		}
	}
	all := map[string]fault.Code{"read": "", "note": "", "assign": "", "state": "", "write": "", "replies": "", "save": ""}
	none := fault.Forbidden
	for name, tt := range map[string]struct {
		who  plan.By
		want map[string]fault.Code
	}{
		"owner": {o.owner, all}, "publisher": {o.second, all},
		"drafter": {o.drafter, map[string]fault.Code{"read": "", "note": "", "assign": "", "state": "", "write": "", "replies": "", "save": none}},
		"viewer":  {o.watching, map[string]fault.Code{"read": "", "note": none, "assign": none, "state": none, "write": none, "replies": none, "save": none}},
		"owner of the company": {stranger, map[string]fault.Code{"read": fault.NotFound, "note": fault.NotFound, "assign": fault.NotFound, "state": fault.NotFound,
			"write": fault.NotFound, "replies": none, "save": none}},
		"another company's": {by(o.B.Person), map[string]fault.Code{"read": fault.NotFound, "note": fault.NotFound, "assign": fault.NotFound, "state": fault.NotFound,
			"write": fault.NotFound, "replies": none, "save": none}},
	} {
		_, k := o.asks(social.Direct)
		got := map[string]fault.Code{}
		for act, fn := range acts(tt.who) {
			got[act] = fault.CodeOf(o.try(func(ctx context.Context, s *pg.Scope) error { return fn(ctx, s, k) }))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		l := o.list(tt.who, desk.Filter{Limit: 20})
		if sees := len(l.Lines) > 0; sees != (tt.want["read"] == "") {
			t.Errorf("%s sees %d lines", name, len(l.Lines))
		}
	}
	if err := o.try(func(ctx context.Context, s *pg.Scope) error {
		_, k := o.asks(social.Public)
		return o.desk.Assign(ctx, s, o.A.Tenant, o.owner, k, stranger.Person)
	}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("assigned to somebody without a grant: %v", err)
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

// The message may be deleted; what is left is answered, or nothing.
func TestADeletedMessage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, k := o.asks(social.Public)
	second := o.says(o.ines, social.Direct, first.URI, o.A.Account)
	remove := func(st *social.Status) {
		o.do(func(ctx context.Context, s *pg.Scope) error {
			_, err := store.RemoveStatuses(ctx, s, []social.StatusID{st.ID}, 100)
			return err
		})
	}
	remove(second)
	if l := o.list(o.owner, desk.Filter{Limit: 3}); len(l.Lines) != 1 || l.Lines[0].LastBody != "" {
		t.Errorf("the list shows %+v", l.Lines)
	}
	if made, err := o.answer(o.owner, k, desk.Reply{Text: "x"}); err != nil || made.Status.InReplyToID != first.ID || made.Status.Visibility != social.Public {
		t.Errorf("an answer to what is left: %+v, %v", made, err)
	}
	_, alone := o.asks(social.Public)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		_, err := store.RemoveStatuses(ctx, s, []social.StatusID{alone.ConversationID}, 100)
		return err
	})
	if _, err := o.answer(o.owner, alone, desk.Reply{Text: "x"}); !errors.Is(err, desk.ErrGone) {
		t.Errorf("an answer to nothing: %v", err)
	}
}

// Pages follow one another without a gap, in the order of each list, and a page takes the
// same statements however long it is.
func TestPagesOfTheList(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := o.A.AddAccount(t, "news")
	o.A.Grant(t, other.ID, o.owner.Person, people.Owner)
	for i := range 7 {
		to := []*social.Account{o.A.Account}
		if i%2 == 0 {
			to = append(to, other)
		}
		o.says(o.remote(fmt.Sprintf("guest%d", i)), social.Public, "", to...)
	}
	for _, state := range []social.DeskState{social.DeskOpen, ""} {
		var got []store.DeskKey
		f := desk.Filter{State: state, Limit: 2}
		for range 9 {
			l := o.list(o.owner, f)
			for _, line := range l.Lines {
				got = append(got, line.Key())
			}
			if !l.More {
				break
			}
			f.After = desk.Cursor(l.Lines[len(l.Lines)-1], state)
		}
		whole := o.list(o.owner, desk.Filter{State: state, Limit: 50})
		var want []store.DeskKey
		for _, line := range whole.Lines {
			want = append(want, line.Key())
		}
		if len(want) != 11 || !cmp.Equal(want, got) {
			t.Errorf("%q: pages %v, at once %v", state, got, want)
		}
	}
	count := func(limit int) int {
		return len(o.DB.Statements.Record(func() { o.list(o.owner, desk.Filter{Limit: limit}) }))
	}
	if one, many := count(1), count(50); one != many {
		t.Errorf("a page of one takes %d statements, one of eleven %d", one, many)
	}
	_, k := o.asks(social.Public)
	read := func() int { return len(o.DB.Statements.Record(func() { o.thread(k) })) }
	before := read()
	for range 4 {
		o.says(o.remote(fmt.Sprintf("more%d", o.said)), social.Public, fmt.Sprintf("https://velo.test/notes/%d", o.said), o.A.Account)
		o.do(func(ctx context.Context, s *pg.Scope) error {
			return o.desk.Note(ctx, s, o.A.Tenant, o.owner, k, "note")
		})
	}
	if after := read(); after != before || len(o.thread(k).Entries) != 9 {
		t.Errorf("a thread of one takes %d statements, one of nine %d", before, after)
	}
}

// A saved reply names whoever is answered, and cannot be made to call others.
func TestSavedReplies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		o.ines.DisplayName = "Ines @everyone"
		return store.UpsertRemoteAccount(ctx, s, o.ines)
	})
	_, k := o.asks(social.Public)
	o.do(func(ctx context.Context, s *pg.Scope) error {
		if err := o.desk.SaveReply(ctx, s, o.A.Tenant, o.owner, store.SavedReply{Title: " Thanks ", Text: "Hello {name}, thank you."}); err != nil {
			return err
		}
		all, err := o.desk.Replies(ctx, s, o.drafter.Person, access.Draft)
		if err != nil || len(all) != 1 || all[0].Title != "Thanks" {
			t.Fatalf("saved: %+v, %v", all, err)
		}
		text, err := o.desk.Saved(ctx, s, o.drafter.Person, k, all[0].ID)
		if text != "Hello Ines everyone, thank you." {
			t.Errorf("inserted %q", text)
		}
		if err := o.desk.SaveReply(ctx, s, o.A.Tenant, o.owner, store.SavedReply{ID: all[0].ID, Title: "Thanks", Text: ""}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("an empty one: %v", err)
		}
		if err != nil {
			return err
		}
		return o.desk.DeleteReply(ctx, s, o.owner, all[0].ID)
	})
}

// The median is that of first answers; half a conversation does not count.
func TestFirstAnswerTimes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for i, minutes := range []int{10, 30, 50, 600} {
		_, k := o.asks(social.Public)
		o.do(func(ctx context.Context, s *pg.Scope) error {
			_, err := pg.Exec(ctx, s, `UPDATE desk_threads SET opened_at = now() - make_interval(days => @days, mins => @minutes), first_answer_at = now() - make_interval(days => @days)
				WHERE tenant_id = @tenant_id AND conversation_id = @id`, map[string]any{"minutes": minutes, "days": map[bool]int{true: 20}[i == 3], "id": k.ConversationID})
			return err
		})
	}
	o.asks(social.Public)
	if got := o.list(o.owner, desk.Filter{}).Times; got.WeekSeconds != 30*60 || got.MonthSeconds != 40*60 || got.Week != 3 || got.Month != 4 {
		t.Errorf("%+v", got)
	}
}
