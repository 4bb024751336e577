package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
)

// REL-15: three hundred readers wait for a table that somebody has locked, and hold every
// connection. They are told so within seconds, the process is known to be alive, and the
// queues, which have connections of their own, go on; afterwards all is as before.
func TestE2EFullPool(t *testing.T) {
	t.Parallel()
	needsTime(t)
	srv := startServer(t, map[string]string{"DATABASE_CONNS": "4", "QUEUES": "inbox=2,deliver=1,fanout=1,fetch=1,upkeep=1"})
	host := "acme.localhost:" + srv.port()
	srv.tenant("http", host)
	alice := srv.account(local(t), "http", host, "support")
	v := newVillage(t)
	follower := v.villager("follower")
	v.follow(follower, alice)
	testkit.Eventually(t, time.Minute, "the follower is accepted", func() bool { return v.count(follower, "Accept", "") > 0 })

	// One delivery waits for its peer, the others for the one worker of their queue.
	v.slow()
	const posts = 8
	for n := range posts {
		alice.post(map[string]any{"status": fmt.Sprint("Post ", n)})
	}
	testkit.Eventually(t, time.Minute, "a delivery is under way", func() bool { return v.inFlight() > 0 })

	unlock := lockTable(t, srv, "markers")
	stop, readers := readMarkers(t, alice, 300)
	testkit.Eventually(t, time.Minute, "readers are turned away", func() bool { return readers.refused.Load() >= 300 })
	v.quick()
	testkit.Eventually(t, time.Minute, "the queues go on meanwhile", func() bool { return v.count(follower, "Create", "") == posts })
	quickest := time.Hour // the process's own part: the readers and other tests keep the machine busy
	for range 5 {
		began := time.Now()
		answer, err := alice.client.Get("http://" + srv.address + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if quickest = min(quickest, time.Since(began)); answer.StatusCode != http.StatusOK {
			t.Errorf("/healthz answers %d", answer.StatusCode)
		}
	}
	if quickest > time.Second {
		t.Errorf("/healthz takes %v at best", quickest)
	}
	close(stop)
	readers.wait.Wait()
	t.Logf("%d readers were turned away, the slowest after %v", readers.refused.Load(), time.Duration(readers.slowest.Load()))
	// Three seconds for a connection, five for the lock, and a busy machine for three hundred.
	if slowest := time.Duration(readers.slowest.Load()); slowest > 25*time.Second {
		t.Errorf("a reader waited %v for an answer", slowest)
	}
	unlock()
	testkit.Eventually(t, time.Minute, "readers are served again", func() bool {
		status, _ := alice.call(http.MethodGet, "/api/v1/markers?timeline[]=home", nil, nil)
		return status == http.StatusOK
	})
	srv.stop()
}

// lockTable is the fault: a transaction of somebody else's that keeps a table to itself.
func lockTable(t *testing.T, srv *server, table string) (unlock func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), srv.db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.PgConn().Conn().Close() })
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Errorf("unlock: %v", err)
		}
	}
}

// readers ask again and again until they are stopped.
type readers struct {
	wait             sync.WaitGroup
	refused, slowest atomic.Int64
}

func readMarkers(t *testing.T, a *account, n int) (stop chan struct{}, out *readers) {
	stop, out = make(chan struct{}), &readers{}
	client := &http.Client{Transport: a.client.Transport, Timeout: time.Minute}
	for range n {
		out.wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.Base+"/api/v1/markers?timeline[]=home", nil)
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Authorization", "Bearer "+a.Token)
				began := time.Now()
				answer, err := client.Do(request)
				if err != nil {
					t.Errorf("a reader: %v", err)
					return
				}
				answer.Body.Close()
				if answer.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("a reader of a locked table: %d, want 503", answer.StatusCode)
				}
				out.refused.Add(1)
				out.slowest.Store(max(out.slowest.Load(), int64(time.Since(began))))
			}
		})
	}
	return stop, out
}
