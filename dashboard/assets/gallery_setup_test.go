package assets_test

import (
	"rookery/dashboard/console"
)

func setupFrame(current int) *console.SetupFrame {
	steps := []console.SetupStep{{Number: 1, Text: "Company"}, {Number: 2, Text: "Domain"}, {Number: 3, Text: "People and accounts"}}
	for i := range steps {
		steps[i].IsCurrent, steps[i].IsDone = i+1 == current, i+1 < current
		if i > 0 && current > 1 {
			steps[i].URL = "/console/acme/setup"
		}
	}
	return &console.SetupFrame{Steps: steps, Current: current, LaterURL: "/console/acme", NextAction: "/console/acme/setup/domain/next"}
}

// setupPages are the screens of the set-up.
func setupPages() []galleryPage {
	company := console.SetupCompanyView{Setup: *setupFrame(1), Action: "/console/setup", Token: "t0ken", Nonce: "n0nce", Host: "rookery.example"}
	taken := company
	taken.Name, taken.Handle, taken.HandleError = "Vereinigte Fahrradteilefabriken", "fahrradteile", "This name is taken or was used before. Names are never given twice: choose another."
	taken.NameError, taken.FormError = "Type the name of your company, in up to 100 characters.", "You have made 3 companies within a day, and more are for tomorrow. If you need them now, write to whoever runs this server."
	taken.Free = []console.SetupName{{Slug: "fahrradteile-team", URL: "/console/setup?handle=a"}, {Slug: "vereinigte-fahrradteilefabrike", URL: "/console/setup?handle=b"}}
	taken.Open = []console.SetupOpen{{Name: "Acme Cycles", Host: "acme.rookery.example", URL: "/console/acme/setup"}}

	form := console.AddDomainView{Shell: domainShell(), Action: "/d", Token: "t0ken", Account: "support", Mode: "split", Setup: setupFrame(2), Trial: "vereinigte-fahrradteilefabriken.rookery.example"}
	wrong := form
	wrong.Name, wrong.NameError, wrong.FormError = "com", "com is a public suffix, under which others register their domains. Use a domain of your own, such as social.example.com.", "10 names wait for their set-up already. Finish or remove one of them first."
	domain := sampleDomain()
	domain.Setup, domain.Seen, domain.Live.Note, domain.Live.History, domain.Live.CheckNote = setupFrame(2), nil, nil, nil, ""

	choices := []console.RoleChoice{{Role: console.Admin, Text: "Looks after domains, accounts, people and security"}, {Role: console.Drafter, Text: "Writes; somebody approves"}}
	people := console.SetupPeopleView{
		Setup: *setupFrame(3), Company: "Acme Cycles", HandleHost: "acme.rookery.example", Action: "/p", Token: "t0ken", Places: choices, Roles: choices,
		Accounts: []console.SetupAccount{{Number: 1}, {Number: 2}}, Invites: []console.SetupInvite{{Number: 1, As: console.Drafter}, {Number: 2}, {Number: 3}},
	}
	mixed := people
	mixed.Made, mixed.Invited = sampleAccounts(), []string{"priya@acme.example", "a.person.with.a.very.long.mail.address@fahrradteilefabriken.acme.example"}
	mixed.Accounts = []console.SetupAccount{{Number: 1, Username: "support desk", UsernameError: "“support desk” cannot be a name. Use up to 30 letters a–z, digits, dots, dashes and underscores, with a letter, digit or underscore at both ends."}, {Number: 2, DisplayName: "A very long name of an account that is", NameError: "A display name has at most 30 characters."}}
	mixed.Invites = append([]console.SetupInvite(nil), people.Invites...)
	mixed.Invites[0] = console.SetupInvite{Number: 1, Mail: "it@acme,example", MailError: "“acme,example” has a comma. Did you mean it@acme.example?"}
	mixed.FormError = "The company has sent 50 invitations within a day. Send the next ones tomorrow."

	done := console.SetupDoneView{
		Setup: *setupFrame(0), Company: "Acme Cycles", PublicURL: "https://acme.rookery.example/", PublicTo: "acme.rookery.example", EndAction: "/end", Token: "t0ken", Left: 2,
		Items: []console.SetupItem{
			{Text: "Connect your own domain", Why: "Until then nobody elsewhere can follow your accounts.", URL: "/d"}, {Text: "There is an account", URL: "/a", IsDone: true},
			{Text: "Add a second factor to your login", Why: "Whoever guesses your password could speak for the company.", URL: "/me"},
		},
	}
	ready := done
	ready.Left, ready.Items = 0, done.Items[1:2]
	begun := console.AccountsView{Shell: sampleShell(true), SignInHost: "acme.rookery.example", NewURL: "/new", SetupURL: "/setup", SetupEndAction: "/setup/end"}
	return []galleryPage{
		view("setup-company", console.RenderSetupCompany, company), view("setup-company-taken", console.RenderSetupCompany, taken),
		view("setup-domain-add", console.RenderAddDomain, form), view("setup-domain-add-wrong", console.RenderAddDomain, wrong), view("setup-domain", console.RenderDomain, domain),
		view("setup-people", console.RenderSetupPeople, people), view("setup-people-wrong", console.RenderSetupPeople, mixed),
		view("setup-done", console.RenderSetupDone, done), view("setup-ready", console.RenderSetupDone, ready),
		view("setup-begun", console.RenderAccounts, begun), view("tenants-sign-up", console.RenderTenants, console.TenantsView{Shell: sampleShell(false), NewURL: "/setup"}),
	}
}
