package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

const statusColumns = `
       s.id, s.account_id, s.uri, s.url, s.body, s.source, s.spoiler_text, s.visibility, s.sensitive, s.language, s.is_local,
       COALESCE(s.in_reply_to_id, 0) AS in_reply_to_id, COALESCE(s.in_reply_to_account_id, 0) AS in_reply_to_account_id,
       s.in_reply_to_uri, s.conversation_id, COALESCE(s.boost_of_id, 0) AS boost_of_id, s.quote_uri, s.tags, s.emojis,
       s.author_id, s.app_id, COALESCE(st.replies_count, 0) AS replies_count, COALESCE(st.boosts_count, 0) AS boosts_count,
       COALESCE(st.favourites_count, 0) AS favourites_count, s.created_at, s.edited_at`

const statusStatsJoin = `
LEFT   JOIN LATERAL (SELECT c.replies_count, c.boosts_count, c.favourites_count FROM status_stats c
                     WHERE c.tenant_id = @tenant_id AND c.status_id = s.id LIMIT 1) AS st ON true`

const statusFrom = `
FROM   statuses s` + statusStatsJoin + `
WHERE  s.tenant_id = @tenant_id`

// LATERAL with LIMIT looks each row up by its key. With = ANY the planner reads all
// rows of the tenant as long as it has no statistics, and keeps that plan while
// the table grows.
const (
	givenStatuses = `
FROM   unnest(@ids::bigint[]) AS given (id)
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.id = given.id LIMIT 1) AS s`
	givenURIs = `
FROM   unnest(@uris::text[]) AS given (uri)
CROSS  JOIN LATERAL (SELECT r.* FROM statuses r WHERE r.tenant_id = @tenant_id AND r.uri = given.uri LIMIT 1) AS s`
)

const (
	statusByID     = `SELECT` + statusColumns + statusFrom + ` AND s.id = @id`
	statusesByIDs  = `SELECT` + statusColumns + givenStatuses + statusStatsJoin
	statusByURI    = `SELECT` + statusColumns + statusFrom + ` AND s.uri = @uri`
	statusesByURIs = `SELECT` + statusColumns + givenURIs + statusStatsJoin
	boostBy        = `SELECT` + statusColumns + statusFrom + ` AND s.boost_of_id = @status_id AND s.account_id = @account_id`
)

// StatusByID returns one status of the scope's tenant, or fault.NotFound. It asks
// nobody's permission: see status.Visible.
func StatusByID(ctx context.Context, scope *pg.Scope, id social.StatusID) (*social.Status, error) {
	return pg.One[social.Status](ctx, scope, statusByID, pgx.NamedArgs{"id": id})
}

// StatusesByIDs returns the statuses that exist, by id.
func StatusesByIDs(ctx context.Context, scope *pg.Scope, ids []social.StatusID) (map[social.StatusID]*social.Status, error) {
	rows, err := pg.Many[social.Status](ctx, scope, statusesByIDs, pgx.NamedArgs{"ids": numbers(ids)})
	m := make(map[social.StatusID]*social.Status, len(rows))
	for _, s := range rows {
		m[s.ID] = s
	}
	return m, err
}

// StatusByURI returns the status with an object's id, or fault.NotFound.
func StatusByURI(ctx context.Context, scope *pg.Scope, uri string) (*social.Status, error) {
	return pg.One[social.Status](ctx, scope, statusByURI, pgx.NamedArgs{"uri": uri})
}

// StatusesByURIs returns the statuses that exist, by URI.
func StatusesByURIs(ctx context.Context, scope *pg.Scope, uris []string) (map[string]*social.Status, error) {
	rows, err := pg.Many[social.Status](ctx, scope, statusesByURIs, pgx.NamedArgs{"uris": uris})
	m := make(map[string]*social.Status, len(rows))
	for _, s := range rows {
		m[s.URI] = s
	}
	return m, err
}

// BoostBy returns an account's boost of a status, or fault.NotFound.
func BoostBy(ctx context.Context, scope *pg.Scope, account social.AccountID, status social.StatusID) (*social.Status, error) {
	return pg.One[social.Status](ctx, scope, boostBy, pgx.NamedArgs{"account_id": account, "status_id": status})
}

// insertStatuses leaves out what is there already. Lists travel as one text a
// row, because unnest would flatten an array of arrays.
const insertStatuses = `
INSERT INTO statuses (tenant_id, id, account_id, uri, url, body, source, spoiler_text, visibility, sensitive, language, is_local,
       in_reply_to_id, in_reply_to_account_id, in_reply_to_uri, conversation_id, boost_of_id, quote_uri, tags, emojis,
       author_id, app_id, created_at, edited_at)
SELECT @tenant_id, n.id, n.account_id, n.uri, n.url, n.body, n.source, n.spoiler_text, n.visibility, n.sensitive, n.language, n.is_local,
       NULLIF(n.in_reply_to_id, 0), NULLIF(n.in_reply_to_account_id, 0), n.in_reply_to_uri, n.conversation_id, NULLIF(n.boost_of_id, 0),
       n.quote_uri, string_to_array(n.tags, E'\x1f'), n.emojis::jsonb, n.author_id, n.app_id, n.created_at, n.edited_at
FROM   unnest(@ids::bigint[], @account_ids::bigint[], @uris::text[], @urls::text[], @bodies::text[], @sources::text[], @spoilers::text[],
              @visibilities::text[], @sensitive::boolean[], @languages::text[], @locals::boolean[], @parent_ids::bigint[],
              @parent_accounts::bigint[], @parent_uris::text[], @conversations::bigint[], @boosts::bigint[], @quotes::text[],
              @tags::text[], @emojis::text[], @authors::bigint[], @apps::bigint[], @created::timestamptz[], @edited::timestamptz[])
       AS n (id, account_id, uri, url, body, source, spoiler_text, visibility, sensitive, language, is_local, in_reply_to_id,
             in_reply_to_account_id, in_reply_to_uri, conversation_id, boost_of_id, quote_uri, tags, emojis, author_id, app_id, created_at, edited_at)
ON CONFLICT DO NOTHING
RETURNING id`

// tagSeparator cannot be in a tag: htmlsafe.Clean removes control characters.
const tagSeparator = "\x1f"

// InsertStatuses stores many statuses with one statement and returns the ids of
// those that were not there yet, by URI or (for boosts) by account and original.
func InsertStatuses(ctx context.Context, scope *pg.Scope, list []*social.Status) (map[social.StatusID]bool, error) {
	added, err := pg.Values[social.StatusID](ctx, scope, insertStatuses, statusArgs(list))
	m := make(map[social.StatusID]bool, len(added))
	for _, id := range added {
		m[id] = true
	}
	return m, err
}

func statusArgs(list []*social.Status) pgx.NamedArgs {
	return pgx.NamedArgs{
		"ids":             column(list, func(s *social.Status) int64 { return int64(s.ID) }),
		"account_ids":     column(list, func(s *social.Status) int64 { return int64(s.AccountID) }),
		"uris":            column(list, func(s *social.Status) string { return s.URI }),
		"urls":            column(list, func(s *social.Status) string { return s.URL }),
		"bodies":          column(list, func(s *social.Status) string { return s.Body }),
		"sources":         column(list, func(s *social.Status) string { return s.Source }),
		"spoilers":        column(list, func(s *social.Status) string { return s.SpoilerText }),
		"visibilities":    column(list, func(s *social.Status) string { return string(s.Visibility) }),
		"sensitive":       column(list, func(s *social.Status) bool { return s.Sensitive }),
		"languages":       column(list, func(s *social.Status) string { return s.Language }),
		"locals":          column(list, func(s *social.Status) bool { return s.IsLocal }),
		"parent_ids":      column(list, func(s *social.Status) int64 { return int64(s.InReplyToID) }),
		"parent_accounts": column(list, func(s *social.Status) int64 { return int64(s.InReplyToAccountID) }),
		"parent_uris":     column(list, func(s *social.Status) string { return s.InReplyToURI }),
		"conversations":   column(list, func(s *social.Status) int64 { return int64(s.ConversationID) }),
		"boosts":          column(list, func(s *social.Status) int64 { return int64(s.BoostOfID) }),
		"quotes":          column(list, func(s *social.Status) string { return s.QuoteURI }),
		"tags":            column(list, func(s *social.Status) string { return strings.Join(s.Tags, tagSeparator) }),
		"emojis":          column(list, func(s *social.Status) string { return string(jsonList(s.Emojis)) }),
		"authors":         column(list, func(s *social.Status) int64 { return int64(s.AuthorID) }),
		"apps":            column(list, func(s *social.Status) int64 { return int64(s.AppID) }),
		"created":         column(list, func(s *social.Status) time.Time { return s.CreatedAt }),
		"edited":          column(list, func(s *social.Status) *time.Time { return s.EditedAt }),
	}
}

// column turns a list of rows into the array that unnest wants. It is plain
// int64, string or bool, which pgx encodes without reflection.
func column[T, V any](list []T, get func(T) V) []V {
	out := make([]V, len(list))
	for i, row := range list {
		out[i] = get(row)
	}
	return out
}

// numbers turns typed ids into what pgx encodes without reflection.
func numbers[ID ~int64](ids []ID) []int64 {
	return column(ids, func(id ID) int64 { return int64(id) })
}

const updateStatus = `
UPDATE statuses SET
       url = @url, body = @body, source = @source, spoiler_text = @spoiler_text, sensitive = @sensitive, language = @language,
       tags = @tags, emojis = @emojis, edited_at = @edited_at
WHERE  tenant_id = @tenant_id AND id = @id AND account_id = @account_id`

// UpdateStatus writes what an edit may change; the owner is part of the key.
func UpdateStatus(ctx context.Context, scope *pg.Scope, s *social.Status) error {
	n, err := pg.Exec(ctx, scope, updateStatus, pgx.NamedArgs{
		"id": s.ID, "account_id": s.AccountID, "url": s.URL, "body": s.Body, "source": s.Source, "spoiler_text": s.SpoilerText,
		"sensitive": s.Sensitive, "language": s.Language, "tags": textList(s.Tags), "emojis": jsonList(s.Emojis), "edited_at": s.EditedAt,
	})
	return mustTouch(n, err)
}

const lockStatus = `SELECT id FROM statuses WHERE tenant_id = @tenant_id AND id = @id FOR UPDATE`

// LockStatus keeps others from changing or deleting a status until the
// transaction ends, or returns fault.NotFound.
func LockStatus(ctx context.Context, scope *pg.Scope, id social.StatusID) error {
	_, err := pg.Value[social.StatusID](ctx, scope, lockStatus, pgx.NamedArgs{"id": id})
	return err
}

const deleteStatus = `DELETE FROM statuses WHERE tenant_id = @tenant_id AND id = @id`

// DeleteStatus removes a status and, by the foreign keys, its boosts, media,
// favourites, mentions, timeline entries and notifications.
func DeleteStatus(ctx context.Context, scope *pg.Scope, id social.StatusID) error {
	n, err := pg.Exec(ctx, scope, deleteStatus, pgx.NamedArgs{"id": id})
	return mustTouch(n, err)
}

// buryStatus lets the author's own deletion win over a tombstone that somebody
// else's unproven Delete left behind.
const buryStatus = `
INSERT INTO tombstones (tenant_id, uri, former_type, account_id)
VALUES (@tenant_id, @uri, 'Note', @account_id)
ON CONFLICT (tenant_id, uri) DO UPDATE SET account_id = EXCLUDED.account_id`

// BuryStatus marks the URI of a deleted status as gone for ever.
func BuryStatus(ctx context.Context, scope *pg.Scope, uri string, author social.AccountID) error {
	_, err := pg.Exec(ctx, scope, buryStatus, pgx.NamedArgs{"uri": uri, "account_id": author})
	return err
}

const buriedURIs = `
SELECT t.uri
FROM   unnest(@uris::text[], @account_ids::bigint[]) AS q (uri, account_id)
JOIN   tombstones t ON t.tenant_id = @tenant_id AND t.uri = q.uri AND t.account_id IN (0, q.account_id)`

// QueueBuriedURIs looks up which URIs are gone for ever, as far as their own
// account said so: a tombstone that another account left does not count. The two
// lists run in parallel.
func QueueBuriedURIs(b *pg.Batch, uris []string, accounts []social.AccountID, dest *[]string) {
	pg.QueueValues(b, buriedURIs, pgx.NamedArgs{"uris": uris, "account_ids": numbers(accounts)}, dest)
}

// QueueStatusesByURIs is StatusesByURIs in a batch.
func QueueStatusesByURIs(b *pg.Batch, uris []string, dest *[]*social.Status) {
	pg.QueueMany(b, statusesByURIs, pgx.NamedArgs{"uris": uris}, dest)
}

const takenStatusIDs = `SELECT s.id` + givenStatuses

// QueueTakenStatusIDs looks up which ids are in use.
func QueueTakenStatusIDs(b *pg.Batch, ids []social.StatusID, dest *[]social.StatusID) {
	pg.QueueValues(b, takenStatusIDs, pgx.NamedArgs{"ids": numbers(ids)}, dest)
}

// StatusEdit is an earlier version of an edited status.
type StatusEdit struct {
	ID          int64
	StatusID    social.StatusID
	Body        string
	Source      string
	SpoilerText string
	Sensitive   bool
	CreatedAt   time.Time // when that version was written
}

const insertStatusEdit = `
INSERT INTO status_edits (tenant_id, id, status_id, body, source, spoiler_text, sensitive, created_at)
VALUES (@tenant_id, @id, @status_id, @body, @source, @spoiler_text, @sensitive, @created_at)`

// AddStatusEdit keeps the version that an edit replaces.
func AddStatusEdit(ctx context.Context, scope *pg.Scope, e StatusEdit) error {
	_, err := pg.Exec(ctx, scope, insertStatusEdit, pgx.NamedArgs{
		"id": e.ID, "status_id": e.StatusID, "body": e.Body, "source": e.Source, "spoiler_text": e.SpoilerText,
		"sensitive": e.Sensitive, "created_at": e.CreatedAt,
	})
	return err
}

const statusEdits = `
SELECT id, status_id, body, source, spoiler_text, sensitive, created_at
FROM   status_edits
WHERE  tenant_id = @tenant_id AND status_id = @status_id
ORDER  BY id
LIMIT  @limit`

// StatusEdits returns the earlier versions of a status, oldest first.
func StatusEdits(ctx context.Context, scope *pg.Scope, id social.StatusID, limit int) ([]*StatusEdit, error) {
	return pg.Many[StatusEdit](ctx, scope, statusEdits, pgx.NamedArgs{"status_id": id, "limit": limit})
}
