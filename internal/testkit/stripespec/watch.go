package stripespec

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Watch fails a test where a request or an answer of the handler is not as Stripe describes
// it; everything that differs is told once.
func Watch(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	sp, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if sp == nil {
		return next
	}
	w := &watcher{spec: sp, t: t, told: map[string]bool{}}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(out, r)
			return
		}
		w.serve(out, r, next)
	})
}

type watcher struct {
	spec *Spec
	t    testing.TB
	mu   sync.Mutex
	told map[string]bool
}

func (w *watcher) tell(about string, wrong ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, what := range wrong {
		if !w.told[what] {
			w.told[what] = true
			w.t.Errorf("not as Stripe has it: %s: %s", about, what)
		}
	}
}

func (w *watcher) serve(out http.ResponseWriter, r *http.Request, next http.Handler) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	seen := httptest.NewRecorder()
	next.ServeHTTP(seen, r)
	for name, values := range seen.Header() {
		out.Header()[name] = values
	}
	answer := seen.Body.Bytes()
	out.WriteHeader(seen.Code)
	_, _ = out.Write(answer) // the caller may be gone
	about := r.Method + " " + r.URL.Path
	op, err := w.spec.operation(r.Method, r.URL.Path)
	switch {
	case err != nil && seen.Code == http.StatusNotFound: // neither has the fake
	case err != nil:
		w.tell(about, err.Error())
	case seen.Code == http.StatusOK:
		w.asked(about, op, r, text)
		w.answered(about, op.Responses["200"].Content["application/json"].Schema, answer)
	case seen.Code >= http.StatusBadRequest && seen.Code < http.StatusInternalServerError:
		w.answered(about, op.Responses["default"].Content["application/json"].Schema, answer)
	}
}

// asked looks at the parameters of what was granted: tests also ask for what is no parameter.
func (w *watcher) asked(about string, op *operation, r *http.Request, text []byte) {
	takes := op.RequestBody.Content["application/x-www-form-urlencoded"].Schema
	query, form := &schema{Type: "object", Properties: map[string]*schema{}}, url.Values{}
	for _, p := range op.Parameters {
		query.Properties[p.Name] = p.Schema
	}
	if r.Method == http.MethodPost {
		form, _ = url.ParseQuery(string(text)) // the handler has read it
	}
	for _, sent := range []struct {
		schema *schema
		form   url.Values
	}{{query, r.URL.Query()}, {takes, form}} {
		for name, values := range sent.form {
			if name == "api_version" && values[0] == Version {
				continue // a description of an older version does not list it
			}
			path := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
			if !slices.ContainsFunc(values, func(v string) bool { return w.spec.takes(sent.schema, path, v) }) {
				w.tell(about, "no parameter of Stripe's: "+name+"="+strings.Join(values, ","))
			}
		}
	}
}

func (w *watcher) answered(about string, want *schema, text []byte) {
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		w.tell(about, err.Error())
		return
	}
	w.tell(about, w.spec.check("answer", want, got)...)
}

// Event fails a test where an event, or the object that it tells of, is not as Stripe
// describes it.
func Event(t testing.TB, text []byte) {
	t.Helper()
	sp, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if sp == nil {
		return
	}
	var e map[string]any
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	wrong := sp.Object(e)
	if data, ok := e["data"].(map[string]any); ok {
		about, _ := data["object"].(map[string]any)
		wrong = append(wrong, sp.Object(about)...)
	}
	for _, what := range wrong {
		t.Errorf("not as Stripe has it: event %v: %s", e["type"], what)
	}
}
