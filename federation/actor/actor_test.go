package actor_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"rookery/federation"
	"rookery/federation/actor"
	"rookery/federation/discovery"
	"rookery/federation/vocab"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/internal/testkit/fedtest"
	"rookery/tenant"
	"rookery/tenant/registry"
)

type bundle struct {
	*fedtest.World
	server   http.Handler
	handlers *actor.Handlers
	alice    *social.Account
	fred     *social.Account // follows alice
	bea      *social.Account // does not
}

// The reader here believes a header: keys and signatures are tested where they are
// verified. The Signature header alone makes a request count as signed.
func reader(c echo.Context) (string, error) {
	if c.Request().Header.Get("Signature") == "bad" {
		return "", fault.New(fault.Unauthorized, "The signature does not fit.")
	}
	return c.Request().Header.Get("Signature"), nil
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{World: fedtest.New(t)}
	b.alice = b.Account(t, "alice")
	peer := fedtest.NewPeer(t, "127.77.2.70", nil)
	b.fred, b.bea = b.Remote(t, peer, "fred", true), b.Remote(t, peer, "bea", true)
	b.Follow(t, b.fred, b.alice)
	b.serve(actor.Options{DB: b.PG, Media: media.Addresses{Scheme: "https", Host: "media.test"}, Reader: reader})
	return b
}

// serve has handlers with these options answer from now on.
func (b *bundle) serve(o actor.Options) {
	b.handlers = actor.New(o)
	e := echo.New()
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(tenant.NewContext(c.Request().Context(), b.Tenant)))
			return next(c)
		}
	})
	federation.Mount(e, federation.Options{
		Actor: b.handlers, Discovery: discovery.New(discovery.Options{DB: b.PG, Hosts: b.Registry}), Log: slog.New(slog.DiscardHandler),
	})
	b.server = e
}

// get asks for a URI. Options are pairs of header names and values.
func (b *bundle) get(t *testing.T, uri string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, uri, nil)
	req.Header.Set("Accept", vocab.MediaType)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, req)
	return w
}

func (b *bundle) doc(t *testing.T, uri string, header ...string) vocab.Doc {
	t.Helper()
	w := b.get(t, uri, header...)
	if w.Code != http.StatusOK {
		t.Fatalf("%s answers %d", uri, w.Code)
	}
	doc, err := vocab.Parse(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// restrict switches authorized fetch on.
func (b *bundle) restrict() {
	changed := *b.Tenant
	changed.AuthorizedFetch = true
	b.Tenant = &changed
}

func TestActor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.get(t, b.alice.URI)
	header := w.Header()
	if header.Get("Content-Type") != vocab.MediaType || header.Get("Vary") != "Accept, Signature" || header.Get("Cache-Control") != "public, max-age=180" {
		t.Errorf("headers %v", header)
	}
	got := vocab.ReadActor(b.doc(t, b.alice.URI))
	if got.ID != b.alice.URI || got.PreferredUsername != "alice" || got.Webfinger != "alice@acme.test" || got.Inbox != b.alice.InboxURL ||
		got.SharedInbox != "https://social.acme.test/inbox" || len(got.Keys) != 1 || got.Keys[0].ID != b.alice.URI+"#main-key" || got.Keys[0].PEM == "" {
		t.Errorf("the actor is %+v", got)
	}
	if again := b.get(t, b.alice.URI, "If-None-Match", header.Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("with its ETag it answers %d and %d bytes", again.Code, again.Body.Len())
	}
	if ld := b.get(t, b.alice.URI, "Accept", vocab.LDMediaType); ld.Header().Get("Content-Type") != vocab.LDMediaType {
		t.Errorf("ld+json comes as %q", ld.Header().Get("Content-Type"))
	}
	page := b.get(t, b.alice.URI, "Accept", "text/html,*/*;q=0.8")
	if page.Code != http.StatusFound || page.Header().Get("Location") != "https://social.acme.test/@alice" {
		t.Errorf("a browser gets %d to %q", page.Code, page.Header().Get("Location"))
	}
	instance := vocab.ReadActor(b.doc(t, b.Tenant.URL("/ap/instance")))
	if instance.Type != vocab.TypeApplication || instance.PreferredUsername != "social.acme.test" || len(instance.Keys) != 1 {
		t.Errorf("the instance actor is %+v", instance)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>x</p>")
	remote := *post
	remote.ID, remote.AccountID, remote.URI, remote.IsLocal = social.StatusID(ids.New()), b.fred.ID, b.fred.URI+"/notes/1", false
	remote.ConversationID = remote.ID
	b.Insert(t, &remote)
	for _, path := range []string{
		"/ap/actors/1", "/ap/actors/x", "/ap/actors/-1", "/ap/actors/" + strings.Repeat("9", 100), "/ap/actors/1/outbox",
		"/ap/actors/" + ids.Format(int64(b.fred.ID)), "/ap/actors/" + ids.Format(int64(b.fred.ID)) + "/followers",
		"/ap/objects/1", "/ap/objects/" + ids.Format(int64(remote.ID)), "/ap/activities/" + ids.Format(int64(remote.ID)),
		"/ap/activities/1", "/ap/objects/1%2f2",
	} {
		if w := b.get(t, b.Tenant.URL(path)); w.Code != http.StatusNotFound || w.Body.Len() != 0 {
			t.Errorf("%s answers %d with %d bytes", path, w.Code, w.Body.Len())
		}
	}
}

func TestWhoMayReadAPost(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		visibility               social.Visibility
		anybody, follower, other int
		mentioned                int
	}{
		"public":    {social.Public, 200, 200, 200, 200},
		"unlisted":  {social.Unlisted, 200, 200, 200, 200},
		"followers": {social.Followers, 404, 200, 404, 404},
		"direct":    {social.Direct, 404, 404, 404, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			cleo := b.Remote(t, fedtest.NewPeer(t, "127.77.2.71", nil), "cleo", true)
			mentions := []*social.Account{}
			if tt.visibility == social.Direct {
				mentions = append(mentions, cleo)
			}
			post := b.Post(t, b.alice, tt.visibility, "<p>psst</p>", mentions...)
			for range 2 { // the second round finds whatever the first has left in memory
				for signer, want := range map[string]int{
					"": tt.anybody, b.fred.URI: tt.follower, b.bea.URI: tt.other, cleo.URI: tt.mentioned, "https://nobody.test/x": tt.anybody,
				} {
					w := b.get(t, post.URI, "Signature", signer)
					if signer == "" {
						w = b.get(t, post.URI)
					}
					if w.Code != want {
						t.Errorf("%q gets %d, want %d", signer, w.Code, want)
					}
					if !tt.visibility.IsOpen() && w.Header().Get("Cache-Control") == "public, max-age=180" {
						t.Errorf("an answer for %q may be cached by others", signer)
					}
				}
			}
			if w := b.get(t, post.URI, "Signature", "bad"); !tt.visibility.IsOpen() && w.Code != http.StatusUnauthorized {
				t.Errorf("a bad signature gets %d", w.Code)
			}
			create := b.get(t, b.Tenant.URL("/ap/activities/"+ids.Format(int64(post.ID))))
			if want := tt.anybody; create.Code != want {
				t.Errorf("the Create answers %d, want %d", create.Code, want)
			}
		})
	}
}

// TEN-11: on another tenant's host there is nothing of this one, under the same paths.
func TestAnotherTenantsAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>hello</p>")
	create := b.Tenant.URL("/ap/activities/" + ids.Format(int64(post.ID)))
	other, err := b.Registry.Create(t.Context(), registry.NewTenant{Name: "Globex", Host: "social.globex.test"})
	if err != nil {
		t.Fatal(err)
	}
	ours := b.Tenant
	for _, uri := range []string{
		b.alice.URI, post.URI, create, b.alice.URI + "/outbox", b.alice.FollowersURL, b.alice.URI + "/followers?page=true", b.alice.URI + "/following",
		b.alice.URI + "/collections/featured",
	} {
		path := strings.TrimPrefix(uri, ours.URL(""))
		b.Tenant = other
		if got := b.get(t, other.URL(path)); got.Code != http.StatusNotFound || strings.Contains(got.Body.String(), "alice") {
			t.Errorf("%s on another tenant's host: %d", path, got.Code)
		}
		if got := b.get(t, other.URL(path), "Signature", b.fred.URI); got.Code != http.StatusNotFound {
			t.Errorf("%s on another tenant's host, by a follower: %d", path, got.Code)
		}
		b.Tenant = ours
		if got := b.get(t, uri); got.Code != http.StatusOK {
			t.Errorf("%s: %d, so that the sweep shows nothing", path, got.Code)
		}
	}
}

// TestAuthorizedFetch is SIG-31.
func TestAuthorizedFetch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>x</p>")
	if w := b.get(t, post.URI); w.Code != 200 { // into memory
		t.Fatal(w.Code)
	}
	b.restrict()
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := store.AddBlock(t.Context(), scope, b.alice.ID, b.bea.ID, "")
		return err
	})
	for _, uri := range []string{b.alice.URI, b.alice.OutboxURL, b.alice.FollowersURL, b.alice.FeaturedURL, post.URI, b.Tenant.URL("/ap/activities/" + ids.Format(int64(post.ID)))} {
		for _, step := range []struct {
			signer string
			want   int
		}{{"", 401}, {b.fred.URI, 200}, {b.bea.URI, 403}, {"bad", 401}, {"https://new.test/u", 200}, {"", 401}} {
			header := []string{"Signature", step.signer}
			if step.signer == "" {
				header = nil
			}
			w := b.get(t, uri, header...)
			if w.Code != step.want {
				t.Errorf("%s signed by %q answers %d, want %d", uri, step.signer, w.Code, step.want)
			}
			if cc := w.Header().Get("Cache-Control"); cc != "private, no-store" && cc != "no-store" || w.Header().Get("Vary") != "Accept, Signature" {
				t.Errorf("%s may be cached: %v", uri, w.Header())
			}
		}
	}
	if w := b.get(t, b.Tenant.URL("/ap/instance")); w.Code != 200 {
		t.Errorf("the instance actor answers %d without a signature", w.Code)
	}
}

// What has no page of its own is a document for a browser too: asking for a page must
// not spare anybody the signature (SIG-31).
func TestAuthorizedFetchOfBrowsers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post, hidden := b.Post(t, b.alice, social.Public, "<p>x</p>"), b.Post(t, b.alice, social.Followers, "<p>y</p>")
	b.restrict()
	for uri, want := range map[string]int{
		b.alice.URI: 302, post.URI: 302, hidden.URI: 401, b.alice.OutboxURL: 401, b.alice.OutboxURL + "?page=true": 401,
		b.alice.FollowersURL: 401, b.alice.FollowersURL + "?page=true": 401, b.alice.FollowingURL: 401, b.alice.FeaturedURL: 401,
		b.Tenant.URL("/ap/activities/" + ids.Format(int64(post.ID))): 401, b.Tenant.URL("/ap/objects/12"): 401,
	} {
		w := b.get(t, uri, "Accept", "text/html")
		if w.Code != want || w.Body.Len() != 0 {
			t.Errorf("%s answers a browser %d with %d bytes, want %d", uri, w.Code, w.Body.Len(), want)
		}
		if cc := w.Header().Get("Cache-Control"); cc != "private, no-store" && cc != "no-store" {
			t.Errorf("%s may be cached: %v", uri, w.Header())
		}
	}
	if w := b.get(t, hidden.URI, "Accept", "text/html", "Signature", b.bea.URI); w.Code != http.StatusNotFound {
		t.Errorf("a hidden post answers a stranger %d", w.Code)
	}
}

func TestDeletedIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>x</p>")
	if w := b.get(t, post.URI); w.Code != 200 {
		t.Fatal(w.Code)
	}
	b.Tx(t, func(scope *pg.Scope) error {
		return errors.Join(store.DeleteStatus(t.Context(), scope, post.ID), store.BuryStatus(t.Context(), scope, post.URI, b.alice.ID))
	})
	b.handlers.Changed(b.Tenant.ID, &social.Event{AccountID: b.alice.ID, StatusID: post.ID})
	w := b.get(t, post.URI)
	doc, err := vocab.Parse(w.Body.Bytes())
	if w.Code != http.StatusGone || err != nil || doc.ID() != post.URI || doc.Types()[0] != vocab.TypeTombstone {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

func TestCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var newest *social.Status
	for range 25 {
		newest = b.Post(t, b.alice, social.Public, "<p>x</p>")
	}
	b.Post(t, b.alice, social.Followers, "<p>hidden</p>")
	boost := &social.Status{
		ID: social.StatusID(ids.New()), AccountID: b.alice.ID, Visibility: social.Public, IsLocal: true, BoostOfID: newest.ID, CreatedAt: newest.CreatedAt,
	}
	boost.URI, boost.ConversationID = b.Tenant.URL("/ap/activities/"+ids.Format(int64(boost.ID))), boost.ID
	b.Insert(t, boost)
	b.Tx(t, func(scope *pg.Scope) error {
		_, err := store.AddPin(t.Context(), scope, b.alice.ID, newest.ID, 5)
		return err
	})

	outbox := vocab.ReadCollection(b.doc(t, b.alice.OutboxURL))
	kinds, walked := map[string]int{}, 0
	for next := outbox.First.ID; next != ""; walked++ {
		page := vocab.ReadCollection(b.doc(t, next))
		for _, item := range page.Items {
			a := vocab.ReadActivity(item.Doc)
			kinds[a.Type]++
			if w := b.get(t, a.ID); w.Code != 200 { // what the outbox names can be asked for
				t.Errorf("%s answers %d", a.ID, w.Code)
			}
		}
		next = page.Next
	}
	if kinds[vocab.TypeCreate] != 25 || kinds[vocab.TypeAnnounce] != 1 || walked != 2 {
		t.Errorf("the outbox has %v on %d pages", kinds, walked)
	}
	featured := vocab.ReadCollection(b.doc(t, b.alice.FeaturedURL))
	if len(featured.Items) != 1 || featured.Items[0].ID != newest.URI {
		t.Errorf("featured has %+v", featured.Items)
	}
	followers := vocab.ReadCollection(b.doc(t, b.alice.FollowersURL))
	page := vocab.ReadCollection(b.doc(t, followers.First.ID))
	if followers.TotalItems != 1 || len(page.Items) != 1 || page.Items[0].ID != b.fred.URI {
		t.Errorf("followers: %+v, %+v", followers, page.Items)
	}
	b.alice.HideCollections = true
	b.Tx(t, func(scope *pg.Scope) error { return store.UpdateLocalAccount(t.Context(), scope, b.alice) })
	hidden := vocab.ReadCollection(b.doc(t, b.alice.FollowersURL))
	if hidden.TotalItems != 1 || hidden.First.ID != "" || b.get(t, followers.First.ID).Code != http.StatusNotFound {
		t.Errorf("hidden followers: %+v", hidden)
	}
}

// REL-29, as far as the database goes.
func TestAHerdIsServedFromMemory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>x</p>")
	before := b.PG.Stats().AcquireCount()
	for range 300 {
		if w := b.get(t, post.URI); w.Code != 200 {
			t.Fatal(w.Code)
		}
		b.get(t, b.alice.URI)
	}
	if reads := b.PG.Stats().AcquireCount() - before; reads > 60 {
		t.Errorf("%d transactions for 600 requests", reads)
	}
}

// The addresses of a tenant in trial will change: nobody may come to know them.
func TestATenantInTrialIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := b.Post(t, b.alice, social.Public, "<p>hello</p>")
	b.Apart(t)
	for _, uri := range []string{b.alice.URI, post.URI, b.alice.OutboxURL, b.alice.FollowersURL, b.Tenant.URL("/ap/instance"), b.Tenant.URL("/ap/instance/outbox")} {
		if got := b.get(t, uri).Code; got != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", uri, got)
		}
	}
}

// Who talks to certain servers only answers signed requests only, and none of a server that
// is not one of them.
func TestAnAllowListAsksForSignatures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	servers := moderate.NewServers(b.PG, nil)
	service := moderate.New(b.PG, servers)
	b.serve(actor.Options{DB: b.PG, Media: media.Addresses{Scheme: "https", Host: "media.test"}, Servers: servers, Reader: func(c echo.Context) (string, error) {
		signer, err := reader(c)
		if err == nil {
			err = servers.Refuse(b.Tenant.ID, vocab.HostOf(signer))
		}
		return signer, err
	}})
	ask := func(signer string) int {
		if signer == "" {
			return b.get(t, b.alice.URI).Code
		}
		return b.get(t, b.alice.URI, "Signature", signer).Code
	}
	if err := servers.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if code := ask(""); code != http.StatusOK {
		t.Errorf("open to all: %d", code)
	}
	by := audit.Actor{Kind: audit.Person, ID: 1, Name: "Mo"}
	if err := service.Allow(t.Context(), by, b.Tenant.ID, "127.77.2.70", ""); err != nil {
		t.Fatal(err)
	}
	if err := service.SetMode(t.Context(), by, b.Tenant.ID, moderate.AllowList); err != nil {
		t.Fatal(err)
	}
	for signer, want := range map[string]int{"": http.StatusUnauthorized, b.fred.URI: http.StatusOK, "https://new.test/u": http.StatusForbidden, "bad": http.StatusUnauthorized} {
		if code := ask(signer); code != want {
			t.Errorf("signed by %q: %d, want %d", signer, code, want)
		}
	}
}
