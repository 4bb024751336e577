package inbox_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

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
	w.a.wants("followers", 1, `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id AND target_id = @id AND state = 'accepted'`,
		pgx.NamedArgs{"id": w.a.user.ID})
	w.a.wants("answers to publish", 1, `SELECT count(*) FROM events WHERE tenant_id = @tenant_id AND kind = 'follow_accepted'`, nil)

	w.a.follow(pia)
	w.a.deliver(pia, pia.create(pia.note("Hello")))
	w.a.wants("posts at home", 1, `SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`,
		pgx.NamedArgs{"id": w.a.user.ID})
	w.b.wants("posts in the other tenant", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
}

// follow makes the home's account follow a remote actor that is known here, consent included.
func (h *home) follow(a *actor) {
	h.t.Helper()
	target, err := h.fetcher.Actor(h.t.Context(), h.tenant, a.id)
	if err != nil {
		h.t.Fatal(err)
	}
	h.in(func(scope *pg.Scope) error {
		if _, err := h.relations.Follow(h.t.Context(), scope, h.tenant, h.user, target, followOptions); err != nil {
			return err
		}
		f, err := store.FollowBetween(h.t.Context(), scope, h.user.ID, target.ID)
		if err != nil || f.State == social.FollowAccepted {
			return err
		}
		return h.relations.ConfirmFollow(h.t.Context(), scope, target, f.URI)
	})
}
