package stripefake

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// NewerVersion is what a new account's default is like: later than the
// library's, with another shape of subscriptions and invoices.
const NewerVersion = "2026-07-29.dahlia"

// Options of a fake. The zero value works, without webhooks.
type Options struct {
	// Now is the wall clock; time.Now when nil. The fake's time is this plus
	// what Advance added.
	Now func() time.Time
	// Secret is the API key; when empty any key of test mode is accepted.
	Secret string
	// Run goes into every id. Who keeps the ids longer than the fake lives
	// gives each start another one, or old ids would name new objects.
	Run string
	// BaseURL is where the fake is reached, for the links it hands out; when
	// nil, the address of the last API request.
	BaseURL func() string
	// Client delivers webhooks; without it they all stay undelivered.
	Client *http.Client
	// AccountVersion is the version of events for endpoints that name none;
	// NewerVersion when empty.
	AccountVersion string
	// Tick makes the fake look at the clock by itself, as a demo needs. When
	// zero, time passes with requests and controls only.
	Tick time.Duration
	// Retry is how long the nth repetition of a webhook waits; nil: not at all.
	Retry func(n int) time.Duration
	// Tries is how often a webhook is tried before it is given up; 3 when zero.
	Tries int
	// TaxBasisPoints is the tax on invoices with automatic tax (1900 is 19 %).
	TaxBasisPoints int64
	// Seed is there from the start.
	Products []Product
	Prices   []Price
}

// Server is the fake. It is an http.Handler; Close ends its deliveries.
type Server struct {
	opts Options
	mux  *http.ServeMux

	mu       sync.Mutex
	counters map[string]int
	base     string // where the last API request reached us
	cause    cause  // the API request being served
	offset   time.Duration
	clocks   map[string]*clock

	customers  table[*customer]
	products   table[*product]
	prices     table[*price]
	methods    table[*method]
	subs       table[*subscription]
	schedules  table[*schedule]
	invoices   table[*invoice]
	intents    table[*intent]
	charges    table[*charge]
	refunds    table[*refund]
	disputes   table[*dispute]
	warnings   table[*warning]
	coupons    table[*coupon]
	promotions table[*promotion]
	sessions   table[*session]
	portals    table[*portal]
	configs    table[*portalConfig]
	events     table[*event]
	endpoints  table[*endpoint]

	replies  map[string]reply
	apiChaos APIChaos
	post     postOffice
	done     chan struct{}
	stop     context.CancelFunc
	ended    sync.WaitGroup
}

// cause is what an event names as its request.
type cause struct{ request, key string }

// New starts a fake.
func New(opts Options) *Server {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.AccountVersion == "" {
		opts.AccountVersion = NewerVersion
	}
	if opts.Tries == 0 {
		opts.Tries = 3
	}
	s := &Server{
		opts:     opts,
		mux:      http.NewServeMux(),
		counters: map[string]int{},
		replies:  map[string]reply{},
		done:     make(chan struct{}),
	}
	s.clocks = map[string]*clock{"": {at: opts.Now().Unix()}}
	s.post.wake = make(chan struct{}, 1)
	s.seed()
	for _, rt := range s.routes() {
		s.mux.Handle(rt.pattern, s.api(rt))
	}
	s.mux.HandleFunc("/v1/", s.unknownURL)
	s.controls()
	s.pages()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.ended.Add(1)
	go s.deliver(ctx)
	return s
}

// ServeHTTP answers the API, the pages and the controls.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends deliveries and hanging answers, and waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	s.mu.Unlock()
	s.stop()
	s.ended.Wait()
}

// Version is the API version the fake speaks: that of the library.
func Version() string { return stripe.APIVersion }

// id makes the next id of a kind, such as cus_fake0001.
func (s *Server) id(prefix string) string {
	s.counters[prefix]++
	number := strconv.Itoa(s.counters[prefix])
	return prefix + "_" + s.opts.Run + "fake" + strings.Repeat("0", max(0, 8-len(number))) + number
}

// url is an absolute address of one of the fake's pages.
func (s *Server) url(path string) string {
	base := s.base
	if s.opts.BaseURL != nil {
		base = s.opts.BaseURL()
	}
	return strings.TrimSuffix(base, "/") + path
}

// table keeps objects by id and in the order they were made.
type table[T any] struct {
	byID  map[string]T
	order []string
}

func (t *table[T]) put(id string, v T) {
	if t.byID == nil {
		t.byID = map[string]T{}
	}
	if _, ok := t.byID[id]; !ok {
		t.order = append(t.order, id)
	}
	t.byID[id] = v
}

func (t *table[T]) get(id string) (T, bool) {
	v, ok := t.byID[id]
	return v, ok
}

// all are the objects, oldest first.
func (t *table[T]) all() []T {
	out := make([]T, len(t.order))
	for i, id := range t.order {
		out[i] = t.byID[id]
	}
	return out
}

func (t *table[T]) remove(id string) {
	delete(t.byID, id)
	for i, have := range t.order {
		if have == id {
			t.order = append(t.order[:i:i], t.order[i+1:]...)
			return
		}
	}
}
