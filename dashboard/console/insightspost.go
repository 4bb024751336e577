package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/insight"
	"rookery/internal/store"
)

const (
	serversListed = 50
	// postDays is how long a post is watched day by day: what comes later is little.
	postDays = 30
)

// insightPost is GET /tenants/:id/insights/posts/:post: how one post fares.
func (h *Handlers) insightPost(c echo.Context, v *visitor) error {
	now := time.Now()
	id, ok := ids.Parse(c.Param("post"))
	if !ok {
		return web.ErrNotFound
	}
	after, _ := ids.Parse(c.QueryParam("after"))
	var accounts []*social.Account
	var post *store.PostLine
	var reach store.Reach
	var reactions []*store.Reactions
	var servers []*store.FailingServer
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if accounts, err = v.insightAccounts(ctx, scope); err != nil {
			return err
		}
		if post, err = store.PostLineByID(ctx, scope, social.StatusID(id)); err != nil {
			return err
		}
		if !slices.ContainsFunc(accounts, func(a *social.Account) bool { return a.ID == post.AccountID }) {
			return web.ErrNotFound
		}
		all, err := store.ReachOf(ctx, scope, []social.StatusID{post.ID})
		if err != nil {
			return err
		}
		reach = all[post.ID]
		if reactions, err = store.ReactionsOf(ctx, scope, post.ID, ids.Floor(insight.DayOf(post.CreatedAt).AddDate(0, 0, postDays))); err != nil {
			return err
		}
		servers, err = store.FailingServers(ctx, scope, post.ID, after, serversListed+1)
		return err
	})
	if err != nil {
		return err
	}
	q, _, _ := insightsQueryOf(c, now) // leads back to where somebody comes from
	view := InsightsPostView{
		Shell: h.shell(v), BackURL: q.at(h.insightsURL(v.tenant)), Post: h.insightPostView(v, q, post, accounts, reach), Reach: visibilityWord(post.Visibility),
		Chart: reactionsChart(post, reactions, now), IsCleaned: reach.Failing > 0 && len(servers) == 0 && after == 0,
	}
	if post.Visibility.IsOpen() {
		view.PublicURL = v.tenant.URL("/" + view.Post.Account + "/" + ids.Format(int64(post.ID)))
	}
	if len(servers) > serversListed {
		servers = servers[:serversListed]
		view.MoreURL = q.at(h.insightsURL(v.tenant)+"/posts/"+c.Param("post"), "after", ids.Format(servers[serversListed-1].ID))
	}
	for _, s := range servers {
		line := InsightsServer{Host: s.Host, Why: whyFailing(s.LastError), Said: s.LastError, Tries: s.Attempts}
		if s.State == store.DeliveryWaiting && s.NextTryAt != nil {
			line.NextTry = *s.NextTryAt
		}
		view.Servers = append(view.Servers, line)
	}
	return web.HTML(c, http.StatusOK, writer(RenderInsightsPost, view))
}

// reactionsChart is what a post was given on its first days.
func reactionsChart(p *store.PostLine, list []*store.Reactions, now time.Time) InsightsChart {
	w := &insightsWords
	first := insight.DayOf(p.CreatedAt)
	n := min(int(insight.DayOf(now).Sub(first).Hours()/24)+1, postDays)
	days, favourites, boosts, replies, sum := make([]time.Time, max(n, 1)), make([]int, max(n, 1)), make([]int, max(n, 1)), make([]int, max(n, 1)), 0
	for i := range days {
		days[i] = first.AddDate(0, 0, i)
	}
	for _, r := range list {
		// A server's clock may be wrong: what was given before the first day counts to it.
		i := max(int(r.Day.Sub(first).Hours()/24), 0)
		if i >= len(days) {
			continue
		}
		favourites[i], boosts[i], replies[i] = favourites[i]+r.Favourites, boosts[i]+r.Boosts, replies[i]+r.Replies
		sum += r.Favourites + r.Boosts + r.Replies
	}
	return InsightsChart{Heading: w.post, IsEmpty: sum == 0, Chart: assets.Chart{
		ID: "post", Title: w.postTitle, Finding: w.postFound, Numbers: []int{sum}, Days: days,
		Series: []assets.Series{{Name: w.favourites, Values: favourites}, {Name: w.boosts, Values: boosts}, {Name: w.replies, Values: replies}},
	}}
}
