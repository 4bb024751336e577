package upkeep_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/upkeep"
)

// Two tenants have the same rows of ten days ago. One keeps each class for less time than
// the platform, and loses them; the other loses nothing.
func TestTenantsClocksAreTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := &world{World: w.Other(), keeper: w.keeper}
	other.alice, other.dora = other.Local("alice"), other.Remote("dora", "far.test")
	w.keeper.Tenants = tenants{w.Tenant, other.Tenant}
	w.keeper.Clocks.Inbox, w.keeper.Clocks.Events = 30*24*time.Hour, 30*24*time.Hour
	keeping := upkeep.Keeping{DB: w.DB, Clocks: w.keeper.Clocks, Now: time.Now}
	for _, x := range []*world{w, other} {
		at := time.Now().Add(-10 * 24 * time.Hour)
		x.post(x.dora, func(s *social.Status) { s.ID, s.CreatedAt = social.StatusID(ids.At(at)), at })
		args := pgx.NamedArgs{"id": ids.At(at), "at": at, "alice": x.alice.ID, "dora": x.dora.ID}
		x.exec(`INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at) VALUES (@tenant_id, @id, 'a', 'u', '', 'applied', @at),
			(@tenant_id, (extract(epoch FROM now()) * 1000)::bigint << 16, 'b', 'u', '{}', 'applied', now()) RETURNING @alice::bigint, @dora::bigint`, args)
		x.exec(`INSERT INTO events (tenant_id, id, kind, account_id, created_at) VALUES (@tenant_id, @id, 'followed', @alice, @at) RETURNING @dora::bigint`, args)
		x.exec(`INSERT INTO activities (tenant_id, id, uri, account_id, body, created_at) VALUES (@tenant_id, @id, 'u', @alice, '', @at) RETURNING @dora::bigint`, args)
		x.exec(`INSERT INTO deliveries (tenant_id, activity_id, id, inbox_url, host) SELECT @tenant_id, @id, n, 'i' || n, 'h' FROM generate_series(1, 3) n
			WHERE @alice::bigint <> @dora::bigint AND @at::timestamptz < now()`, args)
		x.exec(`INSERT INTO notifications (tenant_id, id, account_id, from_id, type, created_at) VALUES (@tenant_id, @id, @alice, @dora, 'follow', @at)`, args)
	}
	for class, days := range map[upkeep.Class]int{upkeep.RemotePosts: 5, upkeep.Received: 5, upkeep.Sent: 5, upkeep.Notifications: 8} {
		goes, err := keeping.Preview(t.Context(), w.Tenant.ID, class, days)
		if err != nil || goes.Rows != 1 {
			t.Errorf("%s: %d would go, %v", class, goes.Rows, err)
		}
		w.Do(func(s *pg.Scope) error { return keeping.Set(t.Context(), s, audit.ByOperator(), class, days) })
	}
	// One that goes by the platform's clock as well is counted once.
	w.exec(`INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at) VALUES (@tenant_id, 1, 'old', 'u', '', 'applied', now() - interval '50 days')`, nil)
	dry := w.round(upkeep.Mode{Dry: true, All: true})
	dry["activities and deliveries"] += 3 // a dry run counts activities alone
	done := w.round(upkeep.Mode{All: true})
	for _, kind := range []string{"inbox activities", "events", "activities and deliveries", "mails", "remote posts", "notifications"} {
		if dry[kind] != done[kind] || kind != "mails" && done[kind] == 0 {
			t.Errorf("of %s %d go; the dry run says %d", kind, done[kind], dry[kind])
		}
	}
	for table, where := range map[string]string{"statuses": "NOT is_local", "inbox_activities": "true", "events": "true", "activities": "true", "deliveries": "true", "notifications": "true"} {
		want, others := 0, 1
		switch table {
		case "inbox_activities":
			want, others = 1, 2 // the young one stays
		case "deliveries":
			others = 3
		}
		sql := `SELECT count(*) FROM ` + table + ` WHERE tenant_id = @tenant_id AND ` + where
		w.wants(table, want, sql, nil)
		other.wants(table+" of the other", others, sql, nil)
	}
	kept, err := keeping.Of(t.Context(), w.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if set := k.Class != upkeep.Mails && k.Class != upkeep.RemoteAccounts; k.IsOwn != set || k.LastDone.IsZero() || k.Days > k.Most {
			t.Errorf("%+v", k)
		}
	}
}

// A clock is never longer than the platform's, also when that is made shorter later, and
// never so short that something breaks.
func TestTheBoundsOfAClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keeping := upkeep.Keeping{DB: w.DB, Clocks: upkeep.Defaults, Now: time.Now}
	for class, days := range map[upkeep.Class]int{upkeep.RemotePosts: 91, upkeep.Received: 3, upkeep.Sent: 0, upkeep.Mails: 10, upkeep.Notifications: -1} {
		err := w.Try(func(s *pg.Scope) error { return keeping.Set(t.Context(), s, audit.ByOperator(), class, days) })
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s for %d days: %v", class, days, err)
		}
	}
	w.Do(func(s *pg.Scope) error {
		return keeping.Set(t.Context(), s, audit.ByOperator(), upkeep.RemotePosts, 80)
	})
	keeping.Clocks.RemotePosts = 20 * 24 * time.Hour
	kept, err := keeping.Of(t.Context(), w.Tenant.ID)
	if err != nil || kept[0].Days != 20 || kept[0].IsOwn {
		t.Errorf("%+v, %v", kept[0], err)
	}
	keeping.Clocks.RemotePosts = 0 // for ever
	if kept, err = keeping.Of(t.Context(), w.Tenant.ID); err != nil || kept[0].Days != 80 || !kept[0].IsOwn {
		t.Errorf("%+v, %v", kept[0], err)
	}
}
