package safehttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/safehttp"
)

func TestInMemory(t *testing.T) {
	t.Parallel()
	client := safehttp.InMemory(func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, r.Method+" "+r.Host+r.URL.Path+" "+string(body))
		})
	}, time.Minute)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://nowhere.test/x", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusTeapot || string(text) != "POST nowhere.test/x hello" {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}
