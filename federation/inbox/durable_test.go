package inbox_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/limit"
	"rookery/internal/testkit"
)

// REL-31, SECURITY.md rule 22: without a database there is no 202, known sender or not.
func TestNoDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t)
	known, stranger := p.actor("known", 0), p.actor("stranger", 1)
	w.a.deliver(known, known.activity("Follow", w.a.user.URI))
	w.db.Close()
	for name, a := range map[string]*actor{"known": known, "stranger": stranger} {
		for kind, activity := range map[string]object{"for us": a.activity("Follow", w.a.user.URI), "for others": a.create(a.note("x")), "farewell": a.activity("Delete", a.id)} {
			if code := w.a.send(a, activity); code != http.StatusServiceUnavailable {
				t.Errorf("%s, %s: answered %d, want 503", name, kind, code)
			}
		}
	}
}

// SPM-06: a flood of follows from one server ends in 429, and others go on.
func TestFollowFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.inbox.Limits = limit.New(limit.Options{Factor: 1, Now: testkit.StoppedClock()})
	p, q := newPeer(t).actor("p", 0), newPeer(t).actor("q", 1)
	refused := 0
	for range 1010 {
		if code := w.a.send(p, p.activity("Follow", w.a.user.URI)); code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a thousand follows in a row were all taken")
	}
	if code := w.a.send(q, q.activity("Follow", w.a.user.URI)); code != http.StatusAccepted {
		t.Errorf("another server: answered %d", code)
	}
	w.a.settle()
	w.a.wants("follows", 1, followsBy, pgx.NamedArgs{"uri": p.id})
}

// A batch with one activity that cannot be applied: the others are.
func TestOneBadActivityHoldsUpNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.follow(p)
	super, err := pgx.Connect(t.Context(), w.raw.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = super.Close(t.Context()) }()
	// The database itself refuses one post: no rule could have foreseen it.
	_, err = super.Exec(t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		$$BEGIN IF NEW.body LIKE '%poison%' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END$$;
		CREATE TRIGGER refuse BEFORE INSERT ON statuses FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if err != nil {
		t.Fatal(err)
	}
	parallel(30, 30, func(n int) {
		text := fmt.Sprintf("post %d", n)
		if n == 7 {
			text = "poison"
		}
		if code := w.a.send(p, p.create(p.note(text))); code != http.StatusAccepted {
			t.Errorf("answered %d", code)
		}
	})
	testkit.Eventually(t, time.Minute, "the good ones to be applied", func() bool {
		return w.a.number(`SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil) == 29
	})
}

// Boosts of what lies on a server that never answers: whatever many of them there are,
// what names nothing unknown is applied at once.
func TestSlowServersHoldUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silent, q, p := newPeer(t), newPeer(t).actor("q", 0), newPeer(t).actor("p", 1)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	silent.handle = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.deliver(q, q.activity("Follow", w.a.user.URI))
	for n := range 40 {
		boost := q.activity("Announce", fmt.Sprintf("%s/notes/%d", silent.base, n), object{"to": []string{public, w.a.user.URI}})
		if code := w.a.send(q, boost); code != http.StatusAccepted {
			t.Fatalf("answered %d", code)
		}
	}
	if code := w.a.send(p, p.activity("Undo", p.activity("Follow", w.a.user.URI))); code != http.StatusAccepted {
		t.Fatalf("answered %d", code)
	}
	// Less than the ten seconds after which the first look-ups are over.
	testkit.Eventually(t, 9*time.Second, "what needs no look-up to be applied", func() bool {
		return w.a.number(followsBy, pgx.NamedArgs{"uri": p.id}) == 0
	})
}

// BenchmarkInbox posts signed notes of a followed actor and waits until all are applied.
// It says how many a second become durable effects; each iteration is one activity.
func BenchmarkInbox(b *testing.B) {
	w := newWorld(b)
	p := newPeer(b).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.follow(p)
	n := min(b.N, 5000)
	requests := make([]*http.Request, n)
	for i := range requests {
		requests[i] = p.request(b, w.a.url("/inbox"), p.create(p.note(fmt.Sprint(i))))
	}
	b.ResetTimer()
	start := time.Now()
	parallel(n, 32, func(i int) {
		if code := w.do(requests[i]); code != http.StatusAccepted {
			b.Errorf("answered %d", code)
		}
	})
	accepted := time.Since(start)
	w.a.settle()
	b.ReportMetric(float64(n)/accepted.Seconds(), "accepted/s")
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "durable/s")
}
