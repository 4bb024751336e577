package deliver_test

import (
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
)

// NET-07: followers whose inbox is on our own machine, in any way to write that. Nothing
// is dialled, and the delivery has failed for good: no job tries again.
func TestInboxesOnLoopback(t *testing.T) {
	t.Parallel()
	b := setup(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var touched atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			touched.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)
	hosts := []string{"127.0.0.1", "localhost", "x.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433"}
	for n, host := range hosts {
		uri := "http://" + host + ":" + port + "/users/" + ids.Format(int64(n))
		u, err := url.Parse(uri)
		must(t, err)
		a := &social.Account{URI: uri, Username: "u" + ids.Format(int64(n)), Domain: u.Host, ActorType: "Person", URL: uri, InboxURL: uri + "/inbox", FollowersURL: uri + "/followers"}
		b.Tx(t, func(scope *pg.Scope) error { return account.SaveRemote(t.Context(), scope, a) })
		b.Follow(t, a, b.author)
	}
	id, n := b.mail(t, 0)
	began := time.Now()
	must(t, b.work(t.Context(), id, 1, n))
	if got := b.counts(t, id); n != int64(len(hosts)) || got[store.DeliveryFailed] != n || len(b.retryJobs(t, id)) != 0 {
		t.Errorf("%d deliveries are %v, %d jobs try again; want all of %d failed for good", n, got, len(b.retryJobs(t, id)), len(hosts))
	}
	if touched.Load() != 0 {
		t.Errorf("%d connections", touched.Load())
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
