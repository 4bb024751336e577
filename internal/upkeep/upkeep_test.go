package upkeep_test

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/testkit"
	"rookery/internal/upkeep"
	"rookery/tenant"
)

// Of each class one row is too old and one is not.
func TestOldRowsGoAndYoungOnesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(s *pg.Scope) error {
		b := pg.NewBatch(s)
		for _, sql := range []string{
			`INSERT INTO events (tenant_id, id, kind, account_id, created_at) SELECT @tenant_id, n, 'followed', 1, now() - n * interval '1 day' FROM generate_series(1, 1500) n`,
			`INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at) VALUES
				(@tenant_id, 1, 'a', 'https://x.test/u', '', 'applied', now() - interval '30 days'),
				(@tenant_id, 2, 'b', 'https://x.test/u', '{}', 'pending', now() - interval '30 days'),
				(@tenant_id, 3, 'c', 'https://x.test/u', '{}', 'applied', now())`,
			`INSERT INTO activities (tenant_id, id, uri, account_id, body, created_at) VALUES
				(@tenant_id, 1, 'old', 1, '', now() - interval '15 days'), (@tenant_id, 2, 'young', 1, '', now())`,
			`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host) SELECT @tenant_id, a, n, 'i' || n, 'h' FROM generate_series(1, 2) a, generate_series(1, 3) n`,
			`INSERT INTO idempotency_keys (tenant_id, account_id, key, status_id, created_at)
				SELECT @tenant_id, id, key, 1, now() - age FROM accounts, (VALUES ('old', interval '2 days'), ('young', interval '2 hours')) AS k (key, age)
				WHERE tenant_id = @tenant_id AND domain = ''`,
			`INSERT INTO mutes (tenant_id, id, account_id, target_id, expires_at)
				SELECT @tenant_id, row_number() OVER (), a.id, b.id, CASE WHEN a.domain = '' THEN now() - interval '1 second' ELSE now() + interval '1 day' END
				FROM accounts a, accounts b WHERE a.tenant_id = @tenant_id AND b.tenant_id = @tenant_id AND a.id <> b.id`,
			`INSERT INTO account_days (tenant_id, account_id, day) SELECT @tenant_id, id, current_date - n FROM accounts, unnest(ARRAY[730, 734]) n WHERE tenant_id = @tenant_id AND domain = ''`,
			`INSERT INTO media (tenant_id, id, account_id, kind, created_at) SELECT @tenant_id, n, id, 'image', now() - n * interval '20 hours'
				FROM accounts, generate_series(1, 2) n WHERE tenant_id = @tenant_id AND domain = ''`,
		} {
			b.Exec(sql, nil)
		}
		return b.Send(t.Context())
	})
	err := w.DB.Platform(t.Context(), "test set-up", func(p *pg.PlatformTx) error {
		b := pg.NewBatch(p)
		b.Exec(`INSERT INTO remote_keys (key_id, fetched_at) VALUES ('old', now() - interval '31 days'), ('young', now())`, nil)
		b.Exec(`INSERT INTO peer_hosts (host, updated_at) VALUES ('old', now() - interval '91 days'), ('young', now())`, nil)
		b.Exec(`INSERT INTO login_attempts (subject, window_start, failures) VALUES ('x', now() - interval '3 days', 1), ('x', now(), 1)`, nil)
		b.Exec(`INSERT INTO mails (tenant_id, id, key, recipient, template, created_at) VALUES (0, 1, 'old', 'a@b.test', 'test', now() - interval '91 days'), (0, 2, 'young', 'a@b.test', 'test', now())`, nil)
		b.Exec(`INSERT INTO persons (id, email) VALUES (1, 'a@b.test')`, nil)
		b.Exec(`INSERT INTO console_sessions (id_hash, person_id, expires_at) VALUES ('a', 1, now() - interval '2 days'), ('b', 1, now() - interval '2 hours')`, nil)
		b.Exec(`INSERT INTO sign_ups (token_hash, email, password_hash, browser_hash, expires_at) VALUES ('a', 'x@b.test', '', '', now() - interval '2 days'), ('b', 'x@b.test', '', '', now())`, nil)
		b.Exec(`INSERT INTO person_tokens (token_hash, person_id, kind, expires_at) VALUES ('a', 1, 'reset', now() - interval '2 days'), ('b', 1, 'reset', now())`, nil)
		b.Exec(`INSERT INTO pending_sign_ins (token_hash, person_id, realm, expires_at) VALUES ('a', 1, 0, now() - interval '2 days'), ('b', 1, 0, now())`, nil)
		b.Exec(`INSERT INTO passkey_challenges (token_hash, rp_id, person_id, data, expires_at) VALUES ('a', 'x', 0, '{}', now() - interval '2 days'), ('b', 'x', 0, '{}', now())`, nil)
		return b.Send(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"events": 1494, "inbox activities": 1, "activities and deliveries": 4, "idempotency keys": 1, "ended mutes": 1, "unused uploads": 1,
		"remote keys": 1, "peers": 1, "failed log-ins": 1, "console sessions": 1, "mails": 1,
		"sign-ups": 1, "links in mails": 1, "half sign-ins": 1, "passkey challenges": 1, "days of accounts": 1,
	}
	dry := w.round(upkeep.Mode{Dry: true})
	dry["activities and deliveries"] += 3 // a dry run counts activities alone
	if diff := cmp.Diff(want, dry); diff != "" {
		t.Errorf("rows that would go, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, w.round(upkeep.Mode{})); diff != "" {
		t.Errorf("rows that went, -want +got:\n%s", diff)
	}
	if err := w.keeper.Work(t.Context(), &river.Job[jobs.Upkeep]{}); err != nil { // safe to run twice
		t.Fatal(err)
	}
	w.wants("jobs for what was lost, one each round", 2,
		`SELECT count(*) FROM river.river_job WHERE kind = 'inbox_apply' AND args->'ids' = '[2]' AND @tenant_id::bigint > 0`, nil)
	w.keeper.Clocks = upkeep.Clocks{}
	w.exec(`UPDATE events SET created_at = now() - interval '10 years' WHERE tenant_id = @tenant_id`, nil)
	if diff := cmp.Diff(map[string]int64{}, w.round(upkeep.Mode{All: true})); diff != "" {
		t.Errorf("what stays for ever went:\n%s", diff)
	}
}

// What a deleted tenant leaves is removed as a whole, by package deletion.
func TestDeletedTenantsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(10)
	w.exec(`UPDATE accounts SET deleted_at = now() - interval '8 days' WHERE tenant_id = @tenant_id AND domain = ''`, nil)
	w.Tenant.State = tenant.Deleted
	if err := w.DB.Platform(t.Context(), "test", func(p *pg.PlatformTx) error {
		_, err := pg.Exec(t.Context(), p, `UPDATE tenants SET state = 'deleted'`, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	w.round(upkeep.Mode{All: true})
	w.wants("posts", 10, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
	w.wants("places of walks", 0, `SELECT count(*) FROM upkeep_walks WHERE tenant_id = @tenant_id`, nil)
	w.wants("jobs", 0, `SELECT count(*) FROM river.river_job WHERE @tenant_id::bigint > 0`, nil)
}

// Ten thousand old rows take many transactions, none of which removes more than a batch.
func TestManyOldRowsGoInBoundedTransactions(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := worldOn(t, db)
	w.fill(10_000)
	w.exec(`INSERT INTO events (tenant_id, id, kind, account_id, created_at)
		SELECT @tenant_id, n, 'followed', 1, now() - interval '1 year' FROM generate_series(1, 10000) n`, nil)
	superuser(t, db.SuperURL,
		`CREATE TABLE test_removed (relation text, tx xid8, n bigint)`, `GRANT ALL ON test_removed TO PUBLIC`,
		`CREATE FUNCTION test_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO test_removed SELECT TG_TABLE_NAME, pg_current_xact_id(), count(*) FROM gone; RETURN NULL; END $$`,
		`CREATE TRIGGER note AFTER DELETE ON statuses REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION test_note()`,
		`CREATE TRIGGER note AFTER DELETE ON timeline_entries REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION test_note()`,
		`CREATE TRIGGER note AFTER DELETE ON events REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION test_note()`)
	w.keeper.Log = slog.New(slog.DiscardHandler)
	got := w.round(upkeep.Mode{})
	if got["remote posts"] != 10_000 || got["events"] != 10_000 {
		t.Errorf("the round removed %v", got)
	}
	w.wants("the largest transaction", 1000, `SELECT max(n)::int FROM (SELECT sum(n) AS n FROM test_removed WHERE @tenant_id::bigint > 0 GROUP BY relation, tx) AS per`, nil)
	w.wants("rows", 25_000, `SELECT sum(n)::int FROM test_removed WHERE @tenant_id::bigint > 0`, nil)
	w.wants("posts", 0, `SELECT count(*) FROM statuses WHERE tenant_id = @tenant_id`, nil)
}
