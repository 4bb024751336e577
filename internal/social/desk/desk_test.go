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
