package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// Invoice is one that the provider made. Amounts are in the currency's smallest unit.
type Invoice struct {
	InvoiceID  string
	CustomerID string
	Number     string
	Status     string // draft, open, paid, void, uncollectible
	Total      int64
	Tax        int64
	Refunded   int64
	Currency   string
	PageURL    string
	PDFURL     string `db:"pdf_url"`
	PeriodEnd  *time.Time
	CreatedAt  time.Time
}

// Dispute is a payment that the card's owner contests at the bank.
type Dispute struct {
	DisputeID string
	ChargeID  string
	Status    string
	Amount    int64
	Currency  string
	Reason    string
	DueBy     *time.Time
	CreatedAt time.Time
	LostAt    *time.Time
}

const (
	selectInvoices = `
SELECT invoice_id, customer_id, number, status, total, tax, refunded, currency, page_url, pdf_url, period_end, created_at
FROM   billing_invoices WHERE tenant_id = @tenant_id AND (@before::timestamptz IS NULL OR created_at < @before)
ORDER  BY created_at DESC LIMIT @limit`
	openInvoice = `
SELECT invoice_id, customer_id, number, status, total, tax, refunded, currency, page_url, pdf_url, period_end, created_at
FROM   billing_invoices WHERE tenant_id = @tenant_id AND status = 'open' ORDER BY created_at DESC LIMIT 1`
	putInvoice = `
INSERT INTO billing_invoices AS i (tenant_id, invoice_id, customer_id, number, status, total, tax, refunded, currency, page_url, pdf_url, period_end, created_at, read_at)
VALUES (@tenant_id, @invoice_id, @customer_id, @number, @status, @total, @tax, @refunded, @currency, @page_url, @pdf_url, @period_end, @created_at, @read_at)
ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET
       number = excluded.number, status = excluded.status, total = excluded.total, tax = excluded.tax, refunded = excluded.refunded,
       page_url = excluded.page_url, pdf_url = excluded.pdf_url, period_end = excluded.period_end, read_at = excluded.read_at
WHERE  i.read_at <= excluded.read_at`

	selectDisputes = `
SELECT dispute_id, charge_id, status, amount, currency, reason, due_by, created_at, lost_at
FROM   billing_disputes WHERE tenant_id = @tenant_id ORDER BY created_at DESC, dispute_id`
	putDispute = `
INSERT INTO billing_disputes AS d (tenant_id, dispute_id, charge_id, status, amount, currency, reason, due_by, created_at, lost_at, read_at)
VALUES (@tenant_id, @dispute_id, @charge_id, @status, @amount, @currency, @reason, @due_by, @created_at, CASE WHEN @status = 'lost' THEN @read_at::timestamptz END, @read_at)
ON CONFLICT (tenant_id, dispute_id) DO UPDATE SET
       status = excluded.status, amount = excluded.amount, due_by = excluded.due_by, read_at = excluded.read_at,
       lost_at = CASE WHEN excluded.status = 'lost' THEN COALESCE(d.lost_at, excluded.lost_at) END
WHERE  d.read_at <= excluded.read_at`
)

// Invoices returns a tenant's, the newest first, limit at most of those made before a time;
// zero: all.
func Invoices(ctx context.Context, q pg.Querier, id tenant.ID, before time.Time, limit int) ([]*Invoice, error) {
	return pg.Many[Invoice](ctx, q, selectInvoices, pgx.NamedArgs{"tenant_id": id, "before": pg.NullTime(before), "limit": limit})
}

// OpenInvoice returns the newest that is to be paid, or fault.NotFound.
func OpenInvoice(ctx context.Context, q pg.Querier, id tenant.ID) (*Invoice, error) {
	return pg.One[Invoice](ctx, q, openInvoice, pgx.NamedArgs{"tenant_id": id})
}

// PutInvoices stores what a reading that began at a time found.
func PutInvoices(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, readAt time.Time, all []Invoice) error {
	if len(all) == 0 {
		return nil
	}
	b := pg.NewBatch(tx)
	for _, i := range all {
		b.Exec(putInvoice, pgx.NamedArgs{
			"tenant_id": id, "invoice_id": i.InvoiceID, "customer_id": i.CustomerID, "number": i.Number, "status": i.Status, "total": i.Total, "tax": i.Tax,
			"refunded": i.Refunded, "currency": i.Currency, "page_url": i.PageURL, "pdf_url": i.PDFURL, "period_end": i.PeriodEnd, "created_at": i.CreatedAt, "read_at": readAt,
		})
	}
	return b.Send(ctx)
}

// Disputes returns a tenant's, the newest first.
func Disputes(ctx context.Context, q pg.Querier, id tenant.ID) ([]*Dispute, error) {
	return pg.Many[Dispute](ctx, q, selectDisputes, pgx.NamedArgs{"tenant_id": id})
}

// PutDispute stores what a reading that began at a time found.
func PutDispute(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, readAt time.Time, d *Dispute) error {
	_, err := pg.Exec(ctx, tx, putDispute, pgx.NamedArgs{
		"tenant_id": id, "dispute_id": d.DisputeID, "charge_id": d.ChargeID, "status": d.Status, "amount": d.Amount, "currency": d.Currency, "reason": d.Reason,
		"due_by": d.DueBy, "created_at": d.CreatedAt, "read_at": readAt,
	})
	return err
}
