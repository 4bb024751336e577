package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Customer is a tenant as the payment provider knows it. A tenant may have had several:
// a customer has one currency for ever.
type Customer struct {
	CustomerID string
	TenantID   tenant.ID
	Livemode   bool
	Currency   string
	Email      string
	IsCurrent  bool
	DeletedAt  *time.Time
	Told       int64 // goes up with each event
	SyncedAt   *time.Time
	CreatedAt  time.Time
}

const (
	customerColumns = `SELECT customer_id, tenant_id, livemode, currency, email, is_current, deleted_at, told, synced_at, created_at FROM billing_customers`
	customerByID    = customerColumns + ` WHERE customer_id = @customer_id`
	customersOf     = customerColumns + ` WHERE tenant_id = @tenant_id ORDER BY created_at`
	// Everybody who writes what a tenant has bought comes by here first.
	lockCustomers = customersOf + ` FOR UPDATE`
	retire        = `UPDATE billing_customers SET is_current = false WHERE tenant_id = @tenant_id AND is_current AND customer_id <> @customer_id`
	putCustomer   = `
INSERT INTO billing_customers (customer_id, tenant_id, livemode, currency, email)
VALUES (@customer_id, @tenant_id, @livemode, @currency, @email)
ON CONFLICT (customer_id) DO UPDATE SET
    currency = CASE WHEN excluded.currency = '' THEN billing_customers.currency ELSE excluded.currency END, email = excluded.email, is_current = true`
	tellCustomer    = `UPDATE billing_customers SET told = told + 1 WHERE customer_id = @customer_id`
	customerSynced  = `UPDATE billing_customers SET synced_at = @at WHERE customer_id = @customer_id AND COALESCE(synced_at < @at, true)`
	customerDeleted = `UPDATE billing_customers SET deleted_at = COALESCE(deleted_at, @at) WHERE customer_id = @customer_id`
)

// CustomerByID returns a customer by the provider's id, or fault.NotFound.
func CustomerByID(ctx context.Context, q pg.Querier, id string) (*Customer, error) {
	return pg.One[Customer](ctx, q, customerByID, pgx.NamedArgs{"customer_id": id})
}

// Customers returns all that a tenant is and was.
func Customers(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) ([]*Customer, error) {
	return pg.Many[Customer](ctx, tx, customersOf, pgx.NamedArgs{"tenant_id": id})
}

// LockCustomers is Customers, and keeps others from writing what the tenant has bought
// until the transaction ends.
func LockCustomers(ctx context.Context, tx *pg.PlatformTx, id tenant.ID) ([]*Customer, error) {
	return pg.Many[Customer](ctx, tx, lockCustomers, pgx.NamedArgs{"tenant_id": id})
}

// PutCustomer stores a customer as the tenant's current one.
func PutCustomer(ctx context.Context, tx *pg.PlatformTx, c *Customer) error {
	b := pg.NewBatch(tx)
	b.Exec(retire, pgx.NamedArgs{"tenant_id": c.TenantID, "customer_id": c.CustomerID})
	b.Exec(putCustomer, pgx.NamedArgs{"customer_id": c.CustomerID, "tenant_id": c.TenantID, "livemode": c.Livemode, "currency": c.Currency, "email": c.Email})
	return b.Send(ctx)
}

// TellCustomer notes that there is something new to read of a customer.
func TellCustomer(ctx context.Context, tx *pg.PlatformTx, id string) (known bool, err error) {
	n, err := pg.Exec(ctx, tx, tellCustomer, pgx.NamedArgs{"customer_id": id})
	return n > 0, err
}

// CustomerSynced notes when the last reading of a customer began.
func CustomerSynced(ctx context.Context, tx *pg.PlatformTx, id string, at time.Time) error {
	_, err := pg.Exec(ctx, tx, customerSynced, pgx.NamedArgs{"customer_id": id, "at": at})
	return err
}

// CustomerDeleted notes when the provider was first seen to have deleted a customer.
func CustomerDeleted(ctx context.Context, tx *pg.PlatformTx, id string, at time.Time) error {
	_, err := pg.Exec(ctx, tx, customerDeleted, pgx.NamedArgs{"customer_id": id, "at": at})
	return err
}
