package console

import (
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/insight"
	"rookery/internal/store"
)

// mostExported is how many posts a file holds at most, the newest or those with most reactions.
const mostExported = 2000

// insightDays is GET /tenants/:id/insights/days.csv: each account, day by day.
func (h *Handlers) insightDays(c echo.Context, v *visitor) error {
	q, span, err := insightsQueryOf(c, time.Now())
	if err != nil {
		return err
	}
	var accounts []*social.Account
	var days []*store.AccountDay
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if accounts, err = v.insightAccounts(ctx, scope); err != nil {
			return err
		}
		chosen, err := q.chosen(accounts)
		if err != nil {
			return err
		}
		days, err = store.AccountDays(ctx, scope, chosen, span.From, span.Until)
		return err
	})
	if err != nil {
		return err
	}
	names := namesOf(v, accounts)
	rows := [][]string{{"day", "account", "followers", "new_followers", "posts", "answers", "boosts", "favourites"}}
	for _, d := range days {
		rows = append(rows, append([]string{d.Day.Day.Format(time.DateOnly), names[d.AccountID]}, cells(d.Followers, d.Gained, d.Posts, d.Replies, d.Boosts, d.Favourites)...))
	}
	return table(c, v, "days", span, rows)
}

// insightPosts is GET /tenants/:id/insights/posts.csv: the posts of a time.
func (h *Handlers) insightPosts(c echo.Context, v *visitor) error {
	now := time.Now()
	q, span, err := insightsQueryOf(c, now)
	if err != nil {
		return err
	}
	var accounts []*social.Account
	var posts []*store.PostLine
	var reach map[social.StatusID]store.Reach
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if accounts, err = v.insightAccounts(ctx, scope); err != nil {
			return err
		}
		chosen, err := q.chosen(accounts)
		if err != nil {
			return err
		}
		query := q.postsOf(chosen, span, now)
		query.Limit = mostExported
		if posts, err = store.PostLines(ctx, scope, query); err != nil {
			return err
		}
		reach, err = store.ReachOf(ctx, scope, idsOfPosts(posts))
		return err
	})
	if err != nil {
		return err
	}
	names := namesOf(v, accounts)
	rows := [][]string{{"posted_at", "account", "id", "text", "visibility", "servers_reached", "servers_waiting", "servers_failing", "answers", "boosts", "favourites"}}
	for _, p := range posts {
		r := reach[p.ID]
		rows = append(rows, append([]string{p.CreatedAt.UTC().Format(time.RFC3339), names[p.AccountID], ids.Format(int64(p.ID)), inert(inboxLine(p.Body, p.SpoilerText)), string(p.Visibility)},
			cells(r.Reached, r.Waiting, r.Failing, p.Replies, p.Boosts, p.Favourites)...))
	}
	return table(c, v, "posts", span, rows)
}

func namesOf(v *visitor, accounts []*social.Account) map[social.AccountID]string {
	names := make(map[social.AccountID]string, len(accounts))
	for _, a := range accounts {
		names[a.ID] = a.Username + "@" + v.tenant.HandleDomain // an @ in front would be a formula
	}
	return names
}

func cells(numbers ...int) []string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = strconv.Itoa(n)
	}
	return out
}

// table answers with a CSV file.
func table(c echo.Context, v *visitor, what string, span insight.Span, rows [][]string) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="`+what+"-"+v.tenant.Host+"-"+span.From.Format(time.DateOnly)+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	return csv.NewWriter(c.Response()).WriteAll(rows)
}
