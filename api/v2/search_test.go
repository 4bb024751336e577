package v2_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// network is what other servers would answer in a test.
type network struct {
	asked    []string
	accounts map[string]*social.Account
	statuses map[string]*social.Status
	err      error
}

func (n *network) Resolve(ctx context.Context, _ *tenant.Tenant, query string) (*social.Account, *social.Status, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, nil, context.DeadlineExceeded
	}
	n.asked = append(n.asked, query)
	switch {
	case n.err != nil:
		return nil, nil, n.err
	case n.accounts[query] != nil:
		return n.accounts[query], nil, nil
	case n.statuses[query] != nil:
		return nil, n.statuses[query], nil
	}
	return nil, nil, httpx.ErrNotFound
}

// world has alice, findable, and zoe of another server, known to tenant A.
func world(t *testing.T) (*apitest.World, *network, *social.Account) {
	t.Helper()
	n := &network{accounts: map[string]*social.Account{}, statuses: map[string]*social.Status{}}
	w := apitest.New(t, func(p apitest.Parts) []httpx.Route {
		deps := v1.Deps{DB: p.DB, Render: p.Render, Media: media.New(p.DB), Resolver: n}
		return append(v2.NewSearch(deps).Routes(), v2.Media(v1.NewMedia(deps))...)
	})
	zoe := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/u/zoe", Username: "zoe", Domain: "else.test", ActorType: "Person",
		DisplayName: "Zoë of Elsewhere", URL: "https://else.test/@zoe", CreatedAt: time.Now(),
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.UpsertRemoteAccount(ctx, scope, zoe); err != nil {
			return err
		}
		if err := store.IndexAccount(ctx, scope, zoe); err != nil {
			return err
		}
		return store.IndexAccount(ctx, scope, w.A.Account)
	})
	return w, n, zoe
}

func post(t *testing.T, w *apitest.World, d status.Draft) (out *social.Status) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = status.New(status.Options{Streams: w.Streams}).Create(ctx, scope, w.A.Tenant, w.A.Account, d)
		return err
	})
	return out
}

func search(t *testing.T, c *apitest.Client, query url.Values) (out entity.SearchResults) {
	t.Helper()
	c.Get("/api/v2/search?"+query.Encode()).Into(t, &out)
	return out
}

func TestSearchingWords(t *testing.T) {
	t.Parallel()
	w, n, _ := world(t)
	post(t, w, status.Draft{Text: "We repair bicycles #Bicycles"})
	got := search(t, w.Alice, url.Values{"q": {"bicycles"}})
	if len(got.Statuses) != 1 || len(got.Hashtags) != 1 || got.Hashtags[0].Name != "bicycles" || len(got.Accounts) != 0 {
		t.Errorf("%+v", got)
	}
	for query, want := range map[string]string{"zoe": "zoe@else.test", "@zoe@else.test": "zoe@else.test", "elsewhere": "zoe@else.test", "alice@a.test": "alice"} {
		if got := search(t, w.Alice, url.Values{"q": {query}, "resolve": {"true"}}); len(got.Accounts) != 1 || got.Accounts[0].Acct != want {
			t.Errorf("%s: %+v", query, got.Accounts)
		}
	}
	if got := search(t, w.Alice, url.Values{"q": {"bicycles"}, "type": {"accounts"}}); len(got.Statuses)+len(got.Hashtags) != 0 {
		t.Errorf("accounts alone: %+v", got)
	}
	for _, letter := range []string{"a", "é", "İ", "字"} { // words that no index holds
		for _, asks := range []*apitest.Client{w.Alice, w.Stranger(w.A)} {
			if got := search(t, asks, url.Values{"q": {strings.Repeat(letter, 4000)}}); len(got.Accounts)+len(got.Statuses)+len(got.Hashtags) != 0 {
				t.Errorf("a word without end: %+v", got)
			}
		}
	}
	if got := search(t, w.Stranger(w.A), url.Values{"q": {"bicycles"}}); len(got.Statuses) != 0 || len(got.Hashtags) != 1 {
		t.Errorf("a stranger finds %+v", got)
	}
	if got := search(t, w.Bob, url.Values{"q": {"bicycles"}}); len(got.Statuses)+len(got.Hashtags)+len(got.Accounts) != 0 {
		t.Errorf("another tenant finds %+v", got)
	}
	if len(n.asked) != 0 {
		t.Errorf("other servers were asked for %q, all known here", n.asked)
	}
}

func TestSearchingAddresses(t *testing.T) {
	t.Parallel()
	w, n, zoe := world(t)
	open := post(t, w, status.Draft{Text: "open"})
	secret := post(t, w, status.Draft{Text: "secret", Visibility: social.Direct})
	page := func(s *social.Status) string { return w.A.Tenant.URL("/@alice/" + ids.Format(int64(s.ID))) }
	tests := map[string]struct{ accounts, statuses int }{
		w.A.Tenant.URL("/@alice"):  {accounts: 1},
		w.A.Tenant.URL("/@nobody"): {},
		w.A.Account.URI:            {accounts: 1},
		zoe.URI:                    {accounts: 1},
		open.URI:                   {statuses: 1},
		page(open):                 {statuses: 1},
		secret.URI:                 {statuses: 1},
		"https://unknown.test/1":   {},
	}
	for address, want := range tests {
		if got := search(t, w.Alice, url.Values{"q": {address}}); len(got.Accounts) != want.accounts || len(got.Statuses) != want.statuses {
			t.Errorf("%s: %+v, want %+v", address, got, want)
		}
	}
	for _, address := range []string{secret.URI, page(secret)} {
		if got := search(t, w.Stranger(w.A), url.Values{"q": {address}}); len(got.Statuses) != 0 {
			t.Errorf("a stranger finds a direct message by %s", address)
		}
	}
	if len(n.asked) != 0 {
		t.Fatalf("asked without resolve: %q", n.asked)
	}
	n.accounts["https://far.test/@yan"], n.statuses["https://far.test/1"], n.statuses["https://far.test/2"] = zoe, open, secret
	for address, want := range map[string]int{"https://far.test/@yan": 1, "https://far.test/1": 1, "https://far.test/2": 1, "https://far.test/3": 0} {
		got := search(t, w.Alice, url.Values{"q": {address}, "resolve": {"true"}})
		if len(got.Accounts)+len(got.Statuses) != want {
			t.Errorf("%s: %+v", address, got)
		}
	}
	n.err = fault.New(fault.Unavailable, "far.test does not answer")
	w.Alice.Get("/api/v2/search?resolve=1&q=https://far.test/1").Want(t, http.StatusOK, `{"accounts":[],"statuses":[],"hashtags":[]}`)
}

func TestWhatAStrangerMayNotAskOfTheSearch(t *testing.T) {
	t.Parallel()
	w, n, _ := world(t)
	for _, query := range []string{"q=x&resolve=true", "q=x&offset=1", "q=https://far.test/1&resolve=1"} {
		w.Stranger(w.A).Get("/api/v2/search?"+query).Want(t, http.StatusUnauthorized, "without authentication")
	}
	for _, query := range []string{"", "q=%20", "q=x&type=everything", "q=x&limit=-1"} {
		w.Alice.Get("/api/v2/search?"+query).Want(t, http.StatusBadRequest)
	}
	if len(n.asked) != 0 {
		t.Errorf("asked for %q", n.asked)
	}
	w.SweepTokens(t)
}

func TestUpload(t *testing.T) {
	t.Parallel()
	w, _, _ := world(t)
	var raw bytes.Buffer
	if err := png.Encode(&raw, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	var got entity.MediaAttachment
	w.Alice.Post("/api/v2/media", apitest.Multipart{Files: map[string][]byte{"file": raw.Bytes()}}).Into(t, &got)
	if got.URL == nil || !strings.HasSuffix(*got.URL, "/original.png") {
		t.Errorf("%+v", got)
	}
}
