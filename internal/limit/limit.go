// Package limit says when somebody asks too much.
//
// The API's limits are counters in this process, bounded in size: losing them costs
// a window's worth of requests, and with several processes each counts its share.
// Log-ins are counted in Postgres, so that a restart forgives nobody. The HTTP layer
// and the sign-in pages call it. It must not know routes or render anything.
package limit

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// Rule allows Max within each window of length Per.
type Rule struct {
	Name string
	Max  int
	Per  time.Duration
}

// Mastodon's numbers (config/initializers/rack_attack.rb and lib/rate_limiter.rb),
// which its apps are made for. The names are what routes call their class.
var (
	User     = Rule{"user", 1500, 5 * time.Minute}           // all apps of an account together
	Token    = Rule{"token", 300, 5 * time.Minute}           // one token
	Address  = Rule{"ip", 300, 5 * time.Minute}              // strangers, by AddressKey
	Media    = Rule{"media", 30, 30 * time.Minute}           // uploads
	Delete   = Rule{"delete", 30, 30 * time.Minute}          // deleting and un-boosting posts
	Apps     = Rule{"app_registration", 5, 10 * time.Minute} // by AddressKey
	SignUp   = Rule{"sign_up", 5, 30 * time.Minute}          // by AddressKey
	Paging   = Rule{"paging", 300, 15 * time.Minute}         // deep pages of strangers, by AddressKey
	Post     = Rule{"post", 300, 3 * time.Hour}              // by account
	Follow   = Rule{"follow", 400, 24 * time.Hour}           // by account
	Report   = Rule{"report", 400, 24 * time.Hour}           // by account
	MediaGet = Rule{"media_proxy", 30, 10 * time.Minute}     // fetching a remote file for somebody
)

var classes = func() map[string]Rule {
	m := map[string]Rule{}
	for _, r := range []Rule{User, Token, Address, Media, Delete, Apps, SignUp, Paging, Post, Follow, Report, MediaGet} {
		m[r.Name] = r
	}
	return m
}()

// ByClass counts under the rules above by their names: what the route table of the
// API asks. A name that is none counts under a rule of its own with Address's numbers.
type ByClass struct{ *Limiter }

// Take counts one request of a key.
func (b ByClass) Take(key, class string) (limit, remaining int, reset time.Time, ok bool) {
	rule, known := classes[class]
	if !known {
		rule = Rule{class, Address.Max, Address.Per}
	}
	r := b.Limiter.Take(rule, key)
	return r.Limit, r.Remaining, r.Reset, r.OK
}

// Options adjust the limits.
type Options struct {
	Factor Factor
	Now    func() time.Time // for tests; nil: the clock
	Size   int              // counters kept; 0: 100,000
}

// Factor multiplies every limit; Off lifts them. The zero Factor changes nothing.
type Factor int

// Off is for load tests.
const Off Factor = -1

// ParseFactor reads ROOKERY_LIMITS: "", "on", "off" or a whole number that every limit is
// multiplied by.
func ParseFactor(text string) (Factor, error) {
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "", "on":
		return 1, nil
	case "off":
		return Off, nil
	}
	const largest = 1_000_000
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > largest {
		return 0, fmt.Errorf("limits %q: say on, off, or a whole number from 1 to %d that every limit is multiplied by", text, largest)
	}
	return Factor(n), nil
}

func (f Factor) apply(limit int) int { return limit * max(int(f), 1) }

// Result is what X-RateLimit headers say. The zero Result is no limit at all.
type Result struct {
	OK        bool
	Limit     int
	Remaining int
	Reset     time.Time // when the window ends
}

// Limiter counts in memory. It is safe for concurrent use.
type Limiter struct {
	factor   Factor
	now      func() time.Time
	counters *otter.Cache[counterKey, *atomic.Int64]
}

type counterKey struct {
	rule   string
	who    string
	window int64
	per    time.Duration // of the rule: how long the counter is worth keeping
}

// New makes a Limiter.
func New(o Options) *Limiter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Size == 0 {
		o.Size = 100_000
	}
	counters := otter.Must(&otter.Options[counterKey, *atomic.Int64]{
		MaximumSize: o.Size,
		ExpiryCalculator: otter.ExpiryCreatingFunc(func(e otter.Entry[counterKey, *atomic.Int64]) time.Duration {
			return e.Key.per
		}),
	})
	return &Limiter{factor: o.Factor, now: o.Now, counters: counters}
}

// IsOff reports whether limits are lifted: then no headers are shown.
func (l *Limiter) IsOff() bool { return l.factor == Off }

// Size is about how many counters are kept: for metrics.
func (l *Limiter) Size() int {
	l.counters.CleanUp()
	return l.counters.EstimatedSize()
}

// Take counts one request of somebody under a rule. Windows begin at whole multiples
// of their length, as Mastodon's do.
func (l *Limiter) Take(r Rule, who string) Result { return l.count(r, who, 1) }

// Peek says how a rule stands without counting.
func (l *Limiter) Peek(r Rule, who string) Result { return l.count(r, who, 0) }

func (l *Limiter) count(r Rule, who string, add int64) Result {
	limit := l.factor.apply(r.Max)
	now := l.now()
	start := now.Truncate(r.Per)
	out := Result{OK: true, Limit: limit, Remaining: limit, Reset: start.Add(r.Per)}
	if l.IsOff() {
		return out
	}
	key := counterKey{rule: r.Name, who: who, window: start.Unix(), per: r.Per}
	counter, ok := l.counters.GetIfPresent(key)
	if !ok {
		if add == 0 {
			return out
		}
		counter, _ = l.counters.ComputeIfAbsent(key, func() (*atomic.Int64, bool) { return new(atomic.Int64), false })
	}
	used := counter.Add(add)
	out.OK = used <= int64(limit)
	out.Remaining = int(max(int64(limit)-used, 0))
	return out
}

// Strictest returns the result that leaves least, for the headers of an answer that
// several rules govern: a refusal before anything else.
func Strictest(results ...Result) Result {
	var out Result
	for i, r := range results {
		if i == 0 || (out.OK && !r.OK) || (out.OK == r.OK && r.Remaining < out.Remaining) {
			out = r
		}
	}
	return out
}

// AddressKey names where a request comes from: an IPv4 address, or the /64 of an IPv6
// one, which is what one customer of a provider has.
func AddressKey(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.Is6() {
		if prefix, err := ip.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}
