package upkeep_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/upkeep"
)

// How far a post came is known as long as the post is, however its deliveries are cleaned
// up: in small parts, and those of an edit later than those of the post itself.
func TestReachOutlivesDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keeper.Batch = 4
	st, boost := w.post(w.alice), w.post(w.alice, boostOf(w.post(w.dora)))
	args := pgx.NamedArgs{"id": st.ID, "boost": boost.ID, "by": w.alice.ID}
	for _, sql := range []string{
		`INSERT INTO activities (tenant_id, id, uri, account_id, status_id, body) VALUES
			(@tenant_id, 1, 'https://a.test/ap/activities/' || @id::bigint, @by, @id, ''), (@tenant_id, 2, 'https://a.test/ap/activities/77', @by, @id, ''),
			(@tenant_id, 3, 'https://a.test/ap/activities/' || @boost::bigint, @by, @boost, '')`,
		`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host, state, last_error, next_try_at)
			SELECT @tenant_id, a, n, 'https://s' || n || '.test/inbox', 's' || n || '.test', CASE WHEN n <= 6 THEN 'done' WHEN n = 7 THEN 'failed' WHEN n = 8 THEN 'gone' ELSE 'waiting' END,
			       CASE WHEN n IN (7, 8) THEN 'answered 410' WHEN n = 9 THEN 'answered 503' ELSE '' END, CASE WHEN n = 9 THEN now() END
			FROM generate_series(1, 3) a, generate_series(1, 11) n WHERE @id::bigint + @boost::bigint + @by::bigint > 0`,
	} {
		used := pgx.NamedArgs{"id": args["id"], "boost": args["boost"], "by": args["by"]}
		w.exec(sql, used)
	}
	wants := func(what string, want store.Reach) {
		t.Helper()
		want.StatusID = st.ID
		w.Do(func(s *pg.Scope) error {
			got, err := store.ReachOf(t.Context(), s, []social.StatusID{st.ID})
			if got[st.ID] != want {
				t.Errorf("%s: %+v, want %+v", what, got[st.ID], want)
			}
			return err
		})
	}
	wants("live", store.Reach{Reached: 6, Waiting: 2, Failing: 3})
	w.Do(func(s *pg.Scope) error {
		list, err := store.FailingServers(t.Context(), s, st.ID, 0, 10)
		if len(list) != 3 || list[0].Host != "s7.test" || list[2].LastError != "answered 503" || list[2].NextTryAt == nil {
			t.Errorf("failing servers: %+v", list)
		}
		return err
	})
	w.exec(`UPDATE activities SET created_at = now() - interval '15 days' WHERE tenant_id = @tenant_id AND id IN (1, 3)`, nil)
	one := *w.keeper
	one.RoundTime = 1 // cut after the first part
	if _, err := one.Round(t.Context(), upkeep.Mode{}); err != nil {
		t.Fatal(err)
	}
	left := w.Count(`SELECT count(*) FROM deliveries WHERE tenant_id = @tenant_id`, nil)
	if left == 33 || left == 11 {
		t.Fatalf("%d deliveries are left: the round was not cut in the middle", left)
	}
	w.round(upkeep.Mode{})
	wants("cleaned up", store.Reach{Reached: 6, Failing: 5})
	w.exec(`UPDATE activities SET created_at = now() - interval '15 days' WHERE tenant_id = @tenant_id`, nil)
	w.round(upkeep.Mode{})
	wants("and the edit's", store.Reach{Reached: 6, Failing: 5})
	w.wants("rows of reach", 1, `SELECT count(*) FROM status_reach WHERE tenant_id = @tenant_id`, nil)
}
