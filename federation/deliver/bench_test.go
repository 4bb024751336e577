package deliver_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/federation/deliver"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
)

// BenchmarkDeliver posts one activity to a thousand inboxes of twenty peers in four
// jobs, as a large fan-out does; the peers share the machine. BenchmarkSign is what
// the signatures alone take (docs/adr/0006-delivery.md has the figures).
func BenchmarkDeliver(b *testing.B) {
	const peers, each, lanes = 20, 50, 4
	w := fedtest.New(b)
	author := w.Account(b, "support")
	for i := range peers {
		p := fedtest.NewPeer(b, "127.77.2."+strconv.Itoa(100+i), nil)
		for j := range each {
			w.Follow(b, w.Remote(b, p, "u"+strconv.Itoa(j), false), author)
		}
	}
	worker := deliver.NewWorker(deliver.Options{DB: w.PG, HTTP: w.HTTP, Keys: w.Keys, Health: deliver.NewHealth(w.PG, nil, nil)})
	var sent int64
	start := time.Now()
	for b.Loop() {
		id := ids.New()
		w.Tx(b, func(scope *pg.Scope) error {
			a := &store.Activity{ID: id, URI: w.Tenant.URL("/ap/activities/" + ids.Format(id)), AccountID: author.ID, Body: body}
			if _, err := store.AddActivities(b.Context(), scope, a); err != nil {
				return err
			}
			reached, err := store.AddDeliveries(b.Context(), scope, store.Recipients{ActivityID: id, FollowersOf: author.ID})
			for _, r := range reached {
				sent += r.Inboxes
			}
			return err
		})
		var running sync.WaitGroup
		for lane := range int64(lanes) {
			running.Go(func() {
				const part = peers * each / lanes
				args := jobs.Deliver{Scoped: jobs.Scoped{TenantID: w.Tenant.ID}, ActivityID: id, FirstID: lane*part + 1, LastID: (lane + 1) * part}
				if err := worker.Work(b.Context(), &river.Job[jobs.Deliver]{JobRow: &rivertype.JobRow{}, Args: args}); err != nil {
					b.Error(err)
				}
			})
		}
		running.Wait()
		w.Tx(b, func(scope *pg.Scope) error {
			counts, err := store.DeliveryCounts(b.Context(), scope, id)
			if counts[store.DeliveryDone] != peers*each {
				b.Errorf("states %v", counts)
			}
			return err
		})
	}
	b.ReportMetric(float64(sent)/time.Since(start).Seconds(), "deliveries/s")
}

func BenchmarkSign(b *testing.B) {
	w := fedtest.New(b)
	signer, err := w.Keys.ForAccount(b.Context(), w.Tenant.ID, w.Account(b, "support"))
	if err != nil {
		b.Fatal(err)
	}
	start, count := time.Now(), 0
	for b.Loop() {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "https://masto.test/inbox", nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := signer.SignPost(req, body); err != nil {
			b.Fatal(err)
		}
		count++
	}
	b.ReportMetric(float64(count)/time.Since(start).Seconds(), "signatures/s")
}
