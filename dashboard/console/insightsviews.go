package console

import (
	"io"
	"time"

	"rookery/dashboard/assets"
)

// InsightsLink is one of several ways to look at the room.
type InsightsLink struct {
	Days      int // of a range
	Text, URL string
	IsCurrent bool
}

// InsightsFigure is a number beside the one of the time before.
type InsightsFigure struct {
	N, Before int
	Sign      string // of Percent, "+" or "−"; "": nothing to compare with
	Percent   int    // by which it changed
}

// IsUp says whether it is more than before.
func (f InsightsFigure) IsUp() bool { return f.Sign == "+" }

// InsightsAnswer is how long people wait for the first answer, in the middle.
type InsightsAnswer struct {
	Time, Before   string // "": there was none
	Faster, Slower string
	Answers        int
}

// InsightsChart is a chart with its heading.
type InsightsChart struct {
	Heading string
	Chart   assets.Chart
	IsEmpty bool   // there is nothing to draw
	Empty   string // what will be there
}

// InsightsPost is a line of the list of posts.
type InsightsPost struct {
	URL, Text, Account            string
	At                            time.Time
	Reached, Of, Waiting, Failing int
	Replies, Boosts, Favourites   int
}

// Reactions are what others gave.
func (p InsightsPost) Reactions() int { return p.Replies + p.Boosts + p.Favourites }

// InsightsView is the room.
type InsightsView struct {
	Shell             Shell
	Action            string
	Ranges            []InsightsLink
	Accounts          []Choice
	Account           string
	Days              int
	From, To          string
	IsCustom          bool
	Error             string
	First, Last       time.Time // days of the report
	Counted           time.Time // the last day that is counted; zero: none
	NewURL            string    // of an account, for who may make one
	Followers         InsightsFigure
	Gained, Lost      int
	Posted            InsightsFigure
	Reactions         InsightsFigure
	Answer            InsightsAnswer
	Charts            []InsightsChart
	Sorts             []InsightsLink
	Posts             []InsightsPost
	IsFirst           bool
	MoreURL           string
	DaysCSV, PostsCSV string
}

// RenderInsights writes the room.
func RenderInsights(w io.Writer, v InsightsView) error {
	return render(w, "Insights · "+v.Shell.Room.Name, "insights", v)
}

// InsightsServer is a server that a post has not reached.
type InsightsServer struct {
	Host, Why, Said string
	NextTry         time.Time // zero: given up
	Tries           int
}

// InsightsPostView is how one post fares.
type InsightsPostView struct {
	Shell     Shell
	BackURL   string
	PublicURL string
	Post      InsightsPost
	Reach     string // who can see it
	Chart     InsightsChart
	Servers   []InsightsServer
	MoreURL   string
	IsCleaned bool // it is no longer known which servers failed
}

// RenderInsightsPost writes the page of a post.
func RenderInsightsPost(w io.Writer, v InsightsPostView) error {
	return render(w, "A post in numbers · "+v.Shell.Room.Name, "insights-post", v)
}
