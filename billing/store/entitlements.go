package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/billing"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Entitlement is what was last found, and what it was found from that stands nowhere else.
type Entitlement struct {
	TenantID         tenant.ID
	TrialFrom        time.Time
	Entitlement      tenant.Entitlement
	NextChangeAt     *time.Time
	StorageOverSince *time.Time
	PutOff           int64 // seconds: billing.Facts.PutOff
}

// Override is a decision of the platform's staff.
type Override struct {
	ID       int64
	Standing tenant.Standing
	Plan     string
	Limits   map[string]int64
	FromAt   time.Time
	Until    *time.Time
	Reason   string
	StaffID  int64
	EndedAt  *time.Time
}

// Change is a step from one standing or plan to another.
type Change struct {
	At                       time.Time
	Cause                    Cause
	FromStanding, ToStanding tenant.Standing
	FromPlan, ToPlan         string
}

// Cause is what made an entitlement be looked at.
type Cause string

// The causes.
const (
	ByClock Cause = "clock"
	BySync  Cause = "sync"
	ByStaff Cause = "staff"
	ByUsage Cause = "usage"
)

const (
	foundEntitlement = `
SELECT tenant_id, trial_from, entitlement, next_change_at, storage_over_since, put_off
FROM   tenant_entitlements WHERE tenant_id = @tenant_id`
	lockEntitlement = foundEntitlement + ` FOR UPDATE`
	addEntitlement  = `
INSERT INTO tenant_entitlements (tenant_id, trial_from, standing, plan, entitlement)
VALUES (@tenant_id, @trial_from, '', '', '{}') ON CONFLICT (tenant_id) DO NOTHING`
	putEntitlement = `
UPDATE tenant_entitlements SET standing = @standing, plan = @plan, entitlement = @entitlement, next_change_at = @next_change_at,
       storage_over_since = @storage_over_since, put_off = @put_off, updated_at = now()
WHERE  tenant_id = @tenant_id`
	addChange = `
INSERT INTO entitlement_changes (tenant_id, id, cause, from_standing, to_standing, from_plan, to_plan)
VALUES (@tenant_id, @id, @cause, @from_standing, @to_standing, @from_plan, @to_plan)`
	selectChanges = `
SELECT at, cause, from_standing, to_standing, from_plan, to_plan
FROM   entitlement_changes WHERE tenant_id = @tenant_id ORDER BY id DESC LIMIT @limit`
	// Those nobody has looked at yet come too: what was made since, and what was there
	// before anything was charged.
	dueTenants = `
(SELECT tenant_id FROM tenant_entitlements WHERE next_change_at <= @now ORDER BY next_change_at LIMIT @limit)
UNION ALL
(SELECT t.id FROM tenants t WHERE t.state NOT IN ('deleting', 'deleted') AND NOT EXISTS (SELECT FROM tenant_entitlements e WHERE e.tenant_id = t.id) ORDER BY t.id LIMIT @limit)
LIMIT  @limit`
	entitlementOf   = `SELECT entitlement FROM tenant_entitlements WHERE tenant_id = @tenant_id`
	selectOverrides = `
SELECT id, standing, plan, limits, from_at, until, reason, staff_id, ended_at
FROM   entitlement_overrides WHERE tenant_id = @tenant_id ORDER BY id DESC`
	addOverride = `
INSERT INTO entitlement_overrides (tenant_id, id, standing, plan, limits, from_at, until, reason, staff_id)
VALUES (@tenant_id, @id, @standing, @plan, @limits, @from_at, @until, @reason, @staff_id)`
	endOverride = `UPDATE entitlement_overrides SET ended_at = now() WHERE tenant_id = @tenant_id AND id = @id AND ended_at IS NULL`
)

// LockEntitlement returns what was last found of a tenant, and keeps others from finding
// something else until the transaction ends. Who was never looked at begins a trial at a time.
func LockEntitlement(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, trialFrom time.Time) (*Entitlement, error) {
	if _, err := pg.Exec(ctx, tx, addEntitlement, pgx.NamedArgs{"tenant_id": id, "trial_from": trialFrom}); err != nil {
		return nil, err
	}
	return pg.One[Entitlement](ctx, tx, lockEntitlement, pgx.NamedArgs{"tenant_id": id})
}

// EntitlementOf returns what was last found of a tenant; the zero one where nobody looked yet.
func EntitlementOf(ctx context.Context, q pg.Querier, id tenant.ID) (tenant.Entitlement, error) {
	e, err := pg.Value[tenant.Entitlement](ctx, q, entitlementOf, pgx.NamedArgs{"tenant_id": id})
	if fault.IsNotFound(err) {
		return tenant.Entitlement{}, nil
	}
	return e, err
}

// PutEntitlement stores what was found, with the step from what was before if it is one,
// and reports whether it is anything else than before.
func PutEntitlement(ctx context.Context, tx *pg.PlatformTx, before *Entitlement, now tenant.Entitlement, next time.Time, cause Cause) (changed bool, err error) {
	text, err := json.Marshal(now)
	if err != nil {
		return false, fmt.Errorf("write the entitlement of tenant %d: %w", before.TenantID, err)
	}
	was, err := json.Marshal(before.Entitlement)
	if err != nil {
		return false, fmt.Errorf("write the entitlement of tenant %d: %w", before.TenantID, err)
	}
	b := pg.NewBatch(tx)
	b.Exec(putEntitlement, pgx.NamedArgs{
		"tenant_id": before.TenantID, "standing": string(now.Standing), "plan": now.Plan, "entitlement": string(text), "next_change_at": pg.NullTime(next),
		"storage_over_since": before.StorageOverSince, "put_off": before.PutOff,
	})
	if old := before.Entitlement; old.Standing != now.Standing || old.Plan != now.Plan {
		b.Exec(addChange, pgx.NamedArgs{
			"tenant_id": before.TenantID, "id": ids.New(), "cause": string(cause),
			"from_standing": string(old.Standing), "to_standing": string(now.Standing), "from_plan": old.Plan, "to_plan": now.Plan,
		})
	}
	return !bytes.Equal(text, was), b.Send(ctx)
}

// Changes returns a tenant's last steps, the newest first.
func Changes(ctx context.Context, q pg.Querier, id tenant.ID, limit int) ([]*Change, error) {
	return pg.Many[Change](ctx, q, selectChanges, pgx.NamedArgs{"tenant_id": id, "limit": limit})
}

// DueTenants returns tenants whose entitlement is to be looked at now.
func DueTenants(ctx context.Context, tx *pg.PlatformTx, now time.Time, limit int) ([]tenant.ID, error) {
	return pg.Values[tenant.ID](ctx, tx, dueTenants, pgx.NamedArgs{"now": now, "limit": limit})
}

// NextChange is when a tenant's entitlement changes if nothing else does; nil: never.
func NextChange(ctx context.Context, q pg.Querier, id tenant.ID) (*time.Time, error) {
	at, err := pg.Value[*time.Time](ctx, q, `SELECT next_change_at FROM tenant_entitlements WHERE tenant_id = @tenant_id`, pgx.NamedArgs{"tenant_id": id})
	if fault.IsNotFound(err) {
		return nil, nil //nolint:nilnil // never is an answer
	}
	return at, err
}

// Overrides returns all decisions of the staff about a tenant, the newest first.
func Overrides(ctx context.Context, q pg.Querier, id tenant.ID) ([]*Override, error) {
	return pg.Many[Override](ctx, q, selectOverrides, pgx.NamedArgs{"tenant_id": id})
}

// AddOverride stores a decision and sets its id.
func AddOverride(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, o *Override) error {
	o.ID = ids.New()
	if o.Limits == nil {
		o.Limits = map[string]int64{}
	}
	_, err := pg.Exec(ctx, tx, addOverride, pgx.NamedArgs{
		"tenant_id": id, "id": o.ID, "standing": string(o.Standing), "plan": o.Plan, "limits": o.Limits, "from_at": o.FromAt, "until": o.Until,
		"reason": o.Reason, "staff_id": o.StaffID,
	})
	return err
}

// EndOverride takes a decision back; ok is false where there is none in force.
func EndOverride(ctx context.Context, tx *pg.PlatformTx, id tenant.ID, override int64) (ok bool, err error) {
	n, err := pg.Exec(ctx, tx, endOverride, pgx.NamedArgs{"tenant_id": id, "id": override})
	return n > 0, err
}

// Facts gathers all that a tenant's entitlement depends on, but for its usage.
func Facts(ctx context.Context, tx *pg.PlatformTx, e *Entitlement) (billing.Facts, error) {
	f := billing.Facts{TrialFrom: e.TrialFrom, StorageOverSince: at(e.StorageOverSince), PutOff: time.Duration(e.PutOff) * time.Second}
	customers, err := Customers(ctx, tx, e.TenantID)
	if err != nil {
		return f, err
	}
	for _, c := range customers {
		if c.IsCurrent {
			f.CustomerGone, f.ReadAt = at(c.DeletedAt), at(c.SyncedAt)
		}
	}
	subscriptions, err := Subscriptions(ctx, tx, e.TenantID)
	if err != nil {
		return f, err
	}
	for _, s := range subscriptions {
		f.Subscriptions = append(f.Subscriptions, s.Subscription)
	}
	disputes, err := Disputes(ctx, tx, e.TenantID)
	if err != nil {
		return f, err
	}
	for _, d := range disputes {
		f.Disputed = f.Disputed || isOpen(d.Status)
	}
	f.Lost = Losses(disputes)
	overrides, err := Overrides(ctx, tx, e.TenantID)
	if err != nil {
		return f, err
	}
	for _, o := range overrides {
		if o.EndedAt == nil {
			f.Overrides = append(f.Overrides, billing.Override{Standing: o.Standing, Plan: o.Plan, Limits: o.Limits, From: o.FromAt, Until: at(o.Until)})
		}
	}
	return f, nil
}

// Losses are those of disputes that were lost.
func Losses(all []*Dispute) (out []billing.Loss) {
	for _, d := range all {
		if d.LostAt != nil {
			out = append(out, billing.Loss{Opened: d.CreatedAt, At: *d.LostAt})
		}
	}
	return out
}

// isOpen reports whether a dispute is still argued about
// (https://docs.stripe.com/api/disputes/object#dispute_object-status).
func isOpen(status string) bool {
	switch status {
	case "needs_response", "under_review", "warning_needs_response", "warning_under_review":
		return true
	}
	return false
}
