package inbox_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/federation/vocab"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// SIG-02: the whole way of a Follow and then of a post, from a stranger to the
// follower's home timeline.
func TestFollowAndPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pia := newPeer(t).actor("pia", 0)
	w.a.deliver(pia, pia.activity("Follow", w.a.user.URI))
	if _, ok := w.heard.Load(vocab.HostOf(pia.id)); !ok {
		t.Error("nobody is told that the host is up")
	}
	w.a.wants("followers", 1, `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id AND target_id = @id AND state = 'accepted'`,
		pgx.NamedArgs{"id": w.a.user.ID})
	w.a.wants("answers to publish", 1, `SELECT count(*) FROM events WHERE tenant_id = @tenant_id AND kind = 'follow_accepted'`, nil)

	w.a.follow(pia)
	w.a.deliver(pia, pia.create(pia.note("Hello")))
	w.a.wants("posts at home", 1, `SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`,
		pgx.NamedArgs{"id": w.a.user.ID})
	w.b.wants("posts in the other tenant", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
}

// A post may overtake the Accept of the follow it was sent for: they travel apart. It
// is kept, and stands in the home timeline once the Accept is here.
func TestPostOvertakesAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pia := newPeer(t).actor("pia", 0)
	uri := w.a.askToFollow(pia)
	w.a.deliver(pia, pia.create(pia.note("First news")))
	home := func(n int) {
		t.Helper()
		w.a.wants("posts at home", n, `SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`,
			pgx.NamedArgs{"id": w.a.user.ID})
	}
	home(0)
	w.a.deliver(pia, pia.activity("Accept", object{"id": uri, "type": "Follow", "actor": w.a.user.URI, "object": pia.id}))
	home(1)
}

// askToFollow makes the home's account ask to follow a remote actor and returns the
// follow's URI: what an Accept names.
func (h *home) askToFollow(a *actor) (uri string) {
	h.t.Helper()
	target, err := h.fetcher.Actor(h.t.Context(), h.tenant, a.id)
	if err != nil {
		h.t.Fatal(err)
	}
	h.in(func(scope *pg.Scope) error {
		f, err := h.relations.Follow(h.t.Context(), scope, h.tenant, h.user, target, followOptions)
		if err == nil {
			uri = f.URI
		}
		return err
	})
	return uri
}

// follow makes the home's account follow a remote actor that is known here, consent included.
func (h *home) follow(a *actor) {
	h.t.Helper()
	h.askToFollow(a)
	target, err := h.fetcher.Actor(h.t.Context(), h.tenant, a.id)
	if err != nil {
		h.t.Fatal(err)
	}
	h.in(func(scope *pg.Scope) error {
		f, err := store.FollowBetween(h.t.Context(), scope, h.user.ID, target.ID)
		if err != nil || f.State == social.FollowAccepted {
			return err
		}
		return h.relations.ConfirmFollow(h.t.Context(), scope, target, f.URI)
	})
}
