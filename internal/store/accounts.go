// Package store holds all SQL of tenant data, one file a table.
//
// Rules call it with a *pg.Scope; it returns values of package social or
// fault.NotFound. Every query names @tenant_id, which the scope fills in. It must
// decide nothing: who may see or do what is the rules' business.
package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
)

const accountColumns = `
       a.id, a.uri, a.username, a.domain, a.actor_type, a.display_name, a.note, a.note_source, a.fields, a.emojis, a.url,
       a.inbox_url, a.shared_inbox_url, a.outbox_url, a.followers_url, a.following_url, a.featured_url,
       a.avatar_url, a.avatar_key, a.avatar_alt, a.header_url, a.header_key, a.header_alt,
       a.locked, a.discoverable, a.indexable, a.memorial, a.hide_collections,
       a.default_visibility, a.default_sensitive, a.default_language, a.moved_to_uri, a.also_known_as,
       a.suspended_at, a.silenced_at, a.created_at, a.updated_at, a.fetched_at,
       COALESCE(st.followers_count, 0) AS followers_count, COALESCE(st.following_count, 0) AS following_count,
       COALESCE(st.statuses_count, 0) AS statuses_count, st.last_status_at`

// LATERAL with LIMIT looks the counters up by key, however many accounts are asked for.
const accountStatsJoin = `
LEFT   JOIN LATERAL (SELECT c.followers_count, c.following_count, c.statuses_count, c.last_status_at FROM account_stats c
                     WHERE c.tenant_id = @tenant_id AND c.account_id = a.id LIMIT 1) AS st ON true`

const accountJoin = `
FROM   accounts a` + accountStatsJoin + `
WHERE  a.tenant_id = @tenant_id`

// A deleted account is found by nobody: what is left of its row is for its farewell
// and for those who remove the rest (account_removal.go).
const accountFrom = accountJoin + ` AND a.deleted_at IS NULL`

const (
	accountByID     = `SELECT` + accountColumns + accountFrom + ` AND a.id = @id`
	accountsByIDs   = `SELECT` + accountColumns + accountFrom + ` AND a.id = ANY(@ids)`
	accountByURI    = `SELECT` + accountColumns + accountFrom + ` AND a.uri = @uri`
	accountsByURIs  = `SELECT` + accountColumns + accountFrom + ` AND a.uri = ANY(@uris)`
	accountByHandle = `SELECT` + accountColumns + accountFrom + ` AND a.domain = @domain AND lower(a.username) = lower(@username)`
	localAccounts   = `SELECT` + accountColumns + accountFrom + ` AND a.domain = '' ORDER BY a.id LIMIT @limit`
)

// AccountByID returns one account of the scope's tenant, or fault.NotFound.
func AccountByID(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, accountByID, pgx.NamedArgs{"id": id})
}

const lockAccount = accountByID + ` FOR NO KEY UPDATE OF a`

// LockAccount returns an account and keeps others from changing it until the
// transaction ends; fault.NotFound if there is none.
func LockAccount(ctx context.Context, scope *pg.Scope, id social.AccountID) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, lockAccount, pgx.NamedArgs{"id": id})
}

// AccountsByIDs returns the accounts that exist, by id.
func AccountsByIDs(ctx context.Context, scope *pg.Scope, ids []social.AccountID) (map[social.AccountID]*social.Account, error) {
	rows, err := pg.Many[social.Account](ctx, scope, accountsByIDs, pgx.NamedArgs{"ids": ids})
	return byAccountID(rows), err
}

// AccountByURI returns the account with an actor's id, or fault.NotFound.
func AccountByURI(ctx context.Context, scope *pg.Scope, uri string) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, accountByURI, pgx.NamedArgs{"uri": uri})
}

// AccountsByURIs returns the accounts that exist, by URI.
func AccountsByURIs(ctx context.Context, scope *pg.Scope, uris []string) (map[string]*social.Account, error) {
	rows, err := pg.Many[social.Account](ctx, scope, accountsByURIs, pgx.NamedArgs{"uris": uris})
	m := make(map[string]*social.Account, len(rows))
	for _, a := range rows {
		m[a.URI] = a
	}
	return m, err
}

// AccountByHandle returns the account with a handle, case aside. An empty host is a
// local account under its present name; see LocalAccountByAnyHandle for old ones.
func AccountByHandle(ctx context.Context, scope *pg.Scope, h social.Handle) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, accountByHandle, pgx.NamedArgs{"domain": h.Host, "username": h.User})
}

// LocalAccounts returns the tenant's own accounts, oldest first.
func LocalAccounts(ctx context.Context, scope *pg.Scope, limit int) ([]*social.Account, error) {
	return pg.Many[social.Account](ctx, scope, localAccounts, pgx.NamedArgs{"limit": limit})
}

func byAccountID(rows []*social.Account) map[social.AccountID]*social.Account {
	m := make(map[social.AccountID]*social.Account, len(rows))
	for _, a := range rows {
		m[a.ID] = a
	}
	return m
}

const upsertAccount = `
INSERT INTO accounts (tenant_id, id, uri, username, domain, actor_type, display_name, note, note_source, fields, emojis, url,
       inbox_url, shared_inbox_url, outbox_url, followers_url, following_url, featured_url,
       avatar_url, avatar_alt, header_url, header_alt, locked, discoverable, indexable, memorial, hide_collections,
       moved_to_uri, also_known_as, suspended_at, created_at, updated_at, fetched_at)
VALUES (@tenant_id, @id, @uri, @username, @domain, @actor_type, @display_name, @note, @note_source, @fields, @emojis, @url,
       @inbox_url, @shared_inbox_url, @outbox_url, @followers_url, @following_url, @featured_url,
       @avatar_url, @avatar_alt, @header_url, @header_alt, @locked, @discoverable, @indexable, @memorial, @hide_collections,
       @moved_to_uri, @also_known_as, @suspended_at, @created_at, @updated_at, @fetched_at)
ON CONFLICT (tenant_id, uri) DO UPDATE SET
       username = EXCLUDED.username, domain = EXCLUDED.domain, actor_type = EXCLUDED.actor_type,
       display_name = EXCLUDED.display_name, note = EXCLUDED.note, fields = EXCLUDED.fields, emojis = EXCLUDED.emojis, url = EXCLUDED.url,
       inbox_url = EXCLUDED.inbox_url, shared_inbox_url = EXCLUDED.shared_inbox_url, outbox_url = EXCLUDED.outbox_url,
       followers_url = EXCLUDED.followers_url, following_url = EXCLUDED.following_url, featured_url = EXCLUDED.featured_url,
       avatar_url = EXCLUDED.avatar_url, avatar_alt = EXCLUDED.avatar_alt, header_url = EXCLUDED.header_url, header_alt = EXCLUDED.header_alt,
       locked = EXCLUDED.locked, discoverable = EXCLUDED.discoverable, indexable = EXCLUDED.indexable, memorial = EXCLUDED.memorial,
       moved_to_uri = EXCLUDED.moved_to_uri, also_known_as = EXCLUDED.also_known_as,
       updated_at = EXCLUDED.updated_at, fetched_at = EXCLUDED.fetched_at
WHERE  accounts.domain <> '' AND accounts.deleted_at IS NULL
RETURNING id`

// UpsertRemoteAccount stores a remote account as its own server describes it, now
// unless a.UpdatedAt says when, and sets a.ID. It never touches a local account or one that is being removed:
// fault.NotFound then.
func UpsertRemoteAccount(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	if a.Domain == "" {
		return fault.New(fault.Invalid, "A remote account has a domain.")
	}
	args := accountArgs(a)
	args["updated_at"] = a.UpdatedAt
	if a.UpdatedAt.IsZero() {
		args["updated_at"] = time.Now().UTC()
	}
	id, err := pg.Value[social.AccountID](ctx, scope, upsertAccount, args)
	if err != nil {
		return err
	}
	a.ID = id
	return nil
}

const lockProfile = `SELECT updated_at FROM accounts WHERE tenant_id = @tenant_id AND uri = @uri FOR UPDATE`

// LockProfile keeps others from changing an account's profile until the transaction
// ends, and returns when it was written, as its own server says.
func LockProfile(ctx context.Context, scope *pg.Scope, uri string) (time.Time, error) {
	return pg.Value[time.Time](ctx, scope, lockProfile, pgx.NamedArgs{"uri": uri})
}

const insertAccount = `
INSERT INTO accounts (tenant_id, id, uri, username, domain, actor_type, display_name, note, note_source, fields, emojis, url,
       inbox_url, shared_inbox_url, outbox_url, followers_url, following_url, featured_url,
       avatar_url, avatar_alt, header_url, header_alt, locked, discoverable, indexable, memorial, hide_collections,
       moved_to_uri, also_known_as, suspended_at, created_at, fetched_at)
VALUES (@tenant_id, @id, @uri, @username, @domain, @actor_type, @display_name, @note, @note_source, @fields, @emojis, @url,
       @inbox_url, @shared_inbox_url, @outbox_url, @followers_url, @following_url, @featured_url,
       @avatar_url, @avatar_alt, @header_url, @header_alt, @locked, @discoverable, @indexable, @memorial, @hide_collections,
       @moved_to_uri, @also_known_as, @suspended_at, @created_at, @fetched_at)`

// InsertLocalAccount stores a new local account; its id and URI are set already.
func InsertLocalAccount(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	_, err := pg.Exec(ctx, scope, insertAccount, accountArgs(a))
	return err
}

func accountArgs(a *social.Account) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": a.ID, "uri": a.URI, "username": a.Username, "domain": a.Domain, "actor_type": a.ActorType,
		"display_name": a.DisplayName, "note": a.Note, "note_source": a.NoteSource, "fields": jsonList(a.Fields), "emojis": jsonList(a.Emojis),
		"url": a.URL, "inbox_url": a.InboxURL, "shared_inbox_url": a.SharedInboxURL, "outbox_url": a.OutboxURL,
		"followers_url": a.FollowersURL, "following_url": a.FollowingURL, "featured_url": a.FeaturedURL,
		"avatar_url": a.AvatarURL, "avatar_alt": a.AvatarAlt, "header_url": a.HeaderURL, "header_alt": a.HeaderAlt,
		"locked": a.Locked, "discoverable": a.Discoverable, "indexable": a.Indexable, "memorial": a.Memorial,
		"hide_collections": a.HideCollections, "moved_to_uri": a.MovedToURI, "also_known_as": textList(a.AlsoKnownAs),
		"suspended_at": a.SuspendedAt, "created_at": a.CreatedAt, "fetched_at": a.FetchedAt,
	}
}

const updateLocalAccount = `
UPDATE accounts SET
       actor_type = @actor_type, display_name = @display_name, note = @note, note_source = @note_source, fields = @fields,
       avatar_key = @avatar_key, avatar_alt = @avatar_alt, header_key = @header_key, header_alt = @header_alt,
       locked = @locked, discoverable = @discoverable, indexable = @indexable, hide_collections = @hide_collections,
       default_visibility = @default_visibility, default_sensitive = @default_sensitive, default_language = @default_language,
       also_known_as = @also_known_as, updated_at = now()
WHERE  tenant_id = @tenant_id AND id = @id AND domain = ''`

// UpdateLocalAccount writes what people may change of their own account.
func UpdateLocalAccount(ctx context.Context, scope *pg.Scope, a *social.Account) error {
	n, err := pg.Exec(ctx, scope, updateLocalAccount, pgx.NamedArgs{
		"id": a.ID, "actor_type": a.ActorType, "display_name": a.DisplayName, "note": a.Note, "note_source": a.NoteSource,
		"fields": jsonList(a.Fields), "avatar_key": a.AvatarKey, "avatar_alt": a.AvatarAlt, "header_key": a.HeaderKey, "header_alt": a.HeaderAlt,
		"locked": a.Locked, "discoverable": a.Discoverable, "indexable": a.Indexable, "hide_collections": a.HideCollections,
		"default_visibility": a.DefaultVisibility, "default_sensitive": a.DefaultSensitive, "default_language": a.DefaultLanguage,
		"also_known_as": textList(a.AlsoKnownAs),
	})
	return mustTouch(n, err)
}

const deleteAccount = `DELETE FROM accounts WHERE tenant_id = @tenant_id AND id = @id`

// DeleteAccount removes an account and, by the foreign keys, everything of it.
func DeleteAccount(ctx context.Context, scope *pg.Scope, id social.AccountID) error {
	n, err := pg.Exec(ctx, scope, deleteAccount, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}

var errNotFound = fault.New(fault.NotFound, "Record not found")

// mustTouch turns "no row changed" into NotFound.
func mustTouch(n int64, err error) error {
	if err == nil && n == 0 {
		return errNotFound
	}
	return err
}

// jsonList encodes a list for a jsonb column; nil becomes [].
func jsonList[T any](list []T) []byte {
	if len(list) == 0 {
		return []byte("[]")
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // plain structs of strings and times: cannot fail
	}
	return b
}

// textList keeps NOT NULL columns from getting NULL for an empty list.
func textList(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Index-only walk from domain to domain: a count over all remote accounts would read
// them all for every instance document.
const countDomains = `
WITH RECURSIVE known AS (
    (SELECT domain FROM accounts WHERE tenant_id = @tenant_id AND domain > '' ORDER BY domain LIMIT 1)
    UNION ALL
    SELECT (SELECT a.domain FROM accounts a WHERE a.tenant_id = @tenant_id AND a.domain > known.domain ORDER BY a.domain LIMIT 1)
    FROM   known WHERE known.domain IS NOT NULL
)
SELECT count(domain) FROM known`

// CountDomains says from how many other servers accounts are known.
func CountDomains(ctx context.Context, scope *pg.Scope) (int, error) {
	return pg.Value[int](ctx, scope, countDomains, nil)
}
