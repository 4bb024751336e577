package registry_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// Each step is refused where the one before it was not taken; the host goes on leading to
// the tenant, so that its addresses answer 410 and nobody else gets the name.
func TestStepsToTheEnd(t *testing.T) {
	t.Parallel()
	r, db := newRegistry(t, registry.Options{})
	made, err := r.Create(t.Context(), registry.NewTenant{Name: "A", Host: "a.test", Description: "Cycles", ContactMail: "x@a.test"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	type act = func(context.Context, *pg.PlatformTx) error
	begin := func(at time.Time) act {
		return func(ctx context.Context, tx *pg.PlatformTx) error {
			return registry.BeginDeletion(ctx, tx, made.ID, at, false)
		}
	}
	on := func(fn func(context.Context, *pg.PlatformTx, tenant.ID) error) act {
		return func(ctx context.Context, tx *pg.PlatformTx) error { return fn(ctx, tx, made.ID) }
	}
	shut := func(ctx context.Context, tx *pg.PlatformTx) error { return registry.CloseTenant(ctx, tx, made.ID, now) }
	steps := []struct {
		name string
		act  act
		code fault.Code
		then tenant.State
	}{
		{"undo what was not asked for", on(registry.UndoDeletion), fault.Conflict, tenant.Active},
		{"close at once", shut, fault.Conflict, tenant.Active},
		{"begin", begin(now.Add(time.Hour)), "", tenant.Deleting},
		{"close before its time", shut, fault.Conflict, tenant.Deleting},
		{"remove before it is closed", on(registry.TenantRemoved), fault.Conflict, tenant.Deleting},
		{"undo", on(registry.UndoDeletion), "", tenant.Active},
		{"begin again", begin(now.Add(time.Hour)), "", tenant.Deleting},
		{"sooner", begin(now), "", tenant.Deleting},
		{"close", shut, "", tenant.Deleted},
		{"undo too late", on(registry.UndoDeletion), fault.Gone, tenant.Deleted},
		{"begin what is over", begin(now), fault.Gone, tenant.Deleted},
		{"forget before the rows are gone", on(registry.TenantForgotten), fault.Gone, tenant.Deleted},
		{"goodbye", on(registry.SaidGoodbye), "", tenant.Deleted},
		{"removed", on(registry.TenantRemoved), "", tenant.Deleted},
		{"removed twice", on(registry.TenantRemoved), "", tenant.Deleted},
		{"forgotten", on(registry.TenantForgotten), "", tenant.Deleted},
	}
	for _, step := range steps {
		err := db.PG.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error { return step.act(t.Context(), tx) })
		if fault.CodeOf(err) != step.code {
			t.Errorf("%s: %v, want %q", step.name, err, step.code)
		}
		if err := r.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, _, ok := r.ByHost("a.test"); !ok || got.State != step.then {
			t.Errorf("after %s: %+v, want %s", step.name, got, step.then)
		}
		if err := r.SetState(t.Context(), made.ID, tenant.Active); (err == nil) != (step.then == tenant.Active) {
			t.Errorf("resumed after %s: %v", step.name, err)
		}
	}
	if got, _ := r.ByID(made.ID); got.Name != "A" || got.Description != "" || got.ContactMail != "" {
		t.Errorf("what is left of the row: %+v", got)
	}
	if _, err := r.Create(t.Context(), registry.NewTenant{Name: "B", Host: "a.test"}); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a deleted tenant's name: %v, want conflict", err)
	}
}

// An operator's word is no way around the time in which nobody inherits a name.
func TestNobodyInheritsANameByCommand(t *testing.T) {
	t.Parallel()
	r, db := newRegistry(t, registry.Options{})
	for _, c := range []struct {
		host, change string
		want         fault.Code
	}{
		{"acme.test", `state = 'released', quarantine_until = now() + interval '1 day'`, fault.Conflict},
		{"old.test", `state = 'released', quarantine_until = now() - interval '1 day'`, ""},
		{"acme.rookery.test", `state = 'released', mode = 'platform', quarantine_until = now() - interval '1 year'`, fault.Conflict},
	} {
		create(t, r, c.host)
		super(t, db, func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), `UPDATE domains SET `+c.change+` WHERE name = $1`, c.host)
			return err
		})
		for _, n := range []registry.NewTenant{{Name: "Heir", Host: c.host}, {Name: "Heir", Host: "new." + c.host, HandleDomain: c.host}} {
			if _, err := r.Create(t.Context(), n); fault.CodeOf(err) != c.want {
				t.Errorf("%s: %v", n.Host, err)
			}
			if c.want == "" {
				break
			}
		}
	}
}
