package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// What was answered with 202 is there after a power cut, all of it. REL-03.
func TestE2ECrash(t *testing.T) {
	t.Parallel()
	needsTime(t)
	srv := startServer(t, nil)
	host := "acme.localhost:" + srv.port()
	srv.tenant("http", host)
	alice := srv.account(local(t), "http", host, "support")
	v := newVillage(t)
	sender := v.villager("sender")

	count := shorten(200, 2000)
	v.flood(sender, alice, count)
	srv.kill()
	srv.start()

	missing := map[string]bool{}
	for i := range count {
		missing[noteURI(sender, i)] = true
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("accepted and not there: %d posts of %d: %v", len(missing), count, slices.Sorted(maps.Keys(missing)))
		}
	})
	testkit.Eventually(t, 4*time.Minute, "all posts that were accepted are there", func() bool {
		for _, n := range alice.notifications() {
			if n.Type == "mention" && n.Status != nil {
				delete(missing, n.Status.URI)
			}
		}
		return len(missing) == 0
	})
	srv.stop()
}

func noteURI(from *villager, i int) string { return fmt.Sprintf("%s/notes/%d", from.ID, i) }

// flood delivers posts that mention somebody, sixteen at a time, and holds each
// answer to 202.
func (v *village) flood(from *villager, to *account, count int) {
	v.t.Helper()
	const senders = 16
	ctx, cancel := context.WithTimeout(v.t.Context(), 2*time.Minute)
	defer cancel()
	numbers := make(chan int)
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for i := range numbers {
				status, text, err := v.deliver(ctx, from, to.URI+"/inbox", mention(from, to, i))
				if err != nil || status != http.StatusAccepted {
					v.t.Errorf("delivery %d: %d %s %v; want 202", i, status, text, err)
				}
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	if v.t.Failed() {
		v.t.FailNow()
	}
}

func mention(from *villager, to *account, i int) map[string]any {
	public := []string{"https://www.w3.org/ns/activitystreams#Public"}
	return map[string]any{
		"id": noteURI(from, i) + "/create", "type": "Create", "to": public, "cc": []string{to.URI},
		"object": map[string]any{
			"id": noteURI(from, i), "type": "Note", "attributedTo": from.ID, "to": public, "cc": []string{to.URI},
			"content": fmt.Sprintf("<p>Hello, number %d</p>", i), "published": time.Now().UTC().Format(time.RFC3339),
			"tag": []any{map[string]any{"type": "Mention", "href": to.URI, "name": to.Handle()}},
		},
	}
}

// SIGTERM while peers keep us waiting: the process ends within its grace with exit
// code 0, and what was on its way arrives after the next start. REL-04.
func TestE2EShutdown(t *testing.T) {
	t.Parallel()
	needsTime(t)
	srv := startServer(t, nil)
	host := "acme.localhost:" + srv.port()
	srv.tenant("http", host)
	alice := srv.account(local(t), "http", host, "support")
	v := newVillage(t)
	var followers []*villager
	for i := range shorten(8, 40) {
		one := v.villager(fmt.Sprintf("peer%d", i))
		v.follow(one, alice)
		followers = append(followers, one)
	}
	everyone := func(kind, object string) func() bool {
		return func() bool {
			for _, one := range followers {
				if v.count(one, kind, object) == 0 {
					return false
				}
			}
			return true
		}
	}
	testkit.Eventually(t, time.Minute, "every follower is accepted", everyone("Accept", ""))

	v.slow()
	post := alice.post(map[string]any{"status": "On the way when the lights go out"})
	testkit.Eventually(t, 2*time.Minute, "deliveries are under way", func() bool { return v.inFlight() > 0 })
	asked := time.Now()
	srv.stop()
	// A little more than the grace, for what comes after it.
	if took := time.Since(asked); took > (graceSeconds+8)*time.Second {
		t.Errorf("the end took %v with a grace of %d s", took, graceSeconds)
	}
	if everyone("Create", post.URI)() {
		t.Fatal("slow peers answered: nothing was in flight")
	}
	v.quick()
	srv.start()
	testkit.Eventually(t, 2*time.Minute, "the post reaches every follower", everyone("Create", post.URI))
	srv.stop()
}
