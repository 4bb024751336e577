package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
)

// Favourite is an account's like of a status.
type Favourite struct {
	ID        int64
	AccountID social.AccountID
	StatusID  social.StatusID
	URI       string // id of the Like activity
	CreatedAt time.Time
}

// One statement inserts and counts: the counter moves only if the row is new.
const insertFavourite = `
WITH new AS (
    INSERT INTO favourites (tenant_id, id, account_id, status_id, uri)
    SELECT @tenant_id, @id, @account_id, @status_id, @uri
    WHERE  NOT EXISTS (SELECT FROM tombstones t WHERE t.tenant_id = @tenant_id AND t.uri = @uri AND t.account_id IN (0, @account_id))
    ON CONFLICT (tenant_id, account_id, status_id) DO NOTHING
    RETURNING id, status_id
), counted AS (
    INSERT INTO status_stats (tenant_id, status_id, favourites_count)
    SELECT @tenant_id, new.status_id, 1 FROM new
    ON CONFLICT (tenant_id, status_id) DO UPDATE SET favourites_count = status_stats.favourites_count + 1
)
SELECT count(*) FROM new`

// AddFavourite stores a like and counts it. It reports false when it is there
// already or when its URI was undone before it came.
func AddFavourite(ctx context.Context, scope *pg.Scope, f Favourite) (bool, error) {
	n, err := pg.Value[int64](ctx, scope, insertFavourite,
		pgx.NamedArgs{"id": f.ID, "account_id": f.AccountID, "status_id": f.StatusID, "uri": f.URI})
	return n > 0, err
}

const deleteFavourite = `
WITH gone AS (
    DELETE FROM favourites
    WHERE  tenant_id = @tenant_id AND account_id = @account_id AND status_id = @status_id
    RETURNING id, account_id, status_id, uri, created_at
), counted AS (
    UPDATE status_stats s SET favourites_count = s.favourites_count - 1
    FROM   gone
    WHERE  s.tenant_id = @tenant_id AND s.status_id = gone.status_id
)
SELECT id, account_id, status_id, uri, created_at FROM gone`

// DeleteFavourite removes a like and uncounts it; fault.NotFound if there is none.
func DeleteFavourite(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID) (*Favourite, error) {
	return pg.One[Favourite](ctx, scope, deleteFavourite, pgx.NamedArgs{"account_id": account, "status_id": status})
}

const favouriteByURI = `
SELECT id, account_id, status_id, uri, created_at
FROM   favourites
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND uri = @uri
LIMIT  1`

// FavouriteByURI returns an account's own like with the id of its activity, or fault.NotFound.
func FavouriteByURI(ctx context.Context, scope *pg.Scope, account social.AccountID, uri string) (*Favourite, error) {
	return pg.One[Favourite](ctx, scope, favouriteByURI, pgx.NamedArgs{"account_id": account, "uri": uri})
}

// Listed is one row of a list of accounts that pages by an id of its own.
type Listed struct {
	ID        int64
	AccountID social.AccountID
}

var favouritedBy = paged(`
SELECT f.id, f.account_id
FROM   favourites f
CROSS  JOIN LATERAL (SELECT r.suspended_at FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = f.account_id LIMIT 1) AS a
WHERE  f.tenant_id = @tenant_id AND f.status_id = @status_id AND f.id < @max_id AND f.id > @since_id
       AND a.suspended_at IS NULL AND ` + hiddenFrom("f.account_id") + `
ORDER  BY f.id /*order*/ LIMIT @limit`)

// FavouritedBy returns who likes a status, the latest first.
func FavouritedBy(ctx context.Context, scope *pg.Scope, viewer social.AccountID, status social.StatusID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, favouritedBy, page, pgx.NamedArgs{"viewer": viewer, "status_id": status})
}

var boostedBy = paged(`
SELECT s.id, s.account_id
FROM   statuses s
CROSS  JOIN LATERAL (SELECT r.suspended_at FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = s.account_id LIMIT 1) AS a
WHERE  s.tenant_id = @tenant_id AND s.boost_of_id = @status_id AND s.id < @max_id AND s.id > @since_id
       AND a.suspended_at IS NULL AND s.visibility IN ('public', 'unlisted') AND ` + hiddenFrom("s.account_id") + `
ORDER  BY s.id /*order*/ LIMIT @limit`)

// BoostedBy returns who boosted a status, the latest first.
func BoostedBy(ctx context.Context, scope *pg.Scope, viewer social.AccountID, status social.StatusID, page Page) ([]*Listed, error) {
	return manyPaged[Listed](ctx, scope, boostedBy, page, pgx.NamedArgs{"viewer": viewer, "status_id": status})
}

// NewFavourite makes a like of now.
func NewFavourite(account social.AccountID, status social.StatusID, uri string) Favourite {
	return Favourite{ID: ids.New(), AccountID: account, StatusID: status, URI: uri}
}
