package outbox_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"rookery/federation/outbox"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fedtest"
	"rookery/tenant"
)

type bundle struct {
	*fedtest.World
	worker *outbox.Worker
	posts  *status.Service
	rel    *relate.Service

	alice    *social.Account // local
	follower *social.Account // of alice, with a shared inbox
	bea      *social.Account // elsewhere, follows nobody
	masto    *fedtest.Peer
	other    *fedtest.Peer
	resolver *resolver
}

// resolver is the network's place: it knows one handle.
type resolver struct {
	handle  social.Handle
	account *social.Account
	// forbidden, if set, hears of who asks.
	forbidden func()
}

func (r *resolver) Resolve(_ context.Context, _ *tenant.Tenant, h social.Handle) (*social.Account, error) {
	if r.forbidden != nil {
		r.forbidden()
	}
	if h != r.handle || r.account == nil {
		return nil, fault.New(fault.NotFound, "There is no account of that name.")
	}
	return r.account, nil
}

func setup(t *testing.T) *bundle {
	t.Helper()
	w := fedtest.New(t)
	streams := stream.New(w.PG, nil)
	b := &bundle{World: w, posts: status.New(status.Options{Streams: streams}), rel: relate.New(streams), resolver: &resolver{}}
	b.worker = outbox.NewWorker(outbox.Options{
		DB: w.PG, Tenants: w.Registry, Resolver: b.resolver, Posts: b.posts, Media: media.Addresses{Scheme: "https", Host: "media.test"},
	})
	b.masto, b.other = fedtest.NewPeer(t, "127.77.2.50", nil), fedtest.NewPeer(t, "127.77.2.51", nil)
	b.alice = w.Account(t, "alice")
	b.follower, b.bea = w.Remote(t, b.masto, "fred", true), w.Remote(t, b.other, "bea", true)
	w.Follow(t, b.follower, b.alice)
	return b
}

// sent is an activity and where it goes.
type sent struct {
	vocab.Activity
	row     *store.Activity
	inboxes []string
	jobs    int
}

// publish works every event that is waiting, twice, and returns what came of the last one.
func (b *bundle) publish(t *testing.T) *sent {
	t.Helper()
	var last *sent
	for waiting := b.waiting(t); len(waiting) > 0; waiting = b.waiting(t) {
		for _, job := range waiting {
			for range 2 {
				must(t, b.worker.Work(t.Context(), job))
			}
			last = b.sent(t, job.Args.EventIDs[len(job.Args.EventIDs)-1])
		}
	}
	return last
}

// waiting takes the jobs that publish events out of their queues.
func (b *bundle) waiting(t *testing.T) []*river.Job[jobs.PublishEvents] {
	t.Helper()
	rows, err := b.PG.Pool().Query(t.Context(), `DELETE FROM river.river_job WHERE kind = 'outbox_publish_events' RETURNING id, queue, args`)
	must(t, err)
	var out []*river.Job[jobs.PublishEvents]
	for rows.Next() {
		job := &river.Job[jobs.PublishEvents]{JobRow: &rivertype.JobRow{}}
		must(t, rows.Scan(&job.ID, &job.Queue, &job.Args))
		out = append(out, job)
	}
	must(t, rows.Err())
	slices.SortFunc(out, func(a, b *river.Job[jobs.PublishEvents]) int { return int(a.ID - b.ID) })
	return out
}

func (b *bundle) sent(t *testing.T, event int64) *sent {
	t.Helper()
	out := &sent{}
	b.Tx(t, func(scope *pg.Scope) (err error) {
		if out.row, err = store.ActivityByID(t.Context(), scope, event); err != nil { // an activity has its event's number
			if fault.IsNotFound(err) {
				out = nil
				return nil
			}
			return err
		}
		_, rows, err := store.WaitingDeliveries(t.Context(), scope, store.WhichDeliveries{Activities: []int64{event}, First: 1, Last: 1000, Limit: 1000})
		for _, r := range rows {
			out.inboxes = append(out.inboxes, r.InboxURL)
		}
		return err
	})
	if out == nil {
		return nil
	}
	doc, err := vocab.Parse(out.row.Body)
	must(t, err)
	out.Activity = vocab.ReadActivity(doc)
	slices.Sort(out.inboxes)
	must(t, b.PG.Pool().QueryRow(t.Context(),
		`SELECT count(*) FROM river.river_job WHERE kind = 'federation_deliver_small' AND args->'activity_ids' @> to_jsonb($1::bigint)`, out.row.ID).Scan(&out.jobs))
	return out
}

func (b *bundle) wantSent(t *testing.T, got *sent, kind string, inboxes ...string) {
	t.Helper()
	if got == nil {
		t.Fatalf("nothing was published, want %s", kind)
	}
	slices.Sort(inboxes)
	if got.Type != kind || got.Actor != b.alice.URI {
		t.Errorf("%s by %s, want %s by %s\n%s", got.Type, got.Actor, kind, b.alice.URI, got.row.Body)
	}
	if diff := cmp.Diff(inboxes, got.inboxes); diff != "" {
		t.Errorf("%s goes elsewhere (-want +got):\n%s", kind, diff)
	}
	if got.jobs != 1 {
		t.Errorf("%d delivery jobs, want 1", got.jobs)
	}
}

func (b *bundle) create(t *testing.T, d status.Draft) (st *social.Status) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) (err error) {
		st, err = b.posts.Create(t.Context(), scope, b.Tenant, b.alice, d)
		return err
	})
	return st
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) shared(p *fedtest.Peer) string { return p.URL + "/inbox" }

func TestAPostItsEditAndItsDeletion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	st := b.create(t, status.Draft{Text: "Hello @bea@" + b.bea.Domain + " #owls", Visibility: social.Public})
	got := b.publish(t)
	mentions := []string{b.shared(b.masto)}
	b.wantSent(t, got, vocab.TypeCreate, mentions...)
	if got.Object.ID != st.URI || got.To[0] != vocab.Public || !slices.Contains(got.CC, b.alice.FollowersURL) {
		t.Errorf("the Create says %s", got.row.Body)
	}
	note := vocab.ReadNote(got.Object.Doc)
	if note.AttributedTo != b.alice.URI || note.Language != "en" || !slices.Contains(note.Hashtags, "owls") {
		t.Errorf("the note is %+v", note)
	}
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := b.posts.Edit(t.Context(), scope, b.Tenant, b.alice, st, status.Draft{Text: "Bye"})
		return err
	})
	got = b.publish(t)
	b.wantSent(t, got, vocab.TypeUpdate, mentions...)
	if note := vocab.ReadNote(got.Object.Doc); note.Updated.IsZero() || note.ID != st.URI {
		t.Errorf("the Update says %s", got.row.Body)
	}
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Delete(t.Context(), scope, st) })
	got = b.publish(t)
	b.wantSent(t, got, vocab.TypeDelete, mentions...)
	if got.Object.ID != st.URI {
		t.Errorf("the Delete says %s", got.row.Body)
	}
}

// Whoever may no longer see a post does not get its new words; that it is gone, all
// who had it hear.
func TestAnEditIsForThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Follow(t, b.bea, b.alice)
	st := b.create(t, status.Draft{Text: "Only for you", Visibility: social.Followers})
	b.wantSent(t, b.publish(t), vocab.TypeCreate, b.shared(b.masto), b.shared(b.other))
	b.Tx(t, func(scope *pg.Scope) error {
		if err := b.rel.Block(t.Context(), scope, b.Tenant, b.alice, b.bea, ""); err != nil {
			return err
		}
		_, err := b.posts.Edit(t.Context(), scope, b.Tenant, b.alice, st, status.Draft{Text: "Not for bea"})
		return err
	})
	b.wantSent(t, b.publish(t), vocab.TypeUpdate, b.shared(b.masto))
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Delete(t.Context(), scope, st) })
	b.wantSent(t, b.publish(t), vocab.TypeDelete, b.shared(b.masto), b.shared(b.other))
}

func TestWhoHearsOfAPost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		visibility social.Visibility
		wantFred   bool
		to, cc     func(b *bundle) []string
	}{
		"public": {social.Public, true, func(*bundle) []string { return []string{vocab.Public} },
			func(b *bundle) []string { return []string{b.alice.FollowersURL, b.bea.URI} }},
		"unlisted": {social.Unlisted, true, func(b *bundle) []string { return []string{b.alice.FollowersURL} },
			func(b *bundle) []string { return []string{vocab.Public, b.bea.URI} }},
		"followers": {social.Followers, true, func(b *bundle) []string { return []string{b.alice.FollowersURL} },
			func(b *bundle) []string { return []string{b.bea.URI} }},
		"direct": {social.Direct, false, func(b *bundle) []string { return []string{b.bea.URI} }, func(*bundle) []string { return nil }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.resolver.handle = social.Handle{User: "bea", Host: "masto.test"}
			b.resolver.account = b.bea
			st := b.create(t, status.Draft{Text: "Hi @bea@masto.test", Visibility: tt.visibility})
			got := b.publish(t)
			want := []string{b.shared(b.other)}
			if tt.wantFred {
				want = append(want, b.shared(b.masto))
			}
			b.wantSent(t, got, vocab.TypeCreate, want...)
			if diff := cmp.Diff(tt.to(b), got.To); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.cc(b), got.CC); diff != "" {
				t.Error(diff)
			}
			note := vocab.ReadNote(got.Object.Doc)
			if len(note.Mentions) != 1 || note.Mentions[0].Href != b.bea.URI {
				t.Errorf("mentions %+v of a handle that was looked up", note.Mentions)
			}
			b.Tx(t, func(scope *pg.Scope) error { return b.posts.Delete(t.Context(), scope, st) })
			b.wantSent(t, b.publish(t), vocab.TypeDelete, want...)
		})
	}
}

func TestAHandleThatNobodyKnowsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, status.Draft{Text: "Hi @nobody@masto.test", Visibility: social.Public})
	b.wantSent(t, b.publish(t), vocab.TypeCreate, b.shared(b.masto))
}

// A post that mentions somebody on a server nobody knows waits for that server in the
// queue of look-ups; what else happened here goes out meanwhile.
func TestLookUpsHoldUpNobodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.resolver.handle, b.resolver.account = social.Handle{User: "bea", Host: "slow.test"}, b.bea
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := b.posts.CreateMany(t.Context(), scope, b.Tenant, b.alice, []status.Draft{
			{Text: "Hi @bea@slow.test", Visibility: social.Public}, {Text: "Hi all", Visibility: social.Public},
		})
		return err
	})
	first := b.waiting(t)
	for _, job := range first {
		b.resolver.forbidden = func() { t.Error("the queue of posts asked the network") }
		must(t, b.worker.Work(t.Context(), job))
	}
	b.resolver.forbidden = nil
	left := b.waiting(t)
	if len(left) != 1 || left[0].Queue != jobs.QueueFetch || len(left[0].Args.EventIDs) != 1 {
		t.Fatalf("left to the look-ups: %+v", left)
	}
	slow := left[0].Args.EventIDs[0]
	for _, job := range first {
		for _, event := range job.Args.EventIDs {
			if published := b.sent(t, event) != nil; published == (event == slow) {
				t.Errorf("event %d published: %t", event, published)
			}
		}
	}
	must(t, b.worker.Work(t.Context(), left[0]))
	b.wantSent(t, b.sent(t, slow), vocab.TypeCreate, b.shared(b.masto), b.shared(b.other))
}

func TestADeletedPostIsNotAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	st := b.create(t, status.Draft{Text: "Oops", Visibility: social.Public})
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Delete(t.Context(), scope, st) })
	b.wantSent(t, b.publish(t), vocab.TypeDelete, b.shared(b.masto)) // the Create's event comes first
	b.Tx(t, func(scope *pg.Scope) error {
		if _, err := store.ActivityByURI(t.Context(), scope, b.Tenant.URL("/ap/activities/")+st.URI[len(b.Tenant.URL("/ap/objects/")):]); !fault.IsNotFound(err) {
			t.Errorf("the Create of a deleted post was published: %v", err)
		}
		return nil
	})
}

// Whatever waits for a server that is away says what the post says now, where everybody
// may read it; what is for some alone stays what they were meant to see.
func TestACreateOnItsWaySaysWhatThePostSaysNow(t *testing.T) {
	t.Parallel()
	for visibility, want := range map[social.Visibility]string{social.Public: "second", social.Followers: "first"} {
		b := setup(t)
		st := b.create(t, status.Draft{Text: "first", Visibility: visibility})
		create := b.publish(t)
		b.Tx(t, func(scope *pg.Scope) error {
			_, err := b.posts.Edit(t.Context(), scope, b.Tenant, b.alice, st, status.Draft{Text: "second"})
			return err
		})
		b.wantSent(t, b.publish(t), vocab.TypeUpdate, b.shared(b.masto))
		again := b.sent(t, create.row.ID)
		if again.ID != create.ID || again.Type != vocab.TypeCreate || !strings.Contains(vocab.ReadNote(again.Object.Doc).Content, want) {
			t.Errorf("%s: the Create says %s, want %q", visibility, again.row.Body, want)
		}
	}
}

// Posts that were written together are published together, each to its own readers.
func TestManyEventsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.resolver.handle, b.resolver.account = social.Handle{User: "bea", Host: "masto.test"}, b.bea
	var made []status.Created
	b.Tx(t, func(scope *pg.Scope) (err error) {
		made, err = b.posts.CreateMany(t.Context(), scope, b.Tenant, b.alice, []status.Draft{
			{Text: "one"}, {Text: "for @bea@masto.test", Visibility: social.Direct}, {Text: "three, and @bea@masto.test"}, {Text: "gone"},
		})
		return err
	})
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Delete(t.Context(), scope, made[3].Status) })
	var last int64
	for _, job := range b.waiting(t) {
		job.Queue = jobs.QueueFetch // may look up
		must(t, b.worker.Work(t.Context(), job))
		last = job.Args.EventIDs[len(job.Args.EventIDs)-1]
	}
	b.wantSent(t, b.sent(t, last), vocab.TypeDelete, b.shared(b.masto))
	want := [][]string{{b.shared(b.masto)}, {b.shared(b.other)}, {b.shared(b.masto), b.shared(b.other)}}
	for i, inboxes := range want {
		var id int64
		b.Tx(t, func(scope *pg.Scope) error {
			a, err := store.ActivityByURI(t.Context(), scope, strings.Replace(made[i].Status.URI, "/ap/objects/", "/ap/activities/", 1))
			if err == nil {
				id = a.ID
			}
			return err
		})
		b.wantSent(t, b.sent(t, id), vocab.TypeCreate, inboxes...)
	}
	var sending int
	must(t, b.PG.Pool().QueryRow(t.Context(), `SELECT count(*) FROM river.river_job WHERE kind LIKE 'federation_deliver%'`).Scan(&sending))
	if sending != 2 {
		t.Errorf("%d delivery jobs, want one for the Creates and one for the Delete", sending)
	}
}

// A job that an earlier version has left is worked.
func TestJobsOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, status.Draft{Text: "from before", Visibility: social.Public})
	workers := river.NewWorkers()
	b.worker.Register(workers)
	var event int64
	must(t, b.PG.Pool().QueryRow(t.Context(), `SELECT (args->'event_ids'->>0)::bigint FROM river.river_job`).Scan(&event))
	_, err := b.PG.Pool().Exec(t.Context(), `UPDATE river.river_job SET kind = 'outbox_publish',
		args = jsonb_build_object('tenant_id', args->'tenant_id', 'event_id', $1::bigint)`, event)
	must(t, err)
	client, err := river.NewClient(riverpgxv5.New(b.PG.Pool()), &river.Config{
		Schema: pg.JobSchema, Workers: workers, Queues: map[string]river.QueueConfig{jobs.QueueFanout: {MaxWorkers: 1}},
	})
	must(t, err)
	must(t, client.Start(t.Context()))
	t.Cleanup(func() { _ = client.Stop(context.WithoutCancel(t.Context())) })
	testkit.Eventually(t, time.Minute, "the event is published", func() bool { return b.sent(t, event) != nil })
	b.wantSent(t, b.sent(t, event), vocab.TypeCreate, b.shared(b.masto))
}

// theirs stores a post of bea.
func (b *bundle) theirs(t *testing.T) (st *social.Status) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) (err error) {
		st, _, err = b.posts.Receive(t.Context(), scope, status.Incoming{
			Author: b.bea, URI: b.other.URL + "/notes/1", Body: "<p>mine</p>", Visibility: social.Public, Quiet: true,
		})
		return err
	})
	return st
}

func TestReactions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	st := b.theirs(t)
	personal := b.bea.InboxURL

	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Favourite(t.Context(), scope, b.Tenant, b.alice, st, "") })
	like := b.publish(t)
	b.wantSent(t, like, vocab.TypeLike, personal)
	if like.Object.ID != st.URI {
		t.Errorf("the Like says %s", like.row.Body)
	}
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Unfavourite(t.Context(), scope, b.alice, st) })
	undo := b.publish(t)
	b.wantSent(t, undo, vocab.TypeUndo, personal)
	if undo.Object.ID != like.ID || undo.Object.Doc.IRI("object") != st.URI {
		t.Errorf("the Undo says %s", undo.row.Body)
	}

	var boost *social.Status
	b.Tx(t, func(scope *pg.Scope) (err error) {
		boost, err = b.posts.Boost(t.Context(), scope, b.Tenant, b.alice, st, social.Public, "")
		return err
	})
	announce := b.publish(t)
	b.wantSent(t, announce, vocab.TypeAnnounce, b.shared(b.masto), b.shared(b.other))
	if announce.ID != boost.URI || announce.Object.ID != st.URI || !slices.Contains(announce.CC, b.bea.URI) {
		t.Errorf("the Announce says %s", announce.row.Body)
	}
	b.Tx(t, func(scope *pg.Scope) error { return b.posts.Unboost(t.Context(), scope, b.alice, st) })
	undo = b.publish(t)
	b.wantSent(t, undo, vocab.TypeUndo, b.shared(b.masto), b.shared(b.other))
	if undo.Object.ID != announce.ID || undo.Object.Doc.IRI("object") != st.URI {
		t.Errorf("the Undo says %s", undo.row.Body)
	}

	answer := b.create(t, status.Draft{Text: "Yes", InReplyToID: st.ID, Visibility: social.Public})
	reply := b.publish(t)
	b.wantSent(t, reply, vocab.TypeCreate, b.shared(b.masto), b.shared(b.other))
	if note := vocab.ReadNote(reply.Object.Doc); note.InReplyTo != st.URI || note.ID != answer.URI {
		t.Errorf("the answer says %s", reply.row.Body)
	}
}

func TestRelations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	personal := b.bea.InboxURL
	var f *social.Follow
	follow := func() {
		b.Tx(t, func(scope *pg.Scope) (err error) {
			f, err = b.rel.Follow(t.Context(), scope, b.Tenant, b.alice, b.bea, relate.FollowOptions{ShowBoosts: true})
			return err
		})
	}
	follow()
	first := b.publish(t)
	b.wantSent(t, first, vocab.TypeFollow, personal)
	follow() // asked again: the same Follow goes out once more
	again := b.publish(t)
	b.wantSent(t, again, vocab.TypeFollow, personal)
	if first.ID != f.URI || again.ID != f.URI || again.Object.ID != b.bea.URI {
		t.Errorf("the Follows say %s and %s", first.row.Body, again.row.Body)
	}
	b.Tx(t, func(scope *pg.Scope) error { return b.rel.Unfollow(t.Context(), scope, b.alice, b.bea) })
	undo := b.publish(t)
	b.wantSent(t, undo, vocab.TypeUndo, personal)
	if undo.Object.ID != f.URI || undo.Object.Doc.IsZero() {
		t.Errorf("the Undo says %s", undo.row.Body)
	}

	theirs := b.other.URL + "/follows/9"
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := b.rel.Follow(t.Context(), scope, b.Tenant, b.bea, b.alice, relate.FollowOptions{URI: theirs})
		return err
	})
	accept := b.publish(t)
	b.wantSent(t, accept, vocab.TypeAccept, personal)
	if accept.Object.ID != theirs || accept.Object.Doc.Actor() != b.bea.URI || accept.Object.Doc.IRI("object") != b.alice.URI {
		t.Errorf("the Accept says %s", accept.row.Body)
	}
	b.Tx(t, func(scope *pg.Scope) error { return b.rel.RemoveFollower(t.Context(), scope, b.alice, b.bea.ID) })
	b.wantSent(t, b.publish(t), vocab.TypeReject, personal)

	b.Tx(t, func(scope *pg.Scope) error { return b.rel.Block(t.Context(), scope, b.Tenant, b.alice, b.bea, "") })
	block := b.publish(t)
	b.wantSent(t, block, vocab.TypeBlock, personal)
	b.Tx(t, func(scope *pg.Scope) error { return b.rel.Unblock(t.Context(), scope, b.alice, b.bea) })
	unblock := b.publish(t)
	b.wantSent(t, unblock, vocab.TypeUndo, personal)
	if unblock.Object.ID != block.ID {
		t.Errorf("the Undo says %s", unblock.row.Body)
	}
}

// The jobs of two events may run in any order. What was taken back is not told after its Undo.
func TestWhatWasTakenBackIsNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	st := b.theirs(t)
	deeds := map[string][2]func(*pg.Scope) error{
		"like": {
			func(scope *pg.Scope) error { return b.posts.Favourite(t.Context(), scope, b.Tenant, b.alice, st, "") },
			func(scope *pg.Scope) error { return b.posts.Unfavourite(t.Context(), scope, b.alice, st) },
		},
		"follow": {
			func(scope *pg.Scope) error {
				_, err := b.rel.Follow(t.Context(), scope, b.Tenant, b.alice, b.bea, relate.FollowOptions{})
				return err
			},
			func(scope *pg.Scope) error { return b.rel.Unfollow(t.Context(), scope, b.alice, b.bea) },
		},
		"block": {
			func(scope *pg.Scope) error { return b.rel.Block(t.Context(), scope, b.Tenant, b.alice, b.bea, "") },
			func(scope *pg.Scope) error { return b.rel.Unblock(t.Context(), scope, b.alice, b.bea) },
		},
	}
	for name, deed := range deeds {
		b.Tx(t, deed[0])
		b.Tx(t, deed[1])
		if undo := b.publish(t); undo == nil || undo.Type != vocab.TypeUndo {
			t.Errorf("%s: the Undo was not told", name)
		}
	}
	var told int
	must(t, b.PG.Platform(t.Context(), "count what is told", func(tx *pg.PlatformTx) (err error) {
		told, err = pg.Value[int](t.Context(), tx, `SELECT count(*)::int FROM activities`, nil)
		return err
	}))
	if told != len(deeds) {
		t.Errorf("%d activities for %d Undos", told, len(deeds))
	}
}

func TestTheAccountItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	event := func(kind social.EventKind, st *social.Status) *sent {
		e := &social.Event{Kind: kind, AccountID: b.alice.ID, ObjectURI: b.alice.URI}
		if st != nil {
			e.StatusID, e.ObjectURI = st.ID, st.URI
		}
		b.Tx(t, func(scope *pg.Scope) error { return store.AddEvent(t.Context(), scope, e) })
		return b.publish(t)
	}
	update := event(social.EventAccountUpdated, nil)
	b.wantSent(t, update, vocab.TypeUpdate, b.shared(b.masto))
	if actor := vocab.ReadActor(update.Object.Doc); actor.ID != b.alice.URI || len(actor.Keys) != 1 || actor.Keys[0].PEM == "" {
		t.Errorf("the Update says %s", update.row.Body)
	}
	post := b.Post(t, b.alice, social.Public, "<p>pin me</p>")
	add := event(social.EventPinned, post)
	b.wantSent(t, add, vocab.TypeAdd, b.shared(b.masto))
	if add.Target != b.alice.FeaturedURL || add.Object.ID != post.URI {
		t.Errorf("the Add says %s", add.row.Body)
	}
	b.wantSent(t, event(social.EventUnpinned, post), vocab.TypeRemove, b.shared(b.masto))
	gone := event(social.EventAccountDeleted, nil)
	b.wantSent(t, gone, vocab.TypeDelete, b.shared(b.masto), b.shared(b.other))
	if gone.Object.ID != b.alice.URI {
		t.Errorf("the Delete says %s", gone.row.Body)
	}
}

// Nothing of a tenant in trial goes out: what names its present addresses would be wrong
// when it gets lasting ones.
func TestATenantInTrialTellsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Apart(t)
	b.create(t, status.Draft{Text: "hello", Visibility: social.Public})
	if told := b.publish(t); told != nil {
		t.Errorf("told %s", told.row.Body)
	}
}

// Whoever's name leads elsewhere sends nothing: others could not fetch the keys to check it.
func TestAParkedTenantTellsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Park(t)
	b.create(t, status.Draft{Text: "hello", Visibility: social.Public})
	if told := b.publish(t); told != nil {
		t.Errorf("told %s", told.row.Body)
	}
}
