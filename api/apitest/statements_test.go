package apitest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/api/apitest"
	"rookery/api/entity"
	"rookery/api/httpx"
	v1 "rookery/api/v1"
	v2 "rookery/api/v2"
	"rookery/internal/pg"
	"rookery/internal/social/account"
	"rookery/internal/social/media"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/internal/testkit/testkeys"
)

// tables are all routes that read lists. v1.Empty and the routes about the server
// itself have none.
func tables(p apitest.Parts) []httpx.Route {
	deps := v1.Deps{
		DB: p.DB, Render: p.Render, Accounts: account.NewWith(p.DB, p.Key, testkeys.RSA), Relate: relate.New(p.Streams), Media: media.New(p.DB),
	}
	posts := v1.StatusDeps{Deps: deps, Statuses: status.New(status.Options{Streams: p.Streams})}
	return slices.Concat(v1.AccountRoutes(deps), v1.StatusRoutes(posts), v2.NewSearch(deps).Routes(), v2.NewNotificationGroups(posts).Routes())
}

// lists are the GET routes that answer with many, and how to ask each for a crowd.
var lists = map[string]func(*crowd) string{
	"/api/v1/accounts":                          func(c *crowd) string { return "?" + c.named(c.friends) },
	"/api/v1/accounts/:id/followers":            (*crowd).alice,
	"/api/v1/accounts/:id/following":            (*crowd).alice,
	"/api/v1/accounts/:id/statuses":             (*crowd).alice,
	"/api/v1/accounts/familiar_followers":       func(c *crowd) string { return "?" + c.named(c.friends) },
	"/api/v1/accounts/relationships":            func(c *crowd) string { return "?" + c.named(c.friends) },
	"/api/v1/accounts/search":                   func(*crowd) string { return "?q=friend&limit=40" },
	"/api/v1/blocks":                            (*crowd).many,
	"/api/v1/bookmarks":                         (*crowd).many,
	"/api/v1/favourites":                        (*crowd).many,
	"/api/v1/follow_requests":                   (*crowd).many,
	"/api/v1/domain_blocks":                     (*crowd).many,
	"/api/v1/followed_tags":                     (*crowd).many,
	"/api/v1/mutes":                             (*crowd).many,
	"/api/v1/notifications":                     mixed,
	"/api/v1/statuses":                          func(c *crowd) string { return "?" + c.named(c.posts) },
	"/api/v1/statuses/:id/context":              (*crowd).post,
	"/api/v1/statuses/:id/favourited_by":        (*crowd).post,
	"/api/v1/statuses/:id/history":              (*crowd).post,
	"/api/v1/statuses/:id/reblogged_by":         (*crowd).post,
	"/api/v1/scheduled_statuses":                (*crowd).many,
	"/api/v1/timelines/home":                    (*crowd).many,
	"/api/v1/timelines/public":                  (*crowd).many,
	"/api/v1/timelines/tag/:tag":                func(*crowd) string { return "bikes?limit=40" },
	"/api/v2/notifications":                     mixed,
	"/api/v2/notifications/:group_key/accounts": func(c *crowd) string { return c.group },
	"/api/v2/search":                            func(*crowd) string { return "?q=bikes&limit=40" },
}

// single are the GET routes that answer with one thing, however much there is.
var single = []string{
	"/api/v1/accounts/:id", "/api/v1/accounts/lookup", "/api/v1/accounts/verify_credentials", "/api/v1/markers", "/api/v1/media/:id",
	"/api/v1/notifications/:id", "/api/v1/notifications/policy", "/api/v1/notifications/requests/merged", "/api/v1/notifications/unread_count",
	"/api/v1/preferences", "/api/v1/scheduled_statuses/:id", "/api/v1/statuses/:id", "/api/v1/statuses/:id/source", "/api/v1/tags/:id",
	"/api/v2/notifications/:group_key", "/api/v2/notifications/policy", "/api/v2/notifications/unread_count",
}

// crowd is a world in which every list of Alice's has some n items, each with what
// has rows of its own: mentions, tags, files, boosts.
type crowd struct {
	*apitest.World
	t              *testing.T
	friends, posts []entity.ID // posts: each by another friend
	root           entity.ID   // Alice's post, answered, boosted and liked by all
	group          string      // of the notifications about those likes
}

func (c *crowd) alice() string { return idOf(c.Alice) + "?limit=40" }
func (c *crowd) many() string  { return "?limit=40" }
func (c *crowd) post() string  { return c.root.String() }

func idOf(c *apitest.Client) string { return entity.ID(c.Account.ID).String() }

// mixed is a page of notifications of several kinds; the newest are all of one.
func mixed(c *crowd) string {
	return fmt.Sprintf("?limit=%d&exclude_types[]=follow_request", len(c.friends))
}

// named is a query for several.
func (c *crowd) named(list []entity.ID) string {
	query := url.Values{}
	for _, id := range list {
		query.Add("id[]", id.String())
	}
	return query.Encode()
}

func (c *crowd) write(by *apitest.Client, form url.Values) entity.ID {
	c.t.Helper()
	var out entity.Status
	by.Post("/api/v1/statuses", form).Into(c.t, &out)
	return out.ID
}

func (c *crowd) do(by *apitest.Client, path string) {
	c.t.Helper()
	by.Post(path, nil).Want(c.t, http.StatusOK)
}

func newCrowd(t *testing.T, n int) *crowd {
	t.Helper()
	c := &crowd{World: apitest.New(t, tables), t: t}
	alice := idOf(c.Alice)
	c.root = c.write(c.Alice, url.Values{"status": {"What do you think of #bikes?"}})
	for i := range n {
		c.add(i, alice)
	}
	for i := range n { // a few a day, since a day has a limit
		at := time.Now().Add(time.Duration(24+4*i) * time.Hour)
		c.Alice.Post("/api/v1/statuses", url.Values{"status": {"later"}, "scheduled_at": {at.UTC().Format(time.RFC3339)}}).Want(t, http.StatusOK)
	}
	c.Alice.Do(http.MethodPatch, "/api/v1/accounts/update_credentials", url.Values{"locked": {"true"}}).Want(t, http.StatusOK)
	for i := range n {
		c.do(c.Add(t, c.A, fmt.Sprint("asker", i)), "/api/v1/accounts/"+alice+"/follow")
		c.do(c.Alice, "/api/v1/accounts/"+c.stranger(fmt.Sprint("foe", i))+"/block")
		c.do(c.Alice, "/api/v1/accounts/"+c.stranger(fmt.Sprint("loud", i))+"/mute")
		c.Alice.Post("/api/v1/domain_blocks", url.Values{"domain": {fmt.Sprintf("loud%d.test", i)}}).Want(c.t, http.StatusOK)
		c.do(c.Alice, fmt.Sprintf("/api/v1/tags/tag%d/follow", i))
		c.Alice.Do(http.MethodPut, "/api/v1/statuses/"+c.root.String(), url.Values{"status": {fmt.Sprint("What now of #bikes? ", i)}}).Want(t, http.StatusOK)
	}
	var told entity.GroupedNotificationsResults
	c.Alice.Get("/api/v2/notifications?types[]=favourite").Into(t, &told)
	c.group = told.NotificationGroups[0].GroupKey
	return c
}

func (c *crowd) stranger(name string) string { return entity.ID(c.A.AddAccount(c.t, name).ID).String() }

// add makes a friend with a post, and lets the two have to do with each other in every way.
func (c *crowd) add(i int, alice string) {
	c.t.Helper()
	friend := c.Add(c.t, c.A, fmt.Sprint("friend", i))
	c.friends = append(c.friends, entity.ID(friend.Account.ID))
	c.A.Do(c.t, func(ctx context.Context, scope *pg.Scope) error {
		return store.IndexAccount(ctx, scope, friend.Account)
	})
	c.do(friend, "/api/v1/accounts/"+alice+"/follow")
	c.do(c.Alice, "/api/v1/accounts/"+idOf(friend)+"/follow")
	for j, other := range c.friends { // somebody in common, for familiar followers
		if j < i && j < 3 {
			c.do(friend, "/api/v1/accounts/"+other.String()+"/follow")
		}
	}
	st := c.write(friend, url.Values{"status": {fmt.Sprintf("@alice look: #bikes and #tag%d", i)}})
	c.posts = append(c.posts, st)
	for _, what := range []string{"favourite", "bookmark", "reblog"} {
		c.do(c.Alice, "/api/v1/statuses/"+st.String()+"/"+what)
		c.do(friend, "/api/v1/statuses/"+c.root.String()+"/"+what)
	}
	c.write(friend, url.Values{"status": {fmt.Sprint("Answer ", i, " about #bikes for @alice")}, "in_reply_to_id": {c.root.String()}})
}

// statements counts what a request sends to a process that knows nothing yet, and to
// one that has answered it before. What begins and ends transactions and says whose
// data is meant is no look-up.
func (c *crowd) statements(path string) (cold, warm int) {
	c.t.Helper()
	c.Forget(c.t)
	for _, count := range []*int{&cold, &warm} {
		for _, s := range c.World.World.DB.Statements.Record(func() { c.Alice.Get(path).Want(c.t, http.StatusOK) }) {
			if !frame.MatchString(s.SQL) {
				*count++
			}
		}
	}
	return cold, warm
}

var frame = regexp.MustCompile(`(?i)^\s*(begin|commit|rollback|select set_config)`)

// items is how many a list holds: the longest array at the top of the answer.
func (c *crowd) items(path string) (longest int) {
	c.t.Helper()
	body := []byte(c.Alice.Get(path).Body)
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		return len(list)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	for _, raw := range parts {
		if json.Unmarshal(raw, &list) == nil {
			longest = max(longest, len(list))
		}
	}
	return longest
}

// No list asks the database once more for each of its items.
func TestListsSendTheSameStatementsHoweverLong(t *testing.T) {
	t.Parallel()
	// Few are more than a group of notifications shows of its accounts without asking.
	const few, many = 10, 40
	small, large := newCrowd(t, few), newCrowd(t, many)
	unseen := make(map[string]bool, len(lists))
	for path := range lists {
		unseen[path] = true
	}
	for _, route := range large.Routes {
		if !strings.Contains(route.Method, http.MethodGet) || slices.Contains(single, route.Path) {
			continue
		}
		of := lists[route.Path]
		if of == nil {
			t.Errorf("%s: say here how to ask it for many, or that it answers with one", route.Path)
			continue
		}
		delete(unseen, route.Path)
		type counts struct{ Cold, Warm int }
		var got [2]counts
		var held [2]int
		for i, c := range []*crowd{small, large} {
			path := filled(route.Path, of(c))
			got[i].Cold, got[i].Warm = c.statements(path)
			held[i] = c.items(path)
		}
		t.Logf("%s: %d items, %+v", route.Path, held[1], got[1])
		if held[0] == 0 || held[1] <= held[0] {
			t.Errorf("%s holds %d and %d items: nothing is compared", route.Path, held[0], held[1])
		}
		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			t.Errorf("%s sends more with %d items than with %d (-few +many):\n%s", route.Path, held[1], held[0], diff)
		}
	}
	for path := range unseen {
		t.Errorf("%s is no route", path)
	}
}

// filled puts a value in the place of a path's parameter, or a query behind a path without one.
func filled(path, with string) string {
	before, rest, ok := strings.Cut(path, "/:")
	if !ok {
		return path + with
	}
	value, query, _ := strings.Cut(with, "?")
	_, after, found := strings.Cut(rest, "/")
	if found {
		after = "/" + after
	}
	return before + "/" + value + after + "?" + query
}
