package registry_test

import (
	"context"
	"testing"
	"time"

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
			return registry.BeginDeletion(ctx, tx, made.ID, at)
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
