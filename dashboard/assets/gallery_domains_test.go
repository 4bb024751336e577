package assets_test

import (
	"time"

	"rookery/dashboard/console"
)

func domainShell() console.Shell {
	s := sampleShell(true)
	s.Room.Current, s.Room.DomainsURL = console.Domains, "/console/acme/domains"
	return s
}

// domainPages are the room of names, filled with what the longest real ones hold.
func domainPages() []galleryPage {
	list := console.DomainsView{Shell: domainShell(), AddURL: "/console/acme/domains/new", HasOwn: true, Rows: []console.DomainRow{
		{Name: "acme.rookery.example", Purpose: "The name of your trial. It leads to your own name now", Tone: console.Done, Word: "Works"},
		{Name: "acme.example", Purpose: "Handles: @…@acme.example", Tone: console.Waiting, Word: "Waiting for DNS", URL: "/d/2", Advice: "Add a TXT record at _rookery-challenge.acme.example with the value rookery-verify=QWERTZUIOPASDFGHJKLYXCVBNM."},
		{Name: "social.fahrradteilefabriken-bücher.example", ASCII: "social.xn--fahrradteilefabriken-bcher-vsc.example", Purpose: "Pages and apps", Tone: console.Wrong, Word: "Change needed", URL: "/d/3", Advice: "social.fahrradteilefabriken-bücher.example is an alias of web7.oldhost.example: change its CNAME record to t-117651737293785707.edge.rookery.example."},
	}, Gone: []console.DomainRow{{Name: "old.example", Purpose: "Handles, pages and apps", Word: "Removed", URL: "/d/4"}}}
	form := console.AddDomainView{Shell: domainShell(), Action: "/console/acme/domains", Token: "t0ken", CancelURL: "/console/acme/domains", Account: "support", Mode: "split"}
	wrong := form
	wrong.Name, wrong.NameError, wrong.Service, wrong.ServiceError = "com", "com is a public suffix, under which others register their domains. Use a domain of your own, such as social.example.com.", "acme", "A domain has at least two parts, such as example.com."
	wrong.FormError = "10 names wait for their set-up already. Finish or remove one of them first."
	return []galleryPage{
		view("domains", console.RenderDomains, list),
		view("domains-empty", console.RenderDomains, console.DomainsView{Shell: domainShell(), AddURL: "/console/acme/domains/new"}),
		view("domains-viewer", console.RenderDomains, console.DomainsView{Shell: domainShell(), Rows: list.Rows[:1]}),
		view("domain-add", console.RenderAddDomain, form),
		view("domain-add-wrong", console.RenderAddDomain, wrong),
		view("domain", console.RenderDomain, sampleDomain()),
		view("domain-redirect", console.RenderDomain, sampleRedirect()),
		view("ending", console.RenderEnding, console.EndingView{
			Shell: domainShell(), Token: "t0ken", CancelURL: "/console/acme", Days: 30, Accounts: 3, Posts: 1792, Files: 840, Followers: 12906, People: 4,
			Names: []string{"acme.example", "social.acme.example"}, Action: "/delete", Typed: "Acme", Error: "This is not the name. Type Acme Cycles to delete it.",
		}),
		view("ending-begun", console.RenderEnding, console.EndingView{Shell: domainShell(), Token: "t0ken", Until: time.Now().Add(29 * 24 * time.Hour), UndoAction: "/undo"}),
		view("domain-shared", console.RenderShared, sampleShared(sampleDomain())),
		view("domain-shared-redirect", console.RenderShared, sampleShared(sampleRedirect())),
	}
}

func sampleDomain() console.DomainView {
	soon := time.Now().Add(42 * time.Second)
	looked := ago(18 * time.Second)
	return console.DomainView{
		Shell: domainShell(), Title: "acme.example", Lead: "Handles end in @acme.example, pages and apps are on social.acme.example.",
		Handles: "acme.example", Pages: "social.acme.example", ListURL: "/console/acme/domains",
		Live: console.DomainLive{
			Summary: "2 of 5 steps done", Token: "t0ken", CheckAction: "/check", CheckFrom: time.Now().Add(3 * time.Minute), Mail: "mara@acme.example", SendURL: "#it",
			History:   []console.DomainEvent{{At: looked, Text: "social.acme.example does not lead to us yet", Why: "WRONG_CNAME"}, {At: ago(50 * time.Hour), Text: "acme.example was added", Who: "Mara Lindqvist"}},
			CheckNote: "We looked a moment ago. DNS takes its time, so looking more often finds nothing new; we look again by ourselves.",
			Note:      &console.DomainNote{Tone: console.Wrong, Title: "social.acme.example no longer leads to us.", Text: "It still works, and you can take it back. Its addresses are gone for good", Until: time.Now().Add(80 * time.Hour), UndoAction: "/undo"},
			Todo: &console.DomainTodo{
				Title: "Change two records in the DNS of acme.example", Tone: console.Wrong, Word: "Change needed",
				Texts:    []string{"social.acme.example is an alias of web7.oldhost.example: change its CNAME record to t-117651737293785707.edge.rookery.example."},
				Records:  sampleRecords(),
				Seen:     []string{"We saw web7.oldhost.example."},
				Code:     "WRONG_CNAME",
				LookedAt: looked, NextAt: soon,
			},
			Steps: []console.DomainStep{
				{Title: "You own acme.example", Tone: console.Done, Word: "Done", Text: "The TXT record is there. Leave it: we look for it each week.", LastAt: looked, OKAt: looked},
				{Title: "You own social.acme.example", Tone: console.Done, Word: "Done", Text: "The TXT record is there. Leave it: we look for it each week.", LastAt: looked, OKAt: looked},
				{Title: "social.acme.example leads to us", Tone: console.Wrong, Word: "Change needed", Text: "social.acme.example is an alias of web7.oldhost.example: change its CNAME record to t-117651737293785707.edge.rookery.example.", Code: "WRONG_CNAME", LastAt: looked, OKAt: ago(90 * time.Hour), NextAt: soon},
				{Title: "Certificate of social.acme.example", Word: "Starts by itself", Text: "About a minute after social.acme.example leads to us."},
				{Title: "acme.example sends look-ups of handles to us", Tone: console.Waiting, Word: "Waiting", Text: "https://acme.example/.well-known/webfinger does not answer as it should (status 404): redirect it, with what follows the question mark, to https://social.acme.example/.well-known/webfinger.", LastAt: looked, NextAt: soon},
			},
		},
		Zone: []string{"_rookery-challenge.acme.example. 300 IN TXT \"rookery-verify=QWERTZUIOPASDFGHJKLYXCVBNM\"", "social.acme.example. 300 IN CNAME t-117651737293785707.edge.rookery.example."},
		IT: &console.ITForm{Action: "/send", Token: "t0ken", Mail: "it@acme,example", MailError: "“acme,example” has a comma. Did you mean it@acme.example?", SentTo: "it@acme.example",
			Note: "See www.acme.example", NoteError: "Leave links and addresses out of the note: mails with links from strangers end among the spam. The records are in the mail anyway.",
			Link: "https://rookery.example/dns?key=AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz0123456", LinkUntil: time.Now().Add(320 * time.Hour), UnlinkAction: "/unlink"},
		Seen: &console.SeenView{Action: "/seen", Token: "t0ken", Handle: "@support@acme.example", Tone: console.Wrong, Sum: "Another server does not find @support@acme.example yet.", Error: "You have looked six times within ten minutes. Wait a little and look again.", Steps: []console.SeenStep{
			{Title: "It asks DNS for the address", Tone: console.Done, Word: "Fine", Text: "acme.example is 203.0.113.7, 2001:db8:14::80"},
			{Title: "It asks who that is (WebFinger)", Tone: console.Wrong, Word: "Stops here", Text: "GET https://acme.example/.well-known/webfinger?resource=acct%3Asupport%40acme.example → 404: that is no answer"},
		}},
		Releases: []console.ReleaseForm{{Action: "/release", Token: "t0ken", Name: "acme.example", Plan: "It works for one more week, in which you can take it back. After that links to it lead nowhere.", Typed: "acme.exmaple", Error: "This is not the name. Type acme.example to remove it."}, {Action: "/release", Token: "t0ken", Name: "social.acme.example", Plan: "It does not work yet, so it is gone at once. You can add it again at any time."}},
	}
}

// sampleShared is the same without what only the company sees.
func sampleShared(v console.DomainView) console.SharedView {
	live := v.Live
	live.Token, live.CheckAction, live.Mail, live.SendURL, live.CheckNote, live.History = "", "", "", "", "", nil
	if live.Note != nil {
		live.Note = &console.DomainNote{Tone: live.Note.Tone, Title: live.Note.Title, Text: live.Note.Text, Until: live.Note.Until}
	}
	out := console.SharedView{
		Title: v.Title, Lead: v.Lead, Handles: v.Handles, Pages: v.Pages, Host: "rookery.example", Until: time.Now().Add(320 * time.Hour),
		Live: live, Zone: v.Zone,
	}
	if live.Todo.Redirect == nil {
		out.Recipes = sampleRedirectRecipes()
	}
	return out
}

func sampleRecords() []console.DomainRecord {
	return []console.DomainRecord{
		{Caption: "1. Change this record", Type: "CNAME", Name: "social", Full: "social.acme.example", Was: "web7.oldhost.example", Value: "t-117651737293785707.edge.rookery.example"},
		{Caption: "2. Delete this record", Type: "AAAA", Name: "social", Full: "social.acme.example", Was: "2001:db8:14::80"},
		{Caption: "3. Move this record", Type: "TXT", Name: "_rookery-challenge.social", Full: "_rookery-challenge.social.acme.example", WasName: "_rookery-challenge.social.acme.example.acme.example", Value: "rookery-verify=QWERTZUIOPASDFGHJKLYXCVBNM"},
	}
}

func sampleRedirect() console.DomainView {
	v := sampleDomain()
	v.Live.Note, v.Live.CheckNote, v.Live.CheckFrom = nil, "", time.Time{}
	v.Seen.Steps, v.Seen.Error = nil, ""
	recipes := sampleRedirectRecipes()
	v.IT = &console.ITForm{Action: "/send", Token: "t0ken", Recipes: recipes, Server: "cloudflare", LinkAction: "/link"}
	v.Live.Todo = &console.DomainTodo{
		Title: "Redirect two addresses of acme.example", Tone: console.Waiting, Word: "Waiting for DNS", Seen: []string{"We saw an answer with status 404."}, Code: "WEBFINGER_UNREACHABLE", LookedAt: ago(time.Minute), NextAt: time.Now().Add(time.Minute),
		Texts: []string{"Your website stays where it is. It only passes on the question “who is @…@acme.example?”, which other servers ask at two addresses."},
		Redirect: &console.DomainRedirect{Recipes: recipes, Pairs: [][2]string{
			{"https://acme.example/.well-known/webfinger", "https://social.acme.example/.well-known/webfinger"},
			{"https://acme.example/.well-known/host-meta", "https://social.acme.example/.well-known/host-meta"},
		}},
	}
	return v
}

func sampleRedirectRecipes() []console.DomainRecipe {
	return []console.DomainRecipe{
		{ID: "nginx", Title: "nginx", Where: "in the server block of acme.example that listens with ssl", Text: "location = /.well-known/webfinger {\n    return 301 https://social.acme.example/.well-known/webfinger$is_args$args;\n}"},
		{ID: "cloudflare", Title: "Cloudflare", Where: "Rules → Redirect Rules → Create rule, in the zone acme.example", Text: "When incoming requests match, custom filter expression:\n  (http.host eq \"acme.example\" and (http.request.uri.path eq \"/.well-known/webfinger\" or http.request.uri.path eq \"/.well-known/host-meta\"))"},
	}
}
