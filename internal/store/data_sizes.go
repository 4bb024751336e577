package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// How much a tenant has of a class of data, without reading all of it: up to a few
// thousand rows are counted, beyond that the planner's statistics are asked.

// CountedAtMost is how many rows of a class are read to say how much there is.
const CountedAtMost = 10_000

// Amount is how much there is of something.
type Amount struct {
	Rows, Bytes int64
	IsAbout     bool // an estimate
}

// kept is a class of data as a table shows it.
type kept struct {
	table   string
	belongs string // of the rows of the table, x
	bytes   string // of one row, roughly
}

// keptAs says where each class stands. The bytes of long columns are their length, which
// is read without reading them.
var keptAs = map[string]kept{
	"remote_posts":    {"statuses", "NOT x.is_local", "500 + octet_length(x.body)"},
	"remote_accounts": {"accounts", "x.domain <> ''", "1200 + octet_length(x.note)"},
	"notifications":   {"notifications", "true", "160"},
	"received":        {"inbox_activities", "true", "300 + octet_length(x.raw)"},
	"sent":            {"activities", "true", "300 + octet_length(x.body)"},
	"mails":           {"mails", "true", "700"},
}

// sample reads the newest rows of the class's table below an id.
func (k kept) sample() string {
	return `
SELECT count(*) AS seen, count(*) FILTER (WHERE x.belongs) AS rows, COALESCE(sum(x.bytes) FILTER (WHERE x.belongs), 0)::bigint AS bytes
FROM   (SELECT ` + k.belongs + ` AS belongs, ` + k.bytes + ` AS bytes FROM ` + k.table + ` x
        WHERE x.tenant_id = @tenant_id AND x.id < @below ORDER BY x.id DESC LIMIT @limit) AS x`
}

// AmountOf returns about how much a tenant has of a class, of what was made before a
// time; zero is everything.
func AmountOf(ctx context.Context, p *pg.PlatformTx, of tenant.ID, class string, before time.Time) (Amount, error) {
	k, ok := keptAs[class]
	if !ok {
		return Amount{}, errNotFound
	}
	below := int64(1<<63 - 1)
	if !before.IsZero() {
		below = ids.Floor(before)
	}
	type sample struct{ Seen, Rows, Bytes int64 }
	s, err := pg.One[sample](ctx, p, k.sample(), pgx.NamedArgs{"tenant_id": of, "below": below, "limit": CountedAtMost})
	if err != nil || s.Seen < CountedAtMost {
		if err != nil {
			return Amount{}, err
		}
		return Amount{Rows: s.Rows, Bytes: s.Bytes}, nil
	}
	all, err := planned(ctx, p, k.table, of, below)
	if err != nil {
		return Amount{}, err
	}
	times := float64(max(all, s.Seen)) / float64(s.Seen)
	return Amount{Rows: int64(times * float64(s.Rows)), Bytes: int64(times * float64(s.Bytes)), IsAbout: true}, nil
}

// planned is how many rows the planner expects. It reads statistics and no rows.
func planned(ctx context.Context, p *pg.PlatformTx, table string, of tenant.ID, below int64) (int64, error) {
	text, err := pg.Value[[]byte](ctx, p, fmt.Sprintf(`EXPLAIN (FORMAT JSON) SELECT FROM %s x WHERE x.tenant_id = %d AND x.id < %d`, table, int64(of), below), nil)
	if err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("read the plan for %s: %w", table, err)
	}
	return int64(plans[0].Plan.Rows), nil
}

// Sampled is what a look at the oldest rows of a class showed.
type Sampled struct {
	Goes  int64
	Share float64 // of those that are old enough
	IsAll bool    // there were no more than that
}

// SampleOf looks at the oldest rows of a class of which not all go that are old enough, limit
// of them. Of other classes the age says everything.
func SampleOf(ctx context.Context, scope *pg.Scope, class string, before time.Time, limit int) (Sampled, error) {
	var rows []*Candidate
	var err error
	switch class {
	case "remote_posts":
		rows, err = AgedStatuses(ctx, scope, 0, social.StatusID(ids.Floor(before)), limit)
	case "remote_accounts":
		rows, err = WalkAccounts.Find(ctx, scope, "", limit, WalkArgs{Before: before})
	case "notifications":
		rows, err = WalkNotifications.Find(ctx, scope, "", limit, WalkArgs{Before: before})
	default:
		return Sampled{Share: 1}, nil
	}
	if err != nil {
		return Sampled{}, err
	}
	out := Sampled{IsAll: len(rows) < limit}
	for _, r := range rows {
		if r.Goes {
			out.Goes++
		}
	}
	if len(rows) > 0 {
		out.Share = float64(out.Goes) / float64(len(rows))
	}
	return out, nil
}
