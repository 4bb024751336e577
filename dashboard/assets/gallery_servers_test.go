package assets_test

import (
	"time"

	"rookery/dashboard/console"
	"rookery/internal/store"
)

// serversPages are the room of which servers a company talks to.
func serversPages() []galleryPage {
	shell := companyShell(console.Servers)
	audiences := []console.Choice{{Value: "nobody", Text: "Nobody"}, {Value: "users", Text: "Who is signed in"}, {Value: "all", Text: "Everybody"}}
	room := console.ServersView{
		Shell: shell, Token: "t0ken", Action: "/servers", IsOpen: true, IsFirst: true, Audiences: audiences, ShowBlocks: "nobody", ShowReasons: "nobody", Rules: 1204, Allowed: 2,
		MoreURL: "/servers?after=x",
		Walk:    console.ServerWalk{IsShown: true, IsRunning: true, Seen: 24_000, Of: 61_310, Percent: 39, Follows: 112},
		Lines: []console.ServerLine{
			{Domain: "cheap-watches.example", Severity: "suspend", Comment: "Spam to every new account", By: "Mara Lindqvist", At: ago(50 * time.Hour), URL: "/servers/rules/x"},
			{Domain: "loud.example", Severity: "silence", NoMedia: true, By: "Theo Marchetti", At: ago(90 * time.Hour), URL: "/servers/rules/x"},
			{Domain: "pictures.of.everything.und.noch.viel.mehr.fahrradteilefabriken-und-andere.example", Severity: "noop", NoMedia: true, Comment: "Takes more room than all the others together, and nobody here follows anybody there", At: ago(3000 * time.Hour), URL: "/servers/rules/x"},
		},
	}
	empty := console.ServersView{Shell: shell, Token: "t0ken", Action: "/servers", IsOpen: true, IsFirst: true, Audiences: audiences, ShowBlocks: "nobody", ShowReasons: "nobody"}
	allowed := room
	allowed.IsAllowed, allowed.HasList, allowed.MoreURL = true, true, ""
	allowed.Walk = console.ServerWalk{IsShown: true, Hidden: 4120, Limited: 3, Freed: 17, Follows: 1, At: ago(20 * time.Minute)}
	allowed.Lines = []console.ServerLine{
		{Domain: "partner.example", Comment: "Our dealer in Malmö", By: "Mara Lindqvist", At: ago(50 * time.Hour), URL: "/x"},
		{Domain: "suppliers.example", At: ago(90 * time.Hour), URL: "/x"},
	}
	allowed.NewDomain, allowed.Error = "https://partner.example/about", "A domain looks like example.com: letters, digits, hyphens and dots, without a path."
	choices := []console.SeverityChoice{
		{Value: "suspend", Name: "Block", Text: "Nothing comes in and nothing goes out. Its accounts and posts are hidden, follows end."},
		{Value: "silence", Name: "Limit", Text: "Only those who follow its accounts see their posts. Public lists do not show them, and strangers from there notify nobody."},
		{Value: "noop", Name: "Only what is ticked below", Text: "Posts are shown as those of other servers."},
	}
	fresh := console.ServerRuleView{
		Shell: shell, Token: "t0ken", Action: "/x", CancelURL: "/servers", IsOpen: true, Choices: choices, Severity: "suspend", Domain: "not a domain",
		Error: "A domain looks like example.com: letters, digits, hyphens and dots, without a path.",
	}
	known := fresh
	known.IsKnown, known.Domain, known.Error, known.RemoveURL, known.By, known.At = true, "cheap-watches.example", "", "/remove", "Mara Lindqvist", ago(50*time.Hour)
	known.Public, known.Private, known.NoMedia = "Spam", "Three reports within a week, see the board.", true
	known.Reach = store.ServerReach{Accounts: 212, Followers: 31, Following: 1}
	mode := console.ServerModeView{
		Shell: shell, Token: "t0ken", Action: "/mode", CancelURL: "/servers", IsOpen: true, Allowed: 2, Servers: 812, Follows: 20_411,
		Largest: "mastodon.example, social.example, bikes.example, norden.example, pictures.example",
	}
	open := mode
	open.HasList = true
	file := console.ServerImportView{Shell: shell, Token: "t0ken", Action: "/import", CancelURL: "/servers", IsOpen: true}
	wrong, read := file, file
	wrong.Error = "The first line of the file has to name its columns, one of them #domain."
	read.IsRead, read.Text, read.New, read.Changed, read.Same, read.Bad = true, "#domain\n", 311, 1, 40, 2
	read.Problems = []console.ServerProblem{
		{Line: 12, Text: "http://no domain,suspend", Why: "A domain looks like example.com: letters, digits, hyphens and dots, without a path."},
		{Line: 90, Text: "cheap-watches.example", Why: "This domain stands in line 3 already."},
	}
	read.Sample = room.Lines
	return []galleryPage{
		view("servers", console.RenderServers, room), view("servers-empty", console.RenderServers, empty), view("servers-allowed", console.RenderServers, allowed),
		view("servers-new", console.RenderServerRule, fresh), view("servers-rule", console.RenderServerRule, known), view("servers-confirm", console.RenderServerConfirm, known),
		view("servers-remove", console.RenderServerRemove, known), view("servers-mode", console.RenderServerMode, mode), view("servers-mode-open", console.RenderServerMode, open),
		view("servers-import", console.RenderServerImport, wrong), view("servers-import-read", console.RenderServerImport, read),
	}
}
