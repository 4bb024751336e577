package console

import (
	"rookery/internal/store"
	"rookery/internal/upkeep"
)

// classWords are what a class of data is, in plain words.
type classWords struct {
	title, what string
	one, many   string // of what goes
}

// dataWords are the classes, by name.
var dataWords = map[upkeep.Class]classWords{
	upkeep.RemotePosts: {"Posts of other servers", "Posts from elsewhere that nobody here follows, answers, likes, keeps, repeats or is named in. Whatever your people have to do with stays.",
		"post of other servers goes", "posts of other servers go"},
	upkeep.RemoteAccounts: {"Accounts of other servers", "Profiles from elsewhere of which nothing else is known here any more: no post, no follow, no block, no note.",
		"account of other servers goes", "accounts of other servers go"},
	upkeep.Notifications: {"Notifications", "Who followed, liked, repeated or named your accounts. Conversations that are done go with them once none of their posts is left.",
		"notification goes", "notifications go"},
	upkeep.Received: {"Messages that came in", "What other servers sent, byte for byte, kept so that nothing counts twice. The posts that came with them stay.",
		"message that came in goes", "messages that came in go"},
	upkeep.Sent: {"Messages that went out", "What your accounts sent to other servers, with the state of each delivery. Your posts stay; which servers an older post reached can no longer be seen.",
		"message that went out goes", "messages that went out go"},
	upkeep.Mails: {"Mails", "Which mails went to your people, when, and whether they arrived.",
		"mail goes", "mails go"},
}

// archiveWords are the states of an archive.
var archiveWords = map[store.ExportState]string{
	store.ExportRunning: "Being written", store.ExportReady: "Ready", store.ExportFailed: "Stopped before its end", store.ExportExpired: "Removed",
}

// roundly drops the digits of an estimate that nobody can know.
func roundly(n int64) int {
	digits := int64(1)
	for n/digits >= 1000 {
		digits *= 10
	}
	return int((n + digits/2) / digits * digits)
}
