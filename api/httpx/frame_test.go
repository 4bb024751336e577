package httpx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/fault"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// tokens stands where the database is: outside of this package.
type tokens map[string]*access.Viewer

func (t tokens) Authenticate(_ context.Context, id tenant.ID, token string) (*access.Viewer, error) {
	if token == "busy" {
		return nil, fault.New(fault.Unavailable, "The database does not answer. Try again in a minute.")
	}
	if v := t[token]; v != nil && v.Tenant == id {
		return v, nil
	}
	return nil, access.ErrToken
}

// counter allows each key three requests.
type counter struct {
	mu   sync.Mutex
	most int
	used map[string]int
}

var reset = time.Date(2026, 11, 20, 10, 45, 0, 0, time.UTC)

func (l *counter) Take(key, class string) (limit, remaining int, at time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used[class+" "+key]++
	used := l.used[class+" "+key]
	return l.most, max(l.most-used, 0), reset, used <= l.most
}

// journal is a log that the test reads while the server may write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// Take empties the journal.
func (j *journal) Take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.text.Reset()
	return j.text.String()
}

type bundle struct {
	url     string
	log     *journal
	limiter *counter
}

var acme = &tenant.Tenant{ID: 1, Host: "social.acme.test", Scheme: "https", State: tenant.Active}

func serve(t *testing.T, home *tenant.Tenant, routes ...httpx.Route) *bundle {
	t.Helper()
	b := &bundle{log: &journal{}, limiter: &counter{most: 1000, used: map[string]int{}}}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	deps := httpx.Deps{
		Auth: tokens{
			"reader":    {Tenant: 1, Account: 7, Role: people.Owner, TokenID: 1, Scopes: access.Scopes{"read"}},
			"narrow":    {Tenant: 1, Account: 7, Role: people.Owner, TokenID: 2, Scopes: access.Scopes{"read:lists"}},
			"drafter":   {Tenant: 1, Account: 7, Role: people.Drafter, TokenID: 3, Scopes: access.Scopes{"read", "write"}},
			"publisher": {Tenant: 1, Account: 7, Role: people.Publisher, TokenID: 4, Scopes: access.Scopes{"read", "write"}},
			"app":       {Tenant: 1, App: 5, TokenID: 5, Scopes: access.Scopes{"read", "write"}},
			"foreign":   {Tenant: 2, Account: 8, Role: people.Owner, TokenID: 6, Scopes: access.Scopes{"read"}},
		},
		Limiter: b.limiter,
		Log:     slog.New(slog.NewTextHandler(b.log, nil)),
	}
	if err := httpx.Mount(e, deps, routes); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if home != nil {
			r = r.WithContext(tenant.NewContext(r.Context(), home))
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *bundle) do(t *testing.T, method, path, token string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return send(t, r)
}

func send(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, strings.TrimSpace(string(body))
}

func who(c echo.Context) error {
	if v := httpx.Viewer(c); v != nil {
		return c.String(http.StatusOK, fmt.Sprintf("account %d app %d", v.Account, v.App))
	}
	return c.String(http.StatusOK, "stranger")
}

func TestWhoMayCallARoute(t *testing.T) {
	t.Parallel()
	routes := []httpx.Route{
		{Method: "GET", Path: "/api/public", Auth: httpx.Public, Act: access.Read, Handler: who},
		{Method: "GET", Path: "/api/optional", Auth: httpx.OptionalUser, Scopes: []string{"read:statuses"}, Act: access.Read, Handler: who},
		{Method: "GET", Path: "/api/user", Auth: httpx.User, Scopes: []string{"read:statuses"}, Act: access.Read, Handler: who},
		{Method: "POST", Path: "/api/user", Auth: httpx.User, Scopes: []string{"write:statuses"}, Act: access.Post, Handler: who},
		{Method: "GET", Path: "/api/app", Auth: httpx.App, Scopes: []string{httpx.AnyScope}, Act: access.Read, Handler: who},
		{Method: "POST", Path: "/api/own", Auth: httpx.Own, Act: access.Manage, Handler: who},
	}
	active := serve(t, acme, routes...)
	paused := *acme
	paused.State = tenant.Suspended
	suspended := serve(t, &paused, routes...)
	nowhere := serve(t, nil, routes...)

	const (
		invalid = `{"error":"The access token is invalid"}`
		scope   = `{"error":"This action is outside the authorized scopes"}`
		closed  = `{"error":"This action is not allowed"}`
	)
	tests := map[string]struct {
		on                  *bundle
		method, path, token string
		status              int
		body                string
	}{
		"public":                        {active, "GET", "/api/public", "", 200, "stranger"},
		"public with a bad token":       {active, "GET", "/api/public", "wrong", 200, "stranger"},
		"optional without a token":      {active, "GET", "/api/optional", "", 200, "stranger"},
		"optional with a token":         {active, "GET", "/api/optional", "reader", 200, "account 7 app 0"},
		"optional with a bad token":     {active, "GET", "/api/optional", "wrong", 401, invalid},
		"optional out of scope":         {active, "GET", "/api/optional", "narrow", 403, scope},
		"optional with an app's token":  {active, "GET", "/api/optional", "app", 200, "stranger"},
		"user":                          {active, "GET", "/api/user", "reader", 200, "account 7 app 0"},
		"user without a token":          {active, "GET", "/api/user", "", 401, invalid},
		"user with a bad token":         {active, "GET", "/api/user", "wrong", 401, invalid},
		"user of another tenant":        {active, "GET", "/api/user", "foreign", 401, invalid},
		"user out of scope":             {active, "POST", "/api/user", "reader", 403, scope},
		"user with an app's token":      {active, "GET", "/api/user", "app", 422, `{"error":"This method requires an authenticated user"}`},
		"user may post":                 {active, "POST", "/api/user", "publisher", 200, "account 7 app 0"},
		"role may not post":             {active, "POST", "/api/user", "drafter", 403, "You may prepare posts"},
		"app":                           {active, "GET", "/api/app", "app", 200, "account 0 app 5"},
		"app without a token":           {active, "GET", "/api/app", "", 401, invalid},
		"app with a user's token":       {active, "GET", "/api/app", "narrow", 200, "account 7 app 0"},
		"own":                           {active, "POST", "/api/own", "wrong", 200, "stranger"},
		"tokens cannot be checked":      {active, "GET", "/api/user", "busy", 503, "The database does not answer"},
		"suspended tenant reads":        {suspended, "GET", "/api/user", "reader", 200, "account 7 app 0"},
		"suspended tenant does not act": {suspended, "POST", "/api/user", "publisher", 403, closed},
		"suspended tenant logs in":      {suspended, "POST", "/api/own", "", 403, closed},
		"no tenant":                     {nowhere, "GET", "/api/public", "", 421, `{"error":"Misdirected Request"}`},
		"trailing slash":                {active, "GET", "/api/public/", "", 200, "stranger"},
		"unknown path":                  {active, "GET", "/api/v9/nothing", "", 404, `{"error":"Record not found"}`},
		"unknown method":                {active, "DELETE", "/api/user", "reader", 404, `{"error":"Record not found"}`},
		"HEAD follows GET":              {active, "HEAD", "/api/public", "", 200, ""},
		"token in the query":            {active, "GET", "/api/user?access_token=reader", "", 401, invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, body := tt.on.do(t, tt.method, tt.path, tt.token)
			if response.StatusCode != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("%s %s = %d %s, want %d %s", tt.method, tt.path, response.StatusCode, body, tt.status, tt.body)
			}
			if response.StatusCode == 401 && response.Header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

func TestMountRefusesWhatIsNotDeclared(t *testing.T) {
	t.Parallel()
	good := httpx.Route{
		Method: "GET", Path: "/api/a/:id", Auth: httpx.User, Scopes: []string{"read"}, Act: access.Read,
		Handler: func(c echo.Context) error { return nil },
	}
	tests := map[string]struct {
		change func(*httpx.Route)
		want   string
	}{
		"no auth":          {func(r *httpx.Route) { r.Auth = 0 }, "does not declare who may call it"},
		"unknown auth":     {func(r *httpx.Route) { r.Auth = 99 }, "does not declare who may call it"},
		"no act":           {func(r *httpx.Route) { r.Act = "" }, "does not declare what it does"},
		"no scopes":        {func(r *httpx.Route) { r.Scopes = nil }, "declares no scopes"},
		"scopes for all":   {func(r *httpx.Route) { r.Auth = httpx.Public }, "looks at no token"},
		"no handler":       {func(r *httpx.Route) { r.Handler = nil }, "no handler"},
		"no slash":         {func(r *httpx.Route) { r.Path = "api" }, "slash"},
		"unknown method":   {func(r *httpx.Route) { r.Method = "GET|FETCH" }, `method "FETCH"`},
		"twice":            {func(r *httpx.Route) {}, "declared twice"},
		"twice, renamed":   {func(r *httpx.Route) { r.Path = "/api/a/:name" }, "declared twice"},
		"twice, in a list": {func(r *httpx.Route) { r.Method = "PUT|GET" }, "declared twice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := good
			tt.change(&bad)
			e := echo.New()
			e.IPExtractor = echo.ExtractIPDirect()
			deps := httpx.Deps{Auth: tokens{}, Limiter: &counter{}, Log: slog.New(slog.DiscardHandler)}
			err := httpx.Mount(e, deps, []httpx.Route{good}, []httpx.Route{bad})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Mount = %v, want %q", err, tt.want)
			}
			if len(e.Routes()) != 0 {
				t.Errorf("%d routes were mounted all the same", len(e.Routes()))
			}
		})
	}
	if err := httpx.Mount(echo.New(), httpx.Deps{}, []httpx.Route{good}); err == nil ||
		!strings.Contains(err.Error(), "IPExtractor") || !strings.Contains(err.Error(), "authenticator") {
		t.Errorf("Mount without dependencies = %v", err)
	}
}

func TestErrorsNeverShowWhatIsInside(t *testing.T) {
	t.Parallel()
	fail := func(path string, err error) httpx.Route {
		return httpx.Route{Method: "GET", Path: path, Auth: httpx.Public, Act: access.Read, Handler: func(echo.Context) error { return err }}
	}
	secret := errors.New("SELECT secret FROM tokens")
	b := serve(t, acme,
		fail("/api/plain", secret),
		fail("/api/coded", fmt.Errorf("edit: %w", fault.Wrap(secret, fault.Conflict, "This exists already."))),
		fail("/api/internal", fault.Wrap(secret, fault.Internal, "SELECT text")),
		fail("/api/gone", fault.New(fault.Gone, "Gone.")),
		fail("/api/away", fault.Wrap(secret, fault.Unavailable, "Busy.")),
		fail("/api/slow", fmt.Errorf("read: %w", context.DeadlineExceeded)),
		httpx.Route{Method: "GET", Path: "/api/panic", Auth: httpx.Public, Act: access.Read, Handler: func(echo.Context) error { panic("SELECT panic") }},
	)
	tests := map[string]struct {
		status int
		body   string
	}{
		"/api/plain":    {500, "This server made a mistake"},
		"/api/coded":    {409, `{"error":"This exists already."}`},
		"/api/internal": {500, "This server made a mistake"},
		"/api/gone":     {410, `{"error":"Gone."}`},
		"/api/away":     {503, `{"error":"Busy."}`},
		"/api/slow":     {503, "took too long"},
		"/api/panic":    {500, "This server made a mistake"},
	}
	for path, tt := range tests { // one after the other: they share the log
		response, body := b.do(t, "GET", path+"?secret=query", "bearer-secret")
		if response.StatusCode != tt.status || !strings.Contains(body, tt.body) || strings.Contains(body, "SELECT") {
			t.Errorf("%s = %d %s", path, response.StatusCode, body)
		}
		if tt.status == 503 && response.Header.Get("Retry-After") == "" {
			t.Errorf("%s has no Retry-After", path)
		}
		id := response.Header.Get("X-Request-Id")
		line := b.log.Take()
		wantLines := 1 // the access line
		if tt.status >= 500 {
			wantLines = 2
		}
		if id == "" || strings.Count(line, "request_id="+id) != wantLines {
			t.Errorf("%s: request %q is not in %d log lines:\n%s", path, id, wantLines, line)
		}
		if strings.Contains(line, "secret=query") || strings.Contains(line, "bearer-secret") {
			t.Errorf("%s: the log holds a secret:\n%s", path, line)
		}
	}
}

func TestBodyLimitIs413(t *testing.T) {
	t.Parallel()
	read := func(c echo.Context) error {
		var in post
		return httpx.Bind(c, &in)
	}
	b := serve(t, acme, httpx.Route{Method: "POST", Path: "/api/small", Auth: httpx.Own, Act: access.Post, BodyLimit: 32, Handler: read})
	for _, kind := range []string{jsonType, formType, "multipart/form-data; boundary=x"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/api/small", strings.NewReader(`{"status":"`+strings.Repeat("x", 100)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		if response, body := send(t, r); response.StatusCode != 413 {
			t.Errorf("%s: %d %s", kind, response.StatusCode, body)
		}
	}
}

func TestCORSIsOpenWhereAppsInBrowsersNeedIt(t *testing.T) {
	t.Parallel()
	route := func(method, path string) httpx.Route {
		return httpx.Route{Method: method, Path: path, Auth: httpx.Own, Act: access.Manage, Handler: who}
	}
	b := serve(t, acme, route("GET|POST|DELETE", "/api/v1/things/:id"), route("POST", "/oauth/token"), route("GET", "/oauth/authorize"))
	tests := map[string]struct{ path, methods string }{
		"api":     {"/api/v1/things/1", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		"unknown": {"/api/v9/x", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		"token":   {"/oauth/token", "POST, OPTIONS"},
		"consent": {"/oauth/authorize", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response, _ := b.do(t, "OPTIONS", tt.path, "", "Origin", "https://elk.test",
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,idempotency-key")
			header := response.Header
			if response.StatusCode != 204 || header.Get("Access-Control-Allow-Methods") != tt.methods {
				t.Errorf("%d %v", response.StatusCode, header)
			}
			if open := tt.methods != ""; open != (header.Get("Access-Control-Allow-Origin") == "*") ||
				open != (header.Get("Access-Control-Allow-Headers") == "authorization,idempotency-key") {
				t.Errorf("%v", header)
			}
			if header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are allowed")
			}
		})
	}
	for path, open := range map[string]bool{"/api/v1/things/1": true, "/api/v9/x": true, "/oauth/authorize": false} {
		response, _ := b.do(t, "GET", path, "", "Origin", "https://elk.test")
		if open != (response.Header.Get("Access-Control-Allow-Origin") == "*") ||
			open != strings.Contains(response.Header.Get("Access-Control-Expose-Headers"), "Link") {
			t.Errorf("%s: %v", path, response.Header)
		}
	}
}

func TestEveryAnswerSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	b := serve(t, acme,
		httpx.Route{Method: "GET", Path: "/api/user", Auth: httpx.User, Scopes: []string{"read"}, Act: access.Read, Handler: who},
		httpx.Route{Method: "GET", Path: "/api/media", Auth: httpx.User, Scopes: []string{"read"}, Act: access.Read, Limit: "media", Handler: who},
	)
	b.limiter.most = 3
	for left := 2; left >= 0; left-- {
		response, _ := b.do(t, "GET", "/api/user", "reader")
		if response.StatusCode != 200 || response.Header.Get("X-RateLimit-Remaining") != fmt.Sprint(left) {
			t.Fatalf("%d with %v, want %d left", response.StatusCode, response.Header, left)
		}
	}
	response, body := b.do(t, "GET", "/api/media", "reader")
	if response.StatusCode != 429 || body != `{"error":"Too many requests"}` || response.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", response.StatusCode, body, response.Header)
	}
	if got := response.Header.Get("X-RateLimit-Reset"); got != "2026-11-20T10:45:00.000000Z" {
		t.Errorf("reset = %s", got)
	}
	// Another account's token is not held up, a wrong one counts for the address.
	if response, _ := b.do(t, "GET", "/api/user", "wrong"); response.StatusCode != 401 || b.limiter.used["ip ip:127.0.0.1"] != 1 {
		t.Errorf("%d, %v", response.StatusCode, b.limiter.used)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	b := serve(t, acme, httpx.Route{Method: "GET", Path: "/api/x", Auth: httpx.Public, Act: access.Read, Handler: who},
		httpx.Route{Method: "GET", Path: "/api/cached", Auth: httpx.Public, Act: access.Read, Handler: func(c echo.Context) error {
			return httpx.CachedJSON(c, time.Minute, []int{1})
		}})
	response, _ := b.do(t, "GET", "/api/x", "", "X-Request-Id", "chosen-by-the-client")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "^nosniff$", "X-Frame-Options": "^DENY$", "Content-Security-Policy": "default-src 'none'",
		"Cache-Control": "^private, no-store$", "Vary": "^Authorization$", "X-Request-Id": "^[A-Za-z0-9_-]{16}$",
	} {
		if got := response.Header.Get(name); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s = %q, want %s", name, got, want)
		}
	}
	response, body := b.do(t, "GET", "/api/cached", "")
	tag := response.Header.Get("ETag")
	if body != "[1]" || tag == "" || response.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("%s %v", body, response.Header)
	}
	if response, body := b.do(t, "GET", "/api/cached", "", "If-None-Match", `"other", `+strings.TrimPrefix(tag, "W/")); response.StatusCode != 304 || body != "" {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

func TestDeadlineEndsAHandler(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	wait := func(c echo.Context) error {
		<-c.Request().Context().Done()
		return fmt.Errorf("read: %w", c.Request().Context().Err())
	}
	err := httpx.Mount(e, httpx.Deps{
		Auth: tokens{}, Limiter: &counter{most: 9, used: map[string]int{}}, Log: slog.New(slog.DiscardHandler), Timeout: time.Millisecond,
	}, []httpx.Route{{Method: "GET", Path: "/api/slow", Auth: httpx.Public, Act: access.Read, Handler: wait}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/slow", nil)
	e.ServeHTTP(w, r.WithContext(tenant.NewContext(r.Context(), acme)))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
