package account

import (
	"context"
	"fmt"

	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/entitled"
)

// makeRoom says whether a tenant's plan has an account left. Until the transaction ends
// nobody else takes it. Where there is no limit nothing is counted.
func makeRoom(ctx context.Context, scope *pg.Scope, t *tenant.Tenant) error {
	if l := t.Entitlement.Limits; l.Accounts == 0 || l.MoreAccounts {
		return entitled.ToGrow(t)
	}
	n, err := store.HoldAccounts(ctx, scope)
	if err != nil {
		return fmt.Errorf("count accounts: %w", err)
	}
	return entitled.ToAddAccount(t, n)
}

// charge has accounts counted anew that a tenant pays for one by one.
func charge(ctx context.Context, scope *pg.Scope, t *tenant.Tenant) error {
	if !t.Entitlement.Limits.MoreAccounts {
		return nil
	}
	return scope.Enqueue(ctx, jobs.BillingQuantity{TenantID: t.ID})
}
