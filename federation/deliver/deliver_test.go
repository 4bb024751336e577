package deliver_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/federation/deliver"
	"rookery/federation/vocab"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit"
	"rookery/internal/testkit/fedtest"
)

// clock is a time that only tests move: how long a test takes must not decide what is due.
type clock struct {
	start  time.Time
	offset atomic.Int64
}

func (c *clock) now() time.Time { return c.start.Add(time.Duration(c.offset.Load())) }

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

type bundle struct {
	*fedtest.World
	author *social.Account
	worker *deliver.Worker
	health *deliver.Health
	clock  *clock
}

func setup(t *testing.T) *bundle {
	t.Helper()
	w := fedtest.New(t)
	b := &bundle{World: w, author: w.Account(t, "support"), clock: &clock{start: time.Now()}}
	b.health = deliver.NewHealth(w.PG, nil, b.clock.now)
	b.worker = deliver.NewWorker(deliver.Options{DB: w.PG, HTTP: w.HTTP, Keys: w.Keys, Health: b.health, Now: b.clock.now})
	return b
}

var body = []byte(`{"@context":"https://www.w3.org/ns/activitystreams","type":"Create","id":"https://social.acme.test/ap/activities/1"}`)

// mail stores an activity for the followers of the author, and returns its id and
// how many deliveries it has.
func (b *bundle) mail(t *testing.T, asserts social.StatusID) (id, n int64) {
	t.Helper()
	id = ids.New()
	b.Tx(t, func(scope *pg.Scope) error {
		a := &store.Activity{ID: id, URI: b.Tenant.URL("/ap/activities/" + ids.Format(id)), AccountID: b.author.ID, StatusID: asserts, Body: body}
		if _, err := store.AddActivities(t.Context(), scope, a); err != nil {
			return err
		}
		reached, err := store.AddDeliveries(t.Context(), scope, store.Recipients{ActivityID: id, FollowersOf: b.author.ID})
		for _, r := range reached {
			n = r.Inboxes
		}
		return err
	})
	return id, n
}

func (b *bundle) work(ctx context.Context, activity, first, last int64) error {
	args := jobs.Deliver{Scoped: jobs.Scoped{TenantID: b.Tenant.ID}, ActivityID: activity, FirstID: first, LastID: last}
	return b.worker.Work(ctx, &river.Job[jobs.Deliver]{JobRow: &rivertype.JobRow{}, Args: args})
}

func (b *bundle) counts(t *testing.T, activity int64) (out map[store.DeliveryState]int64) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) (err error) {
		out, err = store.DeliveryCounts(t.Context(), scope, activity)
		return err
	})
	return out
}

func (b *bundle) waiting(t *testing.T, activity, id int64) (out *store.Delivery) {
	t.Helper()
	b.Tx(t, func(scope *pg.Scope) error {
		_, rows, err := store.WaitingDeliveries(t.Context(), scope, store.WhichDeliveries{
			Activities: []int64{activity}, First: id, Last: id, Limit: 1, Retries: true,
		})
		if err == nil && len(rows) == 1 {
			out = rows[0]
		}
		return err
	})
	if out == nil {
		t.Fatalf("delivery %d of activity %d does not wait", id, activity)
	}
	return out
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func isSnooze(err error) bool {
	var snooze *rivertype.JobSnoozeError
	return errors.As(err, &snooze)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDelivers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shared := fedtest.NewPeer(t, "127.77.2.1", nil)
	own := fedtest.NewPeer(t, "127.77.2.2", nil)
	for _, name := range []string{"a", "b", "c"} {
		b.Follow(t, b.Remote(t, shared, name, true), b.author)
		b.Follow(t, b.Remote(t, own, name, false), b.author)
	}
	b.Follow(t, b.Account(t, "local"), b.author)
	id, n := b.mail(t, 0)
	if n != 4 {
		t.Fatalf("%d deliveries, want 1 to the shared inbox and 3 to personal ones", n)
	}
	must(t, b.work(t.Context(), id, 1, n))
	must(t, b.work(t.Context(), id, 1, n)) // a rescued job runs again and sends nothing
	if got := len(shared.Received()); got != 1 {
		t.Errorf("the shared inbox got %d requests, want 1", got)
	}
	if got := len(own.Received()); got != 3 {
		t.Errorf("personal inboxes got %d requests, want 3", got)
	}
	for _, r := range shared.Received() {
		shared.Verify(t, b.World, r, b.author)
		if string(r.Body) != string(body) || r.Request.Header.Get("Content-Type") != vocab.MediaType {
			t.Errorf("sent %s as %q", r.Body, r.Request.Header.Get("Content-Type"))
		}
	}
	if got := b.counts(t, id); got[store.DeliveryDone] != 4 {
		t.Errorf("states %v, want 4 done", got)
	}
}

// REL-08.
func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code  int
		state store.DeliveryState
	}{
		"ok":              {200, store.DeliveryDone},
		"accepted":        {202, store.DeliveryDone},
		"redirect":        {307, store.DeliveryWaiting},
		"unauthorized":    {401, store.DeliveryWaiting},
		"forbidden":       {403, store.DeliveryFailed},
		"not found":       {404, store.DeliveryFailed},
		"gone":            {410, store.DeliveryGone},
		"timeout":         {408, store.DeliveryWaiting},
		"too many":        {429, store.DeliveryWaiting},
		"internal":        {500, store.DeliveryWaiting},
		"not implemented": {501, store.DeliveryFailed},
		"unavailable":     {503, store.DeliveryWaiting},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			canary := fedtest.NewPeer(t, "127.77.2.3", nil)
			peer := fedtest.NewPeer(t, "127.77.2.4", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", canary.URL)
				w.WriteHeader(tt.code)
			})
			follower := b.Remote(t, peer, "bea", false)
			b.Follow(t, follower, b.author)
			id, _ := b.mail(t, 0)
			must(t, b.work(t.Context(), id, 1, 1))
			if got := b.counts(t, id); got[tt.state] != 1 {
				t.Errorf("states %v, want one %s", got, tt.state)
			}
			if len(canary.Received()) != 0 {
				t.Error("a redirect of a POST was followed")
			}
			if again := b.retryJobs(t, id); (tt.state == store.DeliveryWaiting) != (len(again) == 1) {
				t.Errorf("%d jobs try again", len(again))
			}
			_, n := b.mail(t, 0)
			if wantNone := tt.state == store.DeliveryGone; wantNone != (n == 0) {
				t.Errorf("the next activity has %d deliveries", n)
			}
		})
	}
}

// retryJobs returns when the jobs for single deliveries of an activity run.
func (b *bundle) retryJobs(t *testing.T, activity int64) (at []time.Time) {
	t.Helper()
	rows, err := b.PG.Pool().Query(t.Context(),
		`SELECT scheduled_at FROM river.river_job WHERE kind = 'federation_deliver' AND (args->>'activity_id')::bigint = $1 AND state = 'scheduled' ORDER BY id`, activity)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var when time.Time
		must(t, rows.Scan(&when))
		at = append(at, when)
	}
	must(t, rows.Err())
	return at
}

// REL-06.
func TestBacksOffAndRecovers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var healthy atomic.Bool
	peer := fedtest.NewPeer(t, "127.77.2.5", func(w http.ResponseWriter, _ *http.Request) {
		if healthy.Load() {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	})
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	id, _ := b.mail(t, 0)
	must(t, b.work(t.Context(), id, 1, 1))
	for attempt := 1; attempt <= 5; attempt++ {
		row := b.waiting(t, id, 1)
		if row.Attempts != attempt || row.NextTryAt == nil {
			t.Fatalf("after %d attempts the row says %+v", attempt, row)
		}
		wait := row.NextTryAt.Sub(b.clock.now())
		base := time.Duration(attempt*attempt*attempt*attempt+15) * time.Second
		if wait <= 0 || wait > 2*base+3*time.Second {
			t.Errorf("attempt %d waits %v, want up to %v", attempt, wait, 2*base)
		}
		if wait > 5*time.Second { // too early: the due job will come
			must(t, b.work(t.Context(), id, 1, 1))
			if got := len(peer.Received()); got != attempt {
				t.Fatalf("%d requests after %d attempts", got, attempt)
			}
		}
		b.clock.advance(wait + time.Second)
		healthy.Store(attempt == 5)
		must(t, b.work(t.Context(), id, 1, 1))
	}
	if got := b.counts(t, id); got[store.DeliveryDone] != 1 {
		t.Errorf("states %v, want done", got)
	}
}

func TestRetryAfterIsHeardAndClamped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header         string
		atLeast, below time.Duration
	}{
		"an hour":  {"3600", 59 * time.Minute, 2 * time.Hour},
		"a year":   {"31536000", 5 * time.Hour, 7 * time.Hour},
		"negative": {"-5", 0, time.Hour},
		"nonsense": {"soon", 0, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			peer := fedtest.NewPeer(t, "127.77.2.6", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tt.header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
			id, _ := b.mail(t, 0)
			must(t, b.work(t.Context(), id, 1, 1))
			if wait := b.waiting(t, id, 1).NextTryAt.Sub(b.clock.now()); wait < tt.atLeast || wait > tt.below {
				t.Errorf("waits %v", wait)
			}
		})
	}
}

func TestGivesUpInTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer := fedtest.NewPeer(t, "127.77.2.7", status(http.StatusBadGateway))
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	id, _ := b.mail(t, 0)
	must(t, b.work(t.Context(), id, 1, 1))
	b.clock.advance(73 * time.Hour)
	must(t, b.work(t.Context(), id, 1, 1))
	if got := b.counts(t, id); got[store.DeliveryFailed] != 1 || len(peer.Received()) != 1 {
		t.Errorf("states %v after three days and %d requests", got, len(peer.Received()))
	}
}

func TestKnocksAgainWithTheOtherSignature(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer := fedtest.NewPeer(t, "127.77.2.8", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Signature-Input") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	for range 2 {
		id, _ := b.mail(t, 0)
		must(t, b.work(t.Context(), id, 1, 1))
		if got := b.counts(t, id); got[store.DeliveryDone] != 1 {
			t.Fatalf("states %v, want done", got)
		}
	}
	if got := len(peer.Received()); got != 3 {
		t.Errorf("%d requests, want 3: the second activity knows at once", got)
	}
}

// A server that was away for the first try must not be lost for its taste in signatures.
func TestKnocksAgainAlsoAfterAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var asked atomic.Int64
	peer := fedtest.NewPeer(t, "127.77.2.9", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case asked.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Header.Get("Signature-Input") == "":
			w.WriteHeader(http.StatusBadRequest)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	id, _ := b.mail(t, 0)
	must(t, b.work(t.Context(), id, 1, 1))
	b.clock.advance(b.waiting(t, id, 1).NextTryAt.Sub(b.clock.now()) + time.Second)
	must(t, b.work(t.Context(), id, 1, 1))
	if got := b.counts(t, id); got[store.DeliveryDone] != 1 {
		t.Fatalf("states %v, want done", got)
	}
}

func TestWithdrawnPostsAreNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	peer := fedtest.NewPeer(t, "127.77.2.9", nil)
	b.Follow(t, b.Remote(t, peer, "bea", true), b.author)
	post := b.Post(t, b.author, social.Public, "<p>hello</p>")
	id, n := b.mail(t, post.ID)
	b.Tx(t, func(scope *pg.Scope) error { return store.DeleteStatus(t.Context(), scope, post.ID) })
	must(t, b.work(t.Context(), id, 1, n))
	if len(peer.Received()) != 0 || b.counts(t, id)[store.DeliveryFailed] != 1 {
		t.Errorf("sent %d times, states %v", len(peer.Received()), b.counts(t, id))
	}
}

// TestADeadHostIsLeftAlone is REL-09 at a reduced scale: many deliveries, few dials.
func TestADeadHostIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var dials atomic.Int32
	dead := fedtest.NewPeer(t, "127.77.2.10", func(w http.ResponseWriter, _ *http.Request) {
		dials.Add(1)
		panic(http.ErrAbortHandler) // closes the connection without an answer
	})
	good := fedtest.NewPeer(t, "127.77.2.11", nil)
	const accounts = 60
	for i := range accounts {
		b.Follow(t, b.Remote(t, dead, "d"+ids.Format(int64(i)), false), b.author)
	}
	b.Follow(t, b.Remote(t, good, "bea", true), b.author)
	id, n := b.mail(t, 0)
	must(t, b.work(t.Context(), id, 1, n))
	if len(good.Received()) != 1 {
		t.Error("the good host was not reached")
	}
	first := dials.Load()
	if first < 5 || first > 2*13 { // the transport dials once more where it can; 8 at once
		t.Errorf("%d dials to a dead host", first)
	}
	if !b.health.IsDown(dead.Host) {
		t.Fatal("the host is not held to be down")
	}
	if got := b.counts(t, id); got[store.DeliveryWaiting] != accounts || len(b.retryJobs(t, id)) != accounts {
		t.Errorf("states %v, %d jobs", got, len(b.retryJobs(t, id)))
	}
	// Another process learns it from the table.
	if other := deliver.NewHealth(b.PG, nil, b.clock.now); true {
		other.Revive(t.Context(), "unrelated.test")
		if !other.IsDown(dead.Host) {
			t.Error("another process does not know")
		}
	}
	// When the rows are due, one of them probes and the others wait.
	b.clock.advance(20 * time.Minute)
	before := dials.Load()
	for row := range int64(20) {
		err := b.work(t.Context(), id, row+1, row+1)
		if err != nil && !isSnooze(err) {
			t.Fatal(err)
		}
	}
	if probes := dials.Load() - before; probes < 1 || probes > 2 {
		t.Errorf("%d dials when the probe was due, want one", probes)
	}
	// Something from there brings it back.
	b.health.Revive(t.Context(), dead.Host)
	if b.health.IsDown(dead.Host) {
		t.Error("inbound activity does not revive the host")
	}
}

// TestHangingHosts is REL-05 at a reduced scale.
func TestHangingHostsHoldUpNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := make(chan struct{})
	hang := func(http.ResponseWriter, *http.Request) { <-release }
	var good []*fedtest.Peer
	for i := range 10 {
		ip := "127.77.2." + ids.Format(int64(20+2*i))
		b.Follow(t, b.Remote(t, fedtest.NewPeer(t, ip, hang), "h", true), b.author)
		p := fedtest.NewPeer(t, "127.77.2."+ids.Format(int64(21+2*i)), nil)
		good = append(good, p)
		b.Follow(t, b.Remote(t, p, "g", true), b.author)
	}
	id, n := b.mail(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.work(ctx, id, 1, n) }()
	late := time.After(5 * time.Second)
	for _, p := range good {
		select {
		case <-p.Arrived():
		case <-late:
			t.Fatal("a good host waits behind those that hang")
		}
	}
	testkit.Eventually(t, 5*time.Second, "what is known is written", func() bool {
		return b.counts(t, id)[store.DeliveryDone] == 10
	})
	cancel() // the process is told to stop: the rest is tried again
	if err := <-done; !isSnooze(err) {
		t.Errorf("an interrupted job says %v, want to be run again", err)
	}
	close(release)
	if got := b.counts(t, id); got[store.DeliveryWaiting] < 10 {
		t.Errorf("states %v, want those that hang to wait", got)
	}
	must(t, b.work(t.Context(), id, 1, n))
	if got := b.counts(t, id); got[store.DeliveryDone] != n {
		t.Errorf("states %v, want %d done", got, n)
	}
	copies := 0
	for _, p := range good {
		copies += len(p.Received())
	}
	if copies != len(good) {
		t.Errorf("%d copies to %d hosts", copies, len(good))
	}
}

func TestEnqueueSharesTheWorkersOut(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		inboxes  []int64
		jobs     int
		priority int16
	}{
		"none": {nil, 0, 0}, "one": {[]int64{1}, 1, 1}, "small": {[]int64{8}, 1, 1}, "small ones share a job": {[]int64{1, 0, 8, 3}, 1, 1},
		"within bounds": {[]int64{8, 8, 8, 8, 8, 8, 8, 8}, 2, 1},
		"page":          {[]int64{50}, 1, 2}, "bulk": {[]int64{120}, 3, 2}, "large": {[]int64{5000}, 4, 3}, "two": {[]int64{50, 50}, 2, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fedtest.New(t)
			var reached []*store.Reached
			var want int64
			for i, n := range tt.inboxes {
				reached = append(reached, &store.Reached{ActivityID: int64(i), Inboxes: n})
				want += n
			}
			w.Tx(t, func(scope *pg.Scope) error { return deliver.Enqueue(t.Context(), scope, w.Tenant, reached...) })
			rows, err := w.PG.Pool().Query(t.Context(), `SELECT kind, args, priority FROM river.river_job ORDER BY id`)
			must(t, err)
			defer rows.Close()
			type inbox struct{ activity, id int64 }
			covered := map[inbox]int{}
			count := 0
			for ; rows.Next(); count++ {
				var kind string
				var args struct {
					jobs.Deliver
					IDs []int64 `json:"activity_ids"`
				}
				var priority int16
				must(t, rows.Scan(&kind, &args, &priority))
				if priority != tt.priority {
					t.Errorf("%s has priority %d, want %d", kind, priority, tt.priority)
				}
				for _, activity := range args.IDs {
					for id := range tt.inboxes[activity] {
						covered[inbox{activity, id + 1}]++
					}
				}
				for id := args.FirstID; kind == args.Kind() && id <= args.LastID; id++ {
					covered[inbox{args.ActivityID, id}]++
				}
			}
			if count != tt.jobs || int64(len(covered)) != want {
				t.Errorf("%d jobs cover %d of %d inboxes", count, len(covered), want)
			}
			for at, times := range covered {
				if times != 1 {
					t.Errorf("%+v is covered %d times", at, times)
				}
			}
		})
	}
}
