package v1_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
)

// list reads a list of posts and returns their ids.
func list(t *testing.T, c *apitest.Client, path string) []string {
	t.Helper()
	var posts []*entity.Status
	c.Get(path).Into(t, &posts)
	out := make([]string, len(posts))
	for i, p := range posts {
		out[i] = p.ID.String()
	}
	return out
}

func idsOf(posts ...*entity.Status) []string {
	out := make([]string, len(posts))
	for i, p := range posts {
		out[i] = p.ID.String()
	}
	return out
}

func TestTimelines(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol, dave := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave")
	follow(t, w.Alice, carol)
	file := upload(t, carol)
	write(t, w.Bob, "status", "elsewhere #a")
	plain := write(t, carol, "status", "plain #a #b")
	picture := write(t, carol, "status", "picture #a", "media_ids[]", file.ID.String())
	private := write(t, carol, "status", "for followers #a", "visibility", "private")
	strange := write(t, dave, "status", "strange #Ünder")
	tests := map[string]struct {
		client *apitest.Client
		path   string
		want   []string
	}{
		"home":           {w.Alice, "/api/v1/timelines/home", idsOf(private, picture, plain)},
		"home, page":     {w.Alice, "/api/v1/timelines/home?limit=1&max_id=" + private.ID.String(), idsOf(picture)},
		"home, since":    {w.Alice, "/api/v1/timelines/home?limit=1&since_id=" + plain.ID.String(), idsOf(private)},
		"home, min":      {w.Alice, "/api/v1/timelines/home?limit=1&min_id=" + plain.ID.String(), idsOf(picture)},
		"public":         {w.Stranger(w.A), "/api/v1/timelines/public", idsOf(strange, picture, plain)},
		"local":          {w.Alice, "/api/v1/timelines/public?local=true", idsOf(strange, picture, plain)},
		"remote":         {w.Alice, "/api/v1/timelines/public?remote=1", nil},
		"media":          {w.Stranger(w.A), "/api/v1/timelines/public?only_media=true", idsOf(picture)},
		"tag":            {w.Stranger(w.A), "/api/v1/timelines/tag/A", idsOf(picture, plain)},
		"tag, any":       {w.Alice, "/api/v1/timelines/tag/b?any[]=ünder", idsOf(strange, plain)},
		"tag, all":       {w.Alice, "/api/v1/timelines/tag/a?all[]=b", idsOf(plain)},
		"tag, none":      {w.Alice, "/api/v1/timelines/tag/a?none[]=b", idsOf(picture)},
		"tag, remote":    {w.Alice, "/api/v1/timelines/tag/a?remote=true", nil},
		"tag in UTF-8":   {w.Alice, "/api/v1/timelines/tag/" + url.PathEscape("ünder"), idsOf(strange)},
		"another tenant": {w.Bob, "/api/v1/timelines/home?max_id=" + private.ID.String(), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := list(t, tt.client, tt.path)
			if name == "another tenant" {
				if slices.Contains(got, plain.ID.String()) {
					t.Errorf("%v", got)
				}
				return
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	w.Alice.Get("/api/v1/timelines/home?limit=-1").Want(t, http.StatusBadRequest)
	w.Alice.Get("/api/v1/timelines/list/1").Want(t, http.StatusNotFound)
	w.Stranger(w.A).Get("/api/v1/timelines/home").Want(t, http.StatusUnauthorized)
}

// Apps page by the Link header alone: the ids of these lists are not those of posts.
func TestPagesByLink(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	var posts []*entity.Status
	for range 5 {
		posts = append(posts, write(t, w.Alice, "status", "x"))
	}
	// Liked and kept in an order that is not that of the posts.
	order := []int{3, 0, 4, 1, 2}
	for _, i := range order {
		w.Alice.Post(statusPath(posts[i], "/favourite"), nil).Want(t, http.StatusOK, `"favourited":true`, `"favourites_count":1`)
		w.Alice.Post(statusPath(posts[i], "/bookmark"), nil).Want(t, http.StatusOK, `"bookmarked":true`)
	}
	var want []string
	for _, i := range slices.Backward(order) {
		want = append(want, posts[i].ID.String())
	}
	for _, path := range []string{"/api/v1/favourites", "/api/v1/bookmarks"} {
		var got []string
		for next := path + "?limit=2"; next != ""; {
			var page []*entity.Status
			r := w.Alice.Get(next)
			r.Into(t, &page)
			got, next = append(got, idsOf(page...)...), r.Next()
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
		if theirs := list(t, w.Add(t, w.A, "x"+path[8:11]), path); len(theirs) != 0 {
			t.Errorf("%s of somebody else: %v", path, theirs)
		}
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol := w.Add(t, w.A, "carol")
	st := write(t, w.Alice, "status", "act on this")
	var boost entity.Status
	carol.Post(statusPath(st, "/reblog"), url.Values{"visibility": {"unlisted"}}).Into(t, &boost)
	if boost.Reblog == nil || boost.Reblog.ID != st.ID || boost.Visibility != "unlisted" || boost.Reblog.ReblogsCount != 1 || !boost.Reblogged {
		t.Errorf("%+v", boost)
	}
	var people []*entity.Account
	w.Stranger(w.A).Get(statusPath(st, "/reblogged_by")).Into(t, &people)
	if len(people) != 1 || people[0].Acct != "carol" {
		t.Errorf("boosted by %+v", people)
	}
	// What is done to a boost is done to the post.
	carol.Post(statusPath(&boost, "/favourite"), nil).Want(t, http.StatusOK, `"id":"`+st.ID.String()+`"`, `"favourited":true`)
	w.Alice.Get(statusPath(st, "/favourited_by")).Want(t, http.StatusOK, `"acct":"carol"`)
	carol.Post(statusPath(&boost, "/unfavourite"), nil).Want(t, http.StatusOK, `"favourited":false`, `"favourites_count":0`)
	carol.Post(statusPath(st, "/unreblog"), nil).Want(t, http.StatusOK, `"reblogged":false`, `"reblogs_count":0`)
	carol.Get(statusPath(&boost, "")).Want(t, http.StatusNotFound)

	for _, pair := range [][3]string{{"mute", "unmute", "muted"}, {"pin", "unpin", "pinned"}, {"bookmark", "unbookmark", "bookmarked"}} {
		for i, truth := range []string{"true", "false"} {
			for range 2 { // a second time is no harm
				w.Alice.Post(statusPath(st, "/"+pair[i]), nil).Want(t, http.StatusOK, `"`+pair[2]+`":`+truth)
			}
		}
	}
	private := write(t, w.Alice, "status", "for followers", "visibility", "private")
	for _, deed := range []string{"reblog", "favourite", "bookmark", "mute", "pin"} {
		carol.Post(statusPath(private, "/"+deed), nil).Want(t, http.StatusNotFound)
	}
	drafter := w.Client(t, w.A, w.A.AddAccount(t, "team"), "drafter", apitest.AllScopes)
	drafter.Post(statusPath(st, "/reblog"), nil).Want(t, http.StatusForbidden)
	drafter.Post(statusPath(st, "/bookmark"), nil).Want(t, http.StatusOK)
}
