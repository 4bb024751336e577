package timeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/social/timeline"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

type bundle struct {
	*socialtest.World
	statuses *status.Service
	relate   *relate.Service
}

func setup(t testing.TB) *bundle {
	t.Helper()
	w := socialtest.New(t)
	return &bundle{World: w, statuses: status.New(status.Options{Streams: w.Streams}), relate: relate.New(w.Streams)}
}

func (b *bundle) post(author *social.Account, d status.Draft) *social.Status {
	b.T.Helper()
	var st *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		st, err = b.statuses.Create(b.T.Context(), scope, b.Tenant, author, d)
		return err
	})
	return st
}

func (b *bundle) boost(actor *social.Account, st *social.Status) *social.Status {
	b.T.Helper()
	var out *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		out, err = b.statuses.Boost(b.T.Context(), scope, b.Tenant, actor, st, "", "")
		return err
	})
	return out
}

func (b *bundle) receive(in status.Incoming) *social.Status {
	b.T.Helper()
	var st *social.Status
	b.Do(func(scope *pg.Scope) (err error) {
		st, _, err = b.statuses.Receive(b.T.Context(), scope, in)
		return err
	})
	return st
}

func (b *bundle) follow(actor, target *social.Account, o relate.FollowOptions) {
	b.T.Helper()
	b.Do(func(scope *pg.Scope) error {
		_, err := b.relate.Follow(b.T.Context(), scope, b.Tenant, actor, target, o)
		if err != nil || target.IsLocal() {
			return err
		}
		return b.relate.ConfirmFollow(b.T.Context(), scope, target, actor.URI)
	})
}

type reader func(scope *pg.Scope, page timeline.Page) (timeline.Result, error)

// read returns the sources (or bodies) of a list, newest first.
func (b *bundle) read(fn reader) []string {
	b.T.Helper()
	out := []string{}
	b.Do(func(scope *pg.Scope) error {
		r, err := fn(scope, timeline.Page{})
		for _, st := range r.Statuses {
			switch {
			case st.BoostOfID != 0:
				out = append(out, "boost")
			case st.IsLocal:
				out = append(out, st.Source)
			default:
				out = append(out, st.Body)
			}
		}
		return err
	})
	return out
}

func home(b *bundle, owner *social.Account) reader {
	return func(scope *pg.Scope, page timeline.Page) (timeline.Result, error) {
		return timeline.Read(b.T.Context(), scope, timeline.Home(owner.ID, page))
	}
}

func TestHomeTakesWhatItsOwnerWants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, friend, other := b.Local("owner"), b.Local("friend"), b.Local("other")
	muted, blocked, plain := b.Local("muted"), b.Local("blocked"), b.Local("plain")
	b.follow(owner, friend, relate.FollowOptions{ShowBoosts: true})
	b.follow(owner, plain, relate.FollowOptions{ShowBoosts: false, Languages: []string{"en"}})
	b.Do(func(scope *pg.Scope) error {
		if err := b.relate.Mute(t.Context(), scope, owner, muted, true, 0); err != nil {
			return err
		}
		if err := store.FollowTag(t.Context(), scope, owner.ID, "cats"); err != nil {
			return err
		}
		return b.relate.Block(t.Context(), scope, b.Tenant, owner, blocked, "")
	})
	byOther := b.post(other, status.Draft{Text: "by other"})
	byMuted := b.post(muted, status.Draft{Text: "by muted"})
	byBlocked := b.post(blocked, status.Draft{Text: "by blocked #cats"})
	mine := b.post(owner, status.Draft{Text: "mine"})
	start := b.post(friend, status.Draft{Text: "friend's"})

	b.post(friend, status.Draft{Text: "to other", InReplyToID: byOther.ID})
	b.post(friend, status.Draft{Text: "to me", InReplyToID: mine.ID})
	b.post(friend, status.Draft{Text: "to myself", InReplyToID: start.ID})
	b.post(friend, status.Draft{Text: "about @blocked"})
	b.post(friend, status.Draft{Text: "direct", Visibility: social.Direct})
	b.post(friend, status.Draft{Text: "friends only", Visibility: social.Followers})
	b.boost(friend, byMuted)
	b.boost(friend, byBlocked)
	b.boost(friend, start) // stands there already
	b.boost(plain, byOther)
	b.post(plain, status.Draft{Text: "auf Deutsch", Language: "de"})
	b.post(plain, status.Draft{Text: "in English", Language: "en"})
	b.post(other, status.Draft{Text: "with #Cats"})
	b.boost(friend, byOther)

	want := []string{"boost", "with #Cats", "in English", "friends only", "to myself", "to me", "friend's", "mine"}
	if diff := cmp.Diff(want, b.read(home(b, owner))); diff != "" {
		t.Errorf("home (-want +got):\n%s", diff)
	}
}

func TestPublicAndTags(t *testing.T) {
	t.Parallel()
	b := setup(t)
	viewer, author, muted := b.Local("viewer"), b.Local("author"), b.Local("muted")
	silenced, far := b.Local("silenced"), b.Remote("far", "far.test")
	first := b.post(author, status.Draft{Text: "a #one"})
	b.post(author, status.Draft{Text: "b #one #two", InReplyToID: first.ID})
	b.post(muted, status.Draft{Text: "c #two", InReplyToID: first.ID})
	b.post(muted, status.Draft{Text: "d #one #three"})
	b.post(author, status.Draft{Text: "unlisted #one", Visibility: social.Unlisted})
	b.receive(status.Incoming{
		Author: far, URI: "https://far.test/1", Body: "far", Visibility: social.Public, Tags: []string{"One"},
		Media: []social.Media{{Kind: social.MediaImage, RemoteURL: "https://far.test/i.png"}},
	})
	b.post(silenced, status.Draft{Text: "quiet #one"})
	b.boost(viewer, first)
	b.Do(func(scope *pg.Scope) error {
		if _, err := pg.Exec(t.Context(), scope, `UPDATE accounts SET silenced_at = now() WHERE tenant_id = @tenant_id AND id = @id`,
			pgx.NamedArgs{"id": silenced.ID}); err != nil {
			return err
		}
		return b.relate.Mute(t.Context(), scope, viewer, muted, false, 0)
	})
	public := func(viewer social.AccountID, f timeline.PublicFilter) reader {
		return func(scope *pg.Scope, page timeline.Page) (timeline.Result, error) {
			return timeline.Read(t.Context(), scope, timeline.Public(viewer, f, page))
		}
	}
	tag := func(viewer social.AccountID, name string, f timeline.TagFilter) reader {
		return func(scope *pg.Scope, page timeline.Page) (timeline.Result, error) {
			return timeline.Tag(t.Context(), scope, viewer, name, f, page)
		}
	}
	for name, tt := range map[string]struct {
		read reader
		want []string
	}{
		"anybody":        {public(0, timeline.PublicFilter{}), []string{"far", "d #one #three", "b #one #two", "a #one"}},
		"with a mute":    {public(viewer.ID, timeline.PublicFilter{}), []string{"far", "b #one #two", "a #one"}},
		"silenced self":  {public(silenced.ID, timeline.PublicFilter{Local: true}), []string{"quiet #one", "d #one #three", "b #one #two", "a #one"}},
		"local":          {public(0, timeline.PublicFilter{Local: true}), []string{"d #one #three", "b #one #two", "a #one"}},
		"remote":         {public(0, timeline.PublicFilter{Remote: true}), []string{"far"}},
		"media":          {public(0, timeline.PublicFilter{OnlyMedia: true}), []string{"far"}},
		"one tag":        {tag(0, "ONE", timeline.TagFilter{}), []string{"far", "d #one #three", "b #one #two", "a #one"}},
		"tag, muted":     {tag(viewer.ID, "two", timeline.TagFilter{}), []string{"b #one #two"}},
		"any":            {tag(0, "three", timeline.TagFilter{Any: []string{"two"}}), []string{"d #one #three", "c #two", "b #one #two"}},
		"all":            {tag(0, "one", timeline.TagFilter{All: []string{"two"}}), []string{"b #one #two"}},
		"none":           {tag(0, "one", timeline.TagFilter{None: []string{"two", "three"}}), []string{"far", "a #one"}},
		"tag, local":     {tag(0, "one", timeline.TagFilter{Local: true}), []string{"d #one #three", "b #one #two", "a #one"}},
		"tag with media": {tag(0, "one", timeline.TagFilter{OnlyMedia: true}), []string{"far"}},
	} {
		if diff := cmp.Diff(tt.want, b.read(tt.read)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAccountTimeline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	author, friend, stranger := b.Local("author"), b.Local("friend"), b.Local("stranger")
	b.follow(friend, author, relate.FollowOptions{ShowBoosts: true})
	other := b.post(stranger, status.Draft{Text: "other"})
	first := b.post(author, status.Draft{Text: "first #tag"})
	b.post(author, status.Draft{Text: "answer", InReplyToID: other.ID})
	b.post(author, status.Draft{Text: "thread", InReplyToID: first.ID})
	b.post(author, status.Draft{Text: "private", Visibility: social.Followers})
	b.boost(author, other)
	b.Do(func(scope *pg.Scope) error { return b.statuses.Pin(t.Context(), scope, b.Tenant, author, first) })
	read := func(viewer social.AccountID, f timeline.AccountFilter) []string {
		return b.read(func(scope *pg.Scope, page timeline.Page) (timeline.Result, error) {
			return timeline.Account(t.Context(), scope, viewer, author.ID, f, page)
		})
	}
	for name, tt := range map[string]struct {
		viewer social.AccountID
		filter timeline.AccountFilter
		want   []string
	}{
		"anybody":        {0, timeline.AccountFilter{}, []string{"boost", "thread", "answer", "first #tag"}},
		"friend":         {friend.ID, timeline.AccountFilter{}, []string{"boost", "private", "thread", "answer", "first #tag"}},
		"no answers":     {0, timeline.AccountFilter{ExcludeReplies: true}, []string{"boost", "thread", "first #tag"}},
		"no boosts":      {0, timeline.AccountFilter{ExcludeBoosts: true}, []string{"thread", "answer", "first #tag"}},
		"media":          {0, timeline.AccountFilter{OnlyMedia: true}, []string{}},
		"pinned":         {0, timeline.AccountFilter{Pinned: true}, []string{"first #tag"}},
		"tagged":         {0, timeline.AccountFilter{Tagged: "TAG"}, []string{"first #tag"}},
		"no such author": {0, timeline.AccountFilter{Tagged: "other"}, []string{}},
	} {
		if diff := cmp.Diff(tt.want, read(tt.viewer, tt.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice := b.Local("alice")
	var posts []*social.Status
	for i := range 6 {
		posts = append(posts, b.post(alice, status.Draft{Text: fmt.Sprint(i)}))
	}
	b.Do(func(scope *pg.Scope) error { // liked in another order than written
		for _, i := range []int{3, 0, 5, 1, 4, 2} {
			if err := b.statuses.Favourite(t.Context(), scope, b.Tenant, alice, posts[i], ""); err != nil {
				return err
			}
			if err := b.statuses.Bookmark(t.Context(), scope, alice, posts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	id := func(i int) int64 { return int64(posts[i].ID) }
	sources := func(r timeline.Result) (out string) {
		for _, st := range r.Statuses {
			out += st.Source
		}
		return out
	}
	b.Do(func(scope *pg.Scope) error {
		for _, tt := range []struct {
			page timeline.Page
			want string
		}{
			{timeline.Page{}, "543210"},
			{timeline.Page{Limit: 2}, "54"},
			{timeline.Page{Limit: 2, MaxID: id(4)}, "32"},
			{timeline.Page{Limit: 2, SinceID: id(1)}, "54"},
			{timeline.Page{Limit: 2, MinID: id(1)}, "32"},
			{timeline.Page{Limit: 2, MinID: id(1), MaxID: id(3)}, "2"},
		} {
			r, err := timeline.Read(t.Context(), scope, timeline.Home(alice.ID, tt.page))
			if err != nil || sources(r) != tt.want {
				t.Errorf("home %+v = %s, %v; want %s", tt.page, sources(r), err, tt.want)
			}
		}
		for name, list := range map[string]func(timeline.Page) (timeline.Result, error){
			"favourites": func(p timeline.Page) (timeline.Result, error) {
				return timeline.Read(t.Context(), scope, timeline.Favourites(alice.ID, p))
			},
			"bookmarks": func(p timeline.Page) (timeline.Result, error) {
				return timeline.Read(t.Context(), scope, timeline.Bookmarks(alice.ID, p))
			},
		} {
			first, err := list(timeline.Page{Limit: 4})
			if err != nil {
				return err
			}
			rest, err := list(timeline.Page{Limit: 4, MaxID: first.Oldest})
			if got := sources(first) + "," + sources(rest); err != nil || got != "2415,03" {
				t.Errorf("%s = %s, %v", name, got, err)
			}
		}
		return nil
	})
}

func TestTrim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	alice, bob := b.Local("alice"), b.Local("bob")
	far := b.Remote("far", "far.test")
	list := make([]status.Incoming, timeline.Keep+50)
	for i := range list {
		list[i] = status.Incoming{
			Author: far, URI: fmt.Sprintf("https://far.test/%d", i), Visibility: social.Public, Published: time.Now().Add(time.Duration(i-2000) * time.Second),
		}
	}
	b.follow(alice, far, relate.FollowOptions{ShowBoosts: true})
	b.Do(func(scope *pg.Scope) error {
		_, err := b.statuses.ReceiveMany(t.Context(), scope, list)
		return err
	})
	b.post(bob, status.Draft{Text: "stays"})
	b.Do(func(scope *pg.Scope) error {
		for _, want := range []int64{30, 20, 0} {
			if n, err := timeline.Trim(t.Context(), scope, 30); n != want || err != nil {
				t.Errorf("trimmed %d, %v; want %d", n, err, want)
			}
		}
		return nil
	})
	if n := b.Count(`SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`, pgx.NamedArgs{"id": alice.ID}); n != timeline.Keep {
		t.Errorf("%d entries are left", n)
	}
	if n := b.Count(`SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`, pgx.NamedArgs{"id": bob.ID}); n != 1 {
		t.Errorf("bob has %d entries", n)
	}
}

func BenchmarkHome(b *testing.B) {
	w := setup(b)
	alice, far := w.Local("alice"), w.Remote("far", "far.test")
	w.follow(alice, far, relate.FollowOptions{ShowBoosts: true})
	list := make([]status.Incoming, 400)
	for i := range list {
		list[i] = status.Incoming{Author: far, URI: fmt.Sprintf("https://far.test/%d", i), Body: "<p>hello</p>", Visibility: social.Public}
	}
	w.Do(func(scope *pg.Scope) error {
		_, err := w.statuses.ReceiveMany(b.Context(), scope, list)
		return err
	})
	b.RunParallel(func(run *testing.PB) {
		for run.Next() {
			err := w.Try(func(scope *pg.Scope) error {
				_, err := timeline.Read(b.Context(), scope, timeline.Home(alice.ID, timeline.Page{Limit: 20}))
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}
