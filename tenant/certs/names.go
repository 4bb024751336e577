package certs

import (
	"context"
	"fmt"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// State is what is known of a name's certificate.
type State struct {
	Name          string            `json:"name"`
	Own           bool              `json:"own"` // the platform's, no customer's
	NotBefore     time.Time         `json:"not_before,omitzero"`
	NotAfter      time.Time         `json:"not_after,omitzero"` // zero: none is stored
	NextOrderAt   time.Time         `json:"next_order_at"`
	OrderingUntil time.Time         `json:"ordering_until,omitzero"`
	AdvisedAt     time.Time         `json:"advised_at,omitzero"`
	Failures      int               `json:"failures,omitempty"`
	ErrorCode     string            `json:"error_code,omitempty"`
	ErrorDetail   map[string]string `json:"error_detail,omitempty"`
	FailedAt      time.Time         `json:"failed_at,omitzero"`
}

const (
	endedStay = 30 * 24 * time.Hour
	mostEnded = 20 // names of one sweep
)

const never = `'0001-01-01 00:00:00+00'`

const (
	stateColumns = `
name, own, COALESCE(not_before, ` + never + `) AS not_before, COALESCE(not_after, ` + never + `) AS not_after, next_order_at,
COALESCE(ordering_until, ` + never + `) AS ordering_until, COALESCE(advised_at, ` + never + `) AS advised_at, failures, error_code, error_detail,
COALESCE(failed_at, ` + never + `) AS failed_at`
	selectState = `SELECT ` + stateColumns + ` FROM certificates WHERE name = @name`
	lockState   = selectState + ` FOR UPDATE`
	listStates  = `SELECT ` + stateColumns + ` FROM certificates WHERE name > @after ORDER BY name LIMIT @most`
	addName     = `INSERT INTO certificates (name, own) VALUES (@name, @own) ON CONFLICT (name) DO UPDATE SET own = EXCLUDED.own WHERE certificates.own <> EXCLUDED.own`
	saveState   = `
UPDATE certificates SET not_before = @not_before, not_after = @not_after, next_order_at = @next_order_at, ordering_until = @ordering_until,
       advised_at = @advised_at, failures = @failures, error_code = @error_code, error_detail = @error_detail, failed_at = @failed_at, updated_at = now()
WHERE  name = @name`
)

// served are the states of a claim in which its name is served with a certificate that is
// renewed. A parked name's is not: nothing leads here.
var served = []tenant.DomainState{
	tenant.DomainLive, tenant.DomainDegraded, tenant.DomainSuspended, tenant.DomainDisputed, tenant.DomainReleasing,
}

// A claim that waits for its first certificate (issuing) asks by a job of its own. Names
// with ports are development's.
const (
	wantsOne  = `d.state = ANY(@served) AND d.mode <> 'platform' AND d.role <> 'handle' AND d.name NOT LIKE '%:%'`
	addServed = `
INSERT INTO certificates (name)
SELECT d.name FROM domains d
WHERE  ` + wantsOne + ` AND NOT EXISTS (SELECT FROM certificates c WHERE c.name = d.name)
ON     CONFLICT DO NOTHING`
	dueNames = `
SELECT c.name FROM certificates c
WHERE  c.next_order_at <= @now AND (c.ordering_until IS NULL OR c.ordering_until < @now)
AND    (c.own OR EXISTS (SELECT FROM domains d WHERE d.name = c.name AND ` + wantsOne + `))
ORDER  BY c.next_order_at LIMIT @most`
	unadvisedNames = `
SELECT c.name FROM certificates c
WHERE  c.not_after > @now AND (c.advised_at IS NULL OR c.advised_at < @before)
AND    (c.own OR EXISTS (SELECT FROM domains d WHERE d.name = c.name AND ` + wantsOne + `))
ORDER  BY c.advised_at NULLS FIRST LIMIT @most`
	// A certificate outlives its name, for the 410 that is answered there; nothing outlives it.
	endedNames = `
SELECT c.name FROM certificates c
WHERE  NOT c.own AND COALESCE(c.not_after, c.updated_at) < @before AND c.updated_at < @before
AND    NOT EXISTS (SELECT FROM domains d WHERE d.name = c.name AND d.state = ANY(@held))
LIMIT  @most`
	dropName    = `DELETE FROM certificates WHERE name = @name`
	dropFiles   = `DELETE FROM cert_kv WHERE key LIKE 'certificates/%' AND key LIKE @files`
	isWanted    = `SELECT EXISTS (SELECT FROM domains d WHERE d.name = @name AND ` + wantsOne + `)`
	holderClaim = `SELECT id FROM domains WHERE name = @name AND state = ANY(@held)`
)

// Lookup returns what is known of a name's certificate, or fault.NotFound. Package domains
// reads it in its own transactions.
func Lookup(ctx context.Context, tx *pg.PlatformTx, name string) (*State, error) {
	return pg.One[State](ctx, tx, selectState, pgx.NamedArgs{"name": name})
}

// List pages through all names, in their order.
func List(ctx context.Context, tx *pg.PlatformTx, after string, most int) ([]*State, error) {
	return pg.Many[State](ctx, tx, listStates, pgx.NamedArgs{"after": after, "most": most})
}

// dropEnded removes what is kept for names that nobody holds any more, keys above all, some
// time after the last certificate ended.
func dropEnded(ctx context.Context, tx *pg.PlatformTx, now time.Time) error {
	names, err := pg.Values[string](ctx, tx, endedNames, pgx.NamedArgs{"before": now.Add(-endedStay), "held": tenant.HeldDomainStates(), "most": mostEnded})
	if err != nil {
		return err
	}
	b := pg.NewBatch(tx)
	for _, name := range names {
		b.Exec(dropFiles, pgx.NamedArgs{"files": "certificates/%/" + below(certmagic.StorageKeys.Safe(name))})
		b.Exec(dropName, pgx.NamedArgs{"name": name})
	}
	return b.Send(ctx)
}

// save writes a state and tells all processes, whose handshakes go by it.
func save(ctx context.Context, tx *pg.PlatformTx, s *State) error {
	detail := s.ErrorDetail
	if detail == nil {
		detail = map[string]string{}
	}
	_, err := pg.Exec(ctx, tx, saveState, pgx.NamedArgs{
		"name": s.Name, "not_before": pg.NullTime(s.NotBefore), "not_after": pg.NullTime(s.NotAfter), "next_order_at": s.NextOrderAt,
		"ordering_until": pg.NullTime(s.OrderingUntil), "advised_at": pg.NullTime(s.AdvisedAt), "failures": s.Failures,
		"error_code": s.ErrorCode, "error_detail": detail, "failed_at": pg.NullTime(s.FailedAt),
	})
	if err != nil {
		return fmt.Errorf("store the state of the certificate of %s: %w", s.Name, err)
	}
	return registry.Announce(ctx, tx)
}

// What an authority allows, with something to spare (docs/domains.md): Let's Encrypt's
// limits are 300 orders in three hours for an account, 50 certificates a week for what
// somebody bought, 5 failures an hour for a name. Renewals that replace a certificate
// (RFC 9773) count against none of them, nor does what failed because the authority was
// away: an outage of some hours would else lock every waiting name out for a week. Where
// the authority refuses the whole account all the same, other names do not ask before it
// wants to be asked; renewals only wait where it sheds load.
const (
	orderWindow       = 3 * time.Hour
	ordersPerWindow   = 240
	registrableWindow = 7 * 24 * time.Hour
	perRegistrable    = 40
	failureWindow     = time.Hour
	failuresPerName   = 4
)

const (
	// Each answers when the next order may be made: null is at once.
	ordersAllow = `
SELECT COALESCE(max(at), ` + never + `) FROM (
    (SELECT at + @order_window::interval AS at FROM cert_orders WHERE at > @now::timestamptz - @order_window::interval AND NOT renewal
         AND error_code <> @not_counted
     ORDER BY at DESC OFFSET @per_window - 1 LIMIT 1)
    UNION ALL
    (SELECT at + @registrable_window::interval FROM cert_orders
     WHERE registrable = @registrable AND at > @now::timestamptz - @registrable_window::interval AND NOT renewal AND error_code = ''
     ORDER BY at DESC OFFSET @per_registrable - 1 LIMIT 1)
    UNION ALL
    (SELECT at + @failure_window::interval FROM cert_orders WHERE name = @name AND at > @now::timestamptz - @failure_window::interval
         AND error_code <> '' AND error_code <> @not_counted
     ORDER BY at DESC OFFSET @per_name - 1 LIMIT 1)
    UNION ALL
    (SELECT pauses_until FROM cert_orders WHERE pauses_until > @now::timestamptz AND (error_code = @not_counted OR NOT @renewal::boolean)
     ORDER BY pauses_until DESC LIMIT 1)) AS waits`
	// Orders are counted one after another: two that count at the same time would both fit.
	lockOrders  = `SELECT pg_advisory_xact_lock(hashtext('cert_orders'))`
	insertOrder = `INSERT INTO cert_orders (id, name, registrable, renewal, at) VALUES (@id, @name, @registrable, @renewal, @now)`
	endOrder    = `UPDATE cert_orders SET ended_at = @now, error_code = @error_code, pauses_until = @pauses_until WHERE id = @id`
	// Orders count for a week; what was asked stays a while longer for people.
	dropOrders = `DELETE FROM cert_orders WHERE at < @now::timestamptz - interval '90 days'`
)

// allowedAt is when the authority's limits let the next order for a name through; zero: now.
func allowedAt(ctx context.Context, tx *pg.PlatformTx, name string, isRenewal bool, now time.Time) (time.Time, error) {
	perWindow, perBought := ordersPerWindow, perRegistrable
	if isRenewal {
		perWindow, perBought = 1<<30, 1<<30
	}
	if _, err := pg.Exec(ctx, tx, lockOrders, pgx.NamedArgs{}); err != nil {
		return time.Time{}, fmt.Errorf("count orders: %w", err)
	}
	at, err := pg.Value[time.Time](ctx, tx, ordersAllow, pgx.NamedArgs{
		"not_counted": codeUnreachable, "now": now, "name": name, "registrable": registry.Registrable(name), "order_window": orderWindow, "per_window": perWindow,
		"registrable_window": registrableWindow, "per_registrable": perBought, "failure_window": failureWindow, "per_name": failuresPerName,
		"renewal": isRenewal,
	})
	if err != nil {
		return at, fmt.Errorf("count orders: %w", err)
	}
	if at.Year() <= 1 {
		at = time.Time{}
	}
	return at, nil
}

func addOrder(ctx context.Context, tx *pg.PlatformTx, name string, isRenewal bool, now time.Time) (int64, error) {
	id := ids.New()
	_, err := pg.Exec(ctx, tx, insertOrder, pgx.NamedArgs{
		"id": id, "name": name, "registrable": registry.Registrable(name), "renewal": isRenewal, "now": now,
	})
	return id, err
}
