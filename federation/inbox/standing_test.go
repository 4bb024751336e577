package inbox_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit/fixture"
	"rookery/tenant"
)

// owes gives the home's tenant a standing with what it pays.
func (h *home) owes(standing tenant.Standing) {
	h.t.Helper()
	fixture.Entitle(h.t, h.db, h.tenant.ID, tenant.Entitlement{Standing: standing})
	if err := h.registry.Load(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

const (
	postsBy = `SELECT count(*) FROM statuses s JOIN accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id WHERE s.tenant_id = @tenant_id AND a.uri = @uri`
	taken   = `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id`
)

// TEN-20: who may publish nothing new takes in everything. Once its pages are closed it takes
// in what keeps relations true, and answers 202 to the rest, for which nothing is looked up
// or stored. Other tenants notice nothing, and after a payment all is as before.
func TestWhoOwesTakesInWhatKeepsRelationsTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	peer := newPeer(t)
	p, q := peer.actor("p", 0), peer.actor("q", 1)
	from := pgx.NamedArgs{"uri": p.id}
	follow := p.activity("Follow", w.a.user.URI)
	w.a.deliver(p, follow)
	toUs := object{"to": []string{w.a.user.URI}}

	w.a.owes(tenant.Restricted)
	first := p.note("to a tenant that reads", toUs)
	w.a.deliver(p, p.create(first))
	w.a.wants("posts while it may read", 1, postsBy, from)

	for _, standing := range []tenant.Standing{tenant.Unpaid, tenant.Closing} {
		w.a.owes(standing)
		stored, dropped, asked := w.a.number(taken, nil), w.inbox.Dropped(), peer.total()
		for _, a := range []struct {
			by   *actor
			what object
		}{
			{p, p.create(p.note("hello", toUs))}, {p, p.activity("Like", w.a.user.URI)}, {p, p.activity("Announce", w.a.user.URI)}, {p, p.activity("Add", w.a.user.URI)},
			{p, p.activity("Flag", w.a.user.URI)}, {q, q.create(q.note("from a stranger", toUs))}, // whose key would have to be read
		} {
			if code := w.a.send(a.by, a.what); code != http.StatusAccepted {
				t.Errorf("%s: a %v is answered %d", standing, a.what["type"], code)
			}
		}
		if n := w.inbox.Dropped() - dropped; n != 6 {
			t.Errorf("%s: %d were dropped, want 6", standing, n)
		}
		w.a.wants("activities stored", stored, taken, nil)
		if n := peer.total() - asked; n != 0 {
			t.Errorf("%s: the peer was asked %d times", standing, n)
		}
		w.a.wants("posts", 1, postsBy, from)
		// An edit of what is not here is no way in for what is new.
		w.a.deliver(p, p.activity("Update", p.note("unheard of", toUs), toUs))
		w.a.wants("posts after an Update", 1, postsBy, from)
	}
	w.a.deliver(p, p.activity("Undo", follow))
	w.a.wants("follows after the Undo", 0, followsBy, from)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.wants("follows", 1, followsBy, from)
	w.a.deliver(p, p.activity("Block", w.a.user.URI))
	w.a.wants("follows after the Block", 0, followsBy, from)
	w.a.deliver(p, p.activity("Delete", first["id"]))
	w.a.wants("posts after the Delete", 0, postsBy, from)
	if code := w.a.send(p, p.activity("Move", p.id)); code != http.StatusAccepted {
		t.Errorf("a Move is answered %d", code)
	}
	w.b.deliver(p, p.create(p.note("to the other tenant", object{"to": []string{w.b.user.URI}})))
	w.b.wants("posts at the other tenant", 1, postsBy, from)

	w.a.owes(tenant.Paid)
	w.a.deliver(q, q.create(q.note("paid again", toUs)))
	w.a.wants("posts after the payment", 1, postsBy, pgx.NamedArgs{"uri": q.id})
}
