package v2_test

import (
	"net/http"
	"net/url"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
)

func TestNotificationGroups(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(p apitest.Parts) []httpx.Route {
		deps := v1.StatusDeps{
			Deps:     v1.Deps{DB: p.DB, Render: p.Render, Relate: relate.New(p.Streams)},
			Statuses: status.New(status.Options{Streams: p.Streams}),
		}
		return append(v1.StatusRoutes(deps), v2.NewNotificationGroups(deps).Routes()...)
	})
	carol, dave, erin := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave"), w.Add(t, w.A, "erin")
	write := func(c *apitest.Client, text string) (out entity.Status) {
		c.Post("/api/v1/statuses", url.Values{"status": {text}}).Into(t, &out)
		return out
	}
	st := write(w.Alice, "hello")
	write(carol, "hi @alice")
	for _, c := range []*apitest.Client{erin, carol, dave} {
		c.Post("/api/v1/statuses/"+st.ID.String()+"/favourite", nil).Want(t, http.StatusOK)
	}
	const path = "/api/v2/notifications"
	var got entity.GroupedNotificationsResults
	w.Alice.Get(path).Into(t, &got)
	if len(got.NotificationGroups) != 2 || len(got.Accounts) != 3 || len(got.Statuses) != 2 {
		t.Fatalf("%+v", got)
	}
	likes, mention := got.NotificationGroups[0], got.NotificationGroups[1]
	if likes.Type != "favourite" || likes.NotificationsCount != 3 || *likes.StatusID != st.ID || len(likes.SampleAccountIDs) != 3 ||
		int64(likes.SampleAccountIDs[0]) != int64(dave.Account.ID) || mention.Type != "mention" || mention.NotificationsCount != 1 {
		t.Errorf("%+v", got.NotificationGroups)
	}
	w.Alice.Get(path+"/unread_count").Want(t, http.StatusOK, `{"count":2}`)
	w.Alice.Get(path+"/unread_count?types[]=mention").Want(t, http.StatusOK, `{"count":1}`)
	w.Alice.Get(path+"?expand_accounts=partial_avatars").Want(t, http.StatusOK, `"partial_accounts":[{`)

	var page entity.GroupedNotificationsResults
	first := w.Alice.Get(path + "?limit=1")
	first.Into(t, &page)
	if len(page.NotificationGroups) != 1 || page.NotificationGroups[0].GroupKey != likes.GroupKey {
		t.Errorf("first page: %+v", page.NotificationGroups)
	}
	if first.Next() == "" {
		t.Error("no second page")
	}
	// An app may want likes one by one.
	var apart entity.GroupedNotificationsResults
	w.Alice.Get(path+"?grouped_types[]=follow").Into(t, &apart)
	if len(apart.NotificationGroups) != 4 {
		t.Fatalf("ungrouped: %+v", apart.NotificationGroups)
	}

	for key, holds := range map[string]string{likes.GroupKey: `"notifications_count":3`, mention.GroupKey: `"type":"mention"`, apart.NotificationGroups[0].GroupKey: `"notifications_count":1`} {
		w.Alice.Get(path+"/"+key).Want(t, http.StatusOK, holds)
		w.Alice.Get(path+"/"+key+"/accounts").Want(t, http.StatusOK, `"username"`)
		for _, other := range []*apitest.Client{carol, w.Bob} {
			other.Get(path+"/"+key).Want(t, http.StatusNotFound)
			other.Get(path+"/"+key+"/accounts").Want(t, http.StatusNotFound)
			other.Post(path+"/"+key+"/dismiss", nil).Want(t, http.StatusNotFound)
		}
	}
	for _, key := range []string{"ungrouped-x", "nonsense", "favourite-1-1", "%zz"} {
		if r := w.Alice.Get(path + "/" + url.PathEscape(key)); r.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", key, r.Status, r.Body)
		}
	}
	w.Alice.Post(path+"/"+likes.GroupKey+"/dismiss", nil).Want(t, http.StatusOK, `{}`)
	w.Alice.Get(path+"/"+likes.GroupKey).Want(t, http.StatusNotFound)
	w.Alice.Post(path+"/"+mention.GroupKey+"/dismiss", nil).Want(t, http.StatusOK, `{}`)
	w.Alice.Get(path).Want(t, http.StatusOK, `"notification_groups":[]`)
	w.Alice.Post(path+"/clear", nil).Want(t, http.StatusOK, `{}`)

	w.Alice.Get(path+"/policy").Want(t, http.StatusOK, `"for_not_following":"accept"`)
	w.Alice.Do(http.MethodPatch, path+"/policy", map[string]any{"for_new_accounts": "accept"}).Want(t, http.StatusOK)
	w.Alice.Do(http.MethodPatch, path+"/policy", map[string]any{"for_new_accounts": "drop"}).Want(t, http.StatusUnprocessableEntity)
}
