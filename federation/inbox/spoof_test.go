package inbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// known returns the account that an actor's id leads to here.
func (h *home) known(uri string) (a *social.Account) {
	h.t.Helper()
	h.in(func(scope *pg.Scope) (err error) {
		a, err = store.AccountByURI(h.t.Context(), scope, uri)
		return err
	})
	return a
}

// OWN-17: whatever an actor writes into its id, it is never somebody of another host.
func TestIDsThatLookLikeAnotherHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := newPeer(t)
	host := strings.TrimPrefix(q.base, "http://")
	for n, id := range []string{
		"http://v.test@" + host + "/u", "http://v.test%2F@" + host + "/u", "http://v.test./u", "https://V.TEST/u", "http://" + host + "%2Fv.test/u",
		"http://v.test\\@" + host + "/u", "http://" + host + "\t.v.test/u", "http://v.test:80@" + host + "/u", "http://v。test/u", q.base + "/.v.test", "//v.test/u",
	} {
		a := &actor{peer: q, name: fmt.Sprintf("u%d", n), id: id, keyID: id + "#main-key", key: keyPool()[0], now: time.Now, made: new(atomic.Int64)}
		doc := a.document()
		for _, path := range []string{"/u", "/users/" + a.name, "/.v.test"} {
			q.put(path, doc)
		}
		a.keyID = q.base + "/users/" + a.name + "#main-key" // the signature is good, and q's
		if code := w.a.send(a, a.activity("Follow", w.a.user.URI, object{"id": q.base + "/activities/" + a.name})); code >= 500 {
			t.Errorf("%s answers %d", id, code)
		}
		if found, _ := w.fetcher.Search(t.Context(), w.a.tenant, q.base+"/users/"+a.name); found.Account != nil && found.Account.Domain != host {
			t.Errorf("%s is found as %s@%s", id, found.Account.Username, found.Account.Domain)
		}
	}
	w.a.settle()
	w.a.wants("accounts of the other host", 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND (domain LIKE '%v.test%' OR domain LIKE '%/%' OR domain LIKE '%@%')`, nil)
	// A name that only ends like the host is its own host's.
	w.a.wants("accounts elsewhere", 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND domain NOT IN ('', @host)`, pgx.NamedArgs{"host": host})
}

// INP-15: collections that a document names are not walked, however long they are.
func TestEndlessCollections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	var walked atomic.Int64
	p.peer.handle = func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/endless/") {
			return false
		}
		walked.Add(1)
		rw.Header().Set("Content-Type", "application/activity+json")
		_, _ = fmt.Fprintf(rw, `{"id":"%s%s","type":"OrderedCollectionPage","next":"%s%s1","orderedItems":["%s%s"]}`,
			p.peer.base, r.URL.Path, p.peer.base, r.URL.Path, p.peer.base, r.URL.Path)
		return true
	}
	endless := func(name string) string { return p.peer.base + "/endless/" + name }
	p.publish(func(doc map[string]any) {
		doc["outbox"], doc["featured"], doc["followers"], doc["following"] = endless("outbox"), endless("featured"), endless("followers"), endless("following")
	})
	items := list(20_000, func(i int) any { return p.peer.base + fmt.Sprint("/endless/items/", i) })
	note := p.note("hello", object{"to": []string{public, w.a.user.URI}, "likes": endless("likes"), "shares": endless("shares"),
		"replies": object{"id": endless("replies"), "type": "Collection", "first": object{"type": "CollectionPage", "next": endless("replies/1"), "items": items}}})
	w.a.deliver(p, p.create(note))
	w.a.wants("posts", 1, statusCount, pgx.NamedArgs{"uri": note["id"]})
	if n := walked.Load(); n != 0 {
		t.Errorf("%d pages were read", n)
	}
}

// INP-21, INP-23: a profile says in plain view where its links lead and cannot turn a page around.
func TestProfileThatHides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	hiding := `<a href="https://evil.test/` + strings.Repeat("bank.test/", 40) + `">` + strings.Repeat("https://bank.test/", 30) + `</a>`
	for n, tt := range []struct{ name, without string }{
		{"admin\u202egnp.exe", "\u202e"}, {"z" + strings.Repeat("\u0301", 5000), strings.Repeat("\u0301", 20)}, {"\u200b\u200b\u2060", "\u200b"},
	} {
		a := p.peer.actor(fmt.Sprintf("p%d", n), 0)
		a.publish(func(doc map[string]any) {
			doc["name"] = tt.name
			doc["attachment"] = []any{object{"type": "PropertyValue", "name": "Site" + tt.name, "value": hiding}}
		})
		w.a.deliver(a, a.activity("Follow", w.a.user.URI))
		got := w.a.known(a.id)
		if strings.Contains(got.DisplayName, tt.without) || utf8.RuneCountInString(got.DisplayName) > 200 {
			t.Errorf("%.20q is shown as %.80q", tt.name, got.DisplayName)
		}
		if len(got.Fields) != 1 || strings.Contains(got.Fields[0].Name, tt.without) || !strings.Contains(got.Fields[0].Value, ">evil.test") {
			t.Errorf("the fields of %.20q are %.300q", tt.name, got.Fields)
		}
	}
}

// INP-22: a name that looks like ours is nobody's.
func TestLookAlikeNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	for _, handle := range []string{"@alicе@a.test", "＠alice＠a.test", "@alice@а.test", "@alice@a.test.", "@ａlice@a.test"} {
		found, err := w.fetcher.Search(t.Context(), w.a.tenant, handle)
		if found.Account != nil && handle != "@alice@a.test." {
			t.Errorf("%s leads to %s, %v", handle, found.Account.URI, err)
		}
		w.a.deliver(p, p.create(p.note("for "+handle, object{
			"to":  []string{p.id + "/followers"},
			"tag": []any{object{"type": "Mention", "href": "https://" + strings.TrimPrefix(handle, "@"), "name": handle}},
		})))
	}
	w.a.wants("mentions", 0, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND type = 'mention'`, nil)
}

// INP-25: deliveries are never steered elsewhere by an actor's inbox.
func TestInboxElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := newPeer(t), newPeer(t)
	for n, inbox := range []any{
		other.base + "/inbox", w.a.url("/inbox"), w.b.url("/inbox"), "/inbox", "ftp://" + strings.TrimPrefix(p.base, "http://") + "/inbox", "",
		p.base + "/" + strings.Repeat("x", 20_000), nil, []any{}, 7, "http://127.0.0.1:1/inbox",
	} {
		a := p.actor(fmt.Sprintf("p%d", n), 0)
		a.publish(func(doc map[string]any) { doc["inbox"] = inbox })
		w.a.attempt(a, a.activity("Follow", w.a.user.URI))
		w.a.wants(fmt.Sprintf("accounts with the inbox %.60v", inbox), 0, `SELECT count(*) FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri`, pgx.NamedArgs{"uri": a.id})
	}
	a := p.actor("shared", 0)
	a.publish(func(doc map[string]any) { doc["endpoints"] = object{"sharedInbox": other.base + "/inbox"} })
	w.a.deliver(a, a.activity("Follow", w.a.user.URI))
	if got := w.a.known(a.id); got.SharedInboxURL != "" {
		t.Errorf("the shared inbox %s is on another host", got.SharedInboxURL)
	}
}
