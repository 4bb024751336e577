package limit_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/limit"
)

// clock stands still until it is moved.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.at.Add(int64(d)) }

var rule = limit.Rule{Name: "test", Max: 3, Per: 5 * time.Minute}

func TestTakeCountsWithinAWindow(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := limit.New(limit.Options{Now: c.now})
	c.move(2 * time.Minute)
	for i, want := range []limit.Result{{OK: true, Remaining: 2}, {OK: true, Remaining: 1}, {OK: true}, {OK: false}, {OK: false}} {
		want.Limit, want.Reset = 3, time.Date(2026, 11, 20, 12, 5, 0, 0, time.UTC)
		if got := l.Take(rule, "me"); got != want {
			t.Errorf("request %d: %+v, want %+v", i+1, got, want)
		}
	}
	if got := l.Take(rule, "somebody else"); !got.OK {
		t.Error("somebody else is limited by me")
	}
	if got := l.Take(limit.Rule{Name: "other", Max: 3, Per: time.Minute}, "me"); !got.OK {
		t.Error("another rule counts the same requests")
	}
	if got := l.Peek(rule, "me"); got.OK || got.Remaining != 0 {
		t.Errorf("peeked %+v", got)
	}
	c.move(3 * time.Minute)
	if got := l.Peek(rule, "me"); !got.OK || got.Remaining != 3 {
		t.Errorf("in the next window: %+v", got)
	}
	if got := l.Take(rule, "me"); !got.OK || got.Remaining != 2 {
		t.Errorf("in the next window: %+v", got)
	}
}

func TestTakeIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	l := limit.New(limit.Options{Now: newClock().now})
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if l.Take(limit.Rule{Name: "r", Max: 250, Per: time.Hour}, "me").OK {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 250 {
		t.Errorf("%d passed, want 250", passed.Load())
	}
}

func TestCountersAreBounded(t *testing.T) {
	t.Parallel()
	l := limit.New(limit.Options{Now: newClock().now, Size: 100})
	for range 3 {
		l.Take(rule, "busy")
	}
	for i := range 20_000 {
		l.Take(rule, fmt.Sprint("stranger ", i))
	}
	if n := l.Size(); n > 200 {
		t.Errorf("%d counters are kept, want about 100", n)
	}
}

func TestFactor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 3, "on": 3, "10": 30, " 2 ": 6} {
		f, err := limit.ParseFactor(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := limit.New(limit.Options{Factor: f}).Take(rule, "me").Limit; got != want {
			t.Errorf("%q: limit %d, want %d", text, got, want)
		}
	}
	off, err := limit.ParseFactor("OFF")
	if err != nil {
		t.Fatal(err)
	}
	l := limit.New(limit.Options{Factor: off})
	for range 10 {
		if !l.Take(rule, "me").OK {
			t.Fatal("limited although limits are off")
		}
	}
	for _, bad := range []string{"0", "-1", "1.5", "many", "99999999999"} {
		if _, err := limit.ParseFactor(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestByClass(t *testing.T) {
	t.Parallel()
	b := limit.ByClass{Limiter: limit.New(limit.Options{Now: newClock().now})}
	// Mastodon's numbers, which its apps are made for.
	for class, want := range map[string]int{
		"user": 1500, "token": 300, "ip": 300, "media": 30, "delete": 30, "app_registration": 5, "post": 300, "follow": 400, "unheard of": 300,
	} {
		if got, remaining, _, ok := b.Take("me", class); got != want || remaining != want-1 || !ok {
			t.Errorf("%s: %d, %d left, %t; want %d", class, got, remaining, ok, want)
		}
	}
}

func TestStrictest(t *testing.T) {
	t.Parallel()
	wide, narrow, refused := limit.Result{OK: true, Remaining: 9}, limit.Result{OK: true, Remaining: 2}, limit.Result{Limit: 1}
	if got := limit.Strictest(wide, narrow); got != narrow {
		t.Errorf("got %+v", got)
	}
	if got := limit.Strictest(narrow, refused, wide); got != refused {
		t.Errorf("got %+v", got)
	}
}

func TestAddressKey(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := limit.AddressKey(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %q, want %q", ip, got, want)
		}
	}
}
