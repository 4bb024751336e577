package site_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/dashboard/assets"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

const home = "https://a.test"

func address(st *social.Status) string { return home + "/@support/" + ids.Format(int64(st.ID)) }

func TestPublicPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := w.write(t, status.Draft{Text: "Winter check at https://shop.test #Fell <script>alert(1)</script>", Visibility: social.Public})
	unlisted := w.write(t, status.Draft{Text: "Unlisted words", Visibility: social.Unlisted})
	private := w.write(t, status.Draft{Text: "Secret words", Visibility: social.Followers})
	answer := w.write(t, status.Draft{Text: "More on that", Visibility: social.Public, InReplyToID: public.ID})
	b := w.server.Browser(t)
	tests := map[string]struct {
		path     string
		status   int
		has      []string
		lacks    []string
		location string
	}{
		"front":            {path: "/", status: 200, has: []string{"@support@a.test", `<link rel="canonical" href="https://a.test/">`}, lacks: []string{"bob", "b.test"}},
		"about":            {path: "/about", status: 200, has: []string{"Rookery 0.1"}},
		"profile":          {path: "/@support", status: 200, has: []string{`property="og:type" content="profile"`, `content="support@a.test"`, "Winter check", "Unlisted words", "More on that", `href="https://a.test/@support/feed.rss"`, `&lt;script&gt;`}, lacks: []string{"Secret words", "<script>alert"}},
		"with replies":     {path: "/@support/with_replies", status: 200, has: []string{"More on that"}, lacks: []string{"Secret words"}},
		"media, none":      {path: "/@support/media", status: 200, has: []string{"No pictures or films yet"}},
		"about account":    {path: "/@support/about", status: 200, has: []string{"Run by"}},
		"post":             {path: "/@support/" + ids.Format(int64(public.ID)), status: 200, has: []string{`property="og:type" content="article"`, `og:description" content="Winter check`, "More on that", `rel="alternate" type="application/activity+json" href="` + public.URI}, lacks: []string{`content="noindex"`}},
		"answer":           {path: "/@support/" + ids.Format(int64(answer.ID)), status: 200, has: []string{"Winter check"}},
		"unlisted post":    {path: "/@support/" + ids.Format(int64(unlisted.ID)), status: 200, has: []string{`<meta name="robots" content="noindex">`}},
		"private post":     {path: "/@support/" + ids.Format(int64(private.ID)), status: 404, lacks: []string{"Secret"}},
		"other's address":  {path: "/@alice/" + ids.Format(int64(public.ID)), status: 404, lacks: []string{"Winter"}},
		"no id":            {path: "/@support/abc", status: 404},
		"slash at the end": {path: "/@support/", status: 301, location: "/@support"},
		"id and more":      {path: "/@support/" + ids.Format(int64(public.ID)) + "/more", status: 404},
		"id with a sign":   {path: "/@support/+1", status: 404},
		"nobody":           {path: "/@nobody", status: 404, has: []string{"Nothing is at this address", "Tenant a.test"}},
		"other tenant's":   {path: "/@bob", status: 404},
		"other case":       {path: "/@SUPPORT", status: 301, location: "/@support"},
		"own host":         {path: "/@support@a.test", status: 301, location: "/@support"},
		"own host, feed":   {path: "/@Support/feed.rss", status: 301, location: "/@support/feed.rss"},
		"unknown remote":   {path: "/@eve@evil.test", status: 404},
		"slashes":          {path: "/@//evil.test", status: 404},
		"tag":              {path: "/tags/fell", status: 200, has: []string{"Winter check"}, lacks: []string{"Unlisted"}},
		"tag, other case":  {path: "/tags/Fell", status: 301, location: "/tags/fell"},
		"no tag":           {path: "/tags/%20", status: 404},
		"bad page":         {path: "/@support?max_id=-1", status: 404},
		"robots":           {path: "/robots.txt", status: 200, has: []string{"Disallow: /oauth/"}},
		"icon":             {path: "/favicon.ico", status: 302, location: assets.URL("favicon.svg")},
		"no colour":        {path: "/brand.css", status: 404},
		"no route":         {path: "/wp-login.php", status: 404, has: []string{"Nothing is at this address"}},
	}
	for name, tt := range tests {
		page := b.Get(home + tt.path)
		if page.Status != tt.status || page.Location() != tt.location {
			t.Errorf("%s: %d to %q, want %d to %q", name, page.Status, page.Location(), tt.status, tt.location)
		}
		for _, want := range tt.has {
			if !strings.Contains(page.Body, want) {
				t.Errorf("%s lacks %s:\n%s", name, want, page.Body)
			}
		}
		for _, bad := range tt.lacks {
			if strings.Contains(page.Body, bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
		if head := b.Head(home + tt.path); head.Status != tt.status {
			t.Errorf("%s: HEAD %d, want %d", name, head.Status, tt.status)
		}
	}
}

func TestHeadersOfPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := w.write(t, status.Draft{Text: "Hello", Visibility: social.Public})
	b := w.server.Browser(t)
	for path, policy := range map[string]string{
		"/": assets.Policy, "/@support": assets.PolicyAway, "/@support/" + ids.Format(int64(post.ID)): assets.Policy,
		"/nothing": assets.Policy, "/auth/sign_in": assets.PolicyLive, "/@support/follow": assets.PolicyAway,
	} {
		got := b.Get(home + path).Header
		if got.Get("Content-Security-Policy") != policy || got.Get("X-Content-Type-Options") != "nosniff" || got.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", path, got)
		}
	}
	page := b.Get(address(post))
	if got := page.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("cache %q", got)
	}
	if got := page.Header.Get("Link"); got != "<"+post.URI+`>; rel="alternate"; type="application/activity+json"` {
		t.Errorf("Link %q", got)
	}
	again := b.Get(address(post), "If-None-Match", `"x", `+page.Header.Get("ETag"))
	if again.Status != http.StatusNotModified || again.Body != "" {
		t.Errorf("the same page again: %d", again.Status)
	}
	if got := b.Get(home + "/auth/sign_in").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache of the sign-in page: %q", got)
	}
	if got := b.Get(home + "/nothing").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache of a fault: %q", got)
	}
}

// INP-31: the right variant, and Vary whichever it is.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := w.write(t, status.Draft{Text: "Hello", Visibility: social.Public})
	private := w.write(t, status.Draft{Text: "Hello", Visibility: social.Followers})
	b := w.server.Browser(t)
	const document, page = "application/activity+json", "text/html; charset=UTF-8"
	for accept, want := range map[string]string{
		"": page, "*/*": page, "text/html,application/xhtml+xml,*/*;q=0.8": page,
		"application/activity+json": document, `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`: document,
		"application/activity+json;q=0, text/html":         page,
		"text/html;q=0.1, application/activity+json":       document,
		"text/html, application/activity+json;q=0.5":       page,
		strings.Repeat("text/plain, ", 1000) + "text/html": page,
		";;;,,=,\"": page,
	} {
		for _, at := range []string{home + "/@support", address(post)} {
			got := b.Get(at, "Accept", accept)
			if got.Status != http.StatusOK || got.Header.Get("Content-Type") != want {
				t.Errorf("%s with %.60q: %d %s, want %s", at, accept, got.Status, got.Header.Get("Content-Type"), want)
			}
			if !strings.Contains(strings.Join(got.Header.Values("Vary"), ","), "Accept") {
				t.Errorf("%s with %.60q has no Vary", at, accept)
			}
		}
	}
	for _, at := range []string{home + "/@nobody", address(private)} {
		got := b.Get(at, "Accept", document)
		if got.Status != http.StatusNotFound || got.Body != "" {
			t.Errorf("a program asks for %s: %d %q", at, got.Status, got.Body)
		}
	}
}

func TestWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := w.write(t, status.Draft{Text: "Hello", Visibility: social.Public})
	gone := w.makeAccount(t, "gone", "Gone")
	b := w.server.Browser(t)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := w.posts.Delete(ctx, scope, post); err != nil {
			return err
		}
		return store.DeleteAccount(ctx, scope, gone.ID)
	})
	for _, at := range []string{address(post), home + "/@gone", home + "/@gone/feed.rss"} {
		if got := b.Get(at); got.Status != http.StatusGone || !strings.Contains(got.Body, "This was deleted") {
			t.Errorf("%s: %d", at, got.Status)
		}
	}
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	if err := w.Registry.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Get(home + "/@support"); got.Status != http.StatusOK || strings.Contains(got.Body, "Sign in") {
		t.Errorf("profile of a suspended tenant: %d", got.Status)
	}
	if got := b.Get(home + "/auth/sign_in"); got.Status != http.StatusForbidden {
		t.Errorf("sign-in at a suspended tenant: %d", got.Status)
	}
	ctx, now := t.Context(), time.Now()
	for _, step := range []func(*pg.PlatformTx) error{
		func(tx *pg.PlatformTx) error { return registry.BeginDeletion(ctx, tx, w.A.Tenant.ID, now, false) },
		func(tx *pg.PlatformTx) error { return registry.CloseTenant(ctx, tx, w.A.Tenant.ID, now) },
	} {
		if err := w.PG.Platform(ctx, "test", step); err != nil {
			t.Fatal(err)
		}
		if err := w.Registry.Load(ctx); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/@support", "/auth/sign_in"} {
			if got := b.Get(home + path); got.Status != http.StatusGone {
				t.Errorf("%s of a deleted tenant: %d", path, got.Status)
			}
		}
	}
}

// A remote account is shown by its own server, and only at the address it was stored with.
func TestRemoteAccountsLeadHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		for user, page := range map[string]string{"eve": "https://far.test/@eve", "mallory": "javascript:alert(1)"} {
			a := &social.Account{ID: social.AccountID(ids.New()), URI: "https://far.test/users/" + user, Username: user, Domain: "far.test", ActorType: "Person", URL: page, CreatedAt: w.support.CreatedAt}
			if err := store.UpsertRemoteAccount(ctx, scope, a); err != nil {
				return err
			}
		}
		return nil
	})
	b := w.server.Browser(t)
	for path, want := range map[string]string{
		"/@eve@far.test": "https://far.test/@eve", "/@EVE@FAR.TEST": "https://far.test/@eve",
		"/@mallory@far.test": "https://far.test/users/mallory", "/%40eve@far.test": "",
	} {
		if got := b.Get(home + path); got.Location() != want {
			t.Errorf("%s leads to %q, want %q", path, got.Location(), want)
		}
	}
	if got := b.Get("https://b.test/@eve@far.test"); got.Status != http.StatusNotFound {
		t.Errorf("another tenant knows the account: %d to %q", got.Status, got.Location())
	}
}

func TestProfilePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 45 {
		w.write(t, status.Draft{Text: "Post", Visibility: social.Public})
	}
	b := w.server.Browser(t)
	seen := map[string]bool{}
	path := "/@support"
	for range 3 {
		page := b.Get(home + path)
		for _, part := range strings.Split(page.Body, `href="/@support/`)[1:] {
			if id, _, _ := strings.Cut(part, `"`); id[0] >= '0' && id[0] <= '9' && !strings.Contains(id, "#") {
				seen[id] = true
			}
		}
		_, rest, ok := strings.Cut(page.Body, `href="/@support?max_id=`)
		if !ok {
			break
		}
		id, _, _ := strings.Cut(rest, `"`)
		path = "/@support?max_id=" + id
	}
	if len(seen) != 45 {
		t.Errorf("the pages show %d posts, want 45", len(seen))
	}
	if page := b.Get(home + path); !strings.Contains(page.Body, "Newer posts") || strings.Contains(page.Body, "Older posts") {
		t.Error("the last page does not lead back, or leads on")
	}
}

func TestMediaOnPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := &social.Media{ID: social.MediaID(ids.New()), AccountID: w.support.ID, Kind: social.MediaImage, MIME: "image/png", Key: "abc", Description: `A "wheel"`, Width: 800, Height: 600, Size: 99, CreatedAt: w.support.CreatedAt}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error { return store.InsertMedia(ctx, scope, m) })
	w.write(t, status.Draft{Text: "Look", Visibility: social.Public, MediaIDs: []social.MediaID{m.ID}})
	b := w.server.Browser(t)
	file := media.Addresses{Scheme: "https", Host: "media.test"}.URL(w.A.Tenant.ID, m)
	for _, path := range []string{"/@support", "/@support/media", "/@support/feed.rss"} {
		page := b.Get(home + path)
		if !strings.Contains(page.Body, "media.test/"+w.A.Tenant.ID.String()+"/abc/") || !strings.Contains(page.Body, `A &#34;wheel&#34;`) {
			t.Errorf("%s does not show %s with its description:\n%s", path, file, page.Body)
		}
	}
}

func TestFeedOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.write(t, status.Draft{Text: "One & two #Fell", Visibility: social.Public})
	w.write(t, status.Draft{Text: "Unlisted", Visibility: social.Unlisted})
	w.write(t, status.Draft{Text: "Private", Visibility: social.Followers})
	page := w.server.Browser(t).Get(home + "/@support/feed.rss")
	if got := page.Header.Get("Content-Type"); got != "application/rss+xml; charset=utf-8" {
		t.Errorf("type %q", got)
	}
	var feed struct {
		Channel struct {
			Items []struct {
				GUID        string `xml:"guid"`
				Description string `xml:"description"`
				Category    string `xml:"category"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal([]byte(page.Body), &feed); err != nil {
		t.Fatal(err)
	}
	items := feed.Channel.Items
	if len(items) != 1 || items[0].GUID != address(first) || items[0].Category != "Fell" || !strings.Contains(items[0].Description, "One &amp; two") {
		t.Errorf("items %+v", items)
	}
	if !strings.Contains(page.Body, "<link>https://a.test/@support</link>") {
		t.Error("the feed does not lead to the profile")
	}
}

func TestFollowFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.server.Browser(t)
	page := b.Get(home + "/@support")
	form := b.Form(page, "handle", "")
	w.template = "https://far.test/authorize_interaction?uri={uri}"
	if got := b.Submit(page, form, "handle", " @Eve@Far.Test "); got.Location() != "https://far.test/authorize_interaction?uri=support%40a.test" {
		t.Errorf("leads to %q\n%s", got.Location(), got.Body)
	}
	if len(w.asked) != 1 || w.asked[0] != "Eve@far.test" {
		t.Errorf("asked %q", w.asked)
	}
	for _, template := range []string{"", "http://far.test/{uri}", "javascript:alert({uri})", "https://far.test/", "{uri}", "//far.test/{uri}", "https://user:pass@far.test/{uri}"} {
		w.template = template
		got := b.Submit(page, form, "handle", "eve@far.test")
		if got.Status != http.StatusUnprocessableEntity || got.Location() != "" || !strings.Contains(got.Body, "@support@a.test") {
			t.Errorf("template %q: %d to %q", template, got.Status, got.Location())
		}
	}
	w.template = "https://evil.test/{uri}"
	before := len(w.asked)
	for name, headers := range map[string][]string{
		"typed": {"Sec-Fetch-Site", "none"}, "elsewhere": {"Sec-Fetch-Site", "cross-site"}, "sibling": {"Sec-Fetch-Site", "same-site", "Referer", home + "/@support"},
		"old browser, elsewhere": {"Referer", "https://evil.test/"}, "tells nothing": nil, "bad referrer": {"Referer", "https://%"},
	} {
		got := b.Get(home+"/@support/follow?handle=eve@evil.test", headers...)
		if got.Status != http.StatusOK || got.Location() != "" || b.Form(got, "handle", "eve@evil.test").Action == "" {
			t.Errorf("TEN-41 a link from %s: %d to %q", name, got.Status, got.Location())
		}
	}
	if len(w.asked) != before {
		t.Errorf("links made this server ask %q", w.asked[before:])
	}
	if got := b.Get(home+"/@support/follow?handle=eve@far.test", "Referer", home+"/@support"); got.Location() == "" {
		t.Errorf("the form of an old browser: %d", got.Status)
	}
	before = len(w.asked)
	for _, handle := range []string{"eve", "@eve", "eve@", "https://evil.test/", "eve@far.test/x", "eve@far.test@evil.test", "<b>"} {
		if got := b.Submit(page, form, "handle", handle); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "not a whole handle") {
			t.Errorf("handle %q: %d to %q", handle, got.Status, got.Location())
		}
	}
	if len(w.asked) != before {
		t.Errorf("servers of no handle were asked: %q", w.asked[before:])
	}
	for range 40 {
		if got := b.Submit(page, form, "handle", "eve@far.test"); got.Status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("a stranger may look up as often as wanted")
}

// "Edited 5 min" is not a sentence, and the time beside it is whole.
func TestAnEditSaysWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := w.write(t, status.Draft{Text: "Open until six", Visibility: social.Public})
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		st, err = w.posts.Edit(ctx, scope, w.A.Tenant, w.support, st, status.Draft{Text: "Open until seven"})
		return err
	})
	for _, path := range []string{address(st), address(st) + "/embed"} {
		page := w.server.Browser(t).Get(path)
		if at := st.EditedAt.UTC().Format("2 January 2006, 15:04 UTC"); !strings.Contains(page.Body, "Open until seven") || !hasEdit(page.Body, at) {
			t.Errorf("%s does not say that it was edited at %s", path, at)
		}
	}
}

func hasEdit(body, at string) bool {
	_, rest, found := strings.Cut(body, "Edited <time")
	words, _, _ := strings.Cut(rest, "</time>")
	return found && strings.HasSuffix(words, ">"+at)
}

// Whatever was linked under a handle that the account had before leads to where it is now.
func TestAnOldHandleLeadsToTheNewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := w.write(t, status.Draft{Text: "Winter check", Visibility: social.Public})
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		_, err := account.Rename(ctx, scope, w.A.Tenant, w.support.ID, "help")
		return err
	})
	b, number := w.server.Browser(t), ids.Format(int64(st.ID))
	for path, want := range map[string]string{
		"/@support": "/@help", "/@SUPPORT": "/@help", "/@support@a.test": "/@help", "/@support/with_replies": "/@help/with_replies",
		"/@support/feed.rss": "/@help/feed.rss", "/@support/" + number: "/@help/" + number, "/@support/" + number + "/embed": "/@help/" + number + "/embed",
		"/@support/follow": "/@help/follow",
	} {
		if got := b.Get(home + path); got.Status != http.StatusMovedPermanently || got.Location() != want {
			t.Errorf("%s: %d to %q, want %q", path, got.Status, got.Location(), want)
		}
	}
	page := b.Get(home + "/@help")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "@help@a.test") || strings.Contains(page.Body, "@support@a.test") || !strings.Contains(page.Body, "/@help/"+number) {
		t.Errorf("the page: %d", page.Status)
	}
	if got := b.Get(home + "/@help/" + number); got.Status != http.StatusOK || !strings.Contains(got.Body, "Winter check") {
		t.Errorf("the post: %d", got.Status)
	}
}
