package stripefake

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// apiError is an error in Stripe's shape.
type apiError struct {
	status  int
	kind    stripe.ErrorType
	code    stripe.ErrorCode
	message string
	param   string
	// of a card
	decline string
	charge  string
	intent  string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

// wrong is a request that can never work.
func wrong(code stripe.ErrorCode, param, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: stripe.ErrorTypeInvalidRequest,
		code: code, param: param, message: fmt.Sprintf(format, args...)}
}

func missing(kind, id, param string) *apiError {
	e := wrong(stripe.ErrorCodeResourceMissing, param, "No such %s: '%s'", kind, id)
	e.status = http.StatusNotFound
	return e
}

// absent is a missing object that a parameter names: a bad request.
func absent(kind, id, param string) *apiError {
	e := missing(kind, id, param)
	e.status = http.StatusBadRequest
	return e
}

func unauthorized(key string) *apiError {
	message := "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
	if key != "" {
		message = "Invalid API Key provided."
	}
	return &apiError{status: http.StatusUnauthorized, kind: stripe.ErrorTypeInvalidRequest, message: message}
}

func (s *Server) unknownURL(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	id := s.id("req")
	s.mu.Unlock()
	e := wrong("", "", "Unrecognized request URL (%s: %s), or one the fake does not have.", r.Method, r.URL.Path)
	e.status = http.StatusNotFound
	writeError(w, id, e)
}

func (e *apiError) object() obj {
	out := obj{"type": string(e.kind), "message": e.message}
	for name, value := range map[string]string{
		"code": string(e.code), "param": e.param, "decline_code": e.decline, "charge": e.charge,
	} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

func writeError(w http.ResponseWriter, request string, e *apiError) {
	text := obj{"error": e.object()}
	if request != "" {
		text["error"].(obj)["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + request
	}
	body, err := json.Marshal(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, request, e.status, body)
}

func writeJSON(w http.ResponseWriter, request string, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.Header().Set("Stripe-Version", Version())
	if request != "" {
		w.Header().Set("Request-Id", request)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to tell
}
