package v1_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/people"
)

func TestRelationships(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol := w.Add(t, w.A, "carol")
	// The steps build on one another: what alice does to carol, and what the answer says.
	steps := []struct {
		act  string
		body any
		ok   func(entity.Relationship) bool
	}{
		{"follow", nil, func(r entity.Relationship) bool { return r.Following && r.ShowingReblogs && !r.Notifying }},
		{"follow", map[string]any{"notify": true, "reblogs": false, "languages": []string{"de"}}, func(r entity.Relationship) bool {
			return r.Following && !r.ShowingReblogs && r.Notifying && len(r.Languages) == 1
		}},
		{"follow", nil, func(r entity.Relationship) bool { return !r.ShowingReblogs && r.Notifying && len(r.Languages) == 1 }},
		{"unfollow", nil, func(r entity.Relationship) bool { return !r.Following }},
		{"unfollow", nil, func(r entity.Relationship) bool { return !r.Following }},
		{"mute", url.Values{"duration": {"600"}, "notifications": {"false"}}, func(r entity.Relationship) bool {
			return r.Muting && !r.MutingNotifications && r.MutingExpiresAt != nil
		}},
		{"unmute", nil, func(r entity.Relationship) bool { return !r.Muting }},
		{"note", map[string]any{"comment": "met in Riga"}, func(r entity.Relationship) bool { return r.Note == "met in Riga" }},
		{"block", nil, func(r entity.Relationship) bool { return r.Blocking }},
		{"unblock", nil, func(r entity.Relationship) bool { return !r.Blocking && r.Note == "met in Riga" }},
	}
	for _, step := range steps {
		var got entity.Relationship
		w.Alice.Post(path("/api/v1/accounts/:id/"+step.act, carol.Account.ID), step.body).Into(t, &got)
		if !step.ok(got) || got.ID != entity.ID(carol.Account.ID) {
			t.Errorf("after %s %v: %+v", step.act, step.body, got)
		}
	}
	w.Alice.Post(path("/api/v1/accounts/:id/follow", w.A.Account.ID), nil).Want(t, http.StatusUnprocessableEntity)
	w.Alice.Post(path("/api/v1/accounts/:id/mute", carol.Account.ID), map[string]any{"duration": -1}).Want(t, http.StatusUnprocessableEntity)
	carol.Post(path("/api/v1/accounts/:id/block", w.A.Account.ID), nil).Want(t, http.StatusOK)
	w.Alice.Post(path("/api/v1/accounts/:id/follow", carol.Account.ID), nil).Want(t, http.StatusForbidden, "not allowed")
}

func TestRelationshipsComeInTheOrderAsked(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol, dave := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave")
	query := url.Values{"id[]": {ids.Format(int64(dave.Account.ID)), ids.Format(int64(w.B.Account.ID)), ids.Format(int64(carol.Account.ID))}}
	var got []entity.Relationship
	w.Alice.Get("/api/v1/accounts/relationships?"+query.Encode()).Into(t, &got)
	if len(got) != 2 || got[0].ID != entity.ID(dave.Account.ID) || got[1].ID != entity.ID(carol.Account.ID) {
		t.Errorf("%+v", got)
	}
	w.Alice.Get("/api/v1/accounts/relationships").Want(t, http.StatusOK, "[]")
	w.Alice.Get("/api/v1/accounts/relationships?id="+ids.Format(int64(dave.Account.ID))).Want(t, http.StatusOK, `"following":false`)
}

func TestFollowersPageByTheirOwnIDs(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	var names []string
	for _, name := range []string{"carol", "dave", "erin"} {
		w.Add(t, w.A, name).Post(path("/api/v1/accounts/:id/follow", w.A.Account.ID), nil).Want(t, http.StatusOK)
	}
	next := path("/api/v1/accounts/:id/followers?limit=1", w.A.Account.ID)
	for next != "" && len(names) < 5 {
		var page []entity.Account
		r := w.Stranger(w.A).Get(next)
		r.Into(t, &page)
		for _, a := range page {
			names = append(names, a.Acct)
		}
		next = r.Next()
	}
	if len(names) != 3 || names[0] != "erin" || names[2] != "carol" {
		t.Errorf("followers in pages of one: %v", names)
	}
	w.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", map[string]any{"hide_collections": true}).Want(t, http.StatusOK)
	if r := w.Stranger(w.A).Get(path("/api/v1/accounts/:id/followers", w.A.Account.ID)); r.Body != "[]" {
		t.Errorf("hidden followers are shown: %s", r.Body)
	}
	w.Alice.Get(path("/api/v1/accounts/:id/followers", w.A.Account.ID)).Want(t, http.StatusOK, `"acct":"erin"`)
}

func TestFamiliarFollowers(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol, dave := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave")
	w.Alice.Post(path("/api/v1/accounts/:id/follow", carol.Account.ID), nil).Want(t, http.StatusOK)
	carol.Post(path("/api/v1/accounts/:id/follow", dave.Account.ID), nil).Want(t, http.StatusOK)
	var got []entity.FamiliarFollowers
	w.Alice.Get(path("/api/v1/accounts/familiar_followers?id[]=:id", dave.Account.ID)).Into(t, &got)
	if len(got) != 1 || len(got[0].Accounts) != 1 || got[0].Accounts[0].Acct != "carol" {
		t.Errorf("%+v", got)
	}
}

// remote is an account elsewhere that has asked to follow alice.
func remote(t *testing.T, w *apitest.World, name string) *social.Account {
	t.Helper()
	a := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://else.test/u/" + name, Username: name, Domain: "else.test", ActorType: "Person",
		InboxURL: "https://else.test/inbox", URL: "https://else.test/@" + name,
	}
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.UpsertRemoteAccount(ctx, scope, a); err != nil {
			return err
		}
		_, err := store.AddFollow(ctx, scope, social.Follow{
			ID: ids.New(), AccountID: a.ID, TargetID: w.A.Account.ID, URI: a.URI + "/follow", State: social.FollowPending,
		}, true)
		return err
	})
	return a
}

func TestFollowRequests(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	zoe, yan := remote(t, w, "zoe"), remote(t, w, "yan")
	var list []entity.Account
	w.Alice.Get("/api/v1/follow_requests").Into(t, &list)
	if len(list) != 2 || list[0].Acct != "yan@else.test" {
		t.Errorf("%+v", list)
	}
	w.Alice.Get("/api/v1/accounts/verify_credentials").Want(t, http.StatusOK, `"follow_requests_count":2`)
	w.Alice.Post(path("/api/v1/follow_requests/:id/authorize", zoe.ID), nil).Want(t, http.StatusOK, `"followed_by":true`)
	w.Alice.Post(path("/api/v1/follow_requests/:id/reject", yan.ID), nil).Want(t, http.StatusOK, `"followed_by":false`)
	w.Alice.Post(path("/api/v1/follow_requests/:id/authorize", yan.ID), nil).Want(t, http.StatusNotFound, apitest.Missing)
	w.Alice.Post(path("/api/v1/accounts/:id/remove_from_followers", zoe.ID), nil).Want(t, http.StatusOK, `"followed_by":false`)
}

func TestListsOfBlocksAndMutes(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol, dave := w.Add(t, w.A, "carol"), w.Add(t, w.A, "dave")
	w.Alice.Post(path("/api/v1/accounts/:id/block", carol.Account.ID), nil).Want(t, http.StatusOK)
	w.Alice.Post(path("/api/v1/accounts/:id/mute", dave.Account.ID), nil).Want(t, http.StatusOK)
	w.Alice.Get("/api/v1/blocks").Want(t, http.StatusOK, `"acct":"carol"`)
	w.Alice.Get("/api/v1/mutes").Want(t, http.StatusOK, `"acct":"dave"`, `"mute_expires_at":null`)
	if r := carol.Get("/api/v1/blocks"); r.Body != "[]" {
		t.Errorf("carol blocks %s", r.Body)
	}
}

func TestScopesAndRoles(t *testing.T) {
	t.Parallel()
	w := world(t, nil)
	carol := w.Add(t, w.A, "carol")
	follow := path("/api/v1/accounts/:id/follow", carol.Account.ID)
	for scopes, want := range map[string]int{
		"read": http.StatusForbidden, "write:follows": http.StatusOK, "follow": http.StatusOK, "write:blocks": http.StatusForbidden,
	} {
		w.Client(t, w.A, w.A.Account, people.Owner, scopes).Post(follow, nil).Want(t, want)
	}
	w.Client(t, w.A, w.A.Account, people.Owner, "profile").Get("/api/v1/accounts/verify_credentials").Want(t, http.StatusOK)
	w.Client(t, w.A, w.A.Account, people.Drafter, apitest.AllScopes).Post(follow, nil).Want(t, http.StatusForbidden)
}
