package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/desk"
	"rookery/internal/social/insight"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

const (
	insightsPage = 20
	// mostInsighted bounds the accounts that are counted together.
	mostInsighted = 500
	usualDays     = 28
)

// insightsRanges are the times that one click shows, in days.
var insightsRanges = []int{7, usualDays, 90, 365}

// registerInsights puts how posts and followers fare on the console.
func (h *Handlers) registerInsights(show func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Insights
			return next(c, v)
		}))
	}
	const room = "/tenants/:id/insights"
	show(room, in(h.insights))
	show(room+"/days.csv", in(h.insightDays))
	show(room+"/posts.csv", in(h.insightPosts))
	show(room+"/posts/:post", in(h.insightPost))
}

func (h *Handlers) insightsURL(t *tenant.Tenant) string { return h.roomURL(t) + "/insights" }

// insightsQuery is what somebody wants to see; it travels in every link of the room.
type insightsQuery struct {
	days     int // 0: between two dates
	from, to string
	account  string
	sort     string // "" is the newest first
}

const sortReactions = "reactions"

// errRange is said where an address asks for days that no link offers.
var errRange = fault.New(fault.Invalid, "Choose 7, 28, 90 or 365 days, or two dates at most 366 days apart.")

// insightsQueryOf reads the address. Of what is wrong the form says so, and shows the usual time.
func insightsQueryOf(c echo.Context, now time.Time) (q insightsQuery, span insight.Span, err error) {
	q = insightsQuery{days: usualDays, from: c.QueryParam("from"), to: c.QueryParam("to"), account: c.QueryParam("account")}
	if c.QueryParam("sort") == sortReactions {
		q.sort = sortReactions
	}
	usual := insight.Last(usualDays, now)
	if q.from != "" || q.to != "" {
		if span, err = between(q.from, q.to, now); err != nil {
			return q, usual, err
		}
		q.days = 0
		return q, span, nil
	}
	if text := c.QueryParam("days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || !slices.Contains(insightsRanges, days) {
			return q, usual, errRange
		}
		q.days = days
	}
	return q, insight.Last(q.days, now), nil
}

// between reads two dates; without the second one it is until yesterday.
func between(from, to string, now time.Time) (insight.Span, error) {
	first, err := dayIn(from)
	if err != nil {
		return insight.Span{}, err
	}
	last, err := dayIn(to)
	if err != nil {
		return insight.Span{}, err
	}
	if last.IsZero() {
		last = insight.DayOf(now).AddDate(0, 0, -1)
	}
	if first.IsZero() {
		first = last.AddDate(0, 0, 1-usualDays)
	}
	return insight.Between(first, last, now)
}

// at is an address with what is asked for, and more.
func (q insightsQuery) at(address string, more ...string) string {
	values := url.Values{}
	if q.days != 0 && q.days != usualDays {
		values.Set("days", strconv.Itoa(q.days))
	}
	for name, value := range map[string]string{"account": q.account, "sort": q.sort} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.days == 0 {
		values.Set("from", q.from)
		values.Set("to", q.to)
	}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

// insightAccounts are the accounts whose numbers the visitor may see: all of the company, or
// those that they may read as.
func (v *visitor) insightAccounts(ctx context.Context, scope *pg.Scope) ([]*social.Account, error) {
	if v.may(access.SeeInsights) == nil {
		return store.LocalAccounts(ctx, scope, mostInsighted)
	}
	mine, err := desk.Readable(ctx, scope, v.person.ID)
	out := make([]*social.Account, len(mine))
	for i, a := range mine {
		out[i] = a.Account
	}
	return out, err
}

// chosen are the ids of the accounts that are asked for; one that the visitor may not see
// does not exist to them.
func (q insightsQuery) chosen(all []*social.Account) ([]social.AccountID, error) {
	var out []social.AccountID
	for _, a := range all {
		if q.account == "" || q.account == ids.Format(int64(a.ID)) {
			out = append(out, a.ID)
		}
	}
	if q.account != "" && len(out) == 0 {
		return nil, web.ErrNotFound
	}
	return out, nil
}

// insightCursor reads where a page of posts begins: "id", or "reactions-id".
func insightCursor(text string) (score int, id social.StatusID) {
	before, after, isScored := strings.Cut(text, "-")
	if !isScored {
		before, after = "0", text
	}
	score, err := strconv.Atoi(before)
	number, ok := ids.Parse(after)
	if err != nil || !ok || score < 0 {
		return 0, 0
	}
	return score, social.StatusID(number)
}

// postsOf is the query for the posts of a time. What was posted today belongs to the times
// that end with yesterday: how far it came is known at once.
func (q insightsQuery) postsOf(accounts []social.AccountID, span insight.Span, now time.Time) store.PostQuery {
	until := span.Until
	if q.days != 0 {
		until = now.Add(time.Hour)
	}
	return store.PostQuery{Accounts: accounts, From: ids.Floor(span.From), Until: ids.Floor(until), ByScore: q.sort == sortReactions, Limit: insightsPage + 1}
}

// insights is GET /tenants/:id/insights.
func (h *Handlers) insights(c echo.Context, v *visitor) error {
	now := time.Now()
	q, span, wrong := insightsQueryOf(c, now)
	var known *fault.Error
	if wrong != nil && !errors.As(wrong, &known) {
		return wrong
	}
	query := store.PostQuery{}
	var accounts []*social.Account
	var report *insight.Report
	var posts []*store.PostLine
	var reach map[social.StatusID]store.Reach
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if accounts, err = v.insightAccounts(ctx, scope); err != nil {
			return err
		}
		chosen, err := q.chosen(accounts)
		if err != nil {
			return err
		}
		if report, err = insight.Read(ctx, scope, chosen, span); err != nil {
			return err
		}
		query = q.postsOf(chosen, span, now)
		query.AfterScore, query.AfterID = insightCursor(c.QueryParam("after"))
		if posts, err = store.PostLines(ctx, scope, query); err != nil {
			return err
		}
		reach, err = store.ReachOf(ctx, scope, idsOfPosts(posts))
		return err
	})
	if err != nil {
		return err
	}
	view := h.insightsView(v, q, report, accounts)
	view.IsFirst = query.AfterID == 0
	h.listPosts(v, q, &view, posts, accounts, reach)
	status := http.StatusOK
	if wrong != nil {
		view.Error, view.IsCustom, status = fault.TextOf(wrong), true, http.StatusUnprocessableEntity
	}
	return web.HTML(c, status, writer(RenderInsights, view))
}

func idsOfPosts(list []*store.PostLine) []social.StatusID {
	out := make([]social.StatusID, len(list))
	for i, p := range list {
		out[i] = p.ID
	}
	return out
}
