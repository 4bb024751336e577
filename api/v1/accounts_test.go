package v1_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant"
)

// world serves what is made from v1.Deps. A resolver stands for the network.
func world(t *testing.T, resolver v1.Resolver) *apitest.World {
	t.Helper()
	return apitest.New(t, func(p apitest.Parts) []httpx.Route {
		return v1.AccountRoutes(v1.Deps{
			DB: p.DB, Render: p.Render, Accounts: account.NewWith(p.DB, p.Key, testkeys.RSA), Relate: relate.New(p.Streams), Media: media.New(p.DB),
			Resolver: resolver,
		})
	})
}

func path(format string, id social.AccountID) string {
	return strings.ReplaceAll(format, ":id", ids.Format(int64(id)))
}

func post(t *testing.T, w *apitest.World, c *apitest.Client, d status.Draft) (out *social.Status) {
	t.Helper()
	c.Home.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = status.New(status.Options{Streams: w.Streams}).Create(ctx, scope, c.Home.Tenant, c.Account, d)
		return err
	})
	return out
}

func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for x := range 64 {
		img.Set(x, x%48, color.RGBA{uint8(x), 90, 90, 255})
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, img); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestOwnProfile(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	var got entity.CredentialAccount
	w.Alice.Get("/api/v1/accounts/verify_credentials").Into(t, &got)
	if got.Acct != "alice" || got.Role.Name != "owner" || got.Source.Privacy != "public" || got.URL != "https://a.test/@alice" {
		t.Errorf("%+v", got)
	}
	w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", apitest.Multipart{
		Fields: map[string]string{
			"display_name": "Alice A.", "note": "Bikes & more", "locked": "true", "bot": "true", "source[privacy]": "unlisted",
			"source[language]": "de", "source[sensitive]": "1", "fields_attributes[0][name]": "Site", "fields_attributes[0][value]": "https://a.test",
			"avatar_description": "A gradient",
		},
		Files: map[string][]byte{"avatar": picture(t)},
	}).Into(t, &got)
	if got.DisplayName != "Alice A." || !strings.Contains(got.Note, "Bikes &amp; more") || got.Source.Note != "Bikes & more" || !got.Locked || !got.Bot ||
		got.Source.Privacy != "unlisted" || *got.Source.Language != "de" || !got.Source.Sensitive || len(got.Fields) != 1 ||
		!strings.Contains(got.Fields[0].Value, "<a ") || got.Source.Fields[0].Value != "https://a.test" ||
		!strings.HasPrefix(got.Avatar, "https://files.test/"+w.A.Tenant.ID.String()+"/") || got.AvatarDescription != "A gradient" {
		t.Errorf("%+v", got)
	}
	var preferences map[string]any
	w.Alice.Get("/api/v1/preferences").Into(t, &preferences)
	if preferences["posting:default:visibility"] != "unlisted" || preferences["posting:default:language"] != "de" {
		t.Errorf("%v", preferences)
	}
	w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", map[string]any{"bot": false}).Into(t, &got)
	if got.Bot || got.DisplayName != "Alice A." {
		t.Errorf("%+v", got)
	}
	w.Alice.Do(http.MethodDelete, "/api/v1/profile/avatar", nil).Into(t, &got)
	if got.Avatar != "https://files.test/missing/avatar.png" {
		t.Errorf("avatar is still %s", got.Avatar)
	}
	for name, body := range map[string]any{
		"long name":    map[string]any{"display_name": strings.Repeat("x", 31)},
		"no privacy":   map[string]any{"source": map[string]any{"privacy": "secret"}},
		"bad language": map[string]any{"source": map[string]any{"language": "<b>"}},
		"no picture":   apitest.Multipart{Files: map[string][]byte{"header": []byte("text")}},
		"no file":      map[string]any{"avatar": "data:image/png;base64,xx"},
	} {
		if r := w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", body); r.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}

func TestAnOrganisationStaysOneWhenAnAppSavesItsProfile(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		own, kind := *w.A.Account, "Organization"
		own.ActorType = kind
		return store.UpdateLocalAccount(ctx, scope, &own)
	})
	w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", map[string]any{"bot": "false"}).Want(t, http.StatusOK, `"bot":false`)
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		own, err := store.AccountByID(ctx, scope, w.A.Account.ID)
		if own.ActorType != "Organization" {
			t.Errorf("it is a %s", own.ActorType)
		}
		return err
	})
}

func TestFindingAccounts(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol := w.Add(t, w.A, "carol")
	var got entity.Account
	for _, acct := range []string{"carol", "@Carol", "carol@a.test", "@carol@A.test"} {
		w.Stranger(w.A).Get("/api/v1/accounts/lookup?acct="+url.QueryEscape(acct)).Into(t, &got)
		if got.ID != entity.ID(carol.Account.ID) {
			t.Errorf("%s is %s", acct, got.Acct)
		}
	}
	for _, acct := range []string{"", "bob", "bob@b.test", "carol@else.test", "%00", "a/b"} {
		w.Alice.Get("/api/v1/accounts/lookup?acct="+url.QueryEscape(acct)).Want(t, http.StatusNotFound, apitest.Missing)
	}
	w.Stranger(w.A).Get(path("/api/v1/accounts/:id", carol.Account.ID)).Into(t, &got)
	if got.Username != "carol" {
		t.Errorf("%+v", got)
	}
	var list []entity.Account
	query := url.Values{"id[]": {ids.Format(int64(carol.Account.ID)), "7", "x", ids.Format(int64(w.A.Account.ID)), ids.Format(int64(w.B.Account.ID))}}
	w.Stranger(w.A).Get("/api/v1/accounts?"+query.Encode()).Into(t, &list)
	if len(list) != 2 || list[0].Acct != "carol" || list[1].Acct != "alice" {
		t.Errorf("%+v", list)
	}
	for _, id := range []string{"0", "-1", "1e3", "99999999999999999999", "1/statuses/2", strconv.Itoa(int(carol.Account.ID)) + "x"} {
		w.Alice.Get("/api/v1/accounts/"+id).Want(t, http.StatusNotFound, apitest.Missing)
	}
}

func TestAnAccountThatMovedShowsWhereTo(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	moved := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/u/old", Username: "old", Domain: "else.test", ActorType: "Person",
		MovedToURI: w.A.Account.URI,
	}
	lost := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/u/lost", Username: "lost", Domain: "else.test", ActorType: "Person",
		MovedToURI: "https://unknown.test/u/1",
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.UpsertRemoteAccount(ctx, scope, lost); err != nil {
			return err
		}
		return store.UpsertRemoteAccount(ctx, scope, moved)
	})
	var got entity.Account
	w.Alice.Get(path("/api/v1/accounts/:id", moved.ID)).Into(t, &got)
	if got.Moved == nil || got.Moved.Acct != "alice" || got.URL != moved.URI {
		t.Errorf("%+v", got)
	}
	w.Alice.Get(path("/api/v1/accounts/:id", lost.ID)).Want(t, http.StatusOK, `"acct":"lost@else.test"`)
	w.Alice.Post(path("/api/v1/accounts/:id/follow", moved.ID), nil).Want(t, http.StatusForbidden)
}

func TestStatusesOfAnAccount(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol := w.Add(t, w.A, "carol")
	first := post(t, w, w.Alice, status.Draft{Text: "first #bikes"})
	post(t, w, w.Alice, status.Draft{Text: "@carol secret", Visibility: social.Direct})
	last := post(t, w, w.Alice, status.Draft{Text: "to followers", Visibility: social.Followers})
	list := func(c *apitest.Client, query string) (ids []entity.ID, next string) {
		var out []entity.Status
		r := c.Get(path("/api/v1/accounts/:id/statuses", w.A.Account.ID) + query)
		r.Into(t, &out)
		for _, s := range out {
			ids = append(ids, s.ID)
		}
		return ids, r.Next()
	}
	if got, _ := list(w.Stranger(w.A), ""); !slices.Equal(got, []entity.ID{entity.ID(first.ID)}) {
		t.Errorf("a stranger sees %v", got)
	}
	if got, _ := list(w.Alice, "?tagged=Bikes"); !slices.Equal(got, []entity.ID{entity.ID(first.ID)}) {
		t.Errorf("tagged: %v", got)
	}
	got, next := list(w.Alice, "?limit=1")
	if !slices.Equal(got, []entity.ID{entity.ID(last.ID)}) || !strings.Contains(next, "max_id="+ids.Format(int64(last.ID))) || !strings.Contains(next, "limit=1") {
		t.Errorf("first page %v, next %s", got, next)
	}
	carol.Post(path("/api/v1/accounts/:id/follow", w.A.Account.ID), nil).Want(t, http.StatusOK)
	if got, _ := list(carol, "?exclude_replies=true"); len(got) == 0 || got[0] != entity.ID(last.ID) {
		t.Errorf("a follower sees %v", got)
	}
	w.Alice.Get(path("/api/v1/accounts/:id/statuses?limit=-1", w.A.Account.ID)).Want(t, http.StatusBadRequest)
}

func TestRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	w.Alice.Post("/api/v1/accounts", url.Values{"username": {"eve"}}).Want(t, http.StatusForbidden, "organisation")
	w.Stranger(w.A).Post("/api/v1/accounts", nil).Want(t, http.StatusUnauthorized)
}

// finder is the network of a test: it knows one remote account.
type finder struct {
	asked []string
	found *social.Account
}

func (f *finder) Resolve(_ context.Context, _ *tenant.Tenant, query string) (*social.Account, *social.Status, error) {
	f.asked = append(f.asked, query)
	if f.found == nil {
		return nil, nil, httpx.ErrNotFound
	}
	return f.found, nil, nil
}

func TestSearchingAccountsAsksOthersOnlyForUnknownHandles(t *testing.T) {
	t.Parallel()
	f := &finder{found: &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/u/zoe", Username: "zoe", Domain: "else.test", ActorType: "Person", URL: "https://else.test/@zoe",
	}}
	w := world(t, f)
	var list []entity.Account
	for _, query := range []string{"q=zoe@else.test", "q=zoe&resolve=true", "q=@alice@a.test&resolve=true", "q=zoe@else.test&resolve=true&following=true"} {
		w.Alice.Get("/api/v1/accounts/search?"+query).Into(t, &list)
	}
	if len(f.asked) != 0 {
		t.Fatalf("asked for %q", f.asked)
	}
	w.Alice.Get("/api/v1/accounts/search?q=@zoe@else.test&resolve=true").Into(t, &list)
	if len(list) != 1 || list[0].Acct != "zoe@else.test" || len(f.asked) != 1 {
		t.Errorf("%+v, asked for %q", list, f.asked)
	}
	f.found = nil
	w.Alice.Get("/api/v1/accounts/search?q=@who@else.test&resolve=true").Want(t, http.StatusOK, "[]")
	w.Stranger(w.A).Get("/api/v1/accounts/search?q=zoe").Want(t, http.StatusUnauthorized)
}

// foreign fills a route's parameters with ids of tenant B.
func foreign(w *apitest.World, file social.MediaID) func(httpx.Route) *apitest.Request {
	return func(route httpx.Route) *apitest.Request {
		switch {
		case strings.HasPrefix(route.Path, "/api/v1/tags/"):
			return nil // a tag is a word, not a row of a tenant
		case strings.HasPrefix(route.Path, "/api/v1/media/"):
			return &apitest.Request{Params: map[string]string{"id": ids.Format(int64(file))}, Body: map[string]any{"description": "mine"}}
		}
		return &apitest.Request{Params: map[string]string{"id": ids.Format(int64(w.B.Account.ID))}}
	}
}

// TEN-09: ids of another tenant name nothing, to the byte.
func TestIDsOfAnotherTenantNameNothing(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	var file entity.MediaAttachment
	w.Bob.Post("/api/v1/media", apitest.Multipart{Files: map[string][]byte{"file": picture(t)}}).Into(t, &file)
	w.SweepForeignIDs(t, foreign(w, social.MediaID(file.ID)))
	w.Bob.Get("/api/v1/media/"+file.ID.String()).Want(t, http.StatusOK, `"description":null`)
}

func TestTokensOfAnotherTenantAreInvalid(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	w.SweepTokens(t)
}

func TestEachRoleDoesWhatItMay(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	w.SweepRoles(t)
}
