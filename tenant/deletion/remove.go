package deletion

import (
	"context"
	"fmt"
	"net/url"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/factor"
	"rookery/tenant/registry"
)

// remove removes the tenant's rows. It is done when a whole pass has found none, while no
// job was left that could still write some.
func (e *ending) remove(ctx context.Context) (bool, error) {
	t, ok := e.Tenants.ByID(e.ID)
	if !ok {
		return false, fault.New(fault.NotFound, "There is no such tenant.")
	}
	keep := t.URL("/ap/actors/")
	for {
		if err := e.drop(ctx, true); err != nil {
			return false, err
		}
		if work, err := e.work(ctx); err != nil || work.All > 0 {
			return false, err // a job runs: come again when it has ended
		}
		rows, finished, err := e.pass(ctx, keep)
		if err != nil || !finished {
			return false, err
		}
		if rows == 0 {
			break
		}
	}
	err := e.DB.Platform(ctx, "note that a tenant is removed", func(tx *pg.PlatformTx) error {
		if err := e.dropPasskeys(ctx, tx); err != nil {
			return err
		}
		if err := registry.TenantRemoved(ctx, tx, e.ID); err != nil {
			return err
		}
		return e.record(ctx, tx, bySystem(), e.ID, "removed", nil)
	})
	if err == nil {
		e.Log.InfoContext(ctx, "tenant removed", "tenant", e.ID, "host", e.Host)
	}
	return err == nil, err
}

// dropPasskeys removes the passkeys of people who stay: those of the tenant's host. Where the
// console shares the host, they open that as well, and stay.
func (e *ending) dropPasskeys(ctx context.Context, tx *pg.PlatformTx) error {
	console, err := url.Parse(e.Console)
	if err != nil {
		return fmt.Errorf("read the console's address: %w", err)
	}
	host := factor.HostOf("", e.Host, "").ID
	if host == console.Hostname() {
		return nil
	}
	return store.RemovePasskeysOfHost(ctx, tx, host)
}

// forget removes what answered for the tenant's addresses as long as its names did, and
// whatever a straggler wrote since.
func (e *ending) forget(ctx context.Context) (bool, error) {
	if err := e.drop(ctx, true); err != nil {
		return false, err
	}
	if _, finished, err := e.pass(ctx, ""); err != nil || !finished {
		return false, err
	}
	err := e.DB.Platform(ctx, "note that a tenant is forgotten", func(tx *pg.PlatformTx) error {
		if err := registry.TenantForgotten(ctx, tx, e.ID); err != nil {
			return err
		}
		return e.record(ctx, tx, bySystem(), e.ID, "forgotten", nil)
	})
	return err == nil, err
}

// pass goes over all tables once and says how many rows went. Each statement is a
// transaction of its own, so an interruption loses nothing.
func (e *ending) pass(ctx context.Context, keep string) (rows int64, finished bool, err error) {
	for _, table := range store.TablesOfTenants() {
		for more := true; more; {
			var n int64
			if n, more, err = e.part(ctx, table, keep); err != nil {
				return rows, false, fmt.Errorf("remove %s: %w", table, err)
			}
			if rows += n; more && e.isOver() {
				return rows, false, nil
			}
		}
	}
	return rows, true, nil
}

func (e *ending) part(ctx context.Context, table, keep string) (n int64, more bool, err error) {
	if table == store.MembershipsTable {
		err = e.DB.Platform(ctx, "remove the people of a deleted tenant", func(tx *pg.PlatformTx) error {
			n, _, err = store.RemoveMembers(ctx, tx, e.ID, e.Batch)
			return err
		})
		return n, n >= int64(e.Batch), err
	}
	err = e.DB.Tenant(ctx, e.ID, func(scope *pg.Scope) (err error) {
		n, more, err = store.RemoveTenantPart(ctx, scope, table, keep, e.Batch)
		return err
	})
	return n, more, err
}
