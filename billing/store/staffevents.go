package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/tenant"
)

// EventLine is an event as the staff's list shows it.
type EventLine struct {
	EventID    string
	Type       string
	CustomerID string
	ObjectID   string
	Livemode   bool
	Source     Source
	Outcome    Outcome
	CreatedAt  time.Time
	ReceivedAt time.Time
	HandledAt  *time.Time
	TenantID   *tenant.ID
	TenantName string
}

// EventSearch narrows the list. Empty fields match everything.
type EventSearch struct {
	Type     string // or how it begins
	Outcome  Outcome
	Waits    bool // that nobody has handled yet
	Customer string
	Tenant   tenant.ID
	Before   string // id of the last event of the page before
	Limit    int
}

// Drift is how often a field was not as the provider has it, on a day.
type Drift struct {
	Day   time.Time
	Field string
	N     int64
}

const (
	eventLines = `
SELECT e.event_id, e.type, e.customer_id, e.object_id, e.livemode, e.source, e.outcome, e.created_at, e.received_at, e.handled_at,
       c.tenant_id, COALESCE(t.name, '') AS tenant_name
FROM   billing_events e LEFT JOIN billing_customers c ON c.customer_id = e.customer_id LEFT JOIN tenants t ON t.id = c.tenant_id
WHERE  (@type = '' OR starts_with(e.type, @type)) AND (@outcome = '' OR e.outcome = @outcome) AND (NOT @waits OR e.handled_at IS NULL)
AND    (@customer = '' OR e.customer_id = @customer) AND (@tenant::bigint = 0 OR c.tenant_id = @tenant) AND (@id = '' OR e.event_id = @id)
AND    (@before = '' OR (e.received_at, e.event_id) < (SELECT b.received_at, b.event_id FROM billing_events b WHERE b.event_id = @before))
ORDER  BY e.received_at DESC, e.event_id DESC LIMIT @limit`
	reopenEvent = `UPDATE billing_events SET outcome = '', handled_at = NULL WHERE event_id = @event_id AND outcome <> 'ignored'`
	addDrift    = `INSERT INTO billing_drift AS d (day, field, n) VALUES (@day, @field, @n) ON CONFLICT (day, field) DO UPDATE SET n = d.n + excluded.n`
	driftSince  = `SELECT day, field, n FROM billing_drift WHERE day >= @since ORDER BY day, field`
)

func (s EventSearch) args(id string) pgx.NamedArgs {
	return pgx.NamedArgs{
		"type": s.Type, "outcome": string(s.Outcome), "waits": s.Waits, "customer": s.Customer, "tenant": s.Tenant, "before": s.Before, "limit": s.Limit, "id": id,
	}
}

// EventLines returns a page of the ledger, the newest first.
func EventLines(ctx context.Context, tx *pg.PlatformTx, s EventSearch) ([]*EventLine, error) {
	return pg.Many[EventLine](ctx, tx, eventLines, s.args(""))
}

// EventLineByID returns one event of the ledger, or fault.NotFound.
func EventLineByID(ctx context.Context, tx *pg.PlatformTx, id string) (*EventLine, error) {
	return pg.One[EventLine](ctx, tx, eventLines, EventSearch{Limit: 1}.args(id))
}

// ReopenEvent makes an event wait again, as if it had just come; ok is false for one that is
// not ours to look at, or not there.
func ReopenEvent(ctx context.Context, tx *pg.PlatformTx, id string) (ok bool, err error) {
	n, err := pg.Exec(ctx, tx, reopenEvent, pgx.NamedArgs{"event_id": id})
	return n > 0, err
}

// AddDrift adds what a comparison with the provider found, by field, to what was found on that
// day before.
func AddDrift(ctx context.Context, tx *pg.PlatformTx, day time.Time, found map[string]int64) error {
	if len(found) == 0 {
		return nil
	}
	b := pg.NewBatch(tx)
	for field, n := range found {
		b.Exec(addDrift, pgx.NamedArgs{"day": day.UTC(), "field": field, "n": n})
	}
	return b.Send(ctx)
}

// DriftSince returns what was found since a day, the oldest first.
func DriftSince(ctx context.Context, tx *pg.PlatformTx, since time.Time) ([]*Drift, error) {
	return pg.Many[Drift](ctx, tx, driftSince, pgx.NamedArgs{"since": since.UTC()})
}
