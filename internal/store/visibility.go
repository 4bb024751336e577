package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// visibleTo is the one rule of who may see a post, as a condition on the statuses
// row named by the alias and on @viewer (0: anybody). Every list filters by it and
// VisibleStatuses answers by it, so that no second opinion can exist. A subquery that
// is true or false counts as one half to the planner; one that is compared with NULL
// as one in two hundred, after which it no longer believes that an index in order
// will fill a page soon, and sorts everything. OFFSET 0 makes each EXISTS one look-up
// for each row: else the planner may read all blocks, mutes or follows of the viewer
// into memory first, or make a join of it that reads whole tables.
//
//   - The author's account must not be suspended.
//   - The author sees everything; nobody else does whom the author blocks.
//   - public and unlisted: everybody. private: accepted followers and those
//     mentioned. direct: those mentioned.
func visibleTo(alias string) string { return visibleBy(alias, "@viewer") }

// visibleBy is visibleTo for a viewer named by any expression.
func visibleBy(alias, viewer string) string {
	return strings.NewReplacer("s.", alias+".", "@viewer", viewer).Replace(`(
       (SELECT va.suspended_at IS NULL FROM accounts va WHERE va.tenant_id = @tenant_id AND va.id = s.account_id)
       AND (s.account_id = @viewer OR (
            NOT EXISTS (SELECT FROM blocks vb WHERE vb.tenant_id = @tenant_id AND vb.account_id = s.account_id AND vb.target_id = @viewer OFFSET 0)
            AND (s.visibility IN ('public', 'unlisted')
                 OR EXISTS (SELECT FROM status_mentions vm WHERE vm.tenant_id = @tenant_id AND vm.status_id = s.id AND vm.account_id = @viewer OFFSET 0)
                 OR (s.visibility = 'private' AND EXISTS (SELECT FROM follows vf WHERE vf.tenant_id = @tenant_id
                         AND vf.account_id = @viewer AND vf.target_id = s.account_id AND vf.state = 'accepted' OFFSET 0))))))`)
}

// hiddenFrom is the condition that @viewer has neither blocked nor muted an account, nor
// blocked its domain.
// It is about taste, not permission: a direct link still works. Mutes and domains are one
// question, since each question more makes the planner expect half as many answers.
func hiddenFrom(account string) string {
	return `(NOT EXISTS (SELECT FROM blocks hb WHERE hb.tenant_id = @tenant_id AND hb.account_id = @viewer AND hb.target_id = ` + account + ` OFFSET 0)
       AND NOT EXISTS (SELECT 1 FROM mutes hm WHERE hm.tenant_id = @tenant_id AND hm.account_id = @viewer AND hm.target_id = ` + account + `
                       AND (hm.expires_at IS NULL OR hm.expires_at > now())
                       UNION ALL
                       SELECT 1 FROM domain_blocks hd WHERE hd.tenant_id = @tenant_id AND hd.account_id = @viewer
                       AND hd.domain = (SELECT ha.domain FROM accounts ha WHERE ha.tenant_id = @tenant_id AND ha.id = ` + account + `)))`
}

// boostVisible is visibleTo for the post that a boost repeats; true for other posts.
// The boosted statuses row has the alias o.
var boostVisible = `(s.boost_of_id IS NULL OR ` + visibleTo("o") + `)`

const boostedJoin = `
LEFT   JOIN statuses o ON o.tenant_id = s.tenant_id AND o.id = s.boost_of_id`

var visibleStatuses = `
SELECT s.id` + givenStatuses + boostedJoin + `
WHERE  ` + visibleTo("s") + ` AND ` + boostVisible

// VisibleStatuses returns which of the statuses a viewer may see; 0 is anybody.
func VisibleStatuses(ctx context.Context, scope *pg.Scope, viewer social.AccountID, ids []social.StatusID) (map[social.StatusID]bool, error) {
	rows, err := pg.Values[social.StatusID](ctx, scope, visibleStatuses, pgx.NamedArgs{"viewer": viewer, "ids": numbers(ids)})
	m := make(map[social.StatusID]bool, len(rows))
	for _, id := range rows {
		m[id] = true
	}
	return m, err
}

var visibleStatus = `SELECT` + statusColumns + `
FROM   statuses s` + statusStatsJoin + boostedJoin + `
WHERE  s.tenant_id = @tenant_id AND s.id = @id AND ` + visibleTo("s") + ` AND ` + boostVisible

// VisibleStatus returns a status if the viewer may see it, else fault.NotFound.
func VisibleStatus(ctx context.Context, scope *pg.Scope, viewer social.AccountID, id social.StatusID) (*social.Status, error) {
	return pg.One[social.Status](ctx, scope, visibleStatus, pgx.NamedArgs{"viewer": viewer, "id": id})
}

// Sight is one question of CanSee for many viewers.
type Sight struct {
	Viewer   social.AccountID
	StatusID social.StatusID
}

var sights = `
SELECT p.viewer, p.status_id
FROM   unnest(@viewers::bigint[], @ids::bigint[]) AS p (viewer, status_id)
JOIN   statuses s ON s.tenant_id = @tenant_id AND s.id = p.status_id
WHERE  ` + visibleBy("s", "p.viewer")

// Sights returns which of the questions "may this viewer see that status" have the answer yes.
func Sights(ctx context.Context, scope *pg.Scope, questions []Sight) (map[Sight]bool, error) {
	m := make(map[Sight]bool, len(questions))
	if len(questions) == 0 {
		return m, nil
	}
	rows, err := pg.Many[Sight](ctx, scope, sights, pgx.NamedArgs{
		"viewers": column(questions, func(q Sight) int64 { return int64(q.Viewer) }),
		"ids":     column(questions, func(q Sight) int64 { return int64(q.StatusID) }),
	})
	for _, q := range rows {
		m[*q] = true
	}
	return m, err
}
