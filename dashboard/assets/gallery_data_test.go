package assets_test

import (
	"strings"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
)

// dataPages are the room of what is kept for how long, and of archives.
func dataPages() []galleryPage {
	shell := companyShell(console.Data)
	shell.Room.More = append(shell.Room.More, console.Entry{Text: "Data", Icon: "card", URL: "/data", IsCurrent: true})
	class := func(title, what string, rows, days int, size assets.Size) console.DataClass {
		return console.DataClass{Title: title, What: what, Rows: rows, Size: size, IsAbout: rows > 10_000, Days: days, LastDone: ago(9 * 60 * 60 * 1e9), URL: "/data/clocks/x"}
	}
	full := console.DataView{
		Shell: shell, Token: "t0ken", IsOpen: true, SelfURL: "/data", Action: "/data/exports", Kept: 7,
		Classes: []console.DataClass{
			class("Posts of other servers", "Posts from elsewhere that nobody here follows, answers, likes, keeps, repeats or is named in. Whatever your people have to do with stays.", 124_000, 90, 310e6),
			class("Notifications", "Who followed, liked, repeated or named your accounts. Conversations that are done go with them once none of their posts is left.", 3120, 30, 499e3),
			class("Mails", "Which mails went to your people, when, and whether they arrived.", 0, 0, 0),
		},
		Archives: []console.Archive{
			{State: "Ready", IsReady: true, By: "Mara Lindqvist", AskedAt: ago(3e12), Until: ago(-6 * 24 * 60 * 60 * 1e9), Files: 12_804, Size: 2_400_000_000, SHA256: strings.Repeat("0123456789abcdef", 4), URL: "/data/exports/1", Remove: "/x"},
			{State: "Stopped before its end", By: "Mara Lindqvist", AskedAt: ago(9e13), Size: 1_100_000_000},
		},
	}
	full.Classes[1].IsOwn = true
	writing := full
	writing.Action, writing.Archives = "", []console.Archive{{State: "Being written", IsRunning: true, AskedAt: ago(9e10), Done: 18_400, Total: 61_000, Files: 731, Size: 412e6, Remove: "/x"}}
	writing.Error = "An archive is being written already. It can be stopped here."
	empty := full
	empty.Archives = nil
	ask := console.DataClockView{Shell: shell, Token: "t0ken", Action: "/data/clocks/x", CancelURL: "/data", Title: "Posts of other servers", What: full.Classes[0].What, Days: "2", Least: 3, Most: 90, Platform: 90}
	wrong, sure := ask, ask
	wrong.Error = "Choose 3 to 90 days."
	sure.IsAsked, sure.Chosen, sure.Goes, sure.IsAbout, sure.Words = true, 30, 12_400, true, "posts of other servers go"
	return []galleryPage{
		view("data", console.RenderData, full), view("data-writing", console.RenderData, writing), view("data-empty", console.RenderData, empty),
		view("data-clock", console.RenderDataClock, wrong), view("data-clock-sure", console.RenderDataClock, sure),
	}
}
