package inbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
)

const (
	statusCount = `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND uri = @uri`
	bodyCount   = `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND body LIKE '%' || @text || '%'`
)

// scene has a victim that alice follows and that follows alice, with a post that is
// known here, and a stranger on another host and one on the victim's own.
type scene struct {
	*world
	v, p, p2 *actor
	note     object
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := newWorld(t)
	home := newPeer(t)
	s := &scene{world: w, v: home.actor("victim", 0), p2: home.actor("neighbour", 1), p: newPeer(t).actor("p", 2)}
	for _, a := range []*actor{s.v, s.p, s.p2} {
		w.a.deliver(a, a.activity("Follow", w.a.user.URI))
	}
	w.a.follow(s.v)
	s.note = s.v.note("innocent")
	w.a.deliver(s.v, s.v.create(s.note))
	return s
}

// post makes alice write something.
func (h *home) post(text string, visibility social.Visibility) *social.Status {
	h.t.Helper()
	var st *social.Status
	h.in(func(scope *pg.Scope) (err error) {
		st, err = h.statuses.Create(h.t.Context(), scope, h.tenant, h.user, status.Draft{Text: text, Visibility: visibility})
		return err
	})
	return st
}

// attempt sends an activity, whatever is answered, and waits.
func (h *home) attempt(a *actor, activity any) int {
	h.t.Helper()
	code := h.send(a, activity)
	if code >= 500 {
		h.t.Errorf("answered %d", code)
	}
	h.settle()
	return code
}

func TestOwnershipOfPosts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	uri := s.note["id"].(string)
	args := pgx.NamedArgs{"uri": uri}

	forged := object{"id": s.p.newID("notes"), "type": "Note", "attributedTo": s.v.id, "content": "OWN-01", "to": []string{public, s.a.user.URI}}
	s.a.attempt(s.p, s.p.create(forged))
	foreign := object{"id": s.v.newID("notes"), "type": "Note", "attributedTo": s.p.id, "content": "OWN-01", "to": []string{public, s.a.user.URI}}
	s.a.attempt(s.p, s.p.create(foreign))
	s.a.wants("OWN-01 posts", 0, bodyCount, pgx.NamedArgs{"text": "OWN-01"})

	for name, by := range map[string]*actor{"OWN-04, OWN-05 other host": s.p, "OWN-06 same host": s.p2} {
		changed := object{"id": uri, "type": "Note", "attributedTo": by.id, "content": "defaced", "to": []string{public}, "updated": "2026-11-21T00:00:00Z"}
		s.a.attempt(by, by.activity("Update", changed))
		changed["attributedTo"] = s.v.id
		s.a.attempt(by, by.activity("Update", changed))
		s.a.attempt(by, by.activity("Delete", uri))
		s.a.attempt(by, by.activity("Delete", object{"id": uri, "type": "Tombstone"}))
		s.a.attempt(by, by.activity("Delete", s.v.id))
		s.a.attempt(by, by.activity("Update", s.v.document()))
		s.a.wants(name+": the post", 1, statusCount, args)
		s.a.wants(name+": the defaced post", 0, bodyCount, pgx.NamedArgs{"text": "defaced"})
		s.a.wants(name+": the account", 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": s.v.id})
	}

	// The owner may.
	mine := object{"id": uri, "type": "Note", "attributedTo": s.v.id, "content": "my own words", "to": []string{public}, "updated": "2026-11-21T00:00:00Z"}
	s.a.deliver(s.v, s.v.activity("Update", mine))
	s.a.wants("the edited post", 1, bodyCount, pgx.NamedArgs{"text": "my own words"})
	s.a.deliver(s.v, s.v.activity("Delete", object{"id": uri, "type": "Tombstone"}))
	s.a.wants("the deleted post", 0, statusCount, args)
	s.a.deliver(s.v, s.v.create(s.note))
	s.a.wants("REL-18: the deleted post once more", 0, statusCount, args)
}

func TestOwnershipOfReactions(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	mine := s.a.post("hello", social.Public)
	like, boost := s.v.activity("Like", mine.URI), s.v.activity("Announce", mine.URI, object{"to": []string{public}})
	follow := s.v.activity("Follow", s.a.user.URI) // newer than the first: its id replaces the old one
	s.a.deliver(s.v, like, boost, follow)
	for _, by := range []*actor{s.p, s.p2} {
		for _, undone := range []object{like, boost, follow} {
			s.a.attempt(by, by.activity("Undo", undone["id"]))
			s.a.attempt(by, by.activity("Undo", undone))
			stolen := object{}
			for k, v := range undone {
				stolen[k] = v
			}
			stolen["actor"] = by.id
			s.a.attempt(by, by.activity("Undo", stolen))
		}
	}
	s.reactions(t, "OWN-07", mine, 1)
	s.a.wants("OWN-07 follows", 1, followsBy, pgx.NamedArgs{"uri": s.v.id})
	s.a.deliver(s.v, s.v.activity("Undo", like), s.v.activity("Undo", boost["id"]), s.v.activity("Undo", follow))
	s.reactions(t, "by the owner", mine, 0)
	s.a.wants("follows after the owner's Undo", 0, followsBy, pgx.NamedArgs{"uri": s.v.id})
}

func (s *scene) reactions(t *testing.T, when string, st *social.Status, want int) {
	t.Helper()
	s.a.in(func(scope *pg.Scope) error {
		now, err := store.StatusByID(t.Context(), scope, st.ID)
		if err == nil && (now.FavouritesCount != want || now.BoostsCount != want) {
			t.Errorf("%s: %d likes and %d boosts, want %d each", when, now.FavouritesCount, now.BoostsCount, want)
		}
		return err
	})
}

// OWN-08, OWN-09: only the one who was asked can consent.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, q := newPeer(t).actor("v", 0), newPeer(t).actor("q", 1)
	w.a.deliver(q, q.activity("Follow", w.a.user.URI))
	target, err := w.fetcher.Actor(t.Context(), w.a.tenant, v.id)
	if err != nil {
		t.Fatal(err)
	}
	var ours *social.Follow
	w.a.in(func(scope *pg.Scope) (err error) {
		ours, err = w.relations.Follow(t.Context(), scope, w.a.tenant, w.a.user, target, followOptions)
		return err
	})
	accepted := `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id AND account_id = @id AND state = 'accepted'`
	args := pgx.NamedArgs{"id": w.a.user.ID}
	embedded := object{"id": ours.URI, "type": "Follow", "actor": w.a.user.URI, "object": v.id}
	w.a.attempt(q, q.activity("Accept", ours.URI))
	w.a.attempt(q, q.activity("Accept", embedded))
	w.a.attempt(q, q.activity("Accept", object{"id": ours.URI, "type": "Follow", "actor": w.a.user.URI, "object": q.id}))
	w.a.attempt(q, q.activity("Accept", w.a.url("/ap/activities/1")))
	w.a.wants("OWN-08 follows", 0, accepted, args)
	w.a.attempt(v, v.create(v.note("secret", object{"to": []string{v.id + "/followers"}, "cc": []string{}})))
	w.a.wants("OWN-09 posts at home", 0, `SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id`, nil)
	w.a.deliver(v, v.activity("Accept", embedded))
	w.a.wants("follows after the Accept", 1, accepted, args)
	w.a.deliver(v, v.activity("Reject", embedded))
	w.a.wants("follows after a later Reject", 0, accepted, args)
}

// OWN-11, OWN-12: what a boosted post's own server shows is the post.
func TestBoostsOfOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.a.follow(s.p)
	real := s.v.note("the real one")
	spoofed := object{"id": real["id"], "type": "Note", "attributedTo": s.v.id, "content": "spoofed", "to": []string{public}}
	s.a.deliver(s.p, s.p.activity("Announce", spoofed, object{"to": []string{public}}))
	s.a.wants("OWN-11 real", 1, bodyCount, pgx.NamedArgs{"text": "the real one"})
	s.a.wants("OWN-11 spoofed", 0, bodyCount, pgx.NamedArgs{"text": "spoofed"})
	s.a.wants("boosts", 1, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND boost_of_id IS NOT NULL`, nil)

	hidden := s.v.newID("notes")
	s.a.deliver(s.p, s.p.activity("Announce", object{"id": hidden, "type": "Note", "attributedTo": s.v.id, "content": "OWN-12", "to": []string{s.v.id + "/followers"}}, object{"to": []string{public}}))
	private := s.v.note("OWN-12", object{"to": []string{s.v.id + "/followers"}, "cc": []string{}})
	s.a.deliver(s.p, s.p.activity("Announce", private["id"], object{"to": []string{public}}))
	s.a.wants("OWN-12 boosts", 1, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND boost_of_id IS NOT NULL`, nil)
}

// A boost is for those whom its sender addresses, as a post is.
func TestAudienceOfBoosts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.a.follow(s.p)
	followers := s.p.id + "/followers"
	for _, tt := range []struct {
		name   string
		to, cc []string
		want   social.Visibility
	}{
		{"public", []string{public}, []string{followers}, social.Public},
		{"unlisted", []string{followers}, []string{public}, social.Unlisted},
		{"followers", []string{followers}, []string{s.v.id}, social.Followers},
		{"nobody", nil, nil, social.Followers},
		{"one person", []string{s.a.user.URI}, nil, ""},
	} {
		boost := s.p.activity("Announce", s.v.note(tt.name)["id"], object{"to": tt.to, "cc": tt.cc})
		s.a.deliver(s.p, boost)
		want := 1
		if tt.want == "" {
			want = 0
		}
		s.a.wants(tt.name, want, statusCount, pgx.NamedArgs{"uri": boost["id"]})
		s.a.wants(tt.name+" as "+string(tt.want), want, statusCount+` AND visibility = @visibility`, pgx.NamedArgs{"uri": boost["id"], "visibility": tt.want})
	}
}

// OWN-13: a hidden post cannot be touched by those who may not see it.
func TestHiddenPostsOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	for _, visibility := range []social.Visibility{social.Followers, social.Direct} {
		st := w.a.post("hidden", visibility)
		w.a.attempt(p, p.activity("Like", st.URI))
		w.a.attempt(p, p.activity("EmojiReact", st.URI, object{"content": "👀"}))
		w.a.attempt(p, p.activity("Announce", st.URI, object{"to": []string{public}}))
		w.a.attempt(p, p.create(p.note("a reply", object{"inReplyTo": st.URI, "to": []string{w.a.user.URI}})))
	}
	w.a.wants("notifications", 0, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id`, nil)
	w.a.wants("likes", 0, `SELECT count(*) FROM favourites WHERE tenant_id = @tenant_id`, nil)
	w.a.wants("posts by others", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND NOT is_local`, nil)
}

// OWN-20: nobody outside writes under our ids.
func TestOwnIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	mine := w.a.post("mine", social.Public)
	for _, by := range []string{p.id, w.a.user.URI} {
		forged := object{"id": mine.URI, "type": "Note", "attributedTo": by, "content": "OWN-20", "to": []string{public, w.a.user.URI}}
		for _, kind := range []string{"Create", "Update", "Announce"} {
			w.a.attempt(p, p.activity(kind, forged))
		}
	}
	w.a.attempt(p, p.activity("Delete", mine.URI))
	w.a.attempt(p, p.activity("Delete", w.a.user.URI))
	w.a.attempt(p, p.activity("Update", object{"id": w.a.user.URI, "type": "Person", "preferredUsername": "alice", "inbox": p.id + "/inbox"}))
	w.a.wants("forged posts", 0, bodyCount, pgx.NamedArgs{"text": "OWN-20"})
	w.a.wants("our post", 1, bodyCount, pgx.NamedArgs{"text": "mine"})
	w.a.wants("our account", 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND id = @id AND domain = ''`, pgx.NamedArgs{"id": w.a.user.ID})
}

// OWN-23: what a suspended account says or said is not shown.
func TestSuspendedActor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.a.follow(s.p)
	s.a.in(func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE accounts SET suspended_at = now() WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": s.v.id})
		return err
	})
	s.a.attempt(s.v, s.v.create(s.v.note("OWN-23")))
	s.a.attempt(s.v, s.v.activity("Update", s.v.note("OWN-23", object{"updated": "2026-11-21T00:00:00Z"})))
	s.a.attempt(s.p, s.p.activity("Announce", s.note["id"], object{"to": []string{public}}))
	s.a.wants("posts", 0, bodyCount, pgx.NamedArgs{"text": "OWN-23"})
	s.a.wants("boosts", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND boost_of_id IS NOT NULL`, nil)
}

// OWN-24: a block ends our follow and nothing else; ending the block brings nothing back.
func TestBlockByRemote(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	block := s.v.activity("Block", s.a.user.URI)
	blocks := `SELECT count(*) FROM blocks WHERE tenant_id = @tenant_id`
	following := `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id AND account_id = @id`
	args := pgx.NamedArgs{"id": s.a.user.ID}
	s.a.deliver(s.v, block)
	s.a.wants("blocks", 1, blocks, nil)
	s.a.wants("follows", 0, following, args)
	s.a.attempt(s.p, s.p.activity("Undo", block["id"]))
	s.a.wants("blocks after another's Undo", 1, blocks, nil)
	s.a.deliver(s.v, s.v.activity("Undo", block["id"]))
	s.a.wants("blocks after the Undo", 0, blocks, nil)
	s.a.wants("follows after the Undo", 0, following, args)
}

// A block that cannot be taken back hides two people from one another for ever.
func TestBlocksByRemoteEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	blocks := `SELECT count(*) FROM blocks WHERE tenant_id = @tenant_id`
	late := s.v.activity("Block", s.a.user.URI)
	s.a.deliver(s.v, s.v.activity("Undo", late), late)
	s.a.wants("blocks that were undone before they came", 0, blocks, nil)
	first, second := s.v.activity("Block", s.a.user.URI), s.v.activity("Block", s.a.user.URI)
	s.a.deliver(s.v, first, second)
	s.a.wants("blocks", 1, blocks, nil)
	s.a.deliver(s.v, s.v.activity("Undo", second))
	s.a.wants("blocks after the Undo of the second", 0, blocks, nil)
}

// The end of an account takes everything of it away, and its counts.
func TestDeletedActor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.a.deliver(s.v, s.v.activity("Delete", s.v.id, object{"to": []string{public}}))
	s.a.wants("accounts", 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": s.v.id})
	s.a.wants("posts", 0, statusCount, pgx.NamedArgs{"uri": s.note["id"]})
	s.a.in(func(scope *pg.Scope) error {
		alice, err := store.AccountByID(t.Context(), scope, s.a.user.ID)
		if err == nil && (alice.FollowersCount != 2 || alice.FollowingCount != 0) {
			t.Errorf("alice has %d followers and follows %d, want 2 and 0", alice.FollowersCount, alice.FollowingCount)
		}
		return err
	})
}

// An owner's new profile is taken from its own signed document.
func TestChangedProfile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	doc := s.v.document()
	doc["name"] = "A new name"
	s.a.deliver(s.v, s.v.activity("Update", doc, object{"to": []string{public}}))
	s.a.wants("renamed accounts", 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri AND display_name = 'A new name'`, pgx.NamedArgs{"uri": s.v.id})
	before := s.v.peer.total()
	if code := s.a.send(s.v, s.v.create(s.v.note("after the change"))); code != http.StatusAccepted {
		t.Errorf("a post after the change: answered %d", code)
	}
	if n := s.v.peer.total() - before; n != 0 {
		t.Errorf("its server was asked %d times for what has not changed", n)
	}
}

// Of two changes of a profile the later one stays, whichever comes first. Where the
// documents do not say when they were written, the order of arrival counts.
func TestLateProfile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		by      *actor
		name    string
		updated time.Duration // from now; 0: the document does not say
		want    string
	}{
		{s.v, "newer", 2 * time.Minute, "newer"},
		{s.v, "older", time.Minute, "newer"},
		{s.p, "one", 0, "one"},
		{s.p, "two", 0, "two"},
	} {
		doc := c.by.document()
		doc["name"] = c.name
		if c.updated != 0 {
			doc["updated"] = time.Now().Add(c.updated).UTC().Format(time.RFC3339)
		}
		s.a.deliver(c.by, c.by.activity("Update", doc, object{"to": []string{public}}))
		s.a.wants(c.name+": accounts called "+c.want, 1, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri AND display_name = @name`,
			pgx.NamedArgs{"uri": c.by.id, "name": c.want})
	}
}
