package v1_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/testkeys"
	"rookery/tenant/people"
)

// postWorld serves posts, timelines and notifications, and the uploading of files.
func postWorld(t testing.TB) *apitest.World {
	t.Helper()
	return apitest.New(t, postRoutes)
}

func postRoutes(p apitest.Parts) []httpx.Route {
	deps := v1.Deps{
		DB: p.DB, Render: p.Render, Accounts: account.NewWith(p.DB, p.Key, testkeys.RSA), Relate: relate.New(p.Streams), Media: media.New(p.DB),
	}
	posts := v1.StatusRoutes(v1.StatusDeps{Deps: deps, Statuses: status.New(status.Options{Streams: p.Streams})})
	return append(posts, v1.NewMedia(deps).Routes()...)
}

// write posts a form and returns what was made.
func write(t testing.TB, c *apitest.Client, pairs ...string) *entity.Status {
	t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	var out entity.Status
	c.Post("/api/v1/statuses", form).Into(t, &out)
	return &out
}

func statusPath(s *entity.Status, rest string) string {
	return "/api/v1/statuses/" + s.ID.String() + rest
}

func shown(t *testing.T, c *apitest.Client, s *entity.Status) *entity.Status {
	t.Helper()
	var out entity.Status
	c.Get(statusPath(s, "")).Into(t, &out)
	return &out
}

func upload(t *testing.T, c *apitest.Client) entity.MediaAttachment {
	t.Helper()
	var out entity.MediaAttachment
	r := c.Post("/api/v1/media", apitest.Multipart{Files: map[string][]byte{"file": picture(t)}, Fields: map[string]string{"description": "A gradient"}})
	r.Into(t, &out)
	return out
}

func TestLifeOfAPost(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	file := upload(t, w.Alice)
	st := write(t, w.Alice, "status", "Hello <b> #Bikes", "spoiler_text", "wheels", "language", "de", "visibility", "unlisted", "media_ids[]", file.ID.String())
	got := shown(t, w.Stranger(w.A), st)
	if !strings.Contains(got.Content, "Hello &lt;b&gt;") || got.SpoilerText != "wheels" || !got.Sensitive || *got.Language != "de" ||
		got.Visibility != "unlisted" || len(got.MediaAttachments) != 1 || len(got.Tags) != 1 || got.Tags[0].Name != "bikes" ||
		got.Application == nil || got.Application.Name != "Test app" || got.Account.Acct != "alice" {
		t.Errorf("%+v", got)
	}
	var source entity.StatusSource
	w.Alice.Get(statusPath(st, "/source")).Into(t, &source)
	if source.Text != "Hello <b> #Bikes" || source.SpoilerText != "wheels" {
		t.Errorf("source %+v", source)
	}

	var edited entity.Status
	w.Alice.Do(http.MethodPut, statusPath(st, ""), map[string]any{
		"status": "Changed", "media_ids": []string{file.ID.String()},
		"media_attributes": []map[string]any{{"id": file.ID.String(), "description": "Colours", "focus": "0.5,-0.5"}},
	}).Into(t, &edited)
	got = shown(t, w.Alice, st)
	if !strings.Contains(got.Content, "Changed") || got.EditedAt == nil || got.SpoilerText != "" || *got.Language != "de" || len(got.Tags) != 0 ||
		len(got.MediaAttachments) != 1 || *got.MediaAttachments[0].Description != "Colours" || got.MediaAttachments[0].Meta.Focus.X != 0.5 {
		t.Errorf("edited: %+v", got)
	}
	var history []entity.StatusEdit
	w.Alice.Get(statusPath(st, "/history")).Into(t, &history)
	if len(history) != 2 || !strings.Contains(history[0].Content, "Hello") || !strings.Contains(history[1].Content, "Changed") {
		t.Errorf("history %+v", history)
	}

	var deleted entity.Status
	w.Alice.Do(http.MethodDelete, statusPath(st, ""), nil).Into(t, &deleted)
	if deleted.Text == nil || *deleted.Text != "Changed" || len(deleted.MediaAttachments) != 1 {
		t.Errorf("deleted: %+v", deleted)
	}
	for _, rest := range []string{"", "/context", "/history", "/source"} {
		w.Alice.Get(statusPath(st, rest)).Want(t, http.StatusNotFound)
	}
	// Redrafted: the file is free for the next post.
	again := write(t, w.Alice, "status", "Again", "media_ids[]", file.ID.String())
	w.Alice.Do(http.MethodDelete, statusPath(again, "")+"?delete_media=true", nil).Want(t, http.StatusOK)
	w.Alice.Post("/api/v1/statuses", map[string]any{"status": "x", "media_ids": []string{file.ID.String()}}).Want(t, http.StatusUnprocessableEntity)
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol := w.Add(t, w.A, "carol")
	ids := map[string]int{}
	for range 3 {
		ids[keyed(t, w.Alice, "key 1")]++
	}
	ids[keyed(t, w.Alice, "key 2")]++
	ids[keyed(t, carol, "key 1")]++
	ids[keyed(t, w.Bob, "key 1")]++
	if len(ids) != 4 {
		t.Errorf("five keys of three accounts made %d posts", len(ids))
	}
}

func keyed(t *testing.T, c *apitest.Client, key string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/statuses", strings.NewReader("status=once"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Idempotency-Key", key)
	var out entity.Status
	c.Send(r).Into(t, &out)
	return out.ID.String()
}

func TestPostsThatCannotBe(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	viewer := w.Client(t, w.A, w.A.AddAccount(t, "team"), people.Viewer, apitest.AllScopes)
	narrow := w.Client(t, w.A, w.A.Account, people.Owner, "read")
	theirs := write(t, w.Bob, "status", "hello")
	hidden := write(t, w.Add(t, w.A, "carol"), "status", "secret", "visibility", "private")
	file := upload(t, w.Bob)
	tests := map[string]struct {
		client *apitest.Client
		body   map[string]any
		status int
		text   string
	}{
		"empty":              {w.Alice, map[string]any{"status": "  "}, 422, "Text can't be blank"},
		"too long":           {w.Alice, map[string]any{"status": strings.Repeat("x", 501)}, 422, "character limit of 500"},
		"poll":               {w.Alice, map[string]any{"status": "x", "poll": map[string]any{"options": []string{"a", "b"}, "expires_in": 300}}, 422, "Polls are not available"},
		"scheduled too soon": {w.Alice, map[string]any{"status": "x", "scheduled_at": time.Now().Add(4 * time.Minute).Format(time.RFC3339)}, 422, "5 minutes"},
		"scheduled never":    {w.Alice, map[string]any{"status": "x", "scheduled_at": "tomorrow"}, 422, "not a date"},
		"quote":              {w.Alice, map[string]any{"status": "x", "quoted_status_id": "1"}, 422, "Quotes are not available"},
		"visibility":         {w.Alice, map[string]any{"status": "x", "visibility": "limited"}, 422, "Visibility"},
		"no such parent":     {w.Alice, map[string]any{"status": "x", "in_reply_to_id": "1"}, 404, "Record not found"},
		"parent of a tenant": {w.Alice, map[string]any{"status": "x", "in_reply_to_id": theirs.ID.String()}, 404, "Record not found"},
		"hidden parent":      {w.Alice, map[string]any{"status": "x", "in_reply_to_id": hidden.ID.String()}, 404, "Record not found"},
		"file of a tenant":   {w.Alice, map[string]any{"status": "x", "media_ids": []string{file.ID.String()}}, 422, "Media not found"},
		"viewer":             {viewer, map[string]any{"status": "x"}, 403, "Ask one of its owners"},
		"scope":              {narrow, map[string]any{"status": "x"}, 403, "outside the authorized scopes"},
		"no token":           {w.Stranger(w.A), map[string]any{"status": "x"}, 401, "access token"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.client.Post("/api/v1/statuses", tt.body).Want(t, tt.status, tt.text)
		})
	}
}

func TestThreadsAndSeveral(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol := w.Add(t, w.A, "carol")
	first := write(t, w.Alice, "status", "first")
	second := write(t, carol, "status", "second", "in_reply_to_id", first.ID.String())
	third := write(t, w.Alice, "status", "third", "in_reply_to_id", second.ID.String())
	write(t, carol, "status", "aside", "in_reply_to_id", second.ID.String(), "visibility", "private")
	var thread entity.Context
	w.Stranger(w.A).Get(statusPath(second, "/context")).Into(t, &thread)
	if len(thread.Ancestors) != 1 || thread.Ancestors[0].ID != first.ID || len(thread.Descendants) != 1 || thread.Descendants[0].ID != third.ID {
		t.Errorf("%+v", thread)
	}
	foreign := write(t, w.Bob, "status", "elsewhere")
	var several []entity.Status
	w.Stranger(w.A).Get(fmt.Sprintf("/api/v1/statuses?id[]=%s&id[]=%s&id[]=%s&id[]=1&id[]=%s", third.ID, foreign.ID, first.ID, third.ID)).Into(t, &several)
	if len(several) != 2 || several[0].ID != third.ID || several[1].ID != first.ID {
		t.Errorf("%+v", several)
	}
}

// Somebody else's post can be neither changed nor looked behind.
func TestOnlyTheAuthorChangesAPost(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol := w.Add(t, w.A, "carol")
	st := write(t, w.Alice, "status", "mine")
	carol.Do(http.MethodPut, statusPath(st, ""), map[string]any{"status": "yours"}).Want(t, http.StatusNotFound)
	carol.Do(http.MethodDelete, statusPath(st, ""), nil).Want(t, http.StatusNotFound)
	carol.Get(statusPath(st, "/source")).Want(t, http.StatusNotFound)
	carol.Post(statusPath(st, "/pin"), nil).Want(t, http.StatusUnprocessableEntity, "Someone else's post")
	w.Alice.Get(statusPath(st, "/card")).Want(t, http.StatusNotFound)
}

// TEN-09: ids of another tenant name nothing, to the byte.
func TestSweepPosts(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	st := write(t, w.Bob, "status", "hello #x", "visibility", "public")
	var told []entity.Notification
	fan := w.Add(t, w.B, "fan")
	fan.Post(statusPath(st, "/favourite"), nil).Want(t, http.StatusOK)
	w.Bob.Get("/api/v1/notifications").Into(t, &told)
	file := upload(t, w.Bob)
	planned := later(t, w.Bob)
	w.SweepForeignIDs(t, func(r httpx.Route) *apitest.Request {
		switch {
		case strings.Contains(r.Path, "/scheduled_statuses/"):
			return &apitest.Request{Params: map[string]string{"id": planned.ID.String()}}
		case strings.Contains(r.Path, "/statuses/"):
			return &apitest.Request{Params: map[string]string{"id": st.ID.String()}, Body: map[string]any{"status": "x"}}
		case strings.Contains(r.Path, "/notifications/"):
			return &apitest.Request{Params: map[string]string{"id": told[0].ID.String()}}
		case strings.Contains(r.Path, "/media/"):
			return &apitest.Request{Params: map[string]string{"id": file.ID.String()}}
		}
		return nil // a hashtag names nothing of a tenant
	})
	w.SweepTokens(t)
	w.SweepRoles(t)
	var mine []entity.Status
	w.Alice.Get("/api/v1/timelines/tag/x").Into(t, &mine)
	if len(mine) != 0 {
		t.Errorf("tenant A reads %+v", mine)
	}
}

// follow makes an accepted follow, with boosts.
func follow(t testing.TB, c, target *apitest.Client) {
	t.Helper()
	c.Home.Do(t, func(ctx context.Context, s *pg.Scope) error {
		_, err := store.AddFollow(ctx, s, social.Follow{
			ID: int64(c.Account.ID) ^ int64(target.Account.ID), AccountID: c.Account.ID, TargetID: target.Account.ID,
			State: social.FollowAccepted, ShowBoosts: true, URI: "https://a.test/follows/" + c.Account.Username + target.Account.Username,
		}, false)
		return err
	})
}
