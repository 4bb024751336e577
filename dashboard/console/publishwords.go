package console

import "rookery/internal/social"

// The words of the room that do not stand in its templates.

var publishTabWords = []struct{ list, text string }{
	{listWaiting, "Waiting for approval"}, {listDrafts, "Drafts"}, {listScheduled, "Scheduled"}, {listSent, "Sent"}, {listDeclined, "Declined"},
}

var publishVisibilities = []Choice{
	{string(social.Public), "Public"}, {string(social.Unlisted), "Public, not in lists"}, {string(social.Followers), "Followers"}, {string(social.Direct), "People it names"},
}

func visibilityWord(v social.Visibility) string {
	for _, c := range publishVisibilities {
		if c.Value == string(v) {
			return c.Text
		}
	}
	return string(v)
}

var publishLanguages = []Choice{
	{"", "The account’s own"}, {"ar", "Arabic"}, {"cs", "Czech"}, {"da", "Danish"}, {"nl", "Dutch"}, {"en", "English"}, {"fi", "Finnish"}, {"fr", "French"}, {"de", "German"},
	{"el", "Greek"}, {"hu", "Hungarian"}, {"it", "Italian"}, {"ja", "Japanese"}, {"ko", "Korean"}, {"no", "Norwegian"}, {"pl", "Polish"}, {"pt", "Portuguese"},
	{"ro", "Romanian"}, {"es", "Spanish"}, {"sv", "Swedish"}, {"tr", "Turkish"}, {"uk", "Ukrainian"}, {"zh", "Chinese"},
}

// commonZones are offered while typing; every other zone works, too.
var commonZones = []string{
	"UTC", "Europe/London", "Europe/Lisbon", "Europe/Paris", "Europe/Berlin", "Europe/Vienna", "Europe/Zurich", "Europe/Rome", "Europe/Madrid", "Europe/Amsterdam",
	"Europe/Stockholm", "Europe/Warsaw", "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Europe/Istanbul", "Africa/Lagos", "Africa/Johannesburg", "Asia/Dubai",
	"Asia/Kolkata", "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "America/New_York", "America/Chicago", "America/Denver",
	"America/Los_Angeles", "America/Sao_Paulo",
}
