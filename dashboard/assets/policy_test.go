package assets_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rookery/dashboard/assets"
)

// A form that ends on another site gets there under PolicyAway, and not under
// Policy: that is why there are two.
func TestPolicyOfFormsThatLeadAway(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	elsewhere := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for path, policy := range map[string]string{"/here": assets.Policy, "/away": assets.PolicyAway} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", policy)
			_, _ = w.Write([]byte(`<form method="post" action="/go"></form>`))
		})
	}
	arrived := make(chan string, 2)
	mux.HandleFunc("POST /go", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+"/arrived?from="+r.Referer(), http.StatusFound)
	})
	mux.HandleFunc("GET /arrived", func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Query().Get("from") })

	refused := submit(t, browser, server.URL+"/here")
	if len(refused) == 0 || !strings.HasPrefix(refused[0], "form-action") {
		t.Errorf("under Policy nothing was refused: %q", refused)
	}
	submit(t, browser, server.URL+"/away")
	select {
	case from := <-arrived:
		if !strings.HasSuffix(from, "/away") {
			t.Errorf("the form of %q led away", from)
		}
	case <-time.After(time.Minute):
		t.Error("under PolicyAway the form did not get through")
	}
}

// submit opens a page, sends its form, and says what was refused within a
// moment; leaving the page ends the wait.
func submit(t *testing.T, browser context.Context, address string) []string {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	tab, stop := context.WithTimeout(tab, 30*time.Second)
	t.Cleanup(stop)
	must(t, chromedp.Do(tab, chromedp.Navigate(address)))
	refused, err := chromedp.Run(tab, chromedp.Evaluate[[]string](`new Promise(done => {
		document.addEventListener("securitypolicyviolation", e => done([e.violatedDirective]));
		addEventListener("pagehide", () => done([]));
		document.forms[0].submit();
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil // the page went away, and with it the answer
	}
	return refused
}
