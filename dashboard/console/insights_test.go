package console_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

// given gives alice ten days in numbers and a post that reached three servers of six.
func (w *world) given(t *testing.T) social.StatusID {
	t.Helper()
	st := w.says(t, w.A, w.A.Account, "<p>=We recall the <b>stem bolts</b></p>", 4)
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		b := pg.NewBatch(s)
		b.Exec(`INSERT INTO account_days (tenant_id, account_id, day, followers, gained, posts, favourites)
			SELECT @tenant_id, @id, (now() AT TIME ZONE 'UTC')::date - n, 1000 - n, 1, 1, 40 FROM generate_series(1, 10) n`, pgx.NamedArgs{"id": w.A.Account.ID})
		b.Exec(`INSERT INTO activities (tenant_id, id, uri, account_id, status_id, body) VALUES (@tenant_id, 1, 'https://a.test/ap/activities/' || @id::bigint, @by, @id, '')`,
			pgx.NamedArgs{"id": st, "by": w.A.Account.ID})
		b.Exec(`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state, last_error, next_try_at, attempts)
			SELECT @tenant_id, 1, n, 'https://s' || n || '.test/inbox', 's' || n || '.test', CASE WHEN n <= 3 THEN 'done' WHEN n = 4 THEN 'failed' ELSE 'waiting' END,
			       CASE n WHEN 4 THEN 'answered 403' WHEN 5 THEN 'the host is down' ELSE '' END, CASE WHEN n = 5 THEN now() + interval '9 minutes' END, 1 FROM generate_series(1, 6) n`, nil)
		return b.Send(ctx)
	})
	return st
}

// says stores a post with favourites of a guest, of now.
func (w *world) says(t *testing.T, h *fixture.Home, by *social.Account, body string, favourites int) social.StatusID {
	t.Helper()
	id := social.StatusID(ids.New())
	h.Do(t, func(ctx context.Context, s *pg.Scope) error {
		st := &social.Status{ID: id, AccountID: by.ID, URI: fmt.Sprintf("https://a.test/ap/objects/%d", id), Body: body, Visibility: social.Public, IsLocal: true, ConversationID: id, CreatedAt: time.Now()}
		if _, err := store.InsertStatuses(ctx, s, []*social.Status{st}); err != nil {
			return err
		}
		_, err := pg.Exec(ctx, s, `INSERT INTO status_stats (tenant_id, status_id, favourites_count) VALUES (@tenant_id, @id, @n)`, pgx.NamedArgs{"id": id, "n": favourites})
		return err
	})
	return id
}

// From a company without numbers to a post and the servers that do not have it.
func TestTheRoomOfInsights(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/insights"
	has(t, "the first day", b.Get(at), 200, "The first numbers come in the night", "No post in this time", `aria-current="page">`, "28 days")
	st := w.given(t)
	var quiet social.StatusID
	for range 20 {
		quiet = w.says(t, w.A, w.A.Account, "<p>quiet</p>", 0)
	}
	has(t, "the newest", b.Get(at), 200, ">999<", "10 came, 0 left", ">400<", "Days end at midnight, UTC", "quiet", "!stem bolts", "Show more", "400 in all; 40 on the best day", "Nobody was answered for the first time", "!First numbers")
	has(t, "the second page", b.Get(at+"?after="+ids.Format(int64(quiet))), 200, "quiet", "stem bolts")
	most := b.Get(at + "?sort=reactions")
	has(t, "most reactions", most, 200, "=We recall the stem bolts", ">3</td>", "Failing", "?days=7&amp;sort=reactions", "/insights/posts/"+ids.Format(int64(st)))
	if strings.Index(most.Body, "stem bolts") > strings.Index(most.Body, ">quiet<") {
		t.Error("the post with most reactions is not the first")
	}
	has(t, "the page after it", b.Get(at+"?sort=reactions&after=4-"+ids.Format(int64(st))), 200, "quiet", "!stem bolts")
	has(t, "seven days", b.Get(at+"?days=7"), 200, "7 came", ">280<", "from 120")
	page := b.Get(at + "/posts/" + ids.Format(int64(st)))
	has(t, "the post", page, 200, "of 6", "s4.test", "It refuses what we send", "Given up after 1 try", "s5.test", "It does not answer", `data-time="until"`, "!s3.test", "!s6.test", "https://a.test/@alice/")
	has(t, "another post", b.Get(at+"/posts/"+ids.Format(int64(quiet))), 200, "Nobody on another server follows yet", "every server that was tried has it")
	days := b.Get(at + "/days.csv")
	has(t, "days as CSV", days, 200, "day,account,followers", "alice@a.test,999,1,1,0,0,40")
	if n := strings.Count(days.Body, "\n"); n != 11 || !strings.Contains(days.Header.Get("Content-Disposition"), "days-a.test-") {
		t.Errorf("%d lines: %s", n, days.Header.Get("Content-Disposition"))
	}
	has(t, "posts as CSV", b.Get(at+"/posts.csv?sort=reactions"), 200, "'=We recall the stem bolts,public,3,1,2,0,0,4\n")
}

// Whoever runs the company sees all accounts; others those that they may act as. What one
// may not see is not there, and another company's never is.
func TestWhoSeesWhichNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	st := w.given(t)
	alice := ids.Format(int64(w.A.Account.ID))
	viewer := w.Person(t, "viewer@a.test")
	w.join(t, w.A, viewer, people.MemberPlain)
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return people.Grant(ctx, s, w.A.Account.ID, viewer, people.Viewer)
	})
	cast := map[string]social.PersonID{"owner": w.A.Person, "viewer": viewer}
	for role, sees := range map[people.Membership]bool{people.MemberAdmin: true, people.MemberBilling: false, people.MemberModerator: false, people.MemberPlain: false} {
		person := w.Person(t, string(role)+"@a.test")
		w.join(t, w.A, person, role)
		cast[fmt.Sprint(role, " ", sees)] = person
	}
	for name, person := range cast {
		b := w.session(t, person)
		sees := !strings.HasSuffix(name, "false")
		page := b.Get(room(w.A) + "/insights")
		if page.Status != 200 || strings.Contains(page.Body, "stem bolts") != sees || strings.Contains(page.Body, ">999<") != sees {
			t.Errorf("%s: %d, numbers: %t", name, page.Status, !sees)
		}
		want := 404
		if sees {
			want = 200
		} else if !strings.Contains(page.Body, "No numbers for you yet") {
			t.Errorf("%s is not told why the page is empty", name)
		}
		for _, path := range []string{"?account=" + alice, "/posts/" + ids.Format(int64(st)), "/days.csv?account=" + alice, "/posts.csv?account=" + alice} {
			if got := b.Get(room(w.A) + "/insights" + path); got.Status != want {
				t.Errorf("%s: %s: %d, want %d", name, path, got.Status, want)
			}
		}
		if got := b.Get(room(w.A) + "/insights/days.csv"); got.Status != 200 || strings.Contains(got.Body, "alice") != sees {
			t.Errorf("%s: all days: %d\n%s", name, got.Status, got.Body)
		}
	}
	w.join(t, w.B, w.B.Person, people.MemberOwner)
	b := w.session(t, w.B.Person)
	for _, path := range []string{"?account=" + alice, "/posts/" + ids.Format(int64(st))} {
		if got := b.Get(room(w.B) + "/insights" + path); got.Status != 404 {
			t.Errorf("another company: %s: %d", path, got.Status)
		}
	}
}

// TEN-44: a report over a century, or over what is no time, is refused in the form, and
// what was typed stays.
func TestInsightsWithoutEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.given(t)
	b := w.session(t, w.A.Person)
	tomorrow := time.Now().AddDate(0, 0, 2).UTC().Format(time.DateOnly)
	for query, says := range map[string]string{
		"from=2001-01-01&to=2101-01-01": "366 days at most", "from=2024-01-01": "366 days at most", "from=2026-03-05&to=2026-03-01": "first day is after the last",
		"days=36500": "Choose 7, 28, 90 or 365 days", "days=-1": "Choose 7", "days=9999999999999999999999": "Choose 7", "from=0000-00-00": "A day is written like",
		"from=" + strings.Repeat("9", 5000): "A day is written like", "from=" + tomorrow + "&to=" + tomorrow: "have not ended yet",
	} {
		page := b.Get(room(w.A) + "/insights?" + query)
		has(t, query[:min(len(query), 40)], page, 422, says, `role="alert"`, "Followers")
		if strings.HasPrefix(query, "from=2001") {
			has(t, "the form", page, 422, `value="2001-01-01"`, `value="2101-01-01"`, `aria-invalid="true"`)
		}
		for _, file := range []string{"/days.csv?", "/posts.csv?"} {
			if got := b.Get(room(w.A) + "/insights" + file + query); got.Status != 422 {
				t.Errorf("%s%s: %d", file, query[:min(len(query), 40)], got.Status)
			}
		}
	}
	for _, after := range []string{"x", "-1", "9-", "99999999999999999999-1", "1-99999999999999999999"} {
		for _, sort := range []string{"", "reactions", "x"} {
			if got := b.Get(room(w.A) + "/insights?sort=" + sort + "&after=" + after); got.Status != 200 {
				t.Errorf("after %q: %d", after, got.Status)
			}
		}
	}
	has(t, "a whole year", b.Get(room(w.A)+"/insights?days=365"), 200, "by week")
}
