package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const releasePlanMedia = `DELETE FROM scheduled_media WHERE tenant_id = @tenant_id AND plan_id = @plan_id`

// ReleasePlanMedia lets go of the files of a plan: a post may have them, or they go by age.
func ReleasePlanMedia(ctx context.Context, scope *pg.Scope, plan social.PlanID) error {
	_, err := pg.Exec(ctx, scope, releasePlanMedia, pgx.NamedArgs{"plan_id": plan})
	return err
}

// A file that another plan or a post has stays there: what comes back tells.
const holdPlanMedia = `
WITH held AS (
    INSERT INTO scheduled_media (tenant_id, media_id, plan_id, position)
    SELECT @tenant_id, m.id, @plan_id, n.position
    FROM   unnest(@ids::bigint[]) WITH ORDINALITY AS n (id, position)
    JOIN   media m ON m.tenant_id = @tenant_id AND m.id = n.id AND m.account_id = @account_id AND m.status_id IS NULL
    ON CONFLICT (tenant_id, media_id) DO NOTHING
    RETURNING media_id)
SELECT m.kind FROM held JOIN media m ON m.tenant_id = @tenant_id AND m.id = held.media_id`

// HoldPlanMedia keeps an account's own unattached files for a plan, in the order of the
// ids, and returns their kinds. Those that it could not get are left out: compare the number.
func HoldPlanMedia(ctx context.Context, scope *pg.Scope, plan social.PlanID, account social.AccountID, ids []social.MediaID) ([]social.MediaKind, error) {
	return pg.Values[social.MediaKind](ctx, scope, holdPlanMedia, pgx.NamedArgs{"plan_id": plan, "account_id": account, "ids": numbers(ids)})
}

// plannedMedia is a file and the plan that it waits for.
type plannedMedia struct {
	PlanID social.PlanID
	social.Media
}

const mediaOfPlans = `
SELECT c.plan_id, m.id, m.account_id, 0::bigint AS status_id, m.kind, m.mime, m.key, m.remote_url, m.description, m.blurhash,
       m.width, m.height, m.small_width, m.small_height, m.size, m.focus_x, m.focus_y, c.position, m.created_at
FROM   scheduled_media c
JOIN   media m ON m.tenant_id = @tenant_id AND m.id = c.media_id
WHERE  c.tenant_id = @tenant_id AND c.plan_id = ANY(@ids)
ORDER  BY c.plan_id, c.position, m.id`

// MediaOfPlans returns the files of plans in their order, by plan.
func MediaOfPlans(ctx context.Context, scope *pg.Scope, ids []social.PlanID) (map[social.PlanID][]*social.Media, error) {
	rows, err := pg.Many[plannedMedia](ctx, scope, mediaOfPlans, pgx.NamedArgs{"ids": numbers(ids)})
	m := map[social.PlanID][]*social.Media{}
	for _, r := range rows {
		m[r.PlanID] = append(m[r.PlanID], &r.Media)
	}
	return m, err
}

const planOfMedia = `
SELECT` + planColumns + `
FROM   scheduled_media c
JOIN   scheduled_statuses p ON p.tenant_id = @tenant_id AND p.id = c.plan_id
WHERE  c.tenant_id = @tenant_id AND c.media_id = @id`

// PlanOfMedia returns the plan that a file waits for, or fault.NotFound.
func PlanOfMedia(ctx context.Context, scope *pg.Scope, id social.MediaID) (*social.Plan, error) {
	return pg.One[social.Plan](ctx, scope, planOfMedia, pgx.NamedArgs{"id": id})
}

const looseMediaByIDs = `
SELECT` + mediaColumns + `
FROM   media
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND id = ANY(@ids) AND status_id IS NULL`

// LooseMediaByIDs returns those of an account's files that no post has, by id: what a form
// that is being filled in refers to.
func LooseMediaByIDs(ctx context.Context, scope *pg.Scope, account social.AccountID, ids []social.MediaID) (map[social.MediaID]*social.Media, error) {
	rows, err := pg.Many[social.Media](ctx, scope, looseMediaByIDs, pgx.NamedArgs{"account_id": account, "ids": numbers(ids)})
	m := make(map[social.MediaID]*social.Media, len(rows))
	for _, r := range rows {
		m[r.ID] = r
	}
	return m, err
}
