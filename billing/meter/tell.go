package meter

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/notice"
	"rookery/tenant/people"
)

const (
	near, full = 80, 100 // percent
	// fewest is the smallest limit on accounts and people that is worth a mail: a plan of
	// one account is used up by being used.
	fewest = 5

	over      = "over"       // since when a tenant has more than its plan
	OverLimit = "over_limit" // the matter for the staff
)

// overDays are the days on which people are told that they have more than their plan; then
// the staff decides.
var overDays = []int{0, 7, 13}

const overTime = 14 * 24 * time.Hour

// payers are whom it concerns.
var payers = []string{string(people.MemberOwner), string(people.MemberBilling)}

// gauge is one thing that a plan limits.
type gauge struct {
	name        string
	used, limit int64
	isBytes     bool
}

func gauges(t *store.Metered) []gauge {
	l := t.Entitlement.Limits
	out := []gauge{
		{"storage", t.StorageBytes, l.StorageBytes, true}, {"transfer", t.EgressBytes, l.EgressBytes, true}, {"deliveries", t.Deliveries, l.Deliveries, false},
	}
	if l.Accounts >= fewest && !l.MoreAccounts {
		out = append(out, gauge{"accounts", int64(t.Accounts), int64(l.Accounts), false})
	}
	if l.Seats >= fewest {
		out = append(out, gauge{"people", int64(t.Seats), int64(l.Seats), false})
	}
	return out
}

// percent is how much is used, in words of the thresholds: 0, near or full.
func (g gauge) percent() int {
	switch {
	case g.limit <= 0 || g.used*full < g.limit*near:
		return 0
	case g.used < g.limit:
		return near
	}
	return full
}

// amount is a number as people read it.
func (g gauge) amount(n int64) string {
	const mega, giga = 1_000_000, 1_000_000_000
	switch {
	case !g.isBytes:
		return strconv.FormatInt(n, 10)
	case n >= 10*giga || n%giga == 0 && n > 0:
		return strconv.FormatInt(n/giga, 10) + " GB"
	}
	return strconv.FormatInt(n/mega, 10) + " MB"
}

// tell queues the mails about what is nearly used up, once a threshold and month, and about
// what is more than a plan allows. Who is not served any more hears of that, not of this.
func (m *Meter) tell(ctx context.Context, all []*store.Metered, now time.Time) error {
	var due []store.Noticed
	texts := map[string]notice.Notice{}
	month := now.UTC().Format("2006-01")
	var tooMuch []tenant.ID
	byID := map[tenant.ID]*store.Metered{}
	for _, t := range all {
		if !t.Entitlement.Standing.MayPublish() || t.Entitlement.Standing == "" {
			continue
		}
		byID[t.TenantID] = t
		if len(exceeded(t)) > 0 {
			tooMuch = append(tooMuch, t.TenantID)
		}
		for _, g := range gauges(t) {
			reached := g.percent()
			for _, threshold := range []int{near, full} {
				if threshold > reached {
					break
				}
				key := g.name + "/" + strconv.Itoa(threshold) + "/" + month
				due = append(due, store.Noticed{TenantID: t.TenantID, Key: key})
				if threshold == reached { // of both at once the louder one alone is sent
					texts[t.TenantID.String()+"/"+key] = m.usage(t, g, reached, key)
				}
			}
		}
	}
	return m.DB.Platform(ctx, "tell owners what they use", func(tx *pg.PlatformTx) error {
		isNew, err := store.AddNotices(ctx, tx, now, due)
		if err != nil {
			return err
		}
		for _, n := range isNew {
			if text, ok := texts[n.TenantID.String()+"/"+n.Key]; ok {
				if err := notice.Queue(ctx, tx, n.TenantID, text); err != nil {
					return err
				}
			}
		}
		return m.tellOver(ctx, tx, byID, tooMuch, now)
	})
}

func (m *Meter) usage(t *store.Metered, g gauge, percent int, key string) notice.Notice {
	return notice.Notice{
		Key: "usage/" + t.TenantID.String() + "/" + key, Template: "plan_usage", To: payers,
		Data: map[string]string{
			"organisation": t.Name, "meter": g.name, "percent": strconv.Itoa(percent), "used": g.amount(g.used), "limit": g.amount(g.limit), "link": m.link(t.TenantID),
		},
	}
}

func (m *Meter) link(id tenant.ID) string {
	link := m.Console + "/tenants/" + id.String()
	if m.Room != "" {
		link += "/" + m.Room
	}
	return link
}

// exceeded is what a tenant has more of than its plan: what is paid for. Storage has mails
// of its own.
func exceeded(t *store.Metered) (out []string) {
	l := t.Entitlement.Limits
	more := func(what string, used, limit int) {
		if limit > 0 && used > limit {
			out = append(out, fmt.Sprintf("%s: %d / %d", what, used, limit))
		}
	}
	if !l.MoreAccounts {
		more("accounts", t.Accounts, l.Accounts)
	}
	more("people", t.Seats, l.Seats)
	more("domains", t.Domains, l.Domains)
	return out
}

// tellOver writes to those who have more than their plan allows, and leaves it to the staff
// after two weeks. It begins anew where it had ended.
func (m *Meter) tellOver(ctx context.Context, tx *pg.PlatformTx, byID map[tenant.ID]*store.Metered, list []tenant.ID, now time.Time) error {
	if err := store.ForgetNotices(ctx, tx, over, list); err != nil {
		return err
	}
	begin := make([]store.Noticed, len(list))
	for i, id := range list {
		begin[i] = store.Noticed{TenantID: id, Key: over}
	}
	if _, err := store.AddNotices(ctx, tx, now, begin); err != nil {
		return err
	}
	since, err := store.NoticesOf(ctx, tx, over)
	if err != nil {
		return err
	}
	last := map[tenant.ID]string{} // the latest mail of each: what was missed before it says the same
	var due []store.Noticed
	for _, n := range since {
		for _, day := range overDays {
			if !now.Before(n.At.Add(time.Duration(day) * 24 * time.Hour)) {
				last[n.TenantID] = over + "/" + strconv.Itoa(day)
				due = append(due, store.Noticed{TenantID: n.TenantID, Key: last[n.TenantID]})
			}
		}
	}
	isNew, err := store.AddNotices(ctx, tx, now, due)
	if err != nil {
		return err
	}
	isDue := map[tenant.ID]bool{}
	for _, n := range isNew {
		isDue[n.TenantID] = isDue[n.TenantID] || n.Key == last[n.TenantID]
	}
	for _, n := range since {
		t := byID[n.TenantID]
		if t == nil {
			continue // another count saw it otherwise, a moment ago
		}
		if isDue[n.TenantID] {
			if err := notice.Queue(ctx, tx, n.TenantID, m.tooMuch(t, n.At, last[n.TenantID])); err != nil {
				return err
			}
		}
		if !now.Before(n.At.Add(overTime)) {
			if err := leave(ctx, tx, t, n.At); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *Meter) tooMuch(t *store.Metered, since time.Time, key string) notice.Notice {
	what := exceeded(t)
	return notice.Notice{
		Key: "usage/" + t.TenantID.String() + "/" + key + "/" + since.UTC().Format(time.DateOnly), Template: "plan_over", To: payers,
		Data: map[string]string{
			"organisation": t.Name, "deadline": since.Add(overTime).UTC().Format(time.RFC3339), "link": m.link(t.TenantID),
			"accounts": part(what, "accounts"), "people": part(what, "people"), "domains": part(what, "domains"),
		},
	}
}

// leave makes it a matter for the staff, once.
func leave(ctx context.Context, tx *pg.PlatformTx, t *store.Metered, since time.Time) error {
	began := since.UTC().Format(time.DateOnly)
	_, err := store.AddTask(ctx, tx, store.Task{
		Key: OverLimit + "/" + t.TenantID.String() + "/" + began, TenantID: &t.TenantID, Kind: OverLimit,
		Detail: map[string]string{"over": strings.Join(exceeded(t), ", "), "since": began},
	})
	return err
}

// part is the numbers of one thing, "12 / 10", or "".
func part(list []string, name string) string {
	for _, one := range list {
		if numbers, ok := strings.CutPrefix(one, name+": "); ok {
			return numbers
		}
	}
	return ""
}
