package console

import (
	"fmt"
	"strconv"
	"time"

	"rookery/dashboard/assets"
	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/social/insight"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// insightsView is the room without its list of posts.
func (h *Handlers) insightsView(v *visitor, q insightsQuery, r *insight.Report, accounts []*social.Account) InsightsView {
	room := h.insightsURL(v.tenant)
	view := InsightsView{
		Shell: h.shell(v), Action: room, Account: q.account, Days: q.days, From: q.from, To: q.to, IsCustom: q.days == 0,
		First: r.From, Last: r.Until.AddDate(0, 0, -1), Counted: r.Last, Gained: r.Gained, Lost: r.Lost,
		Followers: figure(r.Followers, r.Before.Followers), Posted: figure(r.Posts, r.Before.Posts), Reactions: figure(r.Reactions(), r.Before.Reactions()),
		Answer: answerFigure(r), Charts: insightCharts(r), DaysCSV: q.at(room + "/days.csv"), PostsCSV: q.at(room + "/posts.csv"),
	}
	if len(accounts) > 0 {
		view.Accounts = append(view.Accounts, Choice{Text: insightsAllAccounts})
	}
	for _, a := range accounts {
		view.Accounts = append(view.Accounts, Choice{Value: ids.Format(int64(a.ID)), Text: "@" + a.Username})
	}
	for _, days := range insightsRanges {
		other := q
		other.days, other.from, other.to = days, "", ""
		view.Ranges = append(view.Ranges, InsightsLink{Days: days, URL: other.at(room), IsCurrent: q.days == days})
	}
	if len(accounts) == 0 && v.mayChange(access.ManageAccounts) == nil {
		view.NewURL = h.roomURL(v.tenant) + "/accounts/new"
	}
	return view
}

func figure(now, before int) InsightsFigure {
	out := InsightsFigure{N: now, Before: before}
	out.Sign, out.Percent = changeOf(now, before)
	return out
}

// answerFigure compares how long people wait. Less is better.
func answerFigure(r *insight.Report) InsightsAnswer {
	out := InsightsAnswer{Answers: r.Answers, Time: medianWords(r.AnswerSeconds, r.Answers)}
	if r.Before.Answers == 0 {
		return out
	}
	out.Before = medianWords(r.Before.AnswerSeconds, r.Before.Answers)
	if less := minutesOf(r.Before) - minutesOf(r.Sums); r.Answers > 0 && less > 0 {
		out.Faster = fmt.Sprintf(fasterWords, assets.Minutes(less))
	} else if r.Answers > 0 && less < 0 {
		out.Slower = fmt.Sprintf(slowerWords, assets.Minutes(-less))
	}
	return out
}

// minutesOf is the time to the first answer; a minute at least, as it is written.
func minutesOf(s insight.Sums) int {
	if s.Answers == 0 {
		return assets.Missing
	}
	return max(int(s.AnswerSeconds/60), 1)
}

// insightCharts are the charts of a report. Days that were not counted are gaps.
func insightCharts(r *insight.Report) []InsightsChart {
	if len(r.Parts) == 0 {
		return nil
	}
	w, weekly := &insightsWords, 0
	if r.Step() > 1 {
		weekly = 1
	}
	var days []time.Time
	for _, p := range r.Parts {
		days = append(days, p.From)
	}
	chart := func(id, heading string, title [2]string, finding string, numbers []int, series ...assets.Series) InsightsChart {
		return InsightsChart{Heading: heading, Chart: assets.Chart{ID: id, Title: title[weekly], Finding: finding, Numbers: numbers, Days: days, Series: series}}
	}
	best, from := 0, 0
	for _, p := range r.Parts {
		best = max(best, p.Reactions())
		if from == 0 {
			from = p.Followers
		}
	}
	posts := chart("posts", w.posts, w.postsTitle, w.postsFound, []int{r.Posts, r.Before.Posts}, valuesOf(w.posted, r.Parts, func(s insight.Sums) int { return s.Posts }))
	if r.Before.Counted > 0 {
		before := valuesOf(w.before, r.Earlier, func(s insight.Sums) int { return s.Posts })
		before.IsBefore = true
		posts.Chart.Series = append(posts.Chart.Series, before)
	}
	answers := chart("answers", w.answers, w.answersTitle, "", nil)
	answers.Chart.Minutes, answers.IsEmpty, answers.Empty = true, r.Answers == 0, w.answersNone
	answers.Chart.Finding = fmt.Sprintf(w.answersFound, medianWords(r.AnswerSeconds, r.Answers))
	series := assets.Series{Name: w.answer}
	for _, p := range r.Parts {
		series.Values = append(series.Values, minutesOf(p.Sums))
	}
	answers.Chart.Series = []assets.Series{series}
	list := []InsightsChart{
		chart("followers", w.followers, w.followersTitle, w.followersFound, []int{from, r.Followers}, valuesOf(w.followersName, r.Parts, func(s insight.Sums) int { return s.Followers })),
		chart("comers", w.comers, w.comersTitle, w.comersFound, []int{r.Gained, r.Lost},
			valuesOf(w.came, r.Parts, func(s insight.Sums) int { return s.Gained }), valuesOf(w.left, r.Parts, func(s insight.Sums) int { return s.Lost })),
		chart("reactions", w.reactions, w.reactionsTitle, w.reactionsFound[weekly], []int{r.Reactions(), best},
			valuesOf(w.favourites, r.Parts, func(s insight.Sums) int { return s.Likes }), valuesOf(w.boosts, r.Parts, func(s insight.Sums) int { return s.Boosts }),
			valuesOf(w.replies, r.Parts, func(s insight.Sums) int { return s.Replies })),
		posts,
	}
	if r.Sums.Counted == 0 {
		list = nil // numbers of days come in the night; answers are known at once
	}
	return append(list, answers)
}

func valuesOf(name string, parts []insight.Part, of func(insight.Sums) int) assets.Series {
	s := assets.Series{Name: name}
	for _, p := range parts {
		n := assets.Missing
		if p.Counted > 0 {
			n = of(p.Sums)
		}
		s.Values = append(s.Values, n)
	}
	return s
}

// listPosts adds the posts and the ways through them.
func (h *Handlers) listPosts(v *visitor, q insightsQuery, view *InsightsView, posts []*store.PostLine, accounts []*social.Account, reach map[social.StatusID]store.Reach) {
	for _, s := range []struct{ sort, text string }{{"", insightsNewest}, {sortReactions, insightsMost}} {
		other := q
		other.sort = s.sort
		view.Sorts = append(view.Sorts, InsightsLink{Text: s.text, URL: other.at(view.Action) + "#posts", IsCurrent: q.sort == s.sort})
	}
	if len(posts) > insightsPage {
		posts = posts[:insightsPage]
		last := posts[insightsPage-1]
		after := ids.Format(int64(last.ID))
		if q.sort == sortReactions {
			after = strconv.Itoa(last.Score) + "-" + after
		}
		view.MoreURL = q.at(view.Action, "after", after) + "#posts"
	}
	for _, p := range posts {
		view.Posts = append(view.Posts, h.insightPostView(v, q, p, accounts, reach[p.ID]))
	}
}

func (h *Handlers) insightPostView(v *visitor, q insightsQuery, p *store.PostLine, accounts []*social.Account, reach store.Reach) InsightsPost {
	out := InsightsPost{
		URL: q.at(h.insightsURL(v.tenant) + "/posts/" + ids.Format(int64(p.ID))), Text: inboxLine(p.Body, p.SpoilerText), At: p.CreatedAt,
		Reached: reach.Reached, Of: reach.Total(), Waiting: reach.Waiting, Failing: reach.Failing, Replies: p.Replies, Boosts: p.Boosts, Favourites: p.Favourites,
	}
	if htmlsafe.Text(p.Body) == "" && p.SpoilerText == "" {
		out.Text = ""
	}
	for _, a := range accounts {
		if a.ID == p.AccountID {
			out.Account = "@" + a.Username
		}
	}
	return out
}
