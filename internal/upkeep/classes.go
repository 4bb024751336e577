package upkeep

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
)

// Class is a kind of data for which a company may set a clock of its own: shorter than the
// platform's, which is the upper bound and holds where nothing is set.
type Class string

// The classes.
const (
	RemotePosts    Class = "remote_posts"
	RemoteAccounts Class = "remote_accounts"
	Notifications  Class = "notifications"
	Received       Class = "received" // activities of others
	Sent           Class = "sent"     // activities and events of its own
	Mails          Class = "mails"
)

// class is what the clock of a class turns.
type class struct {
	name  Class
	least int // days: what others or the product itself still need
	clock func(*Clocks) *time.Duration
	kind  string // of its walk, or of what goes by age
}

// classes in the order of pages. Deliveries are tried for three days, so that what is
// needed for them stays for four; a letter that is forgotten might be sent once more.
var classes = []class{
	{RemotePosts, 3, func(c *Clocks) *time.Duration { return &c.RemotePosts }, "remote posts"},
	{RemoteAccounts, 3, func(c *Clocks) *time.Duration { return &c.RemoteAccounts }, "remote accounts"},
	{Notifications, 7, func(c *Clocks) *time.Duration { return &c.Notifications }, "notifications"},
	{Received, 4, func(c *Clocks) *time.Duration { return &c.Inbox }, "inbox activities"},
	{Sent, 4, func(c *Clocks) *time.Duration { return &c.Activities }, "activities and deliveries"},
	{Mails, 30, func(c *Clocks) *time.Duration { return &c.Mails }, "mails"},
}

func classOf(name Class) (class, error) {
	for _, c := range classes {
		if c.name == name {
			return c, nil
		}
	}
	return class{}, fault.New(fault.NotFound, "There is no such class of data.")
}

// mostDays bounds a clock where the platform keeps a class for ever.
const mostDays = 3650

// own is the clocks of a tenant that has set some itself: by class, in days.
type own map[Class]int

// with are the clocks with those of one tenant in their place. A tenant's own clock never
// makes the platform's longer, whichever was set first.
func (c Clocks) with(o own) Clocks {
	for _, class := range classes {
		days, ok := o[class.name]
		clock := class.clock(&c)
		if keep := time.Duration(days) * day; ok && (*clock == 0 || keep < *clock) {
			*clock = keep
		}
	}
	return c
}

// Kept is a class of one tenant, for its page.
type Kept struct {
	Class    Class
	Days     int  // 0: for ever
	IsOwn    bool // the tenant has set it
	Least    int
	Most     int // the platform's clock; 0: for ever
	Amount   store.Amount
	LastDone time.Time // when everything that was old enough was gone; zero: never yet
}

// Keeping is what a tenant's page asks of upkeep.
type Keeping struct {
	DB     *pg.DB
	Clocks Clocks // the platform's
	Now    func() time.Time
}

// Of lists the classes of a tenant: how long each stays and how much there is.
func (k Keeping) Of(ctx context.Context, of tenant.ID) ([]Kept, error) {
	var set []*store.TenantClock
	var walks []*store.WalkState
	err := k.DB.Tenant(ctx, of, func(scope *pg.Scope) (err error) {
		if set, err = store.ClocksOf(ctx, scope); err != nil {
			return err
		}
		walks, err = store.WalksOf(ctx, scope)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the clocks of tenant %d: %w", of, err)
	}
	last, out := map[string]time.Time{}, make([]Kept, 0, len(classes))
	err = k.DB.Platform(ctx, "say how much a tenant keeps", func(p *pg.PlatformTx) error {
		var err error
		if last, err = store.Ages(ctx, p); err != nil {
			return err
		}
		for _, c := range classes { // six
			amount, err := store.AmountOf(ctx, p, of, string(c.name), time.Time{})
			if err != nil {
				return err
			}
			out = append(out, Kept{Class: c.name, Least: c.least, Most: c.most(k.Clocks), Amount: amount})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("see how much tenant %d keeps: %w", of, err)
	}
	for _, w := range walks {
		if w.FinishedAt != nil {
			last[w.Kind] = *w.FinishedAt
		}
	}
	mine := ownOf(set)[of]
	clocks := k.Clocks.with(mine)
	for i, c := range classes {
		_, out[i].IsOwn = mine[c.name]
		out[i].Days, out[i].LastDone = int(*c.clock(&clocks)/day), last[c.kind]
		out[i].IsOwn = out[i].IsOwn && out[i].Days != out[i].Most
	}
	return out, nil
}

// most is the platform's clock in days; 0: for ever.
func (c class) most(of Clocks) int { return int(*c.clock(&of) / day) }

// check refuses days that are too few or more than the platform keeps.
func (k Keeping) check(name Class, days int) (class, error) {
	c, err := classOf(name)
	if err != nil {
		return c, err
	}
	if least, most := c.bounds(k.Clocks); days < least || days > most {
		return c, fault.Newf(fault.Invalid, "Choose %d to %d days.", least, most)
	}
	return c, nil
}

// Limits are what a tenant may set for a class.
type Limits struct {
	Now         int // 0: for ever
	Least, Most int
	Platform    int // its clock; 0: for ever
}

// LimitsOf says what a tenant has set for a class and may set.
func (k Keeping) LimitsOf(ctx context.Context, of tenant.ID, name Class) (Limits, error) {
	c, err := classOf(name)
	if err != nil {
		return Limits{}, err
	}
	var set []*store.TenantClock
	err = k.DB.Tenant(ctx, of, func(scope *pg.Scope) (err error) {
		set, err = store.ClocksOf(ctx, scope)
		return err
	})
	clocks := k.Clocks.with(ownOf(set)[of])
	l := Limits{Now: int(*c.clock(&clocks) / day), Platform: c.most(k.Clocks)}
	l.Least, l.Most = c.bounds(k.Clocks)
	return l, err
}

// bounds are the fewest and the most days that a tenant may choose.
func (c class) bounds(of Clocks) (least, most int) {
	if most = c.most(of); most == 0 {
		most = mostDays
	}
	return min(c.least, most), most
}

const sampled = 1000

// Preview is about how many rows of a class go at the next cleaning, if the tenant keeps it
// for so many days from now on.
func (k Keeping) Preview(ctx context.Context, of tenant.ID, name Class, days int) (store.Amount, error) {
	c, err := k.check(name, days)
	if err != nil {
		return store.Amount{}, err
	}
	before := k.Now().Add(-time.Duration(days) * day)
	var s store.Sampled
	err = k.DB.Tenant(ctx, of, func(scope *pg.Scope) (err error) {
		s, err = store.SampleOf(ctx, scope, string(c.name), before, sampled)
		return err
	})
	if err != nil || s.IsAll {
		return store.Amount{Rows: s.Goes}, err
	}
	if c.name == RemoteAccounts {
		before = time.Time{} // their clock is not when they came
	}
	var out store.Amount
	err = k.DB.Platform(ctx, "say how much of a class would go", func(p *pg.PlatformTx) (err error) {
		out, err = store.AmountOf(ctx, p, of, string(c.name), before)
		return err
	})
	out.Rows, out.Bytes = int64(float64(out.Rows)*s.Share), int64(float64(out.Bytes)*s.Share)
	out.IsAbout = out.IsAbout || s.Share < 1
	return out, err
}

// Set has a tenant keep a class for so many days. The platform's own number takes the
// tenant's clock away: it follows the platform from then on.
func (k Keeping) Set(ctx context.Context, scope *pg.Scope, by audit.Actor, name Class, days int) error {
	c, err := k.check(name, days)
	if err != nil {
		return err
	}
	set, err := store.ClocksOf(ctx, scope)
	if err != nil {
		return fmt.Errorf("read the clocks: %w", err)
	}
	was := k.Clocks.with(ownOf(set)[scope.Tenant()])
	if days == c.most(k.Clocks) {
		err = store.ClearClock(ctx, scope, string(name))
	} else {
		err = store.SetClock(ctx, scope, string(name), days)
	}
	if err != nil {
		return fmt.Errorf("set the clock of %s: %w", name, err)
	}
	return audit.Append(ctx, scope, audit.Entry{
		Actor: by, Action: "retention.change", Target: "data:" + string(name),
		Detail: map[string]string{"from": inDays(*c.clock(&was)), "to": strconv.Itoa(days) + " days"},
	})
}

func inDays(keep time.Duration) string {
	if keep == 0 {
		return "for ever"
	}
	return strconv.Itoa(int(keep/day)) + " days"
}

// ownOf sorts the tenants' own clocks.
func ownOf(rows []*store.TenantClock) map[tenant.ID]own {
	out := map[tenant.ID]own{}
	for _, r := range rows {
		if out[r.TenantID] == nil {
			out[r.TenantID] = own{}
		}
		out[r.TenantID][Class(r.Class)] = r.Days
	}
	return out
}
