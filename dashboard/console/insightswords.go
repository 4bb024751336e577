package console

import (
	"math"
	"strings"
)

// The words of the room that do not stand in its templates.

const (
	insightsAllAccounts = "All accounts"
	insightsNoText      = "No text"
	insightsNewest      = "Newest first"
	insightsMost        = "Most reactions"
)

// insightsWords are what is said about a chart; those of weeks come second.
var insightsWords = struct {
	followers, comers, reactions, posts, answers, post                             string
	followersTitle, comersTitle, reactionsTitle, postsTitle, answersTitle          [2]string
	postTitle                                                                      string
	followersFound, comersFound, postsFound, postFound                             string
	reactionsFound                                                                 [2]string
	answersFound, answersNone                                                      string
	followersName, came, left, replies, boosts, favourites, posted, before, answer string
}{
	followers: "Followers", comers: "New followers", reactions: "Reactions", posts: "Posts", answers: "First answer", post: "Reactions",
	followersTitle: [2]string{"Followers at the end of each day", "Followers at the end of each week"},
	comersTitle:    [2]string{"Followers who came and who left, by day", "Followers who came and who left, by week"},
	reactionsTitle: [2]string{"Answers, boosts and favourites from others, by day", "Answers, boosts and favourites from others, by week"},
	postsTitle:     [2]string{"Posts by day", "Posts by week"},
	answersTitle:   [2]string{"How long people waited for the first answer, by day", "How long people waited for the first answer, by week"},
	postTitle:      "Answers, boosts and favourites of the post, by day",
	followersFound: "From %d to %d.",
	comersFound:    "%d came and %d left.",
	reactionsFound: [2]string{"%d in all; %d on the best day.", "%d in all; %d in the best week."},
	postsFound:     "%d, and %d in the time before.",
	postFound:      "%d in all, from its first day on.",
	answersFound:   "Half of all who wrote had an answer within %s.",
	answersNone:    "When your team answers somebody for the first time, it appears here how long they waited.",
	followersName:  "Followers", came: "Came", left: "Left", replies: "Answers", boosts: "Boosts", favourites: "Favourites", posted: "Posts", before: "The time before", answer: "Wait, median",
}

const (
	fasterWords = "%s faster"
	slowerWords = "%s slower"
)

// changeOf is by how much a number has changed, in percent with its sign. Of nothing there
// is no part: "".
func changeOf(now, before int) (sign string, percent int) {
	if before == 0 || now == before {
		return "", 0
	}
	part := math.Round(100 * float64(now-before) / float64(before))
	if part < 0 {
		return "−", int(-part)
	}
	return "+", int(part)
}

// serverWords say in a sentence what package deliver has written down, by what its words
// contain. The first that fits is taken.
var serverWords = []struct{ said, why string }{
	{"answered 410", "Its inbox does not exist any more."},
	{"answered 404", "It knows no such inbox."},
	{"answered 401", "It does not accept our signature."},
	{"answered 403", "It refuses what we send. It may have blocked you."},
	{"answered 429", "It asks us to send less."},
	{"answered 413", "The post is too large for it."},
	{"answered 5", "It has a fault of its own."},
	{"answered 4", "It does not take this post."},
	{"answered 3", "It sends us elsewhere, which inboxes must not do."},
	{"three days", "We tried for three days."},
	{"the host is down", "It does not answer. We ask now and again whether it is back."},
	{"no such host", "Its name is not found."},
	{"refused", "It takes no connections."},
	{"certificate", "Its certificate is not valid."},
	{"tls", "No secure connection to it was possible."},
	{"timeout", "It did not answer in time."},
	{"deadline", "It did not answer in time."},
	{"busy", "It was busy with what we sent before."},
	{"", "It could not be reached."},
}

func whyFailing(said string) string {
	lower := strings.ToLower(said)
	for _, w := range serverWords {
		if strings.Contains(lower, w.said) {
			return w.why
		}
	}
	return ""
}
