package v1_test

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
)

// BenchmarkHome is the hottest read: twenty posts of the home timeline through the
// whole frame, token and all. Run it with -cpuprofile.
func BenchmarkHome(b *testing.B) {
	w := postWorld(b)
	rules := status.New(status.Options{Streams: w.Streams})
	for i := range 10 {
		friend := w.A.AddAccount(b, fmt.Sprint("friend", i))
		w.A.Do(b, func(ctx context.Context, s *pg.Scope) error {
			_, err := store.AddFollow(ctx, s, social.Follow{
				ID: int64(i + 1), AccountID: w.Alice.Account.ID, TargetID: friend.ID, State: social.FollowAccepted, ShowBoosts: true,
				URI: fmt.Sprint("https://a.test/follows/", i),
			}, false)
			for j := 0; j < 40 && err == nil; j++ {
				_, err = rules.Create(ctx, s, w.A.Tenant, friend, status.Draft{
					Text: fmt.Sprintf("Post %d of friend %d about #bikes, with some words that make it as long as people write. @alice", j, i),
				})
			}
			return err
		})
	}
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if r := w.Alice.Get("/api/v1/timelines/home"); r.Status != http.StatusOK || len(r.Body) < 10000 {
				b.Fatalf("%d %s", r.Status, r.Body)
			}
		}
	})
	b.StopTimer()
	// What this process burns does not depend on who else uses the machine.
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
