package insight_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/insight"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// noon of the first day of every test.
var start = time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)

type world struct {
	*socialtest.World
	alice *social.Account
	posts int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: socialtest.New(t)}
	w.began(start)
	w.alice = w.Local("alice", func(a *social.Account) { a.CreatedAt = start })
	return w
}

// began says since when the tenant is there.
func (w *world) began(at time.Time) {
	w.T.Helper()
	err := w.DB.Platform(w.T.Context(), "test", func(p *pg.PlatformTx) error {
		_, err := pg.Exec(w.T.Context(), p, `UPDATE tenants SET created_at = @at`, pgx.NamedArgs{"at": at})
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

// count works the job at a time.
func (w *world) count(now time.Time) {
	w.T.Helper()
	c := insight.Counter{DB: w.DB, Now: func() time.Time { return now }}
	if err := c.Work(w.T.Context(), &river.Job[jobs.CountDays]{}); err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) post(by *social.Account, at time.Time, change ...func(*social.Status)) *social.Status {
	w.T.Helper()
	w.posts++
	id := social.StatusID(ids.At(at))
	st := &social.Status{ID: id, AccountID: by.ID, URI: fmt.Sprintf("%s/posts/%d", by.URI, w.posts), Body: "<p>x</p>", Visibility: social.Public,
		IsLocal: by.IsLocal(), ConversationID: id, CreatedAt: at}
	for _, c := range change {
		c(st)
	}
	w.Do(func(s *pg.Scope) error {
		_, err := store.InsertStatuses(w.T.Context(), s, []*social.Status{st})
		return err
	})
	return st
}

func answers(to *social.Status) func(*social.Status) {
	return func(s *social.Status) {
		s.InReplyToID, s.InReplyToAccountID, s.InReplyToURI = to.ID, to.AccountID, to.URI
	}
}

func boosts(of *social.Status) func(*social.Status) {
	return func(s *social.Status) { s.BoostOfID, s.Body = of.ID, "" }
}

func hidden(s *social.Status) { s.Visibility = social.Direct }

func (w *world) like(by *social.Account, st *social.Status, at time.Time) {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error {
		_, err := store.AddFavourite(w.T.Context(), s, store.Favourite{ID: ids.At(at), AccountID: by.ID, StatusID: st.ID})
		return err
	})
}

func (w *world) follow(by *social.Account, at time.Time) {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error {
		if _, err := store.AddFollow(w.T.Context(), s, social.Follow{ID: ids.At(at), AccountID: by.ID, TargetID: w.alice.ID, State: social.FollowAccepted}, false); err != nil {
			return err
		}
		return store.CountFollow(w.T.Context(), s, by.ID, w.alice.ID, 1)
	})
}

func (w *world) unfollow(by *social.Account) {
	w.T.Helper()
	w.Do(func(s *pg.Scope) error {
		if _, err := pg.Exec(w.T.Context(), s, `DELETE FROM follows WHERE tenant_id = @tenant_id AND account_id = @id`, pgx.NamedArgs{"id": by.ID}); err != nil {
			return err
		}
		return store.CountFollow(w.T.Context(), s, by.ID, w.alice.ID, -1)
	})
}

// days are alice's, "followers gained posts replies boosts favourites" by day.
func (w *world) days() map[string]string {
	w.T.Helper()
	out := map[string]string{}
	w.Do(func(s *pg.Scope) error {
		rows, err := store.DaysOf(w.T.Context(), s, []social.AccountID{w.alice.ID}, start.AddDate(-2, 0, 0), start.AddDate(2, 0, 0))
		for _, d := range rows {
			out[d.Day.Format("01-02")] = fmt.Sprint(d.Followers, d.Gained, d.Posts, d.Replies, d.Boosts, d.Favourites)
		}
		return err
	})
	return out
}

func (w *world) wants(what string, want map[string]string) {
	w.T.Helper()
	if diff := cmp.Diff(want, w.days()); diff != "" {
		w.T.Errorf("%s, -want +got:\n%s", what, diff)
	}
}

// What happens a second before midnight belongs to the day before, by UTC.
func TestDaysEndAtMidnightUTC(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dora, finn, bob := w.Remote("dora", "far.test"), w.Remote("finn", "far.test"), w.Local("bob", func(a *social.Account) { a.CreatedAt = start })
	before, after := time.Date(2026, 11, 10, 23, 59, 59, 999e6, time.UTC), time.Date(2026, 11, 11, 0, 0, 0, 0, time.UTC)
	first := w.post(w.alice, before)
	w.post(w.alice, after)
	w.post(w.alice, after, hidden)         // a private message is no post
	w.post(w.alice, after, answers(first)) // a post, and no answer that she was given
	w.post(dora, before, answers(first))
	w.post(dora, after, answers(first), hidden)
	w.post(bob, after, answers(first))
	w.post(dora, after, boosts(first))
	w.post(w.alice, after, boosts(first))
	w.post(w.alice, after, boosts(w.post(dora, after)))
	w.like(dora, first, before)
	w.like(finn, first, after)
	w.like(w.alice, first, after)
	w.like(w.alice, w.post(dora, after), after)
	w.follow(dora, before)
	w.follow(finn, after)
	w.count(after.Add(time.Hour)) // the eleventh goes on
	w.wants("one day", map[string]string{"11-10": "1 1 1 1 0 1"})
	w.count(after.AddDate(0, 0, 1).Add(time.Minute))
	want := map[string]string{"11-10": "1 1 1 1 0 1", "11-11": "2 1 2 1 1 1"}
	w.wants("two days", want)

	// Another tenant's are its own.
	other := w.Other()
	other.Do(func(s *pg.Scope) error {
		rows, err := store.DaysOf(t.Context(), s, []social.AccountID{w.alice.ID}, start.AddDate(0, -1, 0), start.AddDate(0, 1, 0))
		if len(rows) != 0 {
			t.Error("another tenant reads them")
		}
		return err
	})
}

// Running again changes nothing; what arrived late is added to the last two days; the
// number of followers that was counted in the night stays.
func TestCountingAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dora, finn := w.Remote("dora", "far.test"), w.Remote("finn", "far.test")
	first := w.post(w.alice, start)
	w.follow(dora, start)
	w.follow(finn, start)
	second := start.AddDate(0, 0, 1)
	w.count(second)
	want := map[string]string{"11-10": "2 2 1 0 0 0"}
	w.wants("the first night", want)
	w.count(second)
	w.wants("the same night again", want)
	w.unfollow(finn)
	w.like(dora, first, start.Add(time.Hour)) // its server was away for some hours
	w.count(start.AddDate(0, 0, 2))
	want["11-10"], want["11-11"] = "2 2 1 0 0 1", "1 0 0 0 0 0"
	w.wants("the second night", want)
	w.Do(func(s *pg.Scope) error {
		r, err := insight.Read(t.Context(), s, []social.AccountID{w.alice.ID}, insight.Span{From: insight.DayOf(start), Until: insight.DayOf(start).AddDate(0, 0, 2)})
		if err != nil {
			return err
		}
		if r.Gained != 2 || r.Lost != 1 || r.Followers != 1 || r.Reactions() != 1 || r.Days() != 2 || len(r.Parts) != 2 || r.Parts[1].Lost != 1 {
			t.Errorf("the report: %+v", r)
		}
		return nil
	})
}

// Days that nobody counted because no worker ran are filled in, week after week.
func TestMissedDaysAreFilledIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dora := w.Remote("dora", "far.test")
	w.count(start.AddDate(0, 0, 1))
	for i := range 40 {
		at := start.AddDate(0, 0, i)
		st := w.post(w.alice, at)
		w.like(dora, st, at.Add(11*time.Hour))
		w.like(dora, w.post(w.alice, at), at.Add(13*time.Hour)) // the next day
	}
	w.count(start.AddDate(0, 0, 40))
	got := w.days()
	if len(got) != 40 {
		t.Errorf("%d days are counted, want 40", len(got))
	}
	for day, numbers := range got {
		want := "0 0 2 0 0 2"
		if day == "11-10" {
			want = "0 0 2 0 0 1"
		}
		if numbers != want {
			t.Errorf("%s: %s, want %s", day, numbers, want)
		}
	}

	// An account that was there before anybody counted gets a year.
	w.began(start.AddDate(-3, 0, 0))
	w.Do(func(s *pg.Scope) error {
		b := pg.NewBatch(s)
		b.Exec(`DELETE FROM upkeep_walks WHERE tenant_id = @tenant_id`, nil)
		b.Exec(`DELETE FROM account_days WHERE tenant_id = @tenant_id`, nil)
		b.Exec(`UPDATE accounts SET created_at = created_at - interval '2 years' WHERE tenant_id = @tenant_id`, nil)
		return b.Send(t.Context())
	})
	w.count(start.AddDate(0, 0, 40))
	w.Do(func(s *pg.Scope) error {
		rows, err := store.DaysOf(t.Context(), s, []social.AccountID{w.alice.ID}, start.AddDate(-5, 0, 0), start.AddDate(1, 0, 0))
		if len(rows) != 364 || rows[len(rows)-1].Posts != 2 || rows[0].Posts != 0 {
			t.Errorf("%d days were filled in", len(rows))
		}
		return err
	})
}

// Half of those who wait for an answer wait longer than the middle, by day and in all.
func TestAnswerTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dora := w.Remote("dora", "far.test")
	for i, minutes := range []int{10, 30, 80, 5, 15} {
		day := 0
		if i > 2 {
			day = 2
		}
		at := start.AddDate(0, 0, day)
		w.Do(func(s *pg.Scope) error {
			_, err := pg.Exec(t.Context(), s, `INSERT INTO desk_threads (tenant_id, account_id, conversation_id, state, from_id, last_incoming_id, last_visibility, last_incoming_at, opened_at, first_answer_at, updated_at)
				VALUES (@tenant_id, @account, @n, 'done', @from, @n, 'direct', @at, @at, @at::timestamptz + @minutes * interval '1 minute', @at)`,
				pgx.NamedArgs{"account": w.alice.ID, "n": i + 1, "from": dora.ID, "at": at, "minutes": minutes})
			return err
		})
	}
	day := insight.DayOf(start)
	w.Do(func(s *pg.Scope) error {
		r, err := insight.Read(t.Context(), s, []social.AccountID{w.alice.ID}, insight.Span{From: day, Until: day.AddDate(0, 0, 3)})
		if err != nil {
			return err
		}
		got := fmt.Sprint(r.Answers, r.AnswerSeconds, r.Before.Answers, r.Parts[0].AnswerSeconds, r.Parts[1].Answers, r.Parts[2].AnswerSeconds)
		if want := fmt.Sprint(5, 900.0, 0, 1800.0, 0, 600.0); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		// Of 95 days the first four stand in no week; the time before has the answers.
		late, err := insight.Read(t.Context(), s, []social.AccountID{w.alice.ID}, insight.Span{From: day.AddDate(0, 0, 2), Until: day.AddDate(0, 0, 97)})
		if err != nil {
			return err
		}
		if late.Answers != 2 || late.Before.Answers != 3 || len(late.Parts) != 13 || late.Parts[0].Answers != 0 {
			t.Errorf("in weeks: %+v", late)
		}
		return nil
	})
}

func TestSpans(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return insight.DayOf(start).AddDate(0, 0, n) }
	for name, tt := range map[string]struct {
		first, last time.Time
		want        error
		days        int
	}{
		"one day": {day(-1), day(-1), nil, 1}, "a year": {day(-366), day(-1), nil, 366}, "longer": {day(-367), day(-1), insight.ErrTooLong, 0},
		"a century": {day(-36500), day(-1), insight.ErrTooLong, 0}, "backwards": {day(-1), day(-2), insight.ErrOrder, 0},
		"today": {day(0), day(0), insight.ErrFuture, 0}, "until today": {day(-6), day(0), nil, 6}, "to come": {day(10), day(20), insight.ErrFuture, 0},
	} {
		got, err := insight.Between(tt.first, tt.last, start)
		if !errors.Is(err, tt.want) || err == nil && got.Days() != tt.days {
			t.Errorf("%s: %d days, %v", name, got.Days(), err)
		}
		if err != nil && fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
