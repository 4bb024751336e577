package assets_test

import (
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
)

var (
	deskMara  = console.Person{ID: "6", Name: "Mara Lindqvist"}
	deskJonas = console.Person{ID: "3", Name: "Jonas Weber"}

	reachPublic  = console.InboxReach{Value: "public", Text: "Public", Icon: "globe"}
	reachPrivate = console.InboxReach{Value: "direct", Text: "Private", Icon: "lock"}
)

func inboxShell() console.Shell {
	s := sampleShell(true)
	s.Room.Current = console.Inbox
	return s
}

func inboxPerson(seed, name string) assets.Avatar { return assets.Avatar{Name: name, Seed: seed} }

func sampleInbox() console.InboxView {
	line := func(key, name, text, account string, reach console.InboxReach, state console.InboxState) console.InboxLine {
		return console.InboxLine{Key: key, URL: "/i/" + key, Name: name, Face: inboxPerson(key, name), At: ago(3 * time.Hour), Text: text, Account: account, Reach: reach, State: state}
	}
	lines := []console.InboxLine{
		line("1", "Ines Okafor", "It is order 88213. Here is my address for the key: Harbour Lane 4", "support", reachPrivate, console.InboxOpen),
		line("2", "Tom Brandt", "Third time I ask. Where is my frame?", "support", reachPublic, console.InboxOpen),
		line("3", "Kaito Hara", "Do the new pads fit a Fell 1 from 2021?", "workshop", reachPublic, console.InboxOpen),
		line("4", "Sofia Reyes", "Thanks, I will bring it in on Saturday.", "support", reachPublic, console.InboxWaiting),
		line("5", "Donaudampfschifffahrtsgesellschaftskapitän", "Could you send us a photo of the Rindfleischetikettierungsüberwachungsaufgabe", "support", reachPrivate, console.InboxWaiting),
		line("6", "Lena Novak", "Great service at the Harbour workshop today", "news", reachPublic, console.InboxDone),
		line("7", "Pat Sorensen", "We have put it right. Sorry for the delay", "support", reachPublic, console.InboxDone),
		line("8", "Bea Thornton", "Is the winter check free for kids’ bikes?", "support", reachPublic, console.InboxDone),
	}
	for i, waited := range []string{"2 h 10 min", "1 h 34 min", "52 min"} {
		lines[i].Waited = waited
	}
	lines[0].Assignee, lines[0].IsMine = &deskMara, true
	lines[1].IsUnread, lines[2].Assignee, lines[3].Assignee, lines[4].Assignee, lines[4].IsOurs = true, &deskJonas, &deskMara, &deskJonas, true
	return console.InboxView{
		Shell: inboxShell(), Open: 3, HasVoice: true, Lines: lines, RepliesURL: "/i/replies", MoreURL: "/i?after=1",
		Segments: []console.InboxSegment{{Text: "Open", URL: "/i", Count: 3, IsCurrent: true}, {Text: "Waiting", URL: "/i?state=waiting"}, {Text: "Done", URL: "/i?state=done"}, {Text: "All", URL: "/i?state=all"}},
		Filter: console.InboxFilter{Action: "/i", ClearURL: "/i", Accounts: []console.InboxChoice{{Text: "All accounts", IsCurrent: true}, {Value: "1", Text: "@support"}},
			People: []console.InboxChoice{{Text: "Anybody", IsCurrent: true}, {Value: "me", Text: "You"}}},
		Times: console.InboxTimes{Week: "38 min", Month: "41 min"},
	}
}

func sampleThread() *console.InboxThread {
	ines := inboxPerson("1", "Ines Okafor")
	said := func(ours bool, reach console.InboxReach, past time.Duration, body, by string) console.InboxEntry {
		e := console.InboxEntry{IsOurs: ours, Name: "Ines Okafor", Face: ines, At: ago(past), Reach: reach, Body: assets.SafeHTML("<p>" + body + "</p>"), By: by, URL: "https://velo.example/@ines/1"}
		if ours {
			e.Name, e.Face = "Acme Support", gear
		}
		return e
	}
	t := &console.InboxThread{
		Key: "1", Name: "Ines Okafor", Handle: "@ines@velo.example", Face: ines, Profile: "https://velo.example/@ines", Earlier: 3, EarlierURL: "/i?with=1", State: console.InboxOpen, Account: "@support", BackURL: "/i",
		Token: "t0ken", Seen: "2.1", Assignee: &deskMara, IsMine: true, Assignees: []console.InboxChoice{{Value: "6", Text: "You", IsCurrent: true}, {Value: "3", Text: "Jonas Weber"}, {Value: "0", Text: "Nobody"}},
		AssignURL: "/i/1/assign", StateURL: "/i/1/state", NoteURL: "/i/1/note", WriteURL: "/i/1/writing", Wait: "2 h 10 min",
		Entries: []console.InboxEntry{
			said(false, reachPublic, 150*time.Minute, `<a href="https://acme.example/@support">@support</a> my Fell 3 ticks at the rear hub when I stop pedalling. 200 km old. Is that a known thing?`, ""),
			said(true, reachPublic, 140*time.Minute, "Hello Ines, yes: the lock ring settles. A workshop tightens it while you wait. Would you rather do it yourself? Then tell us your order number in a private mention and we send the key.",
				"Written by Jonas Weber, approved by you · first answer after 13 min"),
			said(false, reachPrivate, 130*time.Minute, "It is order 88213. Here is my address for the key: Harbour Lane 4, 3rd floor. Thank you.", ""),
			{IsNote: true, Name: "Priya Shah", At: ago(time.Hour), Text: "Key is in stock. It leaves today if we confirm before 12:00."},
		},
	}
	t.Reply = &console.InboxReply{
		Action: "/i/1/answer", To: "Ines Okafor", Text: "@ines@velo.example Thank you. The key for order 88213 leaves today and should be with you on Tuesday.", MessageIs: "Private", Left: 352, Most: 500,
		Reaches: []console.InboxReachChoice{{InboxReach: reachPrivate, IsCurrent: true}, {InboxReach: reachPublic, IsWider: true}}, Saved: []console.InboxChoice{{Value: "1", Text: "Thank you"}, {Value: "2", Text: "Opening hours"}},
		Language: "en", Languages: []console.Choice{{Value: "", Text: "The account’s own"}, {Value: "en", Text: "English"}}, HasRoom: true,
	}
	return t
}

// inboxPages are the room of conversations.
func inboxPages() []galleryPage {
	open := sampleInbox()
	open.Thread = sampleThread()
	open.Lines[0].IsCurrent = true
	decide := sampleInbox()
	decide.Thread = sampleThread()
	r := decide.Thread.Reply
	r.PlanID, r.PlanSeen, r.PlanBy, r.PlanAt, r.DeclineURL, r.IsTooWide = "9", "1", deskJonas, ago(12*time.Minute), "/i/1/decline", true
	r.Reaches[0].IsCurrent, r.Reaches[1].IsCurrent = false, true
	r.Files = []console.PublishFile{{ID: "77", URL: "/pic/gear.svg", Alt: "The rear hub with its lock ring", Width: 400, Height: 300}}
	wrong := sampleInbox()
	wrong.Thread = sampleThread()
	wrong.Thread.State, wrong.Thread.Assignee, wrong.Thread.IsMine = console.InboxDone, nil, false
	wrong.Thread.Note = console.InboxNote{Error: "Write something into the note."}
	wrong.Thread.Reply.Problem, wrong.Thread.Reply.Who, wrong.Thread.Reply.Error, wrong.Thread.Reply.IsDraft, wrong.Thread.Reply.Warning = "answered", "Jonas Weber", "This is longer than 500 characters. Shorten it.", true, "Food"
	wrong.Thread.Plans = []console.InboxPlan{{By: deskJonas, At: ago(time.Hour), Text: "We look into it.", URL: "/p/1"}}
	wrong.Thread.Entries[2].Warning = "An address"
	wrong.Thread.Entries[0].Files = []console.InboxFile{{URL: "/pic/gear.svg", PreviewURL: "/pic/gear.svg", Alt: "A rear hub", IsImage: true, Width: 400, Height: 300}, {URL: "/pic/hub.svg"}}
	watching := sampleInbox()
	watching.Thread = sampleThread()
	watching.Thread.Reply, watching.Thread.StateURL, watching.Thread.NoteURL = nil, "", ""
	watching.Thread.Why = "You look on: your role for @support is viewer. Ask one of its owners if you want to answer."
	empty := sampleInbox()
	empty.Lines, empty.MoreURL, empty.Times = nil, "", console.InboxTimes{}
	filtered := empty
	filtered.Filter.IsOn = true
	nobody := empty
	nobody.HasVoice, nobody.RepliesURL = false, ""
	replies := console.SavedRepliesView{Shell: inboxShell(), Token: "t0ken", BackURL: "/i", AddURL: "/i/replies", Name: "{name}", MayWrite: true, Form: console.SavedReplyForm{Action: "/i/replies", IsNew: true},
		Replies: []console.SavedReply{{Title: "Thank you", Text: "Hello {name}, thank you for telling us.", URL: "/i/replies/1", DeleteURL: "/i/replies/1/delete"}}}
	none := replies
	none.Replies, none.Form.Error = nil, "A saved reply needs a text of at most 2000 characters."
	return []galleryPage{
		view("inbox", console.RenderInbox, sampleInbox()),
		view("inbox-thread", console.RenderInbox, open),
		view("inbox-decide", console.RenderInbox, decide),
		view("inbox-wrong", console.RenderInbox, wrong),
		view("inbox-watching", console.RenderInbox, watching),
		view("inbox-empty", console.RenderInbox, empty),
		view("inbox-filtered", console.RenderInbox, filtered),
		view("inbox-nobody", console.RenderInbox, nobody),
		view("inbox-replies", console.RenderSavedReplies, replies),
		view("inbox-replies-none", console.RenderSavedReplies, none),
	}
}
