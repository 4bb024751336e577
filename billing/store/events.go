package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// Event is one of the provider's: a reason to look, never what is looked for.
type Event struct {
	EventID    string
	Type       string
	APIVersion string `db:"api_version"`
	Livemode   bool
	CustomerID string
	ObjectID   string
	Payload    []byte
	CreatedAt  time.Time
	ReceivedAt time.Time
	Source     Source
	Outcome    Outcome
	HandledAt  *time.Time
}

// Source is how an event came.
type Source string

// The sources.
const (
	FromWebhook Source = "webhook"
	FromPoll    Source = "poll"   // it was missed, and found in the provider's list
	FromReplay  Source = "replay" // staff sent it once more
)

// Outcome is what became of an event.
type Outcome string

// The outcomes. The zero Outcome waits.
const (
	Synced  Outcome = "synced"
	Ignored Outcome = "ignored" // of a type, an account or a mode that is not ours
	Unknown Outcome = "unknown customer"
)

const (
	addEvent = `
INSERT INTO billing_events (event_id, type, api_version, livemode, customer_id, object_id, payload, created_at, received_at, source, outcome, handled_at)
VALUES (@event_id, @type, @api_version, @livemode, @customer_id, @object_id, @payload, @created_at, @received_at, @source, @outcome, CASE WHEN @outcome = '' THEN NULL ELSE now() END)
ON CONFLICT (event_id) DO NOTHING`
	settleEvent  = `UPDATE billing_events SET outcome = @outcome, handled_at = now() WHERE event_id = @event_id AND handled_at IS NULL`
	settleEvents = `
UPDATE billing_events SET outcome = 'synced', handled_at = now()
WHERE  customer_id = @customer_id AND handled_at IS NULL AND received_at <= @before`
	settleUnknown = `UPDATE billing_events SET outcome = 'unknown customer', handled_at = now() WHERE customer_id = @customer_id AND handled_at IS NULL`
	nameCustomer  = `UPDATE billing_events SET customer_id = @customer_id WHERE event_id = @event_id`
	eventByID     = `
SELECT event_id, type, api_version, livemode, customer_id, object_id, payload, created_at, received_at, source, outcome, handled_at
FROM   billing_events WHERE event_id = @event_id`
	waitingEvents = `
SELECT event_id, type, api_version, livemode, customer_id, object_id, payload, created_at, received_at, source, outcome, handled_at
FROM   billing_events WHERE customer_id = @customer_id AND handled_at IS NULL AND type = ANY(@types)`
	customersWithNews = `
SELECT DISTINCT customer_id FROM billing_events WHERE handled_at IS NULL AND customer_id <> '' AND received_at < @before LIMIT @limit`
	namelessEvents = `SELECT event_id FROM billing_events WHERE handled_at IS NULL AND customer_id = '' AND received_at < @before ORDER BY received_at LIMIT @limit`
	selectEvents   = `
SELECT event_id, type, api_version, livemode, customer_id, object_id, payload, created_at, received_at, source, outcome, handled_at
FROM   billing_events
WHERE  (@customer_id = '' OR customer_id = @customer_id) AND (@before::timestamptz IS NULL OR received_at < @before)
ORDER  BY received_at DESC LIMIT @limit`
	pruneEvents = `DELETE FROM billing_events WHERE received_at < @before AND handled_at IS NOT NULL`
)

// AddEvent stores an event, unless it is there already.
func AddEvent(ctx context.Context, tx *pg.PlatformTx, e *Event) (isNew bool, err error) {
	n, err := pg.Exec(ctx, tx, addEvent, pgx.NamedArgs{
		"event_id": e.EventID, "type": e.Type, "api_version": e.APIVersion, "livemode": e.Livemode, "customer_id": e.CustomerID, "object_id": e.ObjectID,
		"payload": e.Payload, "created_at": e.CreatedAt, "received_at": e.ReceivedAt, "source": string(e.Source), "outcome": string(e.Outcome),
	})
	return n > 0, err
}

// SettleEvent says what became of one event.
func SettleEvent(ctx context.Context, tx *pg.PlatformTx, id string, outcome Outcome) error {
	_, err := pg.Exec(ctx, tx, settleEvent, pgx.NamedArgs{"event_id": id, "outcome": string(outcome)})
	return err
}

// SettleEvents says that a reading has seen what a customer's events until then were about.
func SettleEvents(ctx context.Context, tx *pg.PlatformTx, customer string, before time.Time) error {
	_, err := pg.Exec(ctx, tx, settleEvents, pgx.NamedArgs{"customer_id": customer, "before": before})
	return err
}

// SettleUnknown says that a customer's events are about nobody here.
func SettleUnknown(ctx context.Context, tx *pg.PlatformTx, customer string) error {
	_, err := pg.Exec(ctx, tx, settleUnknown, pgx.NamedArgs{"customer_id": customer})
	return err
}

// NameCustomer says whom an event is about that did not name anybody.
func NameCustomer(ctx context.Context, tx *pg.PlatformTx, id, customer string) error {
	_, err := pg.Exec(ctx, tx, nameCustomer, pgx.NamedArgs{"event_id": id, "customer_id": customer})
	return err
}

// EventByID returns an event, or fault.NotFound.
func EventByID(ctx context.Context, tx *pg.PlatformTx, id string) (*Event, error) {
	return pg.One[Event](ctx, tx, eventByID, pgx.NamedArgs{"event_id": id})
}

// WaitingEvents returns a customer's of some types that nobody has handled yet.
func WaitingEvents(ctx context.Context, tx *pg.PlatformTx, customer string, types []string) ([]*Event, error) {
	return pg.Many[Event](ctx, tx, waitingEvents, pgx.NamedArgs{"customer_id": customer, "types": types})
}

// CustomersWithNews returns those whose events from before a time nobody has handled.
func CustomersWithNews(ctx context.Context, tx *pg.PlatformTx, before time.Time, limit int) ([]string, error) {
	return pg.Values[string](ctx, tx, customersWithNews, pgx.NamedArgs{"before": before, "limit": limit})
}

// NamelessEvents returns those from before a time of which nobody has found out whom they are about.
func NamelessEvents(ctx context.Context, tx *pg.PlatformTx, before time.Time, limit int) ([]string, error) {
	return pg.Values[string](ctx, tx, namelessEvents, pgx.NamedArgs{"before": before, "limit": limit})
}

// Events returns the newest that came before a time (zero: all), of one customer or, with
// an empty one, of all.
func Events(ctx context.Context, tx *pg.PlatformTx, customer string, before time.Time, limit int) ([]*Event, error) {
	return pg.Many[Event](ctx, tx, selectEvents, pgx.NamedArgs{"customer_id": customer, "before": pg.NullTime(before), "limit": limit})
}

// PruneEvents forgets what was handled and came before a time.
func PruneEvents(ctx context.Context, tx *pg.PlatformTx, before time.Time) (int64, error) {
	return pg.Exec(ctx, tx, pruneEvents, pgx.NamedArgs{"before": before})
}
