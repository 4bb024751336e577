package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// walkDays is the place of the counting in upkeep_walks: the last day that was counted.
const walkDays = "account days"

// UncountedTenant is a tenant of whom a day has ended that is not counted.
type UncountedTenant struct {
	ID   tenant.ID
	From time.Time // the first day to count
}

// The last two days that were counted are counted again: what others did late in the
// evening may have arrived after midnight. A tenant of whom nothing is counted yet begins
// with its own first day, or the oldest that is asked for.
const uncountedTenants = `
SELECT t.id, d.first AS from
FROM   tenants t
LEFT   JOIN upkeep_walks w ON w.tenant_id = t.id AND w.kind = '` + walkDays + `'
CROSS  JOIN LATERAL (SELECT GREATEST(COALESCE(w.position::date - 1, (t.created_at AT TIME ZONE 'UTC')::date), @oldest::date) AS first) AS d
WHERE  t.state <> 'deleted' AND (w.position IS NULL OR w.position::date < @until::date - 1) AND d.first < @until::date
ORDER  BY d.first, t.id
LIMIT  @limit`

// UncountedTenants returns tenants with a day before until that is not counted, those that
// are furthest behind first.
func UncountedTenants(ctx context.Context, p *pg.PlatformTx, oldest, until time.Time, limit int) ([]*UncountedTenant, error) {
	return pg.Many[UncountedTenant](ctx, p, uncountedTenants, pgx.NamedArgs{"oldest": oldest, "until": until, "limit": limit})
}

// dayOf is the day of UTC that an id was made in; ids hold milliseconds (package ids).
func dayOf(id string) string { return "date '1970-01-01' + ((" + id + " >> 16) / 86400000)::int" }

// The ids of a time stand together in the primary keys, so that each part reads what
// happened on these days and no more. Whoever does something with an own post does not
// count. Followers are counted backwards from their present number: of a day that was
// counted before, the number of that night is the better one and stays.
var countDays = `
WITH wanted AS (
    SELECT w.tenant_id FROM unnest(@tenants::bigint[]) AS w (tenant_id)
), written AS MATERIALIZED (
    SELECT w.tenant_id, s.*
    FROM   wanted w
    CROSS  JOIN LATERAL (SELECT x.id, x.account_id, x.boost_of_id, x.is_local, x.visibility, x.in_reply_to_account_id
                         FROM   statuses x
                         WHERE  x.tenant_id = w.tenant_id AND x.id >= @first AND x.id < @last
                                AND (x.is_local OR x.boost_of_id IS NOT NULL OR x.in_reply_to_account_id IS NOT NULL) OFFSET 0) AS s
), happened AS (
    SELECT tenant_id, account_id, id, 1 AS posts, 0 AS replies, 0 AS boosts, 0 AS favourites, 0 AS gained
    FROM   written WHERE is_local AND boost_of_id IS NULL AND visibility <> 'direct'
  UNION ALL
    SELECT tenant_id, in_reply_to_account_id, id, 0, 1, 0, 0, 0
    FROM   written WHERE in_reply_to_account_id <> account_id AND visibility IN ('public', 'unlisted')
  UNION ALL
    SELECT w.tenant_id, o.account_id, w.id, 0, 0, 1, 0, 0
    FROM   written w
    CROSS  JOIN LATERAL (SELECT x.account_id, x.is_local FROM statuses x WHERE x.tenant_id = w.tenant_id AND x.id = w.boost_of_id LIMIT 1) AS o
    WHERE  o.is_local AND o.account_id <> w.account_id
  UNION ALL
    SELECT w.tenant_id, o.account_id, f.id, 0, 0, 0, 1, 0
    FROM   wanted w
    CROSS  JOIN LATERAL (SELECT x.id, x.account_id, x.status_id FROM favourites x WHERE x.tenant_id = w.tenant_id AND x.id >= @first AND x.id < @last OFFSET 0) AS f
    CROSS  JOIN LATERAL (SELECT x.account_id, x.is_local FROM statuses x WHERE x.tenant_id = w.tenant_id AND x.id = f.status_id LIMIT 1) AS o
    WHERE  o.is_local AND o.account_id <> f.account_id
  UNION ALL
    SELECT w.tenant_id, f.target_id, f.id, 0, 0, 0, 0, 1
    FROM   wanted w
    CROSS  JOIN LATERAL (SELECT x.id, x.target_id FROM follows x
                         WHERE  x.tenant_id = w.tenant_id AND x.id >= @first AND x.id < @last AND x.state = 'accepted' OFFSET 0) AS f
), sums AS (
    SELECT tenant_id, account_id, ` + dayOf("id") + ` AS day,
           sum(posts) AS posts, sum(replies) AS replies, sum(boosts) AS boosts, sum(favourites) AS favourites, sum(gained) AS gained
    FROM   happened
    GROUP  BY 1, 2, 3
), later AS (
    SELECT w.tenant_id, f.target_id AS account_id, count(*) AS gained
    FROM   wanted w
    CROSS  JOIN LATERAL (SELECT x.target_id FROM follows x WHERE x.tenant_id = w.tenant_id AND x.id >= @last AND x.state = 'accepted' OFFSET 0) AS f
    GROUP  BY 1, 2
), ours AS (
    SELECT w.tenant_id, a.id, (a.created_at AT TIME ZONE 'UTC')::date AS first, COALESCE(n.followers_count, 0) - COALESCE(l.gained, 0) AS followers
    FROM   wanted w
    CROSS  JOIN LATERAL (SELECT x.id, x.created_at FROM accounts x WHERE x.tenant_id = w.tenant_id AND x.domain = '' AND x.deleted_at IS NULL OFFSET 0) AS a
    LEFT   JOIN account_stats n ON n.tenant_id = w.tenant_id AND n.account_id = a.id
    LEFT   JOIN later l ON l.tenant_id = w.tenant_id AND l.account_id = a.id
)
INSERT INTO account_days (tenant_id, account_id, day, followers, gained, posts, replies, boosts, favourites)
SELECT o.tenant_id, o.id, d.day,
       GREATEST(o.followers - COALESCE(sum(s.gained) OVER (PARTITION BY o.tenant_id, o.id ORDER BY d.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 0),
       COALESCE(s.gained, 0), COALESCE(s.posts, 0), COALESCE(s.replies, 0), COALESCE(s.boosts, 0), COALESCE(s.favourites, 0)
FROM   ours o
CROSS  JOIN (SELECT g::date AS day FROM generate_series(@from::date, @until::date - 1, interval '1 day') AS g) AS d
LEFT   JOIN sums s ON s.tenant_id = o.tenant_id AND s.account_id = o.id AND s.day = d.day
WHERE  d.day >= o.first
ON     CONFLICT (tenant_id, account_id, day) DO UPDATE SET
       posts = EXCLUDED.posts, replies = EXCLUDED.replies, boosts = EXCLUDED.boosts, favourites = EXCLUDED.favourites`

const daysCounted = `
INSERT INTO upkeep_walks (tenant_id, kind, position, finished_at)
SELECT w.tenant_id, '` + walkDays + `', to_char(@until::date - 1, 'YYYY-MM-DD'), now()
FROM   unnest(@tenants::bigint[]) AS w (tenant_id)
ON     CONFLICT (tenant_id, kind) DO UPDATE SET position = EXCLUDED.position, finished_at = EXCLUDED.finished_at`

// CountDays writes what the tenants' own accounts did and were given on the days from one
// to before another, and remembers that it did. It may run any number of times.
func CountDays(ctx context.Context, p *pg.PlatformTx, tenants []tenant.ID, from, until time.Time) error {
	args := pgx.NamedArgs{"tenants": numbers(tenants), "from": from, "until": until, "first": ids.Floor(from), "last": ids.Floor(until)}
	if _, err := pg.Exec(ctx, p, countDays, args); err != nil {
		return err
	}
	_, err := pg.Exec(ctx, p, daysCounted, pgx.NamedArgs{"tenants": numbers(tenants), "until": until})
	return err
}

// Day is what accounts did and were given on a day.
type Day struct {
	Day                                                   time.Time
	Followers, Gained, Posts, Replies, Boosts, Favourites int
}

const daysOf = `
SELECT d.day, sum(d.followers)::bigint AS followers, sum(d.gained)::bigint AS gained, sum(d.posts)::bigint AS posts,
       sum(d.replies)::bigint AS replies, sum(d.boosts)::bigint AS boosts, sum(d.favourites)::bigint AS favourites
FROM   account_days d
WHERE  d.tenant_id = @tenant_id AND d.account_id = ANY(@accounts) AND d.day >= @from::date AND d.day < @until::date
GROUP  BY d.day
ORDER  BY d.day`

// DaysOf returns the days of accounts together, from one to before another. Days that are
// not counted are left out.
func DaysOf(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, from, until time.Time) ([]*Day, error) {
	return pg.Many[Day](ctx, scope, daysOf, pgx.NamedArgs{"accounts": numbers(accounts), "from": from, "until": until})
}

// AccountDay is a day of one account.
type AccountDay struct {
	AccountID social.AccountID
	Day
}

const accountDays = `
SELECT d.account_id, d.day, d.followers, d.gained, d.posts, d.replies, d.boosts, d.favourites
FROM   account_days d
WHERE  d.tenant_id = @tenant_id AND d.account_id = ANY(@accounts) AND d.day >= @from::date AND d.day < @until::date
ORDER  BY d.day, d.account_id`

// AccountDays is DaysOf for each account by itself.
func AccountDays(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, from, until time.Time) ([]*AccountDay, error) {
	return pg.Many[AccountDay](ctx, scope, accountDays, pgx.NamedArgs{"accounts": numbers(accounts), "from": from, "until": until})
}

// AnswerTime is how long people waited for the first answer, in the middle, on some days.
type AnswerTime struct {
	Part    int // number of the part; -1: all of them together
	Seconds float64
	Answers int
}

// mostAnswers bounds what medians are made of.
const mostAnswers = 100_000

const answerTimes = `
SELECT COALESCE(x.part, -1) AS part, COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.took), 0) AS seconds, count(*) AS answers
FROM   (SELECT floor(extract(epoch FROM d.first_answer_at - @from::timestamptz) / 86400 / @days)::int AS part,
               extract(epoch FROM d.first_answer_at - d.opened_at)::float8 AS took
        FROM   desk_threads d
        WHERE  d.tenant_id = @tenant_id AND d.account_id = ANY(@accounts) AND d.first_answer_at >= @from AND d.first_answer_at < @until
        LIMIT  @most) AS x
GROUP  BY GROUPING SETS ((x.part), ())
ORDER  BY 1`

// AnswerTimes returns the medians of parts of so many days each, and of all of them, of
// the first answers from one time to before another.
func AnswerTimes(ctx context.Context, scope *pg.Scope, accounts []social.AccountID, from, until time.Time, days int) ([]*AnswerTime, error) {
	rows, err := pg.Many[AnswerTime](ctx, scope, answerTimes, pgx.NamedArgs{
		"accounts": numbers(accounts), "from": from, "until": until, "days": days, "most": mostAnswers,
	})
	if len(rows) > 0 && rows[0].Answers == 0 {
		rows = nil // of nothing there is no middle
	}
	return rows, err
}
