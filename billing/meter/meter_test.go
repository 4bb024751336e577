package meter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/billing/ledger"
	"rookery/billing/meter"
	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/internal/testkit/fixture"
	"rookery/tenant"
	"rookery/tenant/people"
)

const gb = 1_000_000_000

// start is far from the ends of its month.
var start = time.Date(2026, 11, 3, 10, 30, 0, 0, time.UTC)

type world struct {
	*fixture.World
	t     *testing.T
	now   time.Time
	plans *billing.Catalogue
	meter *meter.Meter
	super *pgx.Conn
}

// newWorld has tenant A on a plan by the staff's word, and tenant B on none that ends.
func newWorld(t *testing.T, l tenant.Limits) *world {
	t.Helper()
	w := &world{World: fixture.New(t), t: t, now: start}
	w.plans = &billing.Catalogue{Trial: "small", TrialDays: 100_000, Plans: []billing.Plan{{ID: "small", Name: "Small", Limits: l}, {ID: "all", Name: "All"}}}
	led := ledger.New(ledger.Options{DB: w.PG, Plans: w.plans, Now: func() time.Time { return w.now }})
	w.meter = meter.New(meter.Options{DB: w.PG, Ledger: led, Now: func() time.Time { return w.now }, Console: "https://rookery.test", Room: "billing"})
	var err error
	if w.super, err = pgx.Connect(t.Context(), w.DB.SuperURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.super.Close(context.Background()) })
	w.exec(`UPDATE tenants SET created_at = $1`, start.Add(-time.Hour))
	for h, plan := range map[*fixture.Home]string{w.A: "small", w.B: "all"} {
		w.platform(func(tx *pg.PlatformTx) error {
			o := &store.Override{Standing: tenant.Paid, Plan: plan, Limits: map[string]int64{}, FromAt: start.Add(-time.Hour), Reason: "test", StaffID: 1}
			if err := store.AddOverride(t.Context(), tx, h.Tenant.ID, o); err != nil {
				return err
			}
			return led.Assess(t.Context(), tx, h.Tenant.ID, store.ByStaff)
		})
	}
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) error {
		return people.Join(ctx, s, w.A.Person, people.MemberOwner)
	})
	return w
}

func (w *world) platform(fn func(*pg.PlatformTx) error) {
	w.t.Helper()
	if err := w.PG.Platform(w.t.Context(), "test", fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.super.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count() {
	w.t.Helper()
	if err := w.meter.Count(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) entitlement(h *fixture.Home) (e tenant.Entitlement) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) error {
		var text string
		text, err := pg.Value[string](w.t.Context(), tx, `SELECT entitlement::text FROM tenant_entitlements WHERE tenant_id = @id`, pgx.NamedArgs{"id": h.Tenant.ID})
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &e)
	})
	return e
}

// mails are the keys of all mails, in the order of their queueing.
func (w *world) mails() (out []string) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) (err error) {
		out, err = pg.Values[string](w.t.Context(), tx, `SELECT template || ' ' || COALESCE(data->>'meter', '') || COALESCE(' ' || (data->>'percent'), '') FROM mails ORDER BY id`, nil)
		return err
	})
	return out
}

func (w *world) used(h *fixture.Home, egress, sent int64) {
	w.t.Helper()
	w.platform(func(tx *pg.PlatformTx) error {
		return store.AddUsed(w.t.Context(), tx, w.now, []store.Used{{TenantID: h.Tenant.ID, EgressBytes: egress, Deliveries: sent}})
	})
}

// stored makes a tenant's stored files so large.
func (w *world) stored(h *fixture.Home, bytes int) {
	w.t.Helper()
	w.exec(`DELETE FROM blobs WHERE tenant_id = $1`, int64(h.Tenant.ID))
	w.exec(`INSERT INTO blobs (tenant_id, sha256, mime, bytes) VALUES ($1, 'x', 'image/png', convert_to(repeat('x', $2), 'UTF8'))`, int64(h.Tenant.ID), bytes)
}

// All tenants are counted together, as often as one likes; a deleted one is not.
func TestUsageIsCountedForAllTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant.Limits{})
	w.A.AddAccount(t, "second")
	w.stored(w.A, 1000)
	w.used(w.A, 5, 1)
	w.count()
	w.stored(w.A, 3000)
	w.used(w.A, 7, 2)
	w.count()
	w.platform(func(tx *pg.PlatformTx) error {
		days, err := store.UsageDays(t.Context(), tx, w.A.Tenant.ID, start.AddDate(0, 0, -1))
		want := []*store.UsageDay{{Day: start.Truncate(24 * time.Hour), Accounts: 2, Seats: 1, Domains: 1, StorageBytes: 3000, EgressBytes: 12, Deliveries: 3}}
		if diff := cmp.Diff(want, days); diff != "" {
			t.Error(diff)
		}
		return err
	})
	// The first answers of a day do not make the day look empty.
	w.now = start.AddDate(0, 0, 1)
	w.used(w.A, 1, 0)
	w.platform(func(tx *pg.PlatformTx) error {
		u, err := store.UsageOf(t.Context(), tx, w.A.Tenant.ID, w.now)
		if u.StorageBytes != 3000 || u.EgressBytes != 13 {
			t.Errorf("on the next day: %+v", u)
		}
		return err
	})
	w.exec(`UPDATE tenants SET state = 'deleted' WHERE id = $1`, int64(w.B.Tenant.ID))
	w.count()
	w.platform(func(tx *pg.PlatformTx) error {
		days, err := store.UsageDays(t.Context(), tx, w.B.Tenant.ID, w.now)
		if len(days) != 0 {
			t.Errorf("%d days of a tenant that is gone", len(days))
		}
		return err
	})
}

// Far more stored than the plan allows stops uploads after a week, and not before; room
// gives them back.
func TestFullStorageStopsUploadsAfterAWeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant.Limits{StorageBytes: 1000})
	for i, step := range []struct {
		after time.Duration
		bytes int
		stops bool
	}{
		{0, 1100, false}, {time.Hour, 1101, false}, {7 * billing.Day, 2000, false}, {7*billing.Day + 2*time.Hour, 2000, true},
		{8 * billing.Day, 1000, false}, {9 * billing.Day, 1200, false}, {15 * billing.Day, 1200, false}, {16*billing.Day + time.Hour, 1200, true},
	} {
		w.now = start.Add(step.after)
		w.stored(w.A, step.bytes)
		w.count()
		w.platform(func(tx *pg.PlatformTx) error { // as the sweep does
			return ledger.New(ledger.Options{DB: w.PG, Plans: w.plans, Now: func() time.Time { return w.now }}).Assess(t.Context(), tx, w.A.Tenant.ID, store.ByClock)
		})
		if got := w.entitlement(w.A).NoUploads; got != step.stops {
			t.Errorf("step %d: uploads are refused: %t", i, got)
		}
	}
	if w.entitlement(w.B).NoUploads {
		t.Error("a tenant without a limit is refused")
	}
}

// Two counts at once and one after the other write once about each threshold and month, to
// owners, the louder of two alone.
func TestMailsAboutWhatIsNearlyUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant.Limits{Accounts: 5, Seats: 1, StorageBytes: 1000, EgressBytes: 10 * gb, Deliveries: 100})
	w.stored(w.A, 799)
	w.used(w.A, 10*gb, 80)
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() { errs[i] = w.meter.Count(t.Context()) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{"plan_usage deliveries 80", "plan_usage transfer 100"}
	got := w.mails()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.entitlement(w.A).IsSlow {
		t.Error("slow below the limit")
	}
	w.used(w.A, 0, 21)
	for i := range 3 {
		w.A.AddAccount(t, fmt.Sprintf("more%d", i))
	}
	w.count()
	w.count()
	want = append(want, "plan_usage deliveries 100", "plan_usage accounts 80")
	slices.Sort(want)
	got = w.mails()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !w.entitlement(w.A).IsSlow {
		t.Error("not slow above the limit")
	}
	// Another month begins: what is of a month is counted anew, and slow no more.
	w.now = start.AddDate(0, 1, 0)
	w.count()
	if got := w.mails(); len(got) != 5 || w.entitlement(w.A).IsSlow {
		t.Errorf("in the next month: %v, slow %t", got, w.entitlement(w.A).IsSlow)
	}
}

// Case 32: a smaller plan, chosen at the provider, deletes nothing. People hear of it on three
// days, then it is a matter for the staff; who is within the plan again hears nothing more.
func TestMoreThanThePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant.Limits{Accounts: 1, Domains: 1})
	w.A.AddAccount(t, "second")
	for i, step := range []struct {
		after        time.Duration
		mails, tasks int
	}{
		{0, 1, 0}, {time.Hour, 1, 0}, {7 * billing.Day, 2, 0}, {12 * billing.Day, 2, 0}, {13 * billing.Day, 3, 0}, {14 * billing.Day, 3, 1}, {20 * billing.Day, 3, 1},
	} {
		w.now = start.Add(step.after)
		w.count()
		var tasks []*store.Task
		w.platform(func(tx *pg.PlatformTx) (err error) {
			tasks, err = store.OpenTasks(t.Context(), tx, 9)
			return err
		})
		if got := w.mails(); len(got) != step.mails || len(tasks) != step.tasks {
			t.Errorf("step %d: mails %v, %d tasks", i, got, len(tasks))
		}
		if !w.entitlement(w.A).IsOver {
			t.Errorf("step %d: it is not over", i)
		}
	}
	w.platform(func(tx *pg.PlatformTx) error {
		u, err := store.UsageOf(t.Context(), tx, w.A.Tenant.ID, w.now)
		if u.Accounts != 2 {
			t.Errorf("%d accounts are left", u.Accounts)
		}
		return err
	})
	w.exec(`UPDATE accounts SET deleted_at = now() WHERE tenant_id = $1 AND username = 'second'`, int64(w.A.Tenant.ID))
	w.now = start.Add(21 * billing.Day)
	w.count()
	if w.entitlement(w.A).IsOver || len(w.mails()) != 3 {
		t.Errorf("within the plan again: over %t, mails %v", w.entitlement(w.A).IsOver, w.mails())
	}
	w.A.AddAccount(t, "third")
	w.now = start.Add(22 * billing.Day)
	w.count()
	if len(w.mails()) != 4 {
		t.Errorf("too many anew: %v", w.mails())
	}
}

// What is counted in memory is written once, also when several count and write at once.
func TestTallies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tenant.Limits{})
	var none *meter.Tally
	none.Served(w.A.Tenant.ID, 5)
	none.Delivered(w.A.Tenant.ID, 5)
	tally := &meter.Tally{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				tally.Served(w.A.Tenant.ID, 3)
				tally.Delivered(w.B.Tenant.ID, 1)
			}
			if err := tally.Flush(t.Context(), w.PG, w.now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	tally.Served(w.A.Tenant.ID, 1)
	if err := tally.Flush(stopped, w.PG, w.now); err == nil {
		t.Error("written without a database")
	}
	if err := tally.Flush(t.Context(), w.PG, w.now); err != nil {
		t.Fatal(err)
	}
	w.platform(func(tx *pg.PlatformTx) error {
		a, err := store.UsageOf(t.Context(), tx, w.A.Tenant.ID, w.now)
		if a.EgressBytes != 24_001 || a.Deliveries != 0 {
			t.Errorf("A: %+v, %v", a, err)
		}
		b, err := store.UsageOf(t.Context(), tx, w.B.Tenant.ID, w.now)
		if b.Deliveries != 8000 {
			t.Errorf("B: %+v", b)
		}
		return err
	})
}
