package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Sent is a post of an account with those behind it.
type Sent struct {
	social.Status
	EditorID  social.PersonID // 0: nobody else changed the words
	DecidedBy social.PersonID // 0: it did not wait for anybody
}

const sentColumns = statusColumns + `, COALESCE(c.editor_id, 0) AS editor_id, COALESCE(c.decided_by, 0) AS decided_by`

var sentPosts = paged(`
SELECT` + sentColumns + `
FROM   unnest(@accounts::bigint[]) AS a (id)
CROSS  JOIN LATERAL (
       SELECT * FROM statuses o
       WHERE  o.tenant_id = @tenant_id AND o.account_id = a.id AND o.boost_of_id IS NULL AND o.id < @max_id AND o.id > @since_id
       ORDER  BY o.id /*order*/ LIMIT @limit) AS s` + statusStatsJoin + `
LEFT   JOIN LATERAL (SELECT p.editor_id, p.decided_by FROM scheduled_statuses p
                     WHERE p.tenant_id = @tenant_id AND p.status_id = s.id LIMIT 1) AS c ON true
ORDER  BY s.id /*order*/
LIMIT  @limit`)

// SentPosts returns a page of what accounts have posted, newest first, with who wrote it
// and who let it out.
func SentPosts(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, page Page) ([]*Sent, error) {
	return manyPaged[Sent](ctx, scope, sentPosts, page, pgx.NamedArgs{"accounts": numbers(accounts)})
}
