package store

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
)

// Page asks for a part of a list that is sorted by id, newest first. SinceID gives
// the newest ones above an id, MinID those directly above it. Zero means no bound.
type Page struct {
	MaxID, SinceID, MinID int64
	Limit                 int
}

// Limits of one page: what Mastodon's clients ask for fits, what would hurt does not.
const (
	defaultLimit = 20
	maximumLimit = 100
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maximumLimit)
}

// pagedSQL is a query in both directions.
type pagedSQL struct{ newest, oldest string }

// paged makes both directions of a query whose ORDER BY holds the mark /*order*/
// and whose condition names @max_id, @since_id and @limit.
func paged(sql string) pagedSQL {
	return pagedSQL{
		newest: strings.ReplaceAll(sql, "/*order*/", "DESC"),
		oldest: strings.ReplaceAll(sql, "/*order*/", "ASC"),
	}
}

// manyPaged runs a paged query and returns its rows newest first.
func manyPaged[T any](ctx context.Context, scope *pg.Scope, sql pagedSQL, p Page, args pgx.NamedArgs) ([]*T, error) {
	args["max_id"], args["since_id"], args["limit"] = p.MaxID, max(p.SinceID, p.MinID), p.limit()
	if p.MaxID <= 0 {
		args["max_id"] = int64(math.MaxInt64)
	}
	if p.MinID <= 0 {
		return pg.Many[T](ctx, scope, sql.newest, args)
	}
	rows, err := pg.Many[T](ctx, scope, sql.oldest, args)
	slices.Reverse(rows)
	return rows, err
}
