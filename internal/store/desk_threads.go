package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/pg"
	"rookery/internal/social"
)

// DeskKey names a thread: a conversation as one of the tenant's accounts has it.
type DeskKey struct {
	AccountID      social.AccountID
	ConversationID social.StatusID
}

// DeskThread is a conversation that somebody outside has with one of the tenant's accounts.
type DeskThread struct {
	AccountID      social.AccountID
	ConversationID social.StatusID
	State          social.DeskState
	FromID         social.AccountID // who asks
	LastIncomingID social.StatusID
	LastVisibility social.Visibility
	LastIncomingAt time.Time
	WaitingSince   *time.Time // nil: nobody waits for us
	OpenedAt       time.Time
	FirstAnswerAt  *time.Time
	AnsweredBy     social.PersonID // of the first answer; 0: nobody, or not known
	LastAnswerID   social.StatusID
	LastAnswerAt   *time.Time
	SeenID         social.StatusID
	AssigneeID     social.PersonID // 0: nobody
	WritingBy      social.PersonID // until WritingUntil
	WritingUntil   *time.Time
	UpdatedAt      time.Time
}

// Key names the thread.
func (t *DeskThread) Key() DeskKey { return DeskKey{t.AccountID, t.ConversationID} }

// IsUnread reports whether nobody of the team has opened the last message.
func (t *DeskThread) IsUnread() bool { return t.SeenID != t.LastIncomingID }

const deskColumns = `
       d.account_id, d.conversation_id, d.state, d.from_id, d.last_incoming_id, d.last_visibility, d.last_incoming_at, d.waiting_since, d.opened_at,
       d.first_answer_at, d.answered_by, d.last_answer_id, d.last_answer_at, d.seen_id, COALESCE(d.assignee_id, 0) AS assignee_id,
       d.writing_by, d.writing_until, d.updated_at`

const deskByKey = `
FROM   desk_threads d
WHERE  d.tenant_id = @tenant_id AND d.account_id = @account_id AND d.conversation_id = @conversation_id`

const (
	deskThread = `SELECT` + deskColumns + deskByKey
	lockDesk   = deskThread + `
FOR    NO KEY UPDATE`
)

func (k DeskKey) args() pgx.NamedArgs {
	return pgx.NamedArgs{"account_id": k.AccountID, "conversation_id": k.ConversationID}
}

// DeskThreadByKey returns a thread, or fault.NotFound.
func DeskThreadByKey(ctx context.Context, scope *pg.Scope, k DeskKey) (*DeskThread, error) {
	return pg.One[DeskThread](ctx, scope, deskThread, k.args())
}

// LockDeskThread is DeskThreadByKey, and keeps others from changing the thread until the
// transaction ends.
func LockDeskThread(ctx context.Context, scope *pg.Scope, k DeskKey) (*DeskThread, error) {
	return pg.One[DeskThread](ctx, scope, lockDesk, k.args())
}

const conversationNow = `SELECT conversation_id FROM statuses WHERE tenant_id = @tenant_id AND id = @id`

// ConversationNow returns which conversation a post belongs to: that of the post that named
// a conversation before it was joined with another.
func ConversationNow(ctx context.Context, scope *pg.Scope, id social.StatusID) (social.StatusID, error) {
	return pg.Value[social.StatusID](ctx, scope, conversationNow, pgx.NamedArgs{"id": id})
}

// DeskLine is a thread as a list shows it.
type DeskLine struct {
	DeskThread
	FromUsername    string
	FromDomain      string
	FromDisplayName string
	FromAvatarURL   string
	FromAvatarKey   string
	LastBody        string // of the last message, ours or theirs; "": it was deleted
	LastSpoiler     string
	LastIsOurs      bool
}

// DeskCursor is where a page of threads begins: after this one. The zero value is the top.
type DeskCursor struct {
	At             time.Time
	ConversationID social.StatusID
	AccountID      social.AccountID
}

// DeskFilter says which threads of which accounts a list holds.
type DeskFilter struct {
	Accounts   []social.AccountID
	State      social.DeskState // "": any
	Assignee   social.PersonID  // 0: anybody
	Unassigned bool
	Unread     bool
	From       social.AccountID // 0: whoever asks
	After      DeskCursor
	Limit      int
}

// deskOrder is how a list of threads is sorted, and what it holds.
type deskOrder struct{ where, at, compare, order string }

var (
	deskOpen   = deskOrder{" AND t.state = 'open'", "waiting_since", ">", "ASC"}
	deskState  = deskOrder{" AND t.state = @state", "updated_at", "<", "DESC"}
	deskAll    = deskOrder{"", "updated_at", "<", "DESC"}
	endOfTimes = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// query puts a list together of what is asked for and nothing else: with conditions that may
// be switched off the planner expects few rows, and sorts all instead of reading an index in
// its order. Each account is looked up by itself, so that a page reads a page of the index;
// who asks and what was said last is looked up for the lines of the page alone.
func (o deskOrder) query(where string) string {
	return strings.NewReplacer("{where}", where, "{at}", o.at, "{compare}", o.compare, "{order}", o.order).Replace(`
SELECT` + deskColumns + `,
       COALESCE(f.username, '') AS from_username, COALESCE(f.domain, '') AS from_domain, COALESCE(f.display_name, '') AS from_display_name,
       COALESCE(f.avatar_url, '') AS from_avatar_url, COALESCE(f.avatar_key, '') AS from_avatar_key,
       COALESCE(s.body, '') AS last_body, COALESCE(s.spoiler_text, '') AS last_spoiler, COALESCE(s.account_id = d.account_id, false) AS last_is_ours
FROM   (SELECT x.*
        FROM   unnest(@accounts::bigint[]) AS a (id)
        CROSS  JOIN LATERAL (
               SELECT * FROM desk_threads t
               WHERE  t.tenant_id = @tenant_id AND t.account_id = a.id{where}
                      AND (t.{at}, t.conversation_id, t.account_id) {compare} (@at::timestamptz, @conversation_id::bigint, @account_id::bigint)
               ORDER  BY t.{at} {order}, t.conversation_id {order} LIMIT @limit) AS x
        ORDER  BY x.{at} {order}, x.conversation_id {order}, x.account_id {order}
        LIMIT  @limit) AS d
LEFT   JOIN LATERAL (SELECT * FROM accounts r WHERE r.tenant_id = @tenant_id AND r.id = d.from_id LIMIT 1) AS f ON true
LEFT   JOIN LATERAL (SELECT * FROM statuses r WHERE r.tenant_id = @tenant_id
                     AND r.id = CASE WHEN d.last_answer_at > d.last_incoming_at THEN d.last_answer_id ELSE d.last_incoming_id END LIMIT 1) AS s ON true
ORDER  BY d.{at} {order}, d.conversation_id {order}, d.account_id {order}`)
}

// DeskLines returns a page of threads: the open ones by how long somebody has waited, the
// others with the latest change first.
func DeskLines(ctx context.Context, scope *pg.Scope, f DeskFilter) ([]*DeskLine, error) {
	if len(f.Accounts) == 0 {
		return nil, nil
	}
	order, from := deskAll, f.After
	args := pgx.NamedArgs{"accounts": numbers(f.Accounts), "limit": Page{Limit: f.Limit}.limit()}
	switch f.State {
	case "":
	case social.DeskOpen:
		order = deskOpen
	default:
		order, args["state"] = deskState, f.State
	}
	if from.At.IsZero() && f.State != social.DeskOpen {
		from.At = endOfTimes
	}
	args["at"], args["conversation_id"], args["account_id"] = from.At, from.ConversationID, from.AccountID
	where := order.where
	if f.Assignee != 0 {
		where, args["assignee"] = where+" AND t.assignee_id = @assignee", f.Assignee
	}
	if f.Unassigned {
		where += " AND t.assignee_id IS NULL"
	}
	if f.From != 0 {
		where, args["from_id"] = where+" AND t.from_id = @from_id", f.From
	}
	if f.Unread {
		where += " AND t.seen_id <> t.last_incoming_id"
	}
	return pg.Many[DeskLine](ctx, scope, order.query(where), args)
}

// MostCounted is where counting ends: nobody needs to know whether it is 100 or 10,000.
const MostCounted = 100

const countDesk = `
SELECT count(*)
FROM   (SELECT FROM operators o
        JOIN   desk_threads d ON d.tenant_id = @tenant_id AND d.account_id = o.account_id AND d.state = 'open'
        WHERE  o.tenant_id = @tenant_id AND o.person_id = @person_id
        LIMIT  @most) AS x`

// CountOpenDesk counts the open threads of the accounts that a person may act as,
// MostCounted at most.
func CountOpenDesk(ctx context.Context, scope *pg.Scope, person social.PersonID) (int, error) {
	return pg.Value[int](ctx, scope, countDesk, pgx.NamedArgs{"person_id": person, "most": MostCounted})
}

// DeskPulse is what an open page compares: how much came since, and what moved last.
type DeskPulse struct {
	Open    int
	Fresh   int
	Changed time.Time
}

const deskPulse = `
SELECT count(*) FILTER (WHERE x.state = 'open') AS open, count(*) FILTER (WHERE x.last_incoming_at > @since) AS fresh,
       COALESCE(max(x.updated_at), 'epoch') AS changed
FROM   unnest(@accounts::bigint[]) AS a (id)
CROSS  JOIN LATERAL (
       SELECT * FROM desk_threads t WHERE t.tenant_id = @tenant_id AND t.account_id = a.id
       ORDER  BY t.updated_at DESC, t.conversation_id DESC LIMIT @most) AS x`

// PulseOfDesk looks at the latest threads of accounts.
func PulseOfDesk(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, since time.Time) (*DeskPulse, error) {
	return pg.One[DeskPulse](ctx, scope, deskPulse, pgx.NamedArgs{"accounts": numbers(accounts), "since": since, "most": MostCounted})
}

const countDeskFrom = `
SELECT count(*)
FROM   (SELECT FROM desk_threads WHERE tenant_id = @tenant_id AND from_id = @from_id AND account_id = @account_id AND conversation_id <> @conversation_id LIMIT @most) AS x`

// CountDeskFrom counts the other threads of an account with whoever asks.
func CountDeskFrom(ctx context.Context, scope *pg.Scope, t *DeskThread) (int, error) {
	return pg.Value[int](ctx, scope, countDeskFrom, pgx.NamedArgs{
		"from_id": t.FromID, "account_id": t.AccountID, "conversation_id": t.ConversationID, "most": MostCounted,
	})
}

// DeskTimes says how long people wait for the first answer, in the middle: half of them
// wait longer. Zero answers make no time.
type DeskTimes struct {
	WeekSeconds, MonthSeconds float64
	Week, Month               int
}

const deskTimes = `
SELECT COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.took) FILTER (WHERE x.first_answer_at >= now() - interval '7 days'), 0) AS week_seconds,
       COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.took), 0) AS month_seconds,
       count(*) FILTER (WHERE x.first_answer_at >= now() - interval '7 days') AS week, count(*) AS month
FROM   (SELECT d.first_answer_at, extract(epoch FROM d.first_answer_at - d.opened_at)::float8 AS took
        FROM   desk_threads d
        WHERE  d.tenant_id = @tenant_id AND d.account_id = ANY(@accounts) AND d.first_answer_at >= now() - interval '30 days'
        LIMIT  @most) AS x`

// mostTimed is how many threads a median is made of: no more changes it by much.
const mostTimed = 10_000

// TimesOfDesk returns the medians of the last 7 and 30 days.
func TimesOfDesk(ctx context.Context, scope *pg.Scope, accounts []social.AccountID) (*DeskTimes, error) {
	return pg.One[DeskTimes](ctx, scope, deskTimes, pgx.NamedArgs{"accounts": numbers(accounts), "most": mostTimed})
}

const colleaguesOf = `
SELECT DISTINCT person_id FROM operators WHERE tenant_id = @tenant_id AND account_id = ANY(@accounts) AND role <> 'viewer' ORDER BY person_id LIMIT @limit`

// ColleaguesOf returns who may have threads of the accounts.
func ColleaguesOf(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, limit int) ([]social.PersonID, error) {
	return pg.Values[social.PersonID](ctx, scope, colleaguesOf, pgx.NamedArgs{"accounts": numbers(accounts), "limit": limit})
}
