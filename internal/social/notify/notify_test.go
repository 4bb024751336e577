package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
	"rookery/internal/stream"
	"rookery/internal/testkit/socialtest"
)

// told is an account with five notifications, oldest first: two likes of one
// post, a mention, two follows.
func told(t *testing.T) (*socialtest.World, *social.Account, []social.Notification) {
	t.Helper()
	w := socialtest.New(t)
	to, a, b := w.Local("to"), w.Remote("a", "far.test"), w.Remote("b", "far.test")
	st := &social.Status{ID: 1000, AccountID: to.ID, URI: "https://a.test/1", Visibility: social.Public, IsLocal: true, ConversationID: 1000}
	list := []social.Notification{
		notify.New(to.ID, a.ID, social.NotifyFavourite, st.ID),
		notify.New(to.ID, b.ID, social.NotifyFavourite, st.ID),
		notify.New(to.ID, a.ID, social.NotifyMention, st.ID),
		notify.New(to.ID, a.ID, social.NotifyFollow, 0),
		notify.New(to.ID, b.ID, social.NotifyFollow, 0),
	}
	for i := range list { // the counter of ids may wrap within one millisecond
		list[i].ID = social.NotificationID(5000 + i)
	}
	w.Do(func(scope *pg.Scope) error {
		if _, err := store.InsertStatuses(t.Context(), scope, []*social.Status{st}); err != nil {
			return err
		}
		if err := notify.Tell(t.Context(), scope, w.Streams, list...); err != nil {
			return err
		}
		return notify.Tell(t.Context(), scope, w.Streams, notify.New(to.ID, a.ID, social.NotifyFollow, 0)) // the same once more
	})
	return w, to, list
}

func TestListAndDismiss(t *testing.T) {
	t.Parallel()
	w, to, list := told(t)
	ids := func(f store.NotificationFilter, page store.Page) (out []int) {
		w.Do(func(scope *pg.Scope) error {
			rows, err := notify.List(t.Context(), scope, to.ID, f, page)
			for _, n := range rows {
				out = append(out, int(n.ID)-5000)
			}
			return err
		})
		return out
	}
	for name, tt := range map[string]struct {
		got, want []int
	}{
		"all":        {ids(store.NotificationFilter{}, store.Page{}), []int{4, 3, 2, 1, 0}},
		"types":      {ids(store.NotificationFilter{Types: []string{"follow", "mention"}}, store.Page{}), []int{4, 3, 2}},
		"exclude":    {ids(store.NotificationFilter{ExcludeTypes: []string{"favourite"}}, store.Page{}), []int{4, 3, 2}},
		"from":       {ids(store.NotificationFilter{FromID: list[1].FromID}, store.Page{}), []int{4, 1}},
		"older":      {ids(store.NotificationFilter{}, store.Page{MaxID: 5003, Limit: 2}), []int{2, 1}},
		"just above": {ids(store.NotificationFilter{}, store.Page{MinID: 5000, Limit: 2}), []int{2, 1}},
	} {
		if !cmp.Equal(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
	if n := len(w.Streams.Take()); n != 5 {
		t.Errorf("streams heard of %d notifications", n)
	}
	w.Do(func(scope *pg.Scope) error {
		if err := notify.Dismiss(t.Context(), scope, to.ID, 5002); err != nil {
			return err
		}
		if _, err := notify.Get(t.Context(), scope, to.ID, 5002); !fault.IsNotFound(err) {
			t.Errorf("get of a dismissed one: %v", err)
		}
		if err := notify.Dismiss(t.Context(), scope, list[0].FromID, 5001); !fault.IsNotFound(err) {
			t.Errorf("dismiss of somebody else's: %v", err)
		}
		return notify.Clear(t.Context(), scope, to.ID)
	})
	if got := ids(store.NotificationFilter{}, store.Page{}); len(got) != 0 {
		t.Errorf("left after clearing: %v", got)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	w, to, list := told(t)
	if list[0].GroupKey == list[2].GroupKey || !strings.HasPrefix(list[0].GroupKey, "favourite-1000-") || list[2].GroupKey != "ungrouped-"+fmt.Sprint(groupID(list[2])) {
		t.Errorf("group keys: %q, %q", list[0].GroupKey, list[2].GroupKey)
	}
	w.Do(func(scope *pg.Scope) error {
		groups, err := notify.Groups(t.Context(), scope, to.ID, store.NotificationFilter{}, nil, store.Page{})
		if err != nil {
			return err
		}
		var got [][]int
		for _, g := range groups {
			got = append(got, []int{int(g.LatestID) - 5000, g.Count, len(g.SampleFrom), int(g.PageMinID) - 5000})
		}
		if want := [][]int{{4, 2, 2, 3}, {2, 1, 1, 2}, {1, 2, 2, 0}}; !cmp.Equal(got, want) {
			t.Errorf("groups (latest, count, samples, page's oldest): %v, want %v", got, want)
		}
		only, err := notify.Groups(t.Context(), scope, to.ID, store.NotificationFilter{}, []string{"favourite"}, store.Page{Limit: 2})
		if err != nil {
			return err
		}
		if len(only) != 2 || only[0].Count != 1 || !strings.HasPrefix(only[0].GroupKey, "ungrouped-") {
			t.Errorf("follows kept apart: %+v", only)
		}
		key := list[0].GroupKey
		whole, err := notify.Group(t.Context(), scope, to.ID, key)
		if err != nil || whole.Count != 2 || whole.StatusID != 1000 {
			t.Errorf("group: %+v, %v", whole, err)
		}
		if from, err := notify.GroupAccounts(t.Context(), scope, to.ID, key); len(from) != 2 || err != nil {
			t.Errorf("accounts: %v, %v", from, err)
		}
		if err := notify.DismissGroup(t.Context(), scope, to.ID, key); err != nil {
			return err
		}
		if _, err := notify.Group(t.Context(), scope, to.ID, key); !fault.IsNotFound(err) {
			t.Errorf("dismissed group: %v", err)
		}
		return nil
	})
}

// groupID reads the id from the key: the test has changed the notification's own.
func groupID(n social.Notification) string { return strings.TrimPrefix(n.GroupKey, "ungrouped-") }

func TestMarkersAndUnread(t *testing.T) {
	t.Parallel()
	w, to, _ := told(t)
	w.Do(func(scope *pg.Scope) error {
		m, err := notify.SetMarker(t.Context(), scope, to.ID, notify.NotificationsMarker, 5001, 0)
		if err != nil || m.Version != 1 {
			t.Fatalf("set: %+v, %v", m, err)
		}
		if n, err := notify.Unread(t.Context(), scope, to.ID, store.NotificationFilter{}, 0); n != 3 || err != nil {
			t.Errorf("unread: %d, %v", n, err)
		}
		if n, err := notify.Unread(t.Context(), scope, to.ID, store.NotificationFilter{}, 2); n != 2 || err != nil {
			t.Errorf("unread up to two: %d, %v", n, err)
		}
		if m, err = notify.SetMarker(t.Context(), scope, to.ID, notify.NotificationsMarker, 5002, 1); err != nil || m.Version != 2 {
			t.Errorf("move: %+v, %v", m, err)
		}
		if _, err := notify.SetMarker(t.Context(), scope, to.ID, notify.NotificationsMarker, 5003, 1); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("move by a client that is behind: %v", err)
		}
		if _, err := notify.SetMarker(t.Context(), scope, to.ID, "else", 1, 0); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("unknown timeline: %v", err)
		}
		list, err := notify.Markers(t.Context(), scope, to.ID, []string{notify.HomeMarker, notify.NotificationsMarker})
		if len(list) != 1 || list[0].LastReadID != 5002 {
			t.Errorf("markers: %+v", list)
		}
		return err
	})
}

func TestTellReachesLocalPeopleOnly(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	here, there, bad := w.Local("here"), w.Remote("there", "far.test"), w.Remote("bad", "bad.test", socialtest.Suspended)
	w.Do(func(scope *pg.Scope) error {
		return notify.Tell(t.Context(), scope, w.Streams,
			notify.New(there.ID, here.ID, social.NotifyFollow, 0),
			notify.New(here.ID, here.ID, social.NotifyFollow, 0),
			notify.New(here.ID, bad.ID, social.NotifyFollow, 0),
			notify.New(here.ID, there.ID, social.NotifyFavourite, 77), // the post is gone
			notify.New(here.ID, there.ID, social.NotifyFollow, 0))
	})
	got := w.Streams.Take()
	if len(got) != 1 || got[0].Kind != stream.Notification || !cmp.Equal(got[0].Owners, []social.AccountID{here.ID}) {
		t.Errorf("published %+v", got)
	}
}
