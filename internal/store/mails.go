package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/tenant"
)

// Mail is a row of the mails that wait or were sent.
type Mail struct {
	TenantID  tenant.ID // 0: the platform's own
	ID        int64
	Key       string
	Recipient string
	Locale    string
	Template  string
	Data      map[string]string
	CreatedAt time.Time
	SentAt    time.Time // zero: not yet
	LastError string
}

const insertMail = `
INSERT INTO mails (tenant_id, id, key, recipient, locale, template, data)
VALUES (@tenant_id, @id, @key, @recipient, @locale, @template, @data)
ON CONFLICT (tenant_id, key, recipient) DO NOTHING`

// AddMail stores a mail and returns its id, or 0 where the recipient was told of this event already.
func AddMail(ctx context.Context, tx *pg.PlatformTx, m *Mail) (int64, error) {
	id := ids.New()
	data := m.Data
	if data == nil {
		data = map[string]string{}
	}
	n, err := pg.Exec(ctx, tx, insertMail, pgx.NamedArgs{
		"tenant_id": m.TenantID, "id": id, "key": m.Key, "recipient": m.Recipient, "locale": m.Locale, "template": m.Template, "data": data,
	})
	if err != nil || n == 0 {
		return 0, err
	}
	return id, nil
}

const (
	selectMail = `
SELECT tenant_id, id, key, recipient, locale, template, data, created_at, COALESCE(sent_at, '0001-01-01 00:00:00+00') AS sent_at, last_error
FROM   mails WHERE id = @id`
	markMail = `
UPDATE mails SET sent_at = COALESCE(sent_at, @sent_at), last_error = @last_error,
       data = CASE WHEN @wipe OR COALESCE(sent_at, @sent_at) IS NOT NULL THEN '{}' ELSE data END
WHERE  id = @id`
	peopleOf = `
SELECT p.email, p.locale FROM memberships m JOIN persons p ON p.id = m.person_id
WHERE  m.tenant_id = @of AND m.role = ANY(@roles) AND p.disabled_at IS NULL
ORDER  BY p.id`
)

// MailByID returns a mail, or fault.NotFound.
func MailByID(ctx context.Context, tx *pg.PlatformTx, id int64) (*Mail, error) {
	return pg.One[Mail](ctx, tx, selectMail, pgx.NamedArgs{"id": id})
}

// MarkMail notes that a mail was sent, or with a zero time why it was not. What it said is not
// kept once it was sent, nor with wipe: a link in it may open a login.
func MarkMail(ctx context.Context, tx *pg.PlatformTx, id int64, sent time.Time, lastError string, wipe bool) error {
	_, err := pg.Exec(ctx, tx, markMail, pgx.NamedArgs{"id": id, "sent_at": pg.NullTime(sent), "last_error": lastError, "wipe": wipe})
	return err
}

// MailRecipient is a person to tell something.
type MailRecipient struct {
	Email  string
	Locale string
}

// PeopleOf returns a tenant's people with one of the roles, as somebody to write to.
func PeopleOf(ctx context.Context, tx *pg.PlatformTx, of tenant.ID, roles []string) ([]*MailRecipient, error) {
	return pg.Many[MailRecipient](ctx, tx, peopleOf, pgx.NamedArgs{"of": of, "roles": roles})
}

// UnsentMail is a mail that waits or was given up.
type UnsentMail struct {
	Mail
	Tries     int
	NextTryAt time.Time // zero: it was given up
}

// The queue knows best what is still tried, and when.
const unsentMails = `
SELECT m.tenant_id, m.id, m.key, m.recipient, m.locale, m.template, m.data, m.created_at, '0001-01-01 00:00:00+00'::timestamptz AS sent_at, m.last_error,
       COALESCE(j.attempt, 0) AS tries, COALESCE(j.scheduled_at, '0001-01-01 00:00:00+00') AS next_try_at
FROM   mails m
LEFT   JOIN LATERAL (
       SELECT attempt, scheduled_at FROM river.river_job
       WHERE  kind = 'mail_send' AND args @> jsonb_build_object('mail_id', m.id)
       AND    state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
       LIMIT  1) AS j ON true
WHERE  m.sent_at IS NULL
ORDER  BY m.id DESC
LIMIT  @limit`

// UnsentMails returns the newest mails that wait or were given up, of all tenants.
func UnsentMails(ctx context.Context, tx *pg.PlatformTx, limit int) ([]*UnsentMail, error) {
	return pg.Many[UnsentMail](ctx, tx, unsentMails, pgx.NamedArgs{"limit": limit})
}
