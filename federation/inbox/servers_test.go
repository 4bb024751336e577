package inbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
)

var moderatorOfA = audit.Actor{Kind: audit.Person, ID: 1, Name: "Mo"}

// domain is the peer's name in rules: its host without the port.
func (p *peer) domain() string { name, _, _ := strings.Cut(p.host, ":"); return name }

func (h *home) rule(p *peer, r moderate.Rule) {
	h.t.Helper()
	r.Domain = p.domain()
	if _, err := h.moderator.Put(h.t.Context(), moderatorOfA, h.tenant.ID, r); err != nil {
		h.t.Fatal(err)
	}
	h.settle()
}

func (h *home) account(uri string) *social.Account {
	h.t.Helper()
	var a *social.Account
	h.in(func(scope *pg.Scope) (err error) {
		a, err = store.AccountByURI(h.t.Context(), scope, uri)
		return err
	})
	return a
}

// follows makes the peer's actor and the tenant's account follow one another.
func (h *home) befriend(a *actor) {
	h.t.Helper()
	h.deliver(a, a.activity("Follow", h.user.URI))
	h.follow(a)
}

const (
	allFollows = `SELECT count(*) FROM follows WHERE tenant_id = @tenant_id`
	posts      = `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND NOT is_local`
	told       = `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND type = 'mention'`
)

func (h *home) hello(a *actor) object {
	return a.note("hello", object{
		"to": []string{h.user.URI, public}, "tag": []object{{"type": "Mention", "href": h.user.URI, "name": "@" + h.user.Username}},
	})
}

// TEN-16: a company's block of a server ends at the company; the platform's stops both.
func TestServerBlockEndsAtTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	for _, h := range []*home{w.a, w.b} {
		h.befriend(p)
		h.deliver(p, p.create(h.hello(p)))
	}
	w.a.rule(p.peer, moderate.Rule{Severity: "suspend"})

	if w.a.account(p.id).SuspendedAt == nil || w.b.account(p.id).SuspendedAt != nil {
		t.Error("the block hides the account in the other tenant, or not in its own")
	}
	w.a.wants("follows of who blocks", 0, allFollows, nil)
	w.b.wants("follows of the other tenant", 2, allFollows, nil)
	if n := w.a.account(w.a.user.URI); n.FollowersCount != 0 || n.FollowingCount != 0 {
		t.Errorf("alice counts %d followers and %d followed", n.FollowersCount, n.FollowingCount)
	}
	if code := w.a.send(p, p.create(w.a.hello(p))); code != http.StatusForbidden {
		t.Errorf("a post for the tenant that blocks: %d", code)
	}
	w.b.deliver(p, p.create(w.b.hello(p)))
	w.a.wants("posts of who blocks", 1, posts, nil)
	w.b.wants("posts of the other tenant", 2, posts, nil)
	w.b.wants("mentions told in the other tenant", 2, told, nil)

	if _, err := w.moderator.PutForAll(t.Context(), audit.ByOperator(), moderate.Rule{Domain: p.peer.domain(), Severity: "suspend"}); err != nil {
		t.Fatal(err)
	}
	w.b.settle()
	if w.b.account(p.id).SuspendedAt == nil {
		t.Error("the platform's block does not hide the account")
	}
	w.b.wants("follows after the platform's block", 0, allFollows, nil)
	for _, h := range []*home{w.a, w.b} {
		if code := h.send(p, p.create(h.hello(p))); code != http.StatusForbidden {
			t.Errorf("%s takes a post after the platform's block: %d", h.tenant.Host, code)
		}
	}
}

// A server that is not heard is not asked either: a blocked one is refused before its key is
// looked up, and so is one that is not on the list (SECURITY.md rule 9).
func TestBlockedServerIsRefusedWithoutALookUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := newPeer(t).actor("p", 0), newPeer(t).actor("q", 1)
	w.a.rule(p.peer, moderate.Rule{Severity: "suspend"})
	if code := w.a.send(p, p.activity("Follow", w.a.user.URI)); code != http.StatusForbidden {
		t.Errorf("blocked: %d", code)
	}
	if err := w.moderator.Allow(t.Context(), moderatorOfA, w.a.tenant.ID, "friends.test", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.moderator.SetMode(t.Context(), moderatorOfA, w.a.tenant.ID, moderate.AllowList); err != nil {
		t.Fatal(err)
	}
	if code := w.a.send(q, q.activity("Follow", w.a.user.URI)); code != http.StatusForbidden {
		t.Errorf("not on the list: %d", code)
	}
	for _, one := range []*actor{p, q} {
		for what, err := range map[string]error{
			"an address": second(w.fetcher.Search(t.Context(), w.a.tenant, one.id)),
			"a handle":   second(w.fetcher.Search(t.Context(), w.a.tenant, "@"+one.name+"@"+one.peer.domain())),
		} {
			if fault.CodeOf(err) != fault.Forbidden || !strings.Contains(fault.TextOf(err), "Your organisation") {
				t.Errorf("a search for %s on %s: %v", what, one.peer.host, err)
			}
		}
		if n := one.peer.total(); n != 0 {
			t.Errorf("%s was asked %d times", one.peer.host, n)
		}
	}
	if err := w.moderator.SetMode(t.Context(), moderatorOfA, w.a.tenant.ID, moderate.Open); err != nil {
		t.Fatal(err)
	}
	w.a.deliver(q, q.activity("Follow", w.a.user.URI))
}

func second[T any](_ T, err error) error { return err }

// What others bring along of a blocked server is not read, and what came before is hidden.
func TestBoostOfABlockedServersPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, friend := newPeer(t).actor("p", 0), newPeer(t).actor("friend", 1)
	w.a.follow(friend)
	w.a.follow(p)
	old := p.note("before the block")
	w.a.deliver(p, p.create(old))
	w.a.rule(p.peer, moderate.Rule{Severity: "suspend"})
	fresh := p.note("after the block")
	before := p.peer.total()
	w.a.deliver(friend, friend.activity("Announce", old["id"], object{"to": []string{public}}), friend.activity("Announce", fresh["id"], object{"to": []string{public}}))
	if w.a.sees(old["id"].(string)) {
		t.Error("a post from before the block is seen")
	}
	w.a.wants("boosts", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND boost_of_id IS NOT NULL`, nil)
	answer := friend.note("an answer", object{"inReplyTo": fresh["id"], "tag": []object{{"type": "Mention", "href": p.id, "name": "@p"}}})
	w.a.deliver(friend, friend.create(answer))
	if !w.a.sees(answer["id"].(string)) {
		t.Error("a friend's own words are gone with what they answer")
	}
	if n := p.peer.total(); n != before {
		t.Errorf("the blocked server was asked %d times", n-before)
	}
}

// A limited server is heard by those who follow, and by nobody else; without a rule its
// accounts are as they were, but follows that a block has ended stay ended.
func TestLimitedServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.rule(p.peer, moderate.Rule{Severity: "silence", RejectMedia: true})
	picture := object{"attachment": []object{{"type": "Image", "mediaType": "image/png", "url": p.peer.base + "/x.png"}}}
	w.a.deliver(p, p.create(w.a.hello(p)))
	w.a.wants("mentions by a stranger of a limited server", 0, told, nil)
	w.a.wants("posts in public lists", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND visibility = 'public' AND NOT is_local`, nil)
	w.a.follow(p)
	note := p.note("with a picture", picture)
	w.a.deliver(p, p.create(note), p.create(w.a.hello(p)))
	if !w.a.sees(note["id"].(string)) {
		t.Error("a follower does not see it")
	}
	w.a.wants("mentions by somebody whom alice follows", 1, told, nil)
	w.a.wants("pictures", 0, `SELECT count(*) FROM media WHERE tenant_id = @tenant_id`, nil)

	// Somebody of the server who is met later is limited too.
	q := p.peer.actor("q", 1)
	w.a.deliver(q, q.activity("Follow", w.a.user.URI))
	if w.a.account(q.id).SilencedAt == nil {
		t.Error("a new account of a limited server is not limited")
	}
	w.a.rule(p.peer, moderate.Rule{Severity: "suspend"})
	if a := w.a.account(p.id); a.SuspendedAt == nil || a.SilencedAt != nil {
		t.Errorf("a block in place of a limit: suspended %v, silenced %v", a.SuspendedAt, a.SilencedAt)
	}
	if err := w.moderator.Remove(t.Context(), moderatorOfA, w.a.tenant.ID, p.peer.domain()); err != nil {
		t.Fatal(err)
	}
	w.a.settle()
	if a := w.a.account(p.id); a.SuspendedAt != nil || a.SilencedAt != nil {
		t.Errorf("without a rule: suspended %v, silenced %v", a.SuspendedAt, a.SilencedAt)
	}
	w.a.wants("follows", 0, allFollows, nil)
	if code := w.a.send(p, p.activity("Follow", w.a.user.URI)); code != http.StatusAccepted {
		t.Errorf("without a rule: %d", code)
	}
}

// Whom a moderator has suspended by itself stays so when its server's rule goes.
func TestOwnSuspensionOutlivesTheServersRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.in(func(scope *pg.Scope) error {
		_, err := pg.Exec(t.Context(), scope, `UPDATE accounts SET suspended_at = now() WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": p.id})
		return err
	})
	w.a.rule(p.peer, moderate.Rule{Severity: "suspend"})
	w.a.rule(p.peer, moderate.Rule{Severity: "silence"})
	if err := w.moderator.Remove(t.Context(), moderatorOfA, w.a.tenant.ID, p.peer.domain()); err != nil {
		t.Fatal(err)
	}
	w.a.settle()
	if a := w.a.account(p.id); a.SuspendedAt == nil || a.SilencedAt != nil {
		t.Errorf("suspended %v, silenced %v", a.SuspendedAt, a.SilencedAt)
	}
}
