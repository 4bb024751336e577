package v1_test

import (
	"net/http"
	"slices"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
)

func kinds(t *testing.T, c *apitest.Client, path string) []string {
	t.Helper()
	var list []entity.Notification
	c.Get(path).Into(t, &list)
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Type
	}
	return out
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	carol, dave := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave")
	st := write(t, w.Alice, "status", "hello")
	write(t, carol, "status", "hi @alice")
	carol.Post(statusPath(st, "/favourite"), nil).Want(t, http.StatusOK)
	dave.Post(statusPath(st, "/reblog"), nil).Want(t, http.StatusOK)
	const path = "/api/v1/notifications"
	for query, want := range map[string][]string{
		"":                                {"reblog", "favourite", "mention"},
		"?limit=2":                        {"reblog", "favourite"},
		"?types[]=mention&types[]=reblog": {"reblog", "mention"},
		"?exclude_types[]=mention":        {"reblog", "favourite"},
		withID("?account_id=:id", carol):  {"favourite", "mention"},
		"?account_id=1":                   {},
	} {
		if got := kinds(t, w.Alice, path+query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	if got := kinds(t, w.Alice, w.Alice.Get(path+"?limit=2").Next()); !slices.Equal(got, []string{"mention"}) {
		t.Errorf("second page: %v", got)
	}
	if got := kinds(t, carol, path); len(got) != 0 {
		t.Errorf("carol reads %v", got)
	}
	w.Alice.Get(path+"/unread_count").Want(t, http.StatusOK, `{"count":3}`)

	var list []entity.Notification
	w.Alice.Get(path).Into(t, &list)
	one := path + "/" + list[0].ID.String()
	w.Alice.Get(one).Want(t, http.StatusOK, `"type":"reblog"`, `"acct":"dave"`, st.ID.String())
	for _, c := range []*apitest.Client{carol, w.Bob} {
		c.Get(one).Want(t, http.StatusNotFound)
		c.Post(one+"/dismiss", nil).Want(t, http.StatusNotFound)
		c.Post(path+"/clear", nil).Want(t, http.StatusOK, `{}`)
	}
	w.Alice.Post(one+"/dismiss", nil).Want(t, http.StatusOK, `{}`)
	w.Alice.Get(one).Want(t, http.StatusNotFound)
	w.Alice.Post(path+"/dismiss", nil).Want(t, http.StatusNotFound) // gone since Mastodon 3
	if got := kinds(t, w.Alice, path); !slices.Equal(got, []string{"favourite", "mention"}) {
		t.Errorf("after dismissing: %v", got)
	}
	w.Alice.Post(path+"/clear", nil).Want(t, http.StatusOK)
	if got := kinds(t, w.Alice, path); len(got) != 0 {
		t.Errorf("after clearing: %v", got)
	}
}

// Nothing is filtered, and an app that asks for a filter is told so.
func TestNotificationPolicy(t *testing.T) {
	t.Parallel()
	w := postWorld(t)
	const path = "/api/v1/notifications/policy"
	w.Alice.Get(path).Want(t, http.StatusOK, `"filter_not_following":false`, `"pending_requests_count":0`)
	w.Alice.Do(http.MethodPatch, path, map[string]any{"filter_new_accounts": "false"}).Want(t, http.StatusOK)
	w.Alice.Do(http.MethodPut, path, map[string]any{"filter_new_accounts": true}).Want(t, http.StatusUnprocessableEntity, "cannot be filtered")
	w.Alice.Get("/api/v1/notifications/requests/merged").Want(t, http.StatusOK, `{"merged":true}`)
}

func withID(format string, c *apitest.Client) string { return path(format, c.Account.ID) }
