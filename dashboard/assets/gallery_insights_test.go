package assets_test

import (
	"math"
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
)

// wave is a series of a time, as real ones look.
func wave(n int, base, swing float64) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = max(0, int(base+swing*math.Sin(float64(i)*.9)+swing*.6*math.Sin(float64(i*i))))
	}
	return out
}

func rising(n, from, step int) []int {
	out := make([]int, n)
	for i, w := range wave(n, float64(step), float64(step)) {
		from += w
		out[i] = from
	}
	return out
}

func insightsPages() []galleryPage {
	shell := sampleShell(true)
	shell.Room.Current = console.Insights
	first := time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)
	var days []time.Time
	for i := range 28 {
		days = append(days, first.AddDate(0, 0, i))
	}
	gaps := wave(28, 45, 40)
	for _, i := range []int{2, 3, 9, 10, 16, 17, 19, 23, 24} {
		gaps[i] = assets.Missing
	}
	late := rising(28, 12_480, 9)
	late[0], late[1] = assets.Missing, assets.Missing
	chart := func(id, heading, title, finding string, numbers []int, series ...assets.Series) console.InsightsChart {
		return console.InsightsChart{Heading: heading, Chart: assets.Chart{ID: id, Title: title, Finding: finding, Numbers: numbers, Days: days, Series: series}}
	}
	reactions := chart("reactions", "Reactions", "Answers, boosts and favourites from others, by day", "%d in all; %d on the best day.", []int{2749, 178}, assets.Series{Name: "Favourites", Values: wave(28, 60, 38)},
		assets.Series{Name: "Boosts", Values: wave(28, 28, 14)}, assets.Series{Name: "Answers", Values: wave(28, 9, 8)})
	answers := chart("answers", "First answer", "How long people waited for the first answer, by day", "Half of all who wrote had an answer within 38 min.", nil, assets.Series{Name: "Wait, median", Values: gaps})
	answers.Chart.Minutes = true
	post := console.InsightsPost{URL: "/p/1", Text: "We recall the stem bolts of the Fell 2, made between March and May. If yours has a silver head, do not ride it; we send you new ones at once.", Account: "@news", At: ago(26 * time.Hour),
		Reached: 1284, Of: 1301, Waiting: 11, Failing: 6, Replies: 48, Boosts: 311, Favourites: 902}
	quiet := console.InsightsPost{URL: "/p/2", Account: "@fahrradteilefabriken_kundendienst", At: ago(6 * 24 * time.Hour)}
	full := console.InsightsView{
		Shell: shell, Action: "/insights", Days: 28, First: first, Last: days[27], Counted: days[27], Gained: 231, Lost: 17, DaysCSV: "/d", PostsCSV: "/p",
		Ranges:    []console.InsightsLink{{Days: 7, URL: "/7"}, {Days: 28, URL: "/28", IsCurrent: true}, {Days: 90, URL: "/90"}, {Days: 365, URL: "/365"}},
		Accounts:  []console.Choice{{Text: "All accounts"}, {Value: "1", Text: "@support"}, {Value: "2", Text: "@fahrradteilefabriken_kundendienst"}},
		Followers: console.InsightsFigure{N: 12_906, Before: 12_692}, Posted: console.InsightsFigure{N: 42, Before: 38},
		Reactions: console.InsightsFigure{N: 2749, Before: 2094, Sign: "+", Percent: 31}, Answer: console.InsightsAnswer{Time: "38 min", Before: "45 min", Faster: "7 min faster", Answers: 61},
		Charts: []console.InsightsChart{
			chart("followers", "Followers", "Followers at the end of each day", "From %d to %d.", []int{12_480, 12_906}, assets.Series{Name: "Followers", Values: late}),
			chart("comers", "New followers", "Followers who came and who left, by day", "%d came and %d left.", []int{231, 17}, assets.Series{Name: "Came", Values: wave(28, 9, 7)}, assets.Series{Name: "Left", Values: wave(28, 1, 2)}),
			reactions,
			chart("posts", "Posts", "Posts by day", "%d, and %d in the time before.", []int{42, 38}, assets.Series{Name: "Posts", Values: wave(28, 2, 2)}, assets.Series{Name: "The time before", Values: wave(28, 1.5, 1.4), IsBefore: true}),
			answers,
		},
		Sorts: []console.InsightsLink{{Text: "Newest first", URL: "/n", IsCurrent: true}, {Text: "Most reactions", URL: "/m"}},
		Posts: []console.InsightsPost{post, quiet}, IsFirst: true, MoreURL: "/more",
	}
	wrong := full
	wrong.Error, wrong.IsCustom, wrong.From, wrong.To = "A report covers 366 days at most. Choose a shorter time.", true, "1926-01-01", "2026-11-20"
	wrong.Reactions, wrong.Answer = console.InsightsFigure{N: 2094, Before: 2749, Sign: "−", Percent: 24}, console.InsightsAnswer{Time: "52 min", Slower: "14 min slower", Answers: 9}
	fresh := full
	fresh.Counted, fresh.Charts, fresh.Posts, fresh.MoreURL, fresh.Accounts = time.Time{}, nil, nil, "", full.Accounts[:2]
	fresh.Charts = []console.InsightsChart{{Heading: "First answer", IsEmpty: true, Empty: "When your team answers somebody for the first time, it appears here how long they waited."}}
	nobody := console.InsightsView{Shell: shell, First: first, Last: days[27]}
	maker := nobody
	maker.NewURL = "/new"
	reactions.Chart.ID = "post"
	one := console.InsightsPostView{Shell: shell, BackURL: "/insights", PublicURL: "/@news/1", Post: post, Reach: "Public", Chart: reactions, MoreURL: "/more",
		Servers: []console.InsightsServer{
			{Host: "velo.example", Why: "It does not answer. We ask now and again whether it is back.", Said: "the host is down", NextTry: time.Now().Add(40 * time.Minute), Tries: 5},
			{Host: "a-very-long-name-of-a-server-that-somebody-thought-of.fediverse.example", Why: "It refuses what we send. It may have blocked you.", Said: "answered 403", Tries: 1},
		}}
	lone := console.InsightsPostView{Shell: shell, BackURL: "/insights", Post: quiet, Reach: "Followers", Chart: console.InsightsChart{Heading: "Reactions", IsEmpty: true}}
	return []galleryPage{
		view("insights", console.RenderInsights, full), view("insights-wrong", console.RenderInsights, wrong), view("insights-fresh", console.RenderInsights, fresh),
		view("insights-nobody", console.RenderInsights, nobody), view("insights-maker", console.RenderInsights, maker),
		view("insights-post", console.RenderInsightsPost, one), view("insights-lone", console.RenderInsightsPost, lone),
	}
}
