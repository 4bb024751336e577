package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rookery/internal/config"
)

// healthcheck runs the command and returns what it printed and how it would exit.
func healthcheck(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"healthcheck"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ready":
			writeHealth(w, http.StatusOK, "ok")
		case "/away":
			writeHealth(w, http.StatusServiceUnavailable, "the database does not answer or its schema is old")
		case "/foreign":
			_, _ = w.Write([]byte("<h1>It works!</h1>"))
		case "/slow":
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, test := range map[string]struct {
		url  string
		code int
		says string // empty: it is well
	}{
		"ready":           {server.URL + "/ready", 200, ""},
		"database away":   {server.URL + "/away", 503, "the database does not answer"},
		"something else":  {server.URL + "/foreign", 200, "not like Rookery"},
		"hangs":           {server.URL + "/slow", 0, "no answer"},
		"nothing listens": {closed.URL + "/", 0, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			printed, err := healthcheck(t, "--json", "--url", test.url)
			if took := time.Since(began); took > healthTime+2*time.Second {
				t.Errorf("it took %v", took)
			}
			var h health
			if json.Unmarshal([]byte(printed), &h) != nil || h.OK != (test.says == "") || h.OK != (err == nil) || h.Code != test.code || h.URL != test.url {
				t.Errorf("printed %s, error %v", printed, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one about %q", err, test.says)
			}
		})
	}
	if got := run(t.Context(), []string{"healthcheck", "--url", "127.0.0.1:8080"}); got != exitWrongUse {
		t.Errorf("an address without a scheme: exit code %d", got)
	}
	if got := run(t.Context(), []string{"healthcheck", "--url", closed.URL}); got != exitFailed {
		t.Errorf("nobody there: exit code %d", got)
	}
}

func TestWhereHealthIsAsked(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]map[string]string{
		"http://127.0.0.1:8080/readyz": {"listen": ":8080"},
		"http://10.1.2.3:81/readyz":    {"listen": "10.1.2.3:81"},
		"http://[::1]:81/readyz":       {"listen": "[::1]:81"},
		"http://127.0.0.1:81/readyz":   {"listen": "[::]:443", "listen_http": "0.0.0.0:81", "tls": "files", "tls_cert_files": "c", "tls_key_files": "k"},
		"http://127.0.0.1:82/readyz":   {"listen": "0.0.0.0:82", "tls": "files", "tls_cert_files": "c", "tls_key_files": "k", "roles": "worker"},
	} {
		cfg, err := config.Load("", settings, func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := healthURL(cfg, false); err != nil || got != want {
			t.Errorf("%v: %s, %v; want %s", settings, got, err, want)
		}
		if got, _ := healthURL(cfg, true); got != strings.Replace(want, "readyz", "healthz", 1) {
			t.Errorf("%v: %s", settings, got)
		}
	}
}
