package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const planColumns = `
       p.id, p.account_id, p.author_id, p.editor_id, p.app_id, p.state, p.text, p.spoiler_text, p.visibility, p.sensitive, p.language,
       p.in_reply_to_id, p.idempotency, p.scheduled_at, p.zone, p.reason, p.decided_by, p.decided_at,
       COALESCE(p.status_id, 0) AS status_id, p.created_at, p.updated_at`

const insertPlan = `
INSERT INTO scheduled_statuses (tenant_id, id, account_id, author_id, app_id, state, text, spoiler_text, visibility, sensitive, language,
       in_reply_to_id, idempotency, scheduled_at, zone, created_at, updated_at)
VALUES (@tenant_id, @id, @account_id, @author_id, @app_id, @state, @text, @spoiler_text, @visibility, @sensitive, @language,
       @in_reply_to_id, @idempotency, @scheduled_at, @zone, @created_at, @created_at)`

// AddPlan stores a new planned post.
func AddPlan(ctx context.Context, scope *pg.Scope, p *social.Plan) error {
	_, err := pg.Exec(ctx, scope, insertPlan, pgx.NamedArgs{
		"id": p.ID, "account_id": p.AccountID, "author_id": p.AuthorID, "app_id": p.AppID, "state": p.State, "text": p.Text,
		"spoiler_text": p.SpoilerText, "visibility": p.Visibility, "sensitive": p.Sensitive, "language": p.Language,
		"in_reply_to_id": p.InReplyToID, "idempotency": p.Idempotency, "scheduled_at": p.ScheduledAt, "zone": p.Zone, "created_at": p.CreatedAt,
	})
	return err
}

const (
	planByID = `SELECT` + planColumns + `
FROM   scheduled_statuses p
WHERE  p.tenant_id = @tenant_id AND p.id = @id`
	lockPlan = planByID + `
FOR    UPDATE`
)

// PlanByID returns a planned post, or fault.NotFound.
func PlanByID(ctx context.Context, scope *pg.Scope, id social.PlanID) (*social.Plan, error) {
	return pg.One[social.Plan](ctx, scope, planByID, pgx.NamedArgs{"id": id})
}

// LockPlan is PlanByID, and keeps others from changing the plan until the transaction ends.
func LockPlan(ctx context.Context, scope *pg.Scope, id social.PlanID) (*social.Plan, error) {
	return pg.One[social.Plan](ctx, scope, lockPlan, pgx.NamedArgs{"id": id})
}

// A plan that is to wait anew is to be told anew.
const updatePlan = `
UPDATE scheduled_statuses SET
       editor_id = @editor_id, state = @state, text = @text, spoiler_text = @spoiler_text, visibility = @visibility, sensitive = @sensitive,
       language = @language, in_reply_to_id = @in_reply_to_id, scheduled_at = @scheduled_at, zone = @zone, reason = @reason,
       decided_by = @decided_by, decided_at = @decided_at, status_id = NULLIF(@status_id::bigint, 0), updated_at = @updated_at,
       told_at = CASE WHEN state <> 'waiting' AND @state = 'waiting' THEN NULL ELSE told_at END
WHERE  tenant_id = @tenant_id AND id = @id`

// UpdatePlan writes everything about a plan that may change.
func UpdatePlan(ctx context.Context, scope *pg.Scope, p *social.Plan) error {
	n, err := pg.Exec(ctx, scope, updatePlan, pgx.NamedArgs{
		"id": p.ID, "editor_id": p.EditorID, "state": p.State, "text": p.Text, "spoiler_text": p.SpoilerText, "visibility": p.Visibility,
		"sensitive": p.Sensitive, "language": p.Language, "in_reply_to_id": p.InReplyToID, "scheduled_at": p.ScheduledAt, "zone": p.Zone,
		"reason": p.Reason, "decided_by": p.DecidedBy, "decided_at": p.DecidedAt, "status_id": p.StatusID, "updated_at": p.UpdatedAt,
	})
	return mustTouch(n, err)
}

const deletePlan = `DELETE FROM scheduled_statuses WHERE tenant_id = @tenant_id AND id = @id AND state <> 'published'`

// DeletePlan removes a plan that is no post; its files go by their age.
func DeletePlan(ctx context.Context, scope *pg.Scope, id social.PlanID) error {
	n, err := pg.Exec(ctx, scope, deletePlan, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}

// PlanFilter says which plans of which accounts a list holds.
type PlanFilter struct {
	Accounts []social.AccountID
	State    social.PlanState
	AuthorID social.PersonID // 0: anybody
}

// Each account is looked up by itself, so that a page reads a page of the index.
var plansOf = paged(`
SELECT` + planColumns + `
FROM   unnest(@accounts::bigint[]) AS a (id)
CROSS  JOIN LATERAL (
       SELECT * FROM scheduled_statuses s
       WHERE  s.tenant_id = @tenant_id AND s.account_id = a.id AND s.state = @state AND (@author_id::bigint = 0 OR s.author_id = @author_id)
              AND s.id < @max_id AND s.id > @since_id
       ORDER  BY s.id /*order*/ LIMIT @limit) AS p
ORDER  BY p.id /*order*/
LIMIT  @limit`)

// PlansOf returns a page of plans, newest first.
func PlansOf(ctx context.Context, scope *pg.Scope, f PlanFilter, page Page) ([]*social.Plan, error) {
	return manyPaged[social.Plan](ctx, scope, plansOf, page, pgx.NamedArgs{"accounts": numbers(f.Accounts), "state": f.State, "author_id": f.AuthorID})
}

const plansToCome = `
SELECT` + planColumns + `
FROM   unnest(@accounts::bigint[]) AS a (id)
CROSS  JOIN LATERAL (
       SELECT * FROM scheduled_statuses s
       WHERE  s.tenant_id = @tenant_id AND s.account_id = a.id AND s.state IN ('waiting', 'scheduled') AND s.state = ANY(@states::text[])
              AND s.scheduled_at >= @from AND s.scheduled_at < @until
       ORDER  BY s.scheduled_at, s.id LIMIT @limit) AS p
ORDER  BY p.scheduled_at, p.id
LIMIT  @limit`

// PlansBetween returns what is to be published within a time, waiting or scheduled as the
// states say, the next first, limit at most.
func PlansBetween(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, states []social.PlanState, from, until time.Time, limit int) ([]*social.Plan, error) {
	return pg.Many[social.Plan](ctx, scope, plansToCome, pgx.NamedArgs{
		"accounts": numbers(accounts), "states": column(states, func(s social.PlanState) string { return string(s) }), "from": from, "until": until, "limit": limit,
	})
}

// PlanCount is how many plans of a state there are.
type PlanCount struct {
	State social.PlanState
	Plans int
}

// An account has a few hundred open plans at most; nobody needs to know how many there
// were of the others.
const countPlans = `
SELECT state, count(*) AS plans
FROM   scheduled_statuses
WHERE  tenant_id = @tenant_id AND account_id = ANY(@accounts) AND state IN ('draft', 'waiting', 'scheduled')
GROUP  BY state`

// CountPlans counts the open plans of accounts, by state.
func CountPlans(ctx context.Context, scope *pg.Scope, accounts []social.AccountID) (map[social.PlanState]int, error) {
	rows, err := pg.Many[PlanCount](ctx, scope, countPlans, pgx.NamedArgs{"accounts": numbers(accounts)})
	out := make(map[social.PlanState]int, len(rows))
	for _, r := range rows {
		out[r.State] = r.Plans
	}
	return out, err
}

const countPlansBetween = `
SELECT count(*)
FROM   scheduled_statuses
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND state IN ('waiting', 'scheduled') AND id <> @except
       AND scheduled_at >= @from AND scheduled_at < @until`

// CountPlansBetween counts what of an account is to be published within a time, one plan
// left out.
func CountPlansBetween(ctx context.Context, scope *pg.Scope, account social.AccountID, except social.PlanID, from, until time.Time) (int, error) {
	return pg.Value[int](ctx, scope, countPlansBetween, pgx.NamedArgs{"account_id": account, "except": except, "from": from, "until": until})
}

// It waits for others who plan, but not for those who post: what refers to the account
// takes a weaker lock.
const lockPlanner = `SELECT id FROM accounts WHERE tenant_id = @tenant_id AND id = @id FOR NO KEY UPDATE`

// LockPlanner lets one at a time plan for an account, so that limits hold.
func LockPlanner(ctx context.Context, scope *pg.Scope, account social.AccountID) error {
	_, err := pg.Value[social.AccountID](ctx, scope, lockPlanner, pgx.NamedArgs{"id": account})
	return err
}

const latestZone = `
SELECT zone FROM scheduled_statuses
WHERE  tenant_id = @tenant_id AND account_id = ANY(@accounts) AND author_id = @person AND zone <> ''
ORDER  BY id DESC
LIMIT  1`

// ZoneOfPerson returns the time zone that a person planned in last; none is fault.NotFound.
func ZoneOfPerson(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, person social.PersonID) (string, error) {
	return pg.Value[string](ctx, scope, latestZone, pgx.NamedArgs{"accounts": numbers(accounts), "person": person})
}

const databaseTime = `SELECT clock_timestamp() WHERE @tenant_id::bigint <> 0`

// DatabaseTime is the one clock that all processes share.
func DatabaseTime(ctx context.Context, scope *pg.Scope) (time.Time, error) {
	return pg.Value[time.Time](ctx, scope, databaseTime, nil)
}
