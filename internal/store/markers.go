package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// Marker says how far an account has read a timeline, home or notifications.
type Marker struct {
	Timeline   string
	LastReadID int64
	Version    int
	UpdatedAt  time.Time
}

const markers = `
SELECT timeline, last_read_id, version, updated_at
FROM   markers
WHERE  tenant_id = @tenant_id AND account_id = @account_id AND timeline = ANY(@timelines)`

// Markers returns an account's markers of the timelines.
func Markers(ctx context.Context, scope *pg.Scope, account social.AccountID, timelines []string) ([]*Marker, error) {
	return pg.Many[Marker](ctx, scope, markers, pgx.NamedArgs{"account_id": account, "timelines": textList(timelines)})
}

const setMarker = `
INSERT INTO markers AS m (tenant_id, account_id, timeline, last_read_id)
VALUES (@tenant_id, @account_id, @timeline, @last_read_id)
ON CONFLICT (tenant_id, account_id, timeline) DO UPDATE SET
       last_read_id = EXCLUDED.last_read_id, version = m.version + 1, updated_at = now()
WHERE  @version = 0 OR m.version = @version
RETURNING timeline, last_read_id, version, updated_at`

// SetMarker moves a marker. With a version other than 0 it moves only what still
// has that version; fault.NotFound otherwise.
func SetMarker(ctx context.Context, scope *pg.Scope, account social.AccountID, timeline string, lastRead int64, version int) (*Marker, error) {
	return pg.One[Marker](ctx, scope, setMarker,
		pgx.NamedArgs{"account_id": account, "timeline": timeline, "last_read_id": lastRead, "version": version})
}
