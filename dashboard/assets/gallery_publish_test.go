package assets_test

import (
	"time"

	"rookery/dashboard/console"
)

func publishShell() console.Shell {
	s := sampleShell(true)
	s.Room.Current = console.Publish
	return s
}

var (
	waitingState = console.PlanState{Word: "Waiting", Icon: "clock", Tone: "wait"}
	sentState    = console.PlanState{Word: "Sent", Icon: "check", Tone: "ok"}
	laterState   = console.PlanState{Word: "Scheduled", Icon: "clock"}
)

func publishTabs(current int) []console.PublishTab {
	tabs := []console.PublishTab{
		{Text: "Waiting for approval", URL: "/p?list=waiting", Count: 2}, {Text: "Drafts", URL: "/p?list=drafts", Count: 1},
		{Text: "Scheduled", URL: "/p?list=scheduled", Count: 14}, {Text: "Sent", URL: "/p?list=sent"}, {Text: "Declined", URL: "/p?list=declined"},
	}
	tabs[current].IsCurrent = true
	return tabs
}

func samplePlans() []console.PlanCard {
	accounts := sampleAccounts()
	picture := console.PublishFile{ID: "7", URL: "/pic/gear.svg", Alt: "A lock ring, seen from the side", Width: 400, Height: 300}
	return []console.PlanCard{
		{ID: "1", Account: accounts[0], Author: "Jonas Weber", Editor: "Priya Shah", Text: "The winter check is free for all kids’ bikes until the end of January.\n\nCome by on a Saturday, no appointment needed. https://acme.example/winter-check", Visibility: "Public", State: waitingState,
			CreatedAt: ago(12 * time.Minute), At: ago(time.Minute), IsLate: true, Seen: "1", URL: "/p/1", ApproveURL: "/p/1/approve", DeclineURL: "/p/1#decline", Files: []console.PublishFile{picture, picture}},
		{ID: "2", Account: accounts[2], Author: "Mara Lindqvist", ByMe: true, Warning: "Spoilers for the Fell 4", Text: "It has a belt.", Visibility: "Public, not in lists", State: waitingState, CreatedAt: ago(3 * time.Hour), URL: "/p/2"},
		{ID: "3", Account: accounts[1], Author: "Jonas Weber", Decider: "Priya Shah", Text: "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihung", Visibility: "Followers", State: console.PlanState{Word: "Declined", Icon: "alert", Tone: "bad"},
			CreatedAt: ago(30 * time.Hour), Reason: "The price is from last year. It is 49 now.", URL: "/p/3"},
		{ID: "4", Account: accounts[1], Author: "Jonas Weber", Decider: "Priya Shah", Text: "New opening hours from Monday.", Visibility: "Public", State: sentState, CreatedAt: ago(50 * time.Hour), At: ago(50 * time.Hour), PostURL: "https://acme.example/@news/4"},
	}
}

func sampleCompose() console.PublishForm {
	return console.PublishForm{
		Shell: publishShell(), Action: "/p", Token: "t0ken", CancelURL: "/p", Accounts: sampleAccounts(), Account: "1", MaxChars: 500, MaxFiles: 4, Zone: "Europe/Berlin",
		Zones: []string{"UTC", "Europe/Berlin"}, Languages: []console.Choice{{Text: "The account’s own"}, {Value: "de", Text: "German"}}, MayPost: true,
		Visibilities: []console.Choice{{Value: "public", Text: "Public"}, {Value: "unlisted", Text: "Public, not in lists"}}, Visibility: "public",
	}
}

// publishPages are the room of posts.
func publishPages() []galleryPage {
	waiting := console.PublishView{Shell: publishShell(), Tabs: publishTabs(0), List: "waiting", Plans: samplePlans(), OlderURL: "/p?after=1", NewURL: "/p/new", CalendarURL: "/p/calendar", Token: "t0ken", HasAccounts: true}
	empty := console.PublishView{Shell: publishShell(), Tabs: publishTabs(2), List: "scheduled", NewURL: "/p/new", CalendarURL: "/p/calendar", HasAccounts: true}
	alone := console.PublishView{Shell: publishShell(), Tabs: publishTabs(3), List: "sent", CalendarURL: "/p/calendar"}
	wrong := sampleCompose()
	wrong.Text, wrong.TextError, wrong.Date, wrong.DateError = "Too long", "This is longer than 500 characters. Shorten it.", "2026-12-01", "Give both a date and a time, such as 2026-12-01 and 09:30. Leave both empty to send at once."
	wrong.Zone, wrong.ZoneError, wrong.FileError = "Berlin", "We don’t know the time zone “Berlin”. Write it as Europe/Berlin or UTC.", "This is not an image we can use. Send a JPEG, PNG, GIF or WebP file."
	wrong.FormError = "This account has 300 drafts already. Send or discard some of them first."
	card := samplePlans()[0]
	decide := sampleCompose()
	decide.PlanID, decide.Seen, decide.State, decide.Card, decide.IsDecision, decide.DiscardURL = "1", "1", waitingState, &card, true, "/p/1/discard"
	decide.Text, decide.Files, decide.Date, decide.Time, decide.Declining, decide.ReasonError = card.Text, card.Files[:1], "2026-12-01", "09:30", " ", "Say why, so that the author knows what to change."
	return []galleryPage{
		view("publish", console.RenderPublish, waiting),
		view("publish-empty", console.RenderPublish, empty),
		view("publish-nobody", console.RenderPublish, alone),
		view("publish-compose", console.RenderCompose, sampleCompose()),
		view("publish-compose-wrong", console.RenderCompose, wrong),
		view("publish-decide", console.RenderCompose, decide),
		view("publish-discard", console.RenderDiscard, decide),
		view("publish-decided", console.RenderDecided, console.PublishDecided{Shell: publishShell(), BackURL: "/p", Who: "Priya Shah", At: ago(time.Minute), State: console.PlanState{Word: "Declined", Tone: "bad"}, Reason: "The price is from last year."}),
		view("publish-calendar", console.RenderCalendar, sampleCalendar()),
	}
}

func sampleCalendar() console.PublishCalendar {
	c := console.PublishCalendar{
		Shell: publishShell(), ListURL: "/p", Action: "/p/calendar", Month: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC), MonthField: "2026-11", EarlierURL: "/p/calendar?month=2026-10", LaterURL: "/p/calendar?month=2026-12",
		Zone: "Europe/Berlin", Zones: []string{"UTC", "Europe/Berlin"}, IsCut: true,
	}
	cards := samplePlans()
	for i := range cards {
		cards[i].Clock = "09:30"
	}
	cards[2].State, cards[2].URL = laterState, ""
	day := time.Date(2026, 10, 26, 0, 0, 0, 0, time.UTC)
	for range 6 {
		var week []console.PublishDay
		for range 7 {
			d := console.PublishDay{Number: day.Day(), Date: day, IsOutside: day.Month() != 11, IsToday: day.Month() == 11 && day.Day() == 21}
			switch {
			case d.IsOutside:
			case day.Day() == 10:
				d.Posts = cards
			case day.Day()%9 == 3:
				d.Posts = cards[3:]
			}
			week, day = append(week, d), day.AddDate(0, 0, 1)
		}
		c.Weeks = append(c.Weeks, week)
	}
	return c
}
