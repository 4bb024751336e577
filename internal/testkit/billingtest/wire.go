package billingtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

const (
	customersPath     = "/v1/customers"
	subscriptionsPath = "/v1/subscriptions"
	sessionsPath      = "/v1/checkout/sessions"
)

// wire is what our gateway speaks to Stripe's test mode over. It puts customers on the
// world's test clock, keeps keys and objects of this run apart from those of others, and
// answers for pages that were paid on by emulation. All else passes as it is.
type wire struct {
	clock, run string

	mu        sync.Mutex
	customers map[string]bool
	pages     map[string]url.Values // what open pages were asked for
	sold      map[string]string     // subscriptions by the pages that were paid on
}

func newWire(clock, run string) *wire {
	return &wire{clock: clock, run: run, customers: map[string]bool{}, pages: map[string]url.Values{}, sold: map[string]string{}}
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := formOf(r)
	if err != nil {
		return nil, err
	}
	out := r.Clone(r.Context())
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		out.Header.Set("Idempotency-Key", w.run+"/"+key)
	}
	query := out.URL.Query()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == customersPath:
		form.Set("test_clock", w.clock)
		form.Set("metadata[rookery_run]", w.run)
	case r.Method == http.MethodGet && r.URL.Path == subscriptionsPath && query.Get("customer") == "":
		query.Set("test_clock", w.clock) // else Stripe leaves out all that live by one
		out.URL.RawQuery = query.Encode()
	}
	if r.Method == http.MethodPost {
		body := form.Encode()
		out.Body, out.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	return answer, w.note(r, form, answer)
}

func formOf(r *http.Request) (url.Values, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return url.Values{}, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := r.Body.Close(); err != nil {
		return nil, err
	}
	return url.ParseQuery(string(body))
}

// note remembers what was made, and says of a page that was paid on that it is complete.
func (w *wire) note(r *http.Request, form url.Values, answer *http.Response) error {
	isPage := strings.HasPrefix(r.URL.Path, sessionsPath)
	if !isPage && (r.Method != http.MethodPost || r.URL.Path != customersPath) {
		return nil
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	var o map[string]any
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	id, _ := o["id"].(string)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !isPage:
		w.customers[id] = true
	case r.Method == http.MethodPost && r.URL.Path == sessionsPath:
		w.pages[id] = form
	case w.sold[id] != "":
		o["status"], o["payment_status"], o["subscription"], o["url"] = "complete", "paid", w.sold[id], nil
	case o["status"] != "open":
		delete(w.pages, id)
	}
	if text, err = json.Marshal(o); err != nil {
		return err
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

// openPage is what a page was asked for that nobody has paid on yet.
func (w *wire) openPage(session string) (url.Values, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked, ok := w.pages[session]
	return asked, ok
}

func (w *wire) paid(session, subscription string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pages, session)
	w.sold[session] = subscription
}

func (w *wire) isOurs(customer string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.customers[customer]
}
