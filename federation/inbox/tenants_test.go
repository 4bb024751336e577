package inbox_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

const (
	visibleCount = `SELECT count(*) FROM timeline_entries WHERE tenant_id = @tenant_id AND owner_id = @id`
	mentionCount = `SELECT count(*) FROM status_mentions WHERE tenant_id = @tenant_id AND account_id = @id`
)

// sees reports whether the tenant's own account may see a post, if it is here at all.
func (h *home) sees(uri string) (seen bool) {
	h.t.Helper()
	h.in(func(scope *pg.Scope) error {
		st, err := store.StatusByURI(h.t.Context(), scope, uri)
		if err == nil {
			_, err = store.VisibleStatus(h.t.Context(), scope, h.user.ID, st.ID)
		}
		seen = err == nil
		if fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	return seen
}

// TEN-12: what is addressed to somebody of another tenant alone is taken and shown to
// nobody here, though its author is followed here.
func TestPostForAnotherTenantsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.follow(p)
	note := p.note("only for bob", object{
		"to": []string{w.b.user.URI}, "cc": []string{}, "tag": []object{{"type": "Mention", "href": w.b.user.URI, "name": "@bob@b.test"}},
	})
	w.a.deliver(p, p.create(note))
	if uri := note["id"].(string); w.a.sees(uri) {
		t.Error("alice sees it")
	}
	w.a.wants("entries in alice's home", 0, visibleCount, pgx.NamedArgs{"id": w.a.user.ID})
	w.a.wants("mentions of alice", 0, mentionCount, pgx.NamedArgs{"id": w.a.user.ID})
	w.a.wants("notifications", 0, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id`, nil)

	// The same is bob's when it comes to his own tenant.
	w.b.deliver(p, p.create(note))
	if uri := note["id"].(string); !w.b.sees(uri) {
		t.Error("bob does not see it")
	}
}

// TEN-14: a copy that one tenant may have is no other tenant's.
func TestHiddenPostStaysWithTheTenantThatGotIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := newPeer(t).actor("v", 0)
	w.a.follow(v)
	note := v.note("for followers", object{"to": []string{v.id + "/followers"}, "cc": []string{}})
	uri := note["id"].(string)
	v.peer.answer(uri[len(v.peer.base):], page{status: http.StatusNotFound})
	w.a.deliver(v, v.create(note))
	if !w.a.sees(uri) {
		t.Fatal("alice, who follows its author, does not see it")
	}
	if found, err := w.fetcher.Search(t.Context(), w.b.tenant, uri); found.Status != nil || !fault.IsNotFound(err) {
		t.Errorf("bob finds %+v, %v", found.Status, err)
	}
	var copied *social.Status
	w.a.in(func(scope *pg.Scope) (err error) {
		copied, err = store.StatusByURI(t.Context(), scope, uri)
		return err
	})
	w.b.in(func(scope *pg.Scope) error {
		if _, err := store.StatusByID(t.Context(), scope, copied.ID); !fault.IsNotFound(err) {
			t.Errorf("by its number in the other tenant: %v", err)
		}
		return nil
	})
	w.b.wants("copies", 0, statusCount, pgx.NamedArgs{"uri": uri})
}

// TEN-16: whom alice blocks can still talk to bob.
func TestBlockEndsAtTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.in(func(scope *pg.Scope) error {
		blocked, err := store.AccountByURI(t.Context(), scope, p.id)
		if err != nil {
			return err
		}
		return w.relations.Block(t.Context(), scope, w.a.tenant, w.a.user, blocked, "")
	})
	for _, h := range []*home{w.a, w.b} {
		h.attempt(p, p.activity("Follow", h.user.URI))
		h.attempt(p, p.create(p.note("hello", object{
			"to": []string{h.user.URI, public}, "tag": []object{{"type": "Mention", "href": h.user.URI, "name": "@" + h.user.Username}},
		})))
	}
	const told = `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND type = 'mention'`
	w.a.wants("follows of who blocks", 0, followsBy, pgx.NamedArgs{"uri": p.id})
	w.a.wants("mentions told to who blocks", 0, told, nil)
	w.b.wants("follows of the other tenant", 1, followsBy, pgx.NamedArgs{"uri": p.id})
	w.b.wants("mentions told in the other tenant", 1, told, nil)
}
