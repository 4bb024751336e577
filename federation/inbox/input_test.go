package inbox_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// unfinished counts activities that were given up and jobs that failed: hostile input causes neither.
func (h *home) unfinished() int {
	h.t.Helper()
	n := h.number(`SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id AND state IN ('pending', 'failed')`, nil)
	err := h.db.Platform(h.t.Context(), "count failed jobs", func(tx *pg.PlatformTx) error {
		failed, err := pg.Value[int](h.t.Context(), tx, `SELECT count(*) FROM river.river_job WHERE queue IN ('inbox', 'fetch') AND state IN ('retryable', 'discarded')`, nil)
		n += failed
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// INP-03, 04, 07, 09, 12, 20, 27, 28, 29: values that break naive readers and tables.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.follow(p)
	long := strings.Repeat("x", 10_000)
	hostile := map[string]object{
		"INP-03 nul":        {"content": "a\x00b", "name": "a\x00", "summary": "\x00", "extra": "\x00", "tag": []any{object{"type": "Hashtag", "name": "#a\x00b"}}},
		"INP-07 numbers":    {"width": 1e300, "attachment": []any{object{"type": "Image", "url": "https://q.test/i.png", "width": -1, "height": 1e300}}},
		"INP-09 year 9999":  {"published": "9999-12-31T23:59:59-23:59"},
		"INP-09 year 0":     {"published": "0000-01-01T00:00:00Z"},
		"INP-09 yesterday":  {"published": "yesterday"},
		"INP-12 long":       {"content": strings.Repeat("word ", 100_000), "summary": long, "url": long, "tag": []any{object{"type": "Emoji", "name": ":" + long + ":"}}},
		"INP-12 many":       {"attachment": list(1000, func(i int) any { return object{"type": "Image", "url": fmt.Sprintf("https://q.test/%d.png", i)} })},
		"INP-20 javascript": {"url": "javascript:alert(1)", "attachment": object{"type": "Image", "url": "data:text/html,x"}},
		"INP-28 null":       {"id": nil},
		"INP-28 object":     {"id": object{"a": 1}},
		"INP-28 long":       {"id": p.peer.base + "/" + long},
		"INP-28 blank":      {"id": "about:blank"},
		"INP-29 types":      {"type": []any{"Foo", "Note"}},
		"INP-29 unknown":    {"type": "Foo"},
		"language":          {"contentMap": object{"xx-" + long: "a", "en": 3}},
	}
	for name, values := range hostile {
		note := p.note(name, values)
		for _, activity := range []object{p.create(note), p.activity("Update", note), p.activity("Announce", note), p.create(object{})} {
			if code := w.a.send(p, activity); code != http.StatusAccepted && code != http.StatusBadRequest {
				t.Errorf("%s: answered %d", name, code)
			}
		}
		activity := p.activity("Like", w.a.user.URI, values)
		if code := w.a.send(p, activity); code >= 500 {
			t.Errorf("%s on the activity: answered %d", name, code)
		}
	}
	var nested any = "https://q.test/x"
	for range 20 {
		nested = object{"type": "Announce", "id": p.newID("a"), "actor": p.id, "object": nested}
	}
	for _, raw := range []any{
		p.activity("Announce", nested), p.activity("Announce", []any{}), p.activity("Undo", nil), p.activity("Delete", object{}), p.activity("Create", []any{nil, 3}),
		[]byte("{\"type\":\"Create\",\"actor\":\"" + p.id + "\",\"object\":{\"type\":\"Note\",\"content\":\"\xff\xfe\\ud800\"}}"),
		[]byte(`{"type":"Like","actor":"` + p.id + `","object":"` + w.a.user.URI + `","n":1e140000}`),
	} {
		if code := w.a.send(p, raw); code >= 500 {
			t.Errorf("answered %d", code)
		}
	}
	w.a.settle()
	if n := w.a.unfinished(); n != 0 {
		t.Errorf("%d activities or jobs failed", n)
	}
	w.a.in(func(scope *pg.Scope) error {
		_, err := store.ReadList(t.Context(), scope, store.HomeList(w.a.user.ID, store.Page{Limit: 40}))
		return err
	})
}

func list(n int, value func(i int) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = value(i)
	}
	return out
}

// INP-08: correctly signed activities with bytes and values changed at random.
func TestMutatedActivities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.follow(p)
	mine := w.a.post("hello", social.Public)
	random := rand.New(rand.NewPCG(1, 2))
	var bodies [][]byte
	for i := range 600 {
		note := p.note("text", object{"inReplyTo": mine.URI, "tag": []any{object{"type": "Mention", "href": w.a.user.URI}, object{"type": "Hashtag", "name": "#x"}}})
		seeds := []object{
			p.create(note), p.activity("Update", note), p.activity("Announce", mine.URI, object{"to": public}), p.activity("Like", mine.URI),
			p.activity("Undo", p.activity("Like", mine.URI)), p.activity("Delete", note["id"]), p.activity("Flag", []any{w.a.user.URI, mine.URI}),
			p.activity("Move", p.id, object{"target": w.a.user.URI}), p.activity("Accept", p.activity("Follow", p.id)), p.activity("Block", w.a.user.URI),
		}
		bodies = append(bodies, mutate(random, mustJSON(t, seeds[i%len(seeds)])))
	}
	var mu sync.Mutex
	answers := map[int]int{}
	parallel(len(bodies), 8, func(i int) {
		start := time.Now()
		code := w.a.send(p, bodies[i])
		mu.Lock()
		defer mu.Unlock()
		answers[code]++
		if code >= 500 || time.Since(start) > 10*time.Second {
			t.Errorf("answered %d after %v: %.300q", code, time.Since(start), bodies[i])
		}
	})
	w.a.settle()
	t.Logf("answers: %v", answers)
	if n := w.a.unfinished(); n != 0 {
		t.Errorf("%d activities or jobs failed", n)
	}
}

// mutate changes one to three places: a byte, a value, a piece doubled or cut out.
func mutate(r *rand.Rand, raw []byte) []byte {
	values := []string{`null`, `[]`, `{}`, `""`, `"\u0000"`, `"\ud800"`, `1e400`, `-1`, `true`, `[[]]`, `{"id":{}}`, `"http://127.77.3.250:1/x"`, `"about:blank"`}
	for range 1 + r.IntN(3) {
		at := r.IntN(len(raw))
		switch r.IntN(4) {
		case 0:
			raw = bytes.Clone(raw)
			raw[at] = byte(r.IntN(256))
		case 1, 2: // the value after a colon
			colon := bytes.IndexByte(raw[at:], ':')
			if colon < 0 {
				continue
			}
			rest := raw[at+colon+1:]
			end := bytes.IndexAny(rest, ",}")
			if end < 0 {
				continue
			}
			raw = []byte(string(raw[:at+colon+1]) + values[r.IntN(len(values))] + string(rest[end:]))
		case 3:
			end := min(at+r.IntN(40), len(raw))
			raw = []byte(string(raw[:at]) + string(raw[end:]))
		}
		if len(raw) == 0 {
			return []byte(`{}`)
		}
	}
	return raw
}

// INP-11: a flood of names costs a bounded number of look-ups.
func TestMentionFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := newPeer(t).actor("p", 0), newPeer(t)
	tags := list(10_000, func(i int) any { return object{"type": "Mention", "href": fmt.Sprintf("%s/users/u%d", q.base, i)} })
	tags[0] = object{"type": "Mention", "href": w.a.user.URI}
	w.a.deliver(p, p.create(p.note("spam", object{"tag": tags, "to": []string{w.a.user.URI}})))
	if n := q.total(); n > 20 {
		t.Errorf("%d requests reached the named server, want 20 at most", n)
	}
	w.a.wants("notifications", 1, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id`, nil)
}

// INP-13, INP-14: threads without end and in circles.
func TestEndlessThreads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	p.peer.handle = func(rw http.ResponseWriter, r *http.Request) bool {
		number, ok := strings.CutPrefix(r.URL.Path, "/thread/")
		if !ok {
			return false
		}
		rw.Header().Set("Content-Type", "application/activity+json")
		_, _ = fmt.Fprintf(rw, `{"id":"%s%s","type":"Note","attributedTo":"%s","content":"x","to":"%s","inReplyTo":"%s/thread/%s1"}`,
			p.peer.base, r.URL.Path, p.id, public, p.peer.base, number)
		return true
	}
	before := p.peer.total()
	reply := p.note("deep", object{"inReplyTo": p.peer.base + "/thread/1", "to": []string{public, w.a.user.URI}})
	w.a.deliver(p, p.create(reply))
	if n := p.peer.total() - before; n < 5 || n > 40 {
		t.Errorf("%d requests for one activity, want some and 40 at most", n)
	}
	self := p.note("self", object{"to": []string{public, w.a.user.URI}})
	self["inReplyTo"] = self["id"]
	one, two := p.note("one", object{"to": []string{public, w.a.user.URI}}), p.note("two", object{"to": []string{public, w.a.user.URI}})
	one["inReplyTo"], two["inReplyTo"] = two["id"], one["id"]
	w.a.deliver(p, p.create(self), p.create(one), p.create(two))
	w.a.wants("posts in circles", 3, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id AND uri = ANY(@uris)`,
		pgx.NamedArgs{"uris": []string{self["id"].(string), one["id"].(string), two["id"].(string)}})
	if n := w.a.unfinished(); n != 0 {
		t.Errorf("%d activities or jobs failed", n)
	}
}

// INP-17: a context is never read. INP-30, REL-28: farewells of strangers cost nothing.
func TestNothingIsFetchedForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	canary, gone := newPeer(t), newPeer(t).actor("gone", 0)
	p := newPeer(t).actor("p", 1)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI, object{"@context": []any{canary.base + "/context", object{"actor": "https://q.test/#other"}}}))
	w.a.wants("follows", 1, followsBy, pgx.NamedArgs{"uri": p.id})
	if n := canary.total(); n != 0 {
		t.Errorf("%d requests for a context", n)
	}
	before := gone.peer.total()
	parallel(300, 16, func(int) {
		for _, h := range []*home{w.a, w.b} {
			if code := h.send(gone, gone.activity("Delete", gone.id, object{"to": public})); code != http.StatusAccepted {
				t.Errorf("a Delete of a stranger: answered %d", code)
			}
		}
	})
	// Nor for news that nobody here follows.
	if code := w.a.send(gone, gone.create(gone.note("for others"))); code != http.StatusAccepted {
		t.Errorf("a post for others: answered %d", code)
	}
	if n := gone.peer.total() - before; n != 0 {
		t.Errorf("%d requests for strangers", n)
	}
	w.a.wants("stored", 1, `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id`, nil)
}

// REL-18: final states do not depend on the order of arrival.
func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	mine := s.a.post("hello", social.Public)
	early := s.v.note("deleted before it came")
	s.a.deliver(s.v, s.v.activity("Delete", early["id"]), s.v.create(early))
	s.a.wants("a post deleted before its Create", 0, statusCount, pgx.NamedArgs{"uri": early["id"]})

	like, follow := s.v.activity("Like", mine.URI), s.v.activity("Announce", mine.URI, object{"to": public})
	s.a.deliver(s.v, s.v.activity("Undo", like["id"]), s.v.activity("Undo", follow), like, follow)
	s.reactions(t, "undone before they came", mine, 0)

	edited := s.v.note("the newer text", object{"updated": time.Now().UTC().Format(time.RFC3339)})
	s.a.deliver(s.v, s.v.activity("Update", edited))
	edited["content"] = "the older text"
	delete(edited, "updated")
	s.a.deliver(s.v, s.v.create(edited))
	s.a.wants("the newer text", 1, bodyCount, pgx.NamedArgs{"text": "the newer text"})
}

// Pixelfed has one id for every Follow of an account by another, and one for its Undo.
func TestFollowsWithOneID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	follow := object{"id": p.id + "#follow/7", "type": "Follow", "actor": p.id, "object": w.a.user.URI}
	undo := object{"id": p.id + "#follow/7/undo", "type": "Undo", "actor": p.id, "object": object{
		"id": p.id + "#follows/7", "type": "Follow", "actor": p.id, "object": w.a.user.URI,
	}}
	for round := range 3 {
		w.a.deliver(p, follow)
		w.a.deliver(p, follow) // once more changes nothing
		w.a.wants(fmt.Sprintf("round %d, follows", round), 1, followsBy, pgx.NamedArgs{"uri": p.id})
		w.a.deliver(p, undo)
		w.a.wants(fmt.Sprintf("round %d, follows after the Undo", round), 0, followsBy, pgx.NamedArgs{"uri": p.id})
	}
	w.a.deliver(p, follow)
	w.a.in(func(scope *pg.Scope) error {
		return w.relations.RemoveFollower(t.Context(), scope, w.a.user, w.a.known(p.id).ID)
	})
	w.a.deliver(p, follow)
	w.a.wants("follows of somebody who was removed and asks again", 1, followsBy, pgx.NamedArgs{"uri": p.id})
}

// REL-20, INP-27: one Create to both inboxes many times, and once with other words.
func TestSameCreateManyTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	create := p.create(p.note("once", object{"tag": []any{object{"type": "Mention", "href": w.a.user.URI}}}))
	parallel(20, 10, func(i int) {
		url := w.a.url("/inbox")
		if i%2 == 0 {
			url = w.a.personal()
		}
		if code := w.do(p.request(t, url, create)); code != http.StatusAccepted {
			t.Errorf("answered %d", code)
		}
	})
	create["object"].(object)["content"] = "other words"
	w.a.deliver(p, create)
	w.a.wants("posts", 1, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
	w.a.wants("other words", 0, bodyCount, pgx.NamedArgs{"text": "other words"})
	w.a.wants("mentions", 1, `SELECT count(*) FROM notifications WHERE tenant_id = @tenant_id AND type = 'mention'`, nil)
}

// TEN-13: the same activity may be for two tenants: neither takes it from the other.
func TestSameActivityInTwoTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	create := p.create(p.note("for both", object{"to": []string{w.a.user.URI, w.b.user.URI}}))
	for _, h := range []*home{w.a, w.b} {
		h.deliver(p, create)
		h.wants("posts", 1, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
	}
}

// Votes are accepted and ignored (OWN-22); so is what this version does not know.
func TestIgnored(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	mine := s.a.post("hello", social.Public)
	vote := object{"id": s.p.newID("votes"), "type": "Note", "attributedTo": s.p.id, "name": "yes", "inReplyTo": mine.URI, "to": []string{s.a.user.URI}}
	s.a.deliver(s.p, s.p.create(vote), s.p.activity("Move", s.v.id, object{"target": s.p.id}), s.p.activity("Flag", s.a.user.URI), s.p.activity("Dislike", mine.URI))
	s.a.wants("ignored", 4, `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id AND state = 'ignored' AND reason <> '' AND raw = ''`, nil)
	s.a.wants("OWN-19 moved follows", 1, `SELECT count(*) FROM follows f JOIN accounts a ON a.tenant_id = f.tenant_id AND a.id = f.target_id
		WHERE f.tenant_id = @tenant_id AND f.account_id = @id AND a.uri = @uri`, pgx.NamedArgs{"id": s.a.user.ID, "uri": s.v.id})
}

const corpusDir = "../../../shared/corpus"

// Every activity of real implementations goes through: stored as if it had been
// verified, since nobody has their keys.
func TestCorpusIsApplied(t *testing.T) {
	t.Parallel()
	index, err := os.Open(filepath.Join(corpusDir, "index.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no corpus of real payloads beside this checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = index.Close() }()
	reader := csv.NewReader(index)
	reader.Comma, reader.LazyQuotes = '\t', true
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	n := w.a.storeAll(rows[1:])
	w.a.settle()
	w.a.wants("settled", n, `SELECT count(*) FROM inbox_activities WHERE tenant_id = @tenant_id AND state IN ('applied', 'ignored')`, nil)
	if left := w.a.unfinished(); left != 0 {
		t.Errorf("%d of %d failed", left, n)
	}
}
