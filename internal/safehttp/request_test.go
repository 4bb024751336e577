package safehttp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rookery/internal/safehttp"
)

func TestGet(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/activity+json; charset=utf-8")
		fmt.Fprint(w, r.Header.Get("Accept"), " ", r.Header.Get("User-Agent"), " ", r.Header.Get("X-Extra"), " ", r.Header.Get("Cookie"))
	})
	response, err := newClient(t, options()).Get(t.Context(), safehttp.GetRequest{
		URL: p.URL + "/a?b=c", Types: safehttp.ActivityJSON, Header: http.Header{"x-extra": {"1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams" test 1 `
	if string(response.Body) != want || !response.OK() || response.FinalURL.String() != p.URL+"/a?b=c" {
		t.Errorf("response = %+v, body %s", response, response.Body)
	}
}

func TestGetInto(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "bytes") })
	var b bytes.Buffer
	response, err := newClient(t, options()).Get(t.Context(), safehttp.GetRequest{URL: p.URL, Into: &b})
	if err != nil || b.String() != "bytes" || response.Body != nil {
		t.Errorf("get = %+v, %v; written %q", response, err, b.String())
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{r.URL.Query().Get("type")}
	})
	client := newClient(t, options())
	for contentType, want := range map[string]error{
		`application/activity+json`:                                                                     nil,
		`Application/Activity+JSON; charset=utf-8`:                                                      nil,
		`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`:                          nil,
		`application/ld+json; charset=utf-8; profile="http://x/ https://www.w3.org/ns/activitystreams"`: nil,
		`application/ld+json`:                                                                           safehttp.ErrContentType,
		`application/ld+json; profile="https://evil/"`:                                                  safehttp.ErrContentType,
		`application/json`:                                                                              safehttp.ErrContentType,
		`text/plain`:                                                                                    safehttp.ErrContentType,
		`image/png`:                                                                                     safehttp.ErrContentType,
		`text/html; x="application/activity+json"`:                                                      safehttp.ErrContentType,
		`text/html, application/activity+json`:                                                          safehttp.ErrContentType,
		``:                                                                                              safehttp.ErrContentType,
	} {
		_, err := client.Get(t.Context(), safehttp.GetRequest{URL: p.URL + "/?type=" + url.QueryEscape(contentType), Types: safehttp.ActivityJSON})
		if !errors.Is(err, want) {
			t.Errorf("content type %q = %v; want %v", contentType, err, want)
		}
	}
	if _, err := client.Get(t.Context(), safehttp.GetRequest{URL: p.URL + "/?type=image/png", Types: []string{"image/*"}}); err != nil {
		t.Errorf("image/* refuses image/png: %v", err)
	}
}

// NET-05.
func TestRedirects(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	p := peer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		targets := map[string]string{
			"/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5", "/self": "/self", "/a": "/b", "/b": "/a",
			"/scheme": "ftp://peer.test/", "/bad": "http://[", "/user": "http://u@127.77.1.1/", "/empty": "",
		}
		if target, ok := targets[r.URL.Path]; ok {
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusFound)
		}
	})
	for path, want := range map[string]struct {
		isGood bool
		asked  int32
	}{
		"/2": {true, 4}, "/1": {false, 4}, "/self": {false, 1}, "/a": {false, 2}, "/scheme": {false, 1}, "/bad": {false, 1}, "/user": {false, 1}, "/empty": {false, 1},
	} {
		asked.Store(0)
		_, err := get(t.Context(), newClient(t, options()), p.URL+path)
		if (err == nil) != want.isGood || safehttp.IsPermanent(err) == want.isGood || asked.Load() != want.asked {
			t.Errorf("%s = %v after %d requests; want %+v", path, err, asked.Load(), want)
		}
	}
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	o := options()
	var asked atomic.Int32
	o.Local = func(host string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, "http://"+host+"/", http.StatusFound)
		})
	}
	client := newClient(t, o)
	if _, err := get(t.Context(), client, "https://peer.test/"); !errors.Is(err, safehttp.ErrRedirect) {
		t.Errorf("get = %v; want a refused redirect", err)
	}
	if asked.Load() != 1 {
		t.Errorf("%d requests; want 1", asked.Load())
	}
}

// NET-09: each hop is signed for its own target, and asked about before it is made.
func TestHopsAreSignedAnew(t *testing.T) {
	t.Parallel()
	var seen []string
	end := peer(t, func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Get("Signature")) })
	begin := peer(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Signature"))
		http.Redirect(w, r, end.URL+"/end", http.StatusTemporaryRedirect)
	})
	client := newClient(t, options())
	request := safehttp.GetRequest{URL: begin.URL + "/begin", Sign: func(r *http.Request) error {
		r.Header.Add("Signature", "for "+r.URL.String())
		return nil
	}}
	if _, err := client.Get(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if want := "for " + begin.URL + "/begin,for " + end.URL + "/end"; strings.Join(seen, ",") != want {
		t.Errorf("signatures = %v; want %v", seen, want)
	}
	refusal := errors.New("not there")
	request.Check = func(u *url.URL) error {
		if u.Path == "/end" {
			return refusal
		}
		return nil
	}
	if _, err := client.Get(t.Context(), request); !errors.Is(err, refusal) || len(seen) != 3 {
		t.Errorf("get with check = %v, %d requests", err, len(seen))
	}
}

// Go's own client would send body and signature again to wherever a 307 points.
func TestPostNeverFollows(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	p := peer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Got", string(body)+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Signature"))
		http.Redirect(w, r, "http://"+c.address+"/", http.StatusTemporaryRedirect)
	})
	response, err := newClient(t, options()).Post(t.Context(), safehttp.PostRequest{
		URL: p.URL + "/inbox", ContentType: "application/activity+json", Body: []byte("{}"),
		Sign: func(r *http.Request) error { r.Header.Set("Signature", "s"); return nil },
	})
	if err != nil || response.Status != http.StatusTemporaryRedirect || response.Header.Get("X-Got") != "{} application/activity+json s" {
		t.Errorf("post = %+v, %v", response, err)
	}
	c.check(t)
}

func TestRefusalsAreAnswers(t *testing.T) {
	t.Parallel()
	p := peer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.Copy(w, zeros(1<<20))
	})
	client := newClient(t, options())
	response, err := client.Get(t.Context(), safehttp.GetRequest{URL: p.URL, Types: safehttp.ActivityJSON})
	if err != nil || response.OK() || response.Status != http.StatusTooManyRequests || len(response.Body) != 16<<10 {
		t.Fatalf("get = %+v, %v", response, err)
	}
	if wait, ok := response.RetryAfter(time.Now()); !ok || wait != 2*time.Minute {
		t.Errorf("retry after %v, %t", wait, ok)
	}
	response, err = client.Post(t.Context(), safehttp.PostRequest{URL: p.URL})
	if err != nil || len(response.Body) != 16<<10 {
		t.Errorf("post = %v", err)
	}
}

func TestUnreachableIsTemporary(t *testing.T) {
	t.Parallel()
	o := options()
	o.LookupIP = func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "none.test" {
			return nil, nil
		}
		return addrs("127.77.1.250"), nil
	}
	for _, host := range []string{"none.test", "closed.test"} {
		if _, err := get(t.Context(), newClient(t, o), "http://"+host+":18199/"); err == nil || safehttp.IsPermanent(err) {
			t.Errorf("%s = %v; want a temporary error", host, err)
		}
	}
}

// A host of this platform gets what a stranger's server would get, without TCP.
func TestLocal(t *testing.T) {
	t.Parallel()
	type secret struct{}
	var got *http.Request
	var state *tls.ConnectionState
	o := options()
	o.PerHost = 1
	var client *safehttp.Client
	o.Local = func(host string) http.Handler {
		if host != "own.test" {
			return nil
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/hang":
				<-r.Context().Done()
				<-t.Context().Done() // though the request is over
			case "/panic":
				panic("boom")
			case "/nested": // must not wait for its own turn
				response, err := get(r.Context(), client, "https://own.test/users/al%69ce")
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = w.Write(response.Body)
			default:
				body, _ := io.ReadAll(r.Body)
				got, state = r, r.TLS
				w.Header().Set("X-A", "1")
				w.WriteHeader(http.StatusAccepted)
				w.Header().Set("X-Late", "1")
				fmt.Fprintf(w, "%s %s", r.Method, body)
			}
		})
	}
	client = newClient(t, o)
	ctx := context.WithValue(t.Context(), secret{}, "caller's")
	response, err := client.Post(ctx, safehttp.PostRequest{
		URL: "https://Own.test:443/users/al%69ce/inbox?x=%41", Body: []byte("{}"), Sign: func(r *http.Request) error { r.Header.Set("Signature", "s"); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != http.StatusAccepted || string(response.Body) != "POST {}" || response.Header.Get("X-A") != "1" || response.Header.Get("X-Late") != "" {
		t.Errorf("response = %+v, %s", response, response.Body)
	}
	if got.RequestURI != "/users/al%69ce/inbox?x=%41" || got.Host != "own.test:443" || got.URL.Host != "" || got.Header.Get("Signature") != "s" || got.Context().Value(secret{}) != nil {
		t.Errorf("handler got %+v", got)
	}
	if state == nil || state.ServerName != "own.test" {
		t.Errorf("TLS state = %+v", state)
	}
	if response, err := get(ctx, client, "https://own.test/nested"); err != nil || string(response.Body) != "GET " {
		t.Errorf("nested = %+v, %v", response, err)
	}
	if _, err := get(ctx, client, "https://own.test/panic"); err == nil || safehttp.IsPermanent(err) {
		t.Errorf("panic = %v; want a temporary error", err)
	}
	if _, err := client.Get(ctx, safehttp.GetRequest{URL: "https://own.test/hang", Deadline: 50 * time.Millisecond}); err == nil {
		t.Error("hang: no error")
	}
}
