package stripefake

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// maxBody is far above any request the library makes.
const maxBody = 1 << 20

// call is one API request whose parameters have been checked.
type call struct {
	path string // of the URL
	id   string // the path's first object
	p    params
	request,
	key string
}

type handler func(*call) (any, error)

// route is one endpoint of the API.
type route struct {
	pattern string
	params  spec
	serve   handler
}

// routes are all endpoints, by subject.
func (s *Server) routes() []route {
	var out []route
	for _, subject := range [][]route{
		s.customerRoutes(), s.methodRoutes(), s.priceRoutes(), s.couponRoutes(),
		s.subscriptionRoutes(), s.scheduleRoutes(), s.invoiceRoutes(), s.paymentRoutes(),
		s.refundRoutes(), s.disputeRoutes(), s.checkoutRoutes(), s.portalRoutes(),
		s.eventRoutes(), s.endpointRoutes(), s.clockRoutes(),
	} {
		out = append(out, subject...)
	}
	return out
}

// api wraps an endpoint in what all share: trouble on purpose, the key, the
// version, idempotency, parameters, expansion.
func (s *Server) api(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		form, err := readForm(w, r)
		s.mu.Lock()
		request := s.id("req")
		trouble := s.apiTrouble(r)
		s.mu.Unlock()
		if err != nil {
			writeError(w, request, wrong("", "", "Unreadable request: %v", err))
			return
		}
		if !s.wait(r, trouble.Latency) {
			panic(http.ErrAbortHandler)
		}
		if trouble.strikes() && !trouble.After {
			s.strike(w, r, request, trouble)
			return
		}
		status, body, replayed := s.answer(rt, r, request, decode(form))
		if trouble.strikes() {
			s.strike(w, r, request, trouble)
			return
		}
		if replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" {
			w.Header().Set("Idempotency-Key", key)
		}
		writeJSON(w, request, status, body)
	}
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	form := r.URL.Query()
	if r.Method != http.MethodPost {
		return form, nil
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	body, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	for key, values := range body {
		form[key] = values
	}
	return form, nil
}

// answer serves one request under the mutex and says what goes out, and
// whether that is the stored answer of an earlier one.
func (s *Server) answer(rt route, r *http.Request, request string, p params) (status int, body []byte, replayed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ""
	if r.Method == http.MethodPost { // keys have no effect elsewhere
		key = r.Header.Get("Idempotency-Key")
	}
	if err := s.admit(r); err != nil {
		return s.failed(err, request)
	}
	s.base = baseOf(r)
	s.tick()
	fingerprint := r.Method + " " + r.URL.Path + " " + encode(p)
	if old, ok := s.replies[key]; ok && key != "" {
		if old.fingerprint != fingerprint {
			return s.failed(errOtherRequest(key), request)
		}
		return old.status, old.body, true
	}
	if err := rt.params.check(p); err != nil {
		return s.failed(err, request)
	}
	s.cause = cause{request, key}
	defer func() { s.cause = cause{} }()
	c := &call{path: r.URL.Path, id: r.PathValue("id"), p: p, request: request, key: key}
	status, body = s.run(rt, c)
	if key != "" && worthKeeping(status) {
		s.replies[key] = reply{fingerprint: fingerprint, status: status, body: body, at: s.now("")}
	}
	return status, body, false
}

func (s *Server) run(rt route, c *call) (int, []byte) {
	answer, err := rt.serve(c)
	if err == nil {
		if bad := s.expand(answer, c.p.texts("expand")); bad != nil {
			err = bad
		}
	}
	if err != nil {
		status, body, _ := s.failed(err, c.request)
		return status, body
	}
	body, err := json.Marshal(answer)
	if err != nil {
		status, body, _ := s.failed(err, c.request)
		return status, body
	}
	return http.StatusOK, body
}

func (s *Server) failed(err error, request string) (int, []byte, bool) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, kind: stripe.ErrorTypeAPI, message: err.Error()}
	}
	shown := e.object()
	if in, ok := s.intents.get(e.intent); ok {
		shown["payment_intent"] = s.intentObject(in)
	}
	shown["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + request
	body, err := json.Marshal(obj{"error": shown})
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"error":{"type":"api_error"}}`), false
	}
	return e.status, body, false
}

// admit checks the key and the version.
func (s *Server) admit(r *http.Request) *apiError {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if name, _, ok := r.BasicAuth(); ok {
		key = name
	}
	if !s.keyFits(key) {
		return unauthorized(key)
	}
	if got := r.Header.Get("Stripe-Version"); got != Version() {
		return wrong("", "Stripe-Version", "The fake speaks API version %s only, not %q.", Version(), got)
	}
	return nil
}

func (s *Server) keyFits(key string) bool {
	if s.opts.Secret != "" {
		return key == s.opts.Secret
	}
	return strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")
}

func baseOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// wait passes time for latency; false when the caller or the server went.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}
