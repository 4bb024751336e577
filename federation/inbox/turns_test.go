package inbox

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/tenant"
)

// The turns are an inner part whose batching cannot be seen from outside, so this test
// looks inside; everything else of the package is tested through its routes.
func TestJobsOfOneTenantApplyTogetherAndGetTheirOwnBack(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sizes []int
	started, goOn := make(chan struct{}), make(chan struct{})
	first := true
	q := newTurns(func(_ context.Context, _ *tenant.Tenant, items []*item) ([]*item, error) {
		mu.Lock()
		sizes = append(sizes, len(items))
		wait := first
		first = false
		mu.Unlock()
		if wait {
			close(started)
			<-goOn
		}
		if !slices.IsSortedFunc(items, func(a, b *item) int { return cmp.Compare(a.id, b.id) }) {
			t.Error("not in the order of arrival")
		}
		var later []*item
		for _, it := range items {
			if it.id%10 == 0 {
				c := *it // as applyBatch does, which works on copies
				c.retry = errors.New("not yet")
				later = append(later, &c)
			}
		}
		return later, nil
	})
	home := &tenant.Tenant{ID: 1}
	var jobs sync.WaitGroup
	job := func(ids ...int64) {
		items := make([]*item, len(ids))
		for n, id := range ids {
			items[n] = &item{id: id}
		}
		jobs.Go(func() {
			later, err := q.take(t.Context(), home, items)
			if err != nil {
				t.Errorf("job %v: %v", ids, err)
			}
			for _, it := range later {
				if it.id != ids[0] || it.id%10 != 0 || it.retry == nil {
					t.Errorf("job %v was handed %d back", ids, it.id)
				}
			}
			if want := ids[0]%10 == 0; want != (len(later) == 1) {
				t.Errorf("job %v got %d back", ids, len(later))
			}
		})
	}
	job(1, 2)
	<-started
	for behind, ids := range [][]int64{{31, 32}, {20, 21}, {10, 11}} { // what came last is ready first
		job(ids...)
		testkit.Eventually(t, time.Minute, "the job to wait behind the first", func() bool {
			q.mu.Lock()
			defer q.mu.Unlock()
			return len(q.lanes[home.ID]) == behind+1
		})
	}
	close(goOn)
	jobs.Wait()
	if len(sizes) != 2 || sizes[0] != 2 || sizes[1] != 6 {
		t.Errorf("batches of %v, want [2 6]", sizes)
	}
	// A lane is taken down after the last job has its answer.
	testkit.Eventually(t, time.Minute, "the lane to be gone", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.lanes) == 0
	})
}
