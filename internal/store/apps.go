package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// App is an OAuth client registered with the scope's tenant.
type App struct {
	ID           social.AppID
	ClientID     string
	SecretHash   []byte
	Name         string
	Website      string
	RedirectURIs []string `db:"redirect_uris"`
	Scopes       []string
	CreatedAt    time.Time
}

const insertApp = `
INSERT INTO apps (tenant_id, id, client_id, secret_hash, name, website, redirect_uris, scopes)
VALUES (@tenant_id, @id, @client_id, @secret_hash, @name, @website, @redirect_uris, @scopes)`

// AddApp stores a new app; its id is set already.
func AddApp(ctx context.Context, scope *pg.Scope, a *App) error {
	_, err := pg.Exec(ctx, scope, insertApp, a.args())
	return err
}

// EnsureApp stores an app unless the tenant has one with its client id, and returns
// the one that is there.
func EnsureApp(ctx context.Context, scope *pg.Scope, a *App) (*App, error) {
	if _, err := pg.Exec(ctx, scope, insertApp+` ON CONFLICT (tenant_id, client_id) DO NOTHING`, a.args()); err != nil {
		return nil, err
	}
	return AppByClientID(ctx, scope, a.ClientID)
}

func (a *App) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": a.ID, "client_id": a.ClientID, "secret_hash": a.SecretHash, "name": a.Name, "website": a.Website,
		"redirect_uris": textList(a.RedirectURIs), "scopes": textList(a.Scopes),
	}
}

const appColumns = `
SELECT id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at
FROM   apps
WHERE  tenant_id = @tenant_id`

const (
	appByClientID = appColumns + ` AND client_id = @client_id`
	appsByIDs     = appColumns + ` AND id = ANY(@ids)`
	appByID       = appColumns + ` AND id = @id`
)

// AppByClientID returns an app by its public name, or fault.NotFound.
func AppByClientID(ctx context.Context, scope *pg.Scope, clientID string) (*App, error) {
	return pg.One[App](ctx, scope, appByClientID, pgx.NamedArgs{"client_id": clientID})
}

// AppByID returns an app, or fault.NotFound.
func AppByID(ctx context.Context, scope *pg.Scope, id social.AppID) (*App, error) {
	return pg.One[App](ctx, scope, appByID, pgx.NamedArgs{"id": id})
}

// AppsByIDs returns the apps that exist, by id: for the application field of posts.
func AppsByIDs(ctx context.Context, scope *pg.Scope, ids []social.AppID) (map[social.AppID]*App, error) {
	rows, err := pg.Many[App](ctx, scope, appsByIDs, pgx.NamedArgs{"ids": ids})
	m := make(map[social.AppID]*App, len(rows))
	for _, a := range rows {
		m[a.ID] = a
	}
	return m, err
}
