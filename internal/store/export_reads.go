package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// What goes into an archive that nothing else reads in this way: everything, the oldest
// first, a page at a time.

var exportStatuses = `SELECT` + statusColumns + statusFrom + `
       AND s.account_id = @account_id AND s.id > @after
ORDER  BY s.id LIMIT @limit`

// ExportStatuses returns posts and boosts of an account after an id, whoever may see them.
func ExportStatuses(ctx context.Context, scope *pg.Scope, account social.AccountID, after int64, limit int) ([]*social.Status, error) {
	return pg.Many[social.Status](ctx, scope, exportStatuses, pgx.NamedArgs{"account_id": account, "after": after, "limit": limit})
}

// Tie is somebody whom an account follows, blocks, mutes, or who follows it.
type Tie struct {
	Key               int64 // after which the next page begins
	Username          string
	Domain            string
	ShowBoosts        bool
	Notify            bool
	Languages         []string
	HideNotifications bool
}

// tiesOf reads a relation in the order of a key that an index has. LATERAL with LIMIT finds
// the others by key, however many the planner believes there to be.
func tiesOf(table, own, other, key, columns, also string) string {
	return `
SELECT r.` + key + ` AS key, o.username, o.domain, ` + columns + `
FROM   (SELECT * FROM ` + table + ` r WHERE r.tenant_id = @tenant_id AND r.` + own + ` = @account_id AND r.` + key + ` > @after` + also + `
        ORDER BY r.` + key + ` LIMIT @limit) AS r
CROSS  JOIN LATERAL (SELECT a.username, a.domain FROM accounts a WHERE a.tenant_id = @tenant_id AND a.id = r.` + other + ` LIMIT 1) AS o
ORDER  BY r.` + key
}

// TieKind names a relation.
type TieKind string

// The relations.
const (
	TieFollowing TieKind = "following"
	TieFollowers TieKind = "followers"
	TieBlocks    TieKind = "blocks"
	TieMutes     TieKind = "mutes"
)

const noTie = `true AS show_boosts, false AS notify, '{}'::text[] AS languages, false AS hide_notifications`

var ties = map[TieKind]string{
	TieFollowing: tiesOf("follows", "account_id", "target_id", "target_id", "r.show_boosts, r.notify, r.languages, false AS hide_notifications", " AND r.state = 'accepted'"),
	TieFollowers: tiesOf("follows", "target_id", "account_id", "id", noTie, " AND r.state = 'accepted'"),
	TieBlocks:    tiesOf("blocks", "account_id", "target_id", "target_id", noTie, ""),
	TieMutes: tiesOf("mutes", "account_id", "target_id", "target_id", "true AS show_boosts, false AS notify, '{}'::text[] AS languages, r.hide_notifications",
		" AND (r.expires_at IS NULL OR r.expires_at > now())"),
}

// Ties returns a relation of an account after a key.
func Ties(ctx context.Context, scope *pg.Scope, kind TieKind, account social.AccountID, after int64, limit int) ([]*Tie, error) {
	return pg.Many[Tie](ctx, scope, ties[kind], pgx.NamedArgs{"account_id": account, "after": after, "limit": limit})
}

// Pointer is the address of a post that somebody marked.
type Pointer struct {
	Key int64
	URI string
}

func pointersOf(table string) string {
	return `
SELECT m.status_id AS key, o.uri
FROM   (SELECT m.status_id FROM ` + table + ` m WHERE m.tenant_id = @tenant_id AND m.account_id = @account_id AND m.status_id > @after
        ORDER BY m.status_id LIMIT @limit) AS m
CROSS  JOIN LATERAL (SELECT s.uri FROM statuses s WHERE s.tenant_id = @tenant_id AND s.id = m.status_id LIMIT 1) AS o
ORDER  BY m.status_id`
}

var (
	exportBookmarks  = pointersOf("bookmarks")
	exportFavourites = pointersOf("favourites")
)

// ExportBookmarks returns the posts that an account keeps, after a post's id.
func ExportBookmarks(ctx context.Context, scope *pg.Scope, account social.AccountID, after int64, limit int) ([]*Pointer, error) {
	return pg.Many[Pointer](ctx, scope, exportBookmarks, pgx.NamedArgs{"account_id": account, "after": after, "limit": limit})
}

// ExportFavourites returns the posts that an account likes, after a post's id.
func ExportFavourites(ctx context.Context, scope *pg.Scope, account social.AccountID, after int64, limit int) ([]*Pointer, error) {
	return pg.Many[Pointer](ctx, scope, exportFavourites, pgx.NamedArgs{"account_id": account, "after": after, "limit": limit})
}

// FilePiece is some bytes of a stored file.
type FilePiece struct {
	Size  int64 // of the whole file
	Bytes []byte
}

// The bytes are stored as they are, so that a piece is read without the rest.
const filePiece = `
SELECT octet_length(b.bytes)::bigint AS size, substring(b.bytes FROM (@from::bigint + 1)::integer FOR @for::integer) AS bytes
FROM   files f
JOIN   blobs b ON b.tenant_id = @tenant_id AND b.sha256 = f.sha256
WHERE  f.tenant_id = @tenant_id AND f.key = @key AND f.rendition = 'original'`

// FilePieceAt returns bytes of a stored original, most of them at most, or fault.NotFound.
func FilePieceAt(ctx context.Context, scope *pg.Scope, key string, from int64, most int) (*FilePiece, error) {
	return pg.One[FilePiece](ctx, scope, filePiece, pgx.NamedArgs{"key": key, "from": from, "for": most})
}

// The comparison of rows keeps the planner from the index on conversations of all accounts,
// in which it would skip those of others one by one.
const exportDesk = `
SELECT` + deskColumns + `
FROM   desk_threads d
WHERE  d.tenant_id = @tenant_id AND (d.account_id, d.conversation_id) > (@account_id, @after)
       AND (d.account_id, d.conversation_id) <= (@account_id, 9223372036854775807)
ORDER  BY d.account_id, d.conversation_id LIMIT @limit`

// ExportDesk returns the threads of an account after a conversation.
func ExportDesk(ctx context.Context, scope *pg.Scope, account social.AccountID, after int64, limit int) ([]*DeskThread, error) {
	return pg.Many[DeskThread](ctx, scope, exportDesk, pgx.NamedArgs{"account_id": account, "after": after, "limit": limit})
}

// ExportNote is a note with the thread that it stands on.
type ExportNote struct {
	ID             int64
	AccountID      social.AccountID
	ConversationID social.StatusID
	PersonID       social.PersonID
	Text           string
	CreatedAt      time.Time
}

const exportNotes = `
SELECT id, account_id, conversation_id, person_id, text, created_at
FROM   desk_notes
WHERE  tenant_id = @tenant_id AND id > @after
ORDER  BY id LIMIT @limit`

// ExportNotes returns what the team told itself, after an id.
func ExportNotes(ctx context.Context, scope *pg.Scope, after int64, limit int) ([]*ExportNote, error) {
	return pg.Many[ExportNote](ctx, scope, exportNotes, pgx.NamedArgs{"after": after, "limit": limit})
}

const exportPlans = `SELECT` + planColumns + `
FROM   scheduled_statuses p
WHERE  p.tenant_id = @tenant_id AND p.id > @after
ORDER  BY p.id LIMIT @limit`

// ExportPlans returns planned posts in every state, after an id.
func ExportPlans(ctx context.Context, scope *pg.Scope, after int64, limit int) ([]*social.Plan, error) {
	return pg.Many[social.Plan](ctx, scope, exportPlans, pgx.NamedArgs{"after": after, "limit": limit})
}

const nextAccount = `SELECT` + accountColumns + accountFrom + ` AND a.domain = '' AND a.id > @after ORDER BY a.id LIMIT 1`

// NextLocalAccount returns the tenant's account after an id, or fault.NotFound.
func NextLocalAccount(ctx context.Context, scope *pg.Scope, after social.AccountID) (*social.Account, error) {
	return pg.One[social.Account](ctx, scope, nextAccount, pgx.NamedArgs{"after": after})
}

const exportTotal = `
SELECT COALESCE(sum(x.n), 0)::bigint
FROM   accounts a
CROSS  JOIN LATERAL (SELECT s.statuses_count + s.followers_count + s.following_count AS n FROM account_stats s
                     WHERE s.tenant_id = @tenant_id AND s.account_id = a.id OFFSET 0) AS x
WHERE  a.tenant_id = @tenant_id AND a.domain = '' AND a.deleted_at IS NULL`

// ExportTotal is about how many rows an archive has, by the counters of its accounts.
func ExportTotal(ctx context.Context, scope *pg.Scope) (int64, error) {
	return pg.Value[int64](ctx, scope, exportTotal, nil)
}
