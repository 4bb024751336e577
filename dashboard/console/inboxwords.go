package console

import (
	"strconv"
	"strings"
	"time"

	"rookery/internal/htmlsafe"
	"rookery/internal/social"
)

// inboxReaches are who can see a message, from the narrowest.
var inboxReaches = []InboxReach{
	{string(social.Direct), "Private", "lock"}, {string(social.Followers), "Followers", "users"},
	{string(social.Unlisted), "Unlisted", "globe"}, {string(social.Public), "Public", "globe"},
}

func inboxReach(v social.Visibility) InboxReach {
	for _, r := range inboxReaches {
		if r.Value == string(v) {
			return r
		}
	}
	return inboxReaches[0]
}

// waitWords is how long somebody has waited: "52 min", "2 h 10 min", "3 d".
func waitWords(d time.Duration) string {
	minutes := int(d.Minutes())
	switch {
	case minutes < 1:
		return "now"
	case minutes < 60:
		return strconv.Itoa(minutes) + " min"
	case minutes >= 48*60:
		return strconv.Itoa(minutes/60/24) + " d"
	case minutes%60 == 0:
		return strconv.Itoa(minutes/60) + " h"
	default:
		return strconv.Itoa(minutes/60) + " h " + strconv.Itoa(minutes%60) + " min"
	}
}

// medianWords is a median; without answers there is none.
func medianWords(seconds float64, answers int) string {
	if answers == 0 {
		return ""
	}
	return waitWords(max(time.Duration(seconds)*time.Second, time.Minute))
}

const longestLine = 160

// inboxLine is the beginning of a message on one line; "" of one without a text.
func inboxLine(body, warning string) string {
	text := strings.Join(strings.Fields(htmlsafe.Text(body)), " ")
	if warning != "" {
		text = warning + " · " + text
	}
	return htmlsafe.Truncate(text, longestLine)
}

const goneName = "Somebody who has left"
