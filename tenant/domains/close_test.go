package domains_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/domains"
	"rookery/tenant/registry"
)

// TEN-21: the names of a deleted tenant go the way of all names, the operator's among
// them, but for the undo; nobody is told how to take them back.
func TestAllNamesOfADeletedTenantGo(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	ctx, of := t.Context(), l.A.Tenant.ID
	live := l.live(t, l.A, "acme-best.com")
	parked := l.live(t, l.A, "acme-old.com")
	l.platform(t, func(tx *pg.PlatformTx) error {
		d, err := registry.LockDomain(ctx, tx, parked.ID)
		if err != nil {
			return err
		}
		d.State = tenant.DomainParked
		return registry.SaveDomain(ctx, tx, d)
	})
	pending := claim(t, l.Service, of, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-new.com"})[0]
	disputed := l.live(t, l.A, contested)
	theirs := l.contest(t)
	neighbour := l.live(t, l.B, "globex-cycles.com")
	told := l.mails(t, of)
	for range 2 { // safe to run twice
		do(t, l.ReleaseAll(ctx, audit.BySystem("deletion"), of))
	}
	for _, want := range []struct {
		id    tenant.DomainID
		state tenant.DomainState
	}{
		{live.ID, tenant.DomainReleasing}, {parked.ID, tenant.DomainReleasing}, {pending.ID, tenant.DomainReleased}, {disputed.ID, tenant.DomainReleased}, {neighbour.ID, tenant.DomainLive},
	} {
		if got := l.read(t, want.id); got.State != want.state {
			t.Errorf("%s is %s, want %s", got.Name, got.State, want.state)
		}
	}
	all, err := l.List(ctx, of)
	do(t, err)
	for _, d := range all {
		if d.State != tenant.DomainReleasing && d.State != tenant.DomainReleased {
			t.Errorf("%s is %s", d.Name, d.State)
		}
	}
	if got := l.read(t, theirs.ID); got.NextCheckAt.After(l.now) {
		t.Error("whoever disputed a name is not looked at")
	}
	if got, want := fmt.Sprint(l.acts(t, live)), "[claim verified live releasing]"; got != want {
		t.Errorf("audit log %s, want %s", got, want)
	}
	if now := l.mails(t, of); slices.Contains(now[len(told):], "domain_releasing") {
		t.Errorf("people were told %v", now)
	}

	l.platform(t, func(tx *pg.PlatformTx) error { return registry.BeginDeletion(ctx, tx, of, l.now, false) })
	do(t, l.Registry.Load(ctx))
	if _, err := l.Claim(ctx, audit.ByOperator(), of, domains.Wish{Mode: tenant.WholeDomain, Name: "acme-late.com"}); fault.CodeOf(err) != fault.Gone {
		t.Errorf("a claim of a tenant that is being deleted: %v", err)
	}
	l.platform(t, func(tx *pg.PlatformTx) error { return registry.CloseTenant(ctx, tx, of, l.now) })
	do(t, l.Registry.Load(ctx))
	if err := l.UndoRelease(ctx, audit.ByOperator(), of, live.ID); fault.CodeOf(err) != fault.Gone {
		t.Errorf("taken back: %v", err)
	}
	l.now = l.now.Add(7 * day)
	do(t, l.Check(ctx, live.ID))
	if got := l.read(t, live.ID); got.State != tenant.DomainReleased || got.QuarantineUntil.Sub(l.now) < 30*day-time.Hour || got.TombstonesUntil.Sub(l.now) < 180*day-time.Hour {
		t.Errorf("after a week: %+v", got.Domain)
	}
}
