package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// registerPublish puts the room of posts on the console. upload is for forms with pictures.
func (h *Handlers) registerPublish(show, post, upload func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Publish
			return next(c, v)
		}))
	}
	const room, one = "/tenants/:id/publish", "/tenants/:id/publish/:plan"
	show(room, in(h.publishList))
	show(room+"/new", in(h.composeNew))
	show(room+"/calendar", in(h.publishCalendar))
	upload(room, in(h.composeAdd))
	show(one, in(h.composeOpen))
	upload(one, in(h.composeChange))
	post(one+"/approve", in(h.approvePlan))
	post(one+"/decline", in(h.declinePlan))
	show(one+"/discard", in(h.askDiscard))
	post(one+"/discard", in(h.discardPlan))
}

func (h *Handlers) publishURL(t *tenant.Tenant) string { return h.roomURL(t) + "/publish" }

func (h *Handlers) planURL(t *tenant.Tenant, id social.PlanID) string {
	return h.publishURL(t) + "/" + ids.Format(int64(id))
}

var errPublishState = fault.New(fault.Forbidden, "Nothing can be published while the company is not active.")

// voices are the accounts that somebody may act as, and in which role.
type voices []people.AccountRole

func (vs voices) ids() []social.AccountID {
	out := make([]social.AccountID, len(vs))
	for i, v := range vs {
		out[i] = v.Account.ID
	}
	return out
}

func (vs voices) of(id social.AccountID) *people.AccountRole {
	for i := range vs {
		if vs[i].Account.ID == id {
			return &vs[i]
		}
	}
	return nil
}

// writing are those for which one may at least draft.
func (vs voices) writing() voices {
	return slices.DeleteFunc(slices.Clone(vs), func(v people.AccountRole) bool { return access.Allow(v.Role, access.Draft) != nil })
}

func mayPost(v *people.AccountRole) bool { return v != nil && access.Allow(v.Role, access.Post) == nil }

func (h *Handlers) voices(ctx context.Context, scope *pg.Scope, v *visitor) (voices, error) {
	list, err := people.AccountsOf(ctx, scope, v.person.ID)
	return voices(list), err
}

// acting is the visitor as the rules of plans know them.
func (v *visitor) acting(c echo.Context) plan.By {
	return plan.By{Person: v.person.ID, Actor: v.actor(c)}
}

const (
	plansListed = 20
	farAway     = 200 * 365 * 24 * time.Hour
)

// The lists of the room, as its address names them.
const (
	listDrafts    = "drafts"
	listWaiting   = "waiting"
	listScheduled = "scheduled"
	listSent      = "sent"
	listDeclined  = "declined"
)

var stateOfList = map[string]social.PlanState{
	listDrafts: social.PlanDraft, listWaiting: social.PlanWaiting, listScheduled: social.PlanScheduled, listDeclined: social.PlanDeclined,
}

// publishList is GET /tenants/:id/publish.
func (h *Handlers) publishList(c echo.Context, v *visitor) error {
	out := PublishView{Shell: h.shell(v), NewURL: h.publishURL(v.tenant) + "/new", CalendarURL: h.publishURL(v.tenant) + "/calendar", Token: access.CSRF(v.session)}
	asked := c.QueryParam("list")
	if _, known := stateOfList[asked]; asked != "" && asked != listSent && !known {
		return web.ErrNotFound
	}
	var found planList
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if found.voices, err = h.voices(ctx, scope, v); err != nil {
			return err
		}
		counts, err := store.CountPlans(ctx, scope, found.voices.ids())
		if err != nil {
			return err
		}
		if asked == "" {
			asked = firstList(counts)
		}
		out.Tabs = h.publishTabs(v.tenant, asked, counts)
		return found.read(ctx, scope, asked, c.QueryParam("after"))
	})
	if err != nil {
		return err
	}
	if out.Plans, err = h.planCards(c, v, &found); err != nil {
		return err
	}
	out.List, out.HasAccounts = asked, len(found.voices) > 0
	if v.tenant.State != tenant.Active || len(found.voices.writing()) == 0 {
		out.NewURL = ""
	}
	if found.next != "" {
		out.OlderURL = h.publishURL(v.tenant) + "?list=" + asked + "&after=" + found.next
	}
	return web.HTML(c, http.StatusOK, writer(RenderPublish, out))
}

// firstList is where somebody most likely has something to do.
func firstList(counts map[social.PlanState]int) string {
	for _, list := range []string{listWaiting, listScheduled, listDrafts} {
		if counts[stateOfList[list]] > 0 {
			return list
		}
	}
	return listSent
}

func (h *Handlers) publishTabs(t *tenant.Tenant, current string, counts map[social.PlanState]int) []PublishTab {
	out := []PublishTab{}
	for _, tab := range publishTabWords {
		out = append(out, PublishTab{
			Text: tab.text, URL: h.publishURL(t) + "?list=" + tab.list, Count: counts[stateOfList[tab.list]], IsCurrent: tab.list == current,
		})
	}
	return out
}

// planList is a page of one of the lists.
type planList struct {
	voices voices
	plans  []*social.Plan
	sent   []*store.Sent
	media  map[social.PlanID][]*social.Media
	posted map[social.StatusID][]*social.Media
	next   string // where the next page begins; "" is nowhere
}

// read reads a page. What waits comes in the order in which it came, what is scheduled in
// that of its time, everything else newest first.
func (l *planList) read(ctx context.Context, scope *pg.Scope, list, after string) (err error) {
	place, _ := ids.Parse(after)
	accounts := l.voices.ids()
	switch list {
	case listSent:
		if l.sent, err = store.SentPosts(ctx, scope, accounts, store.Page{MaxID: place, Limit: plansListed}); err != nil {
			return err
		}
		if len(l.sent) == plansListed {
			l.next = ids.Format(int64(l.sent[len(l.sent)-1].ID))
		}
		posts := make([]social.StatusID, len(l.sent))
		for i, s := range l.sent {
			posts[i] = s.ID
		}
		l.posted, err = store.MediaOfStatuses(ctx, scope, posts)
		return err
	case listScheduled:
		from := time.UnixMicro(place + 1)
		states := []social.PlanState{social.PlanScheduled}
		l.plans, err = store.PlansBetween(ctx, scope, accounts, states, from, time.Now().Add(farAway), plansListed)
	case listWaiting:
		l.plans, err = store.PlansOf(ctx, scope, store.PlanFilter{Accounts: accounts, State: social.PlanWaiting}, store.Page{MinID: max(place, 1), Limit: plansListed})
		slices.Reverse(l.plans)
	default:
		l.plans, err = store.PlansOf(ctx, scope, store.PlanFilter{Accounts: accounts, State: stateOfList[list]}, store.Page{MaxID: place, Limit: plansListed})
	}
	if err != nil {
		return err
	}
	if n := len(l.plans); n == plansListed {
		if l.next = ids.Format(int64(l.plans[n-1].ID)); list == listScheduled {
			l.next = strconv.FormatInt(l.plans[n-1].ScheduledAt.UnixMicro(), 10)
		}
	}
	return l.readMedia(ctx, scope)
}

func (l *planList) readMedia(ctx context.Context, scope *pg.Scope) (err error) {
	planIDs := make([]social.PlanID, len(l.plans))
	for i, p := range l.plans {
		planIDs[i] = p.ID
	}
	l.media, err = store.MediaOfPlans(ctx, scope, planIDs)
	return err
}

// namesOf are the people behind plans and posts, as the console shows them.
func (h *Handlers) namesOf(ctx context.Context, l *planList) (map[social.PersonID]string, error) {
	var list []social.PersonID
	for _, p := range l.plans {
		list = append(list, p.AuthorID, p.EditorID, p.DecidedBy)
	}
	for _, s := range l.sent {
		list = append(list, s.AuthorID, s.EditorID, s.DecidedBy)
	}
	slices.Sort(list)
	list = slices.DeleteFunc(slices.Compact(list), func(id social.PersonID) bool { return id == 0 })
	found, err := h.People.ByIDs(ctx, list)
	out := make(map[social.PersonID]string, len(list))
	for _, id := range list {
		out[id] = "somebody who has left"
		if p := found[id]; p != nil {
			if out[id] = p.Name; p.Name == "" {
				out[id] = p.Email
			}
		}
	}
	return out, err
}
