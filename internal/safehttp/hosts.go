package safehttp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// hostTable shares the network out: so many requests at once to one host, so
// many a second, so many in all. Hosts nobody talks to are forgotten.
type hostTable struct {
	options Options
	total   chan struct{}

	mu    sync.Mutex
	hosts map[string]*hostShare
	sweep time.Time // when to look for hosts to forget
}

type hostShare struct {
	slots chan struct{}
	rate  *rate.Limiter
	users int // under way or waiting
	last  time.Time
}

// sweepEvery is how long a host is remembered: longer than its rate limiter takes to fill up again.
const sweepEvery = time.Minute

func newHostTable(options Options) *hostTable {
	return &hostTable{options: options, total: make(chan struct{}, options.Total), hosts: map[string]*hostShare{}}
}

// acquire waits for a turn at host. The wait is short, so that workers do not
// queue up before a host that hangs: ErrBusy tells the caller to come back.
func (t *hostTable) acquire(ctx context.Context, host string) (release func(), err error) {
	share := t.enter(host)
	waiting, cancel := context.WithTimeout(ctx, t.options.HostWait)
	defer cancel()
	if err := t.wait(waiting, share); err != nil {
		t.leave(share)
		return nil, fmt.Errorf("request to %s: %w", host, ErrBusy)
	}
	return func() {
		<-t.total
		<-share.slots
		t.leave(share)
	}, nil
}

// wait takes the host's slot first: whoever waits for a slow host holds nothing others need.
func (t *hostTable) wait(ctx context.Context, share *hostShare) error {
	select {
	case share.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := share.rate.Wait(ctx); err != nil {
		<-share.slots
		return err
	}
	select {
	case t.total <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-share.slots
		return ctx.Err()
	}
}

func (t *hostTable) enter(host string) *hostShare {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.After(t.sweep) {
		t.forget(now)
	}
	share := t.hosts[host]
	if share == nil {
		share = &hostShare{
			slots: make(chan struct{}, t.options.PerHost),
			rate:  rate.NewLimiter(rate.Limit(t.options.HostRate), int(max(t.options.HostRate, 1))),
		}
		t.hosts[host] = share
	}
	share.users++
	share.last = now
	return share
}

func (t *hostTable) leave(share *hostShare) {
	t.mu.Lock()
	defer t.mu.Unlock()
	share.users--
	share.last = time.Now()
}

func (t *hostTable) forget(now time.Time) {
	for host, share := range t.hosts {
		if share.users == 0 && now.Sub(share.last) > sweepEvery {
			delete(t.hosts, host)
		}
	}
	t.sweep = now.Add(sweepEvery)
}
