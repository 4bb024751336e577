package assets_test

import (
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/staff"
	"rookery/dashboard/web"
)

func staffShell(current staff.Place) staff.Shell {
	entry := func(place staff.Place, text, icon string, wide bool) staff.Entry {
		return staff.Entry{Text: text, Icon: icon, URL: "/staff/" + string(place), IsCurrent: place == current, IsWide: wide}
	}
	return staff.Shell{
		Person: staff.Person{ID: "7", Name: "Katharina Brandstätter", Mail: "katharina@rookery.example"}, Role: "admin", Token: "t0ken", SignOutURL: "/staff/sign_out", OwnURL: "/staff/me",
		Entries: []staff.Entry{
			entry(staff.TenantsPlace, "Tenants", "home", false), entry(staff.RevenuePlace, "Revenue", "chart", false), entry(staff.DunningPlace, "Dunning", "horn", false), entry(staff.MattersPlace, "Matters", "memo", false),
			entry(staff.EventsPlace, "Events", "rss", true), entry(staff.DriftPlace, "Drift", "updown", true), entry(staff.QueuesPlace, "Queues", "wrench", true),
		},
	}
}

func soon(d time.Duration) time.Time { return time.Now().Add(d) }

// staffPages are the pages of those who run the platform.
func staffPages() []galleryPage {
	const day = 24 * time.Hour
	line := func(name, host string, standing staff.Standing, plan string, accounts int) staff.TenantLine {
		return staff.TenantLine{Name: name, Host: host, URL: "/staff/tenants/1", Logo: assets.Avatar{Name: name, Seed: host}, State: "active", Standing: standing, Plan: plan, Accounts: accounts, Since: ago(400 * day)}
	}
	list := staff.TenantsView{
		Shell: staffShell(staff.TenantsPlace), Action: "/staff/tenants", HasMoney: true, IsFirst: true, IsAll: true, MoreURL: "/staff/tenants?before=1",
		Standings: []staff.Choice{{Value: "trial", Text: "Trial"}, {Value: "active", Text: "Paid"}}, States: []staff.Choice{{Value: "active", Text: "Active"}},
		Lines: []staff.TenantLine{
			line("Acme Cycles", "social.acme.example", "active", "Team", 12), line("Globex Vereinigte Fahrradteilefabriken", "fahrradteile.globex.example", "grace", "Business", 1048),
			line("Initech", "initech.example", "restricted", "Solo", 1), line("Umbrella", "umbrella.trial.rookery.example", "trial", "Trial", 1), line("Hooli", "hooli.example", "active_ending", "Team", 4), line("New one", "new.trial.rookery.example", "", "", 0),
		},
	}
	list.Today = []staff.Glance{
		{Title: "Matters", URL: "/staff/matters", N: 3, Some: "for a person to decide", None: "Nothing to decide"}, {Title: "Names", URL: "/staff/matters#names", Some: "to review or to decide", None: "None waits"},
		{Title: "Unpaid", URL: "/staff/dunning", N: 1204, Some: "past their trial or their invoice", None: "Everybody has paid"}, {Title: "Events that wait", URL: "/staff/events?outcome=waiting", Some: "for more than five minutes", None: "All are looked at"},
	}
	list.Shell.Entries[3].Waits = 3
	list.Lines[1].NextAt, list.Lines[4].State = soon(6*day), "suspended"
	none, free := list, list
	none.Today, none.Lines, none.Search, none.IsAll, none.MoreURL = nil, nil, "fahrradfabrik", false, ""
	free.HasMoney, free.Standings, free.MoreURL, free.Today = false, nil, "", list.Today[1:2]
	decision := staff.Decision{Standing: "active", Plan: "Business", Limits: []staff.LimitLine{{Label: "Accounts", N: 80}, {Label: "Deliveries a month"}}, From: ago(40 * day), Until: soon(20 * day), Reason: "The invoice is paid by bank transfer, which takes until the month’s end. Agreed by telephone with Mr Lindqvist.", By: "Katharina Brandstätter", IsOn: true, EndURL: "/staff/x/end"}
	over := decision
	over.Standing, over.Limits, over.IsOn, over.EndURL, over.EndedAt = "", nil, false, "", ago(2*day)
	one := staff.TenantView{
		Shell: staffShell(staff.TenantsPlace), Token: "t0ken", Name: "Globex Vereinigte Fahrradteilefabriken", Host: "fahrradteile.globex.example", HomeURL: "/", ListURL: "/staff/tenants", ID: "7690123456789012345",
		State: "active", Since: ago(400 * day), LiveAt: ago(380 * day), Owners: []staff.Person{{ID: "1", Name: "Mara Lindqvist", Mail: "mara@globex.example"}, {ID: "2", Name: "einkauf@fahrradteile.globex.example", Mail: "einkauf@fahrradteile.globex.example"}},
		Names: []staff.NameLine{{Name: "fahrradteile.globex.example", State: "works"}, {Name: "globex.example", State: "does not lead here yet"}},
		Uses:  []staff.Use{{Name: "Accounts", UsedN: 12, LimitN: 10, IsOver: true, IsCapped: true}, {Name: "People", UsedN: 7, LimitN: 10, IsCapped: true}, {Name: "Domains", UsedN: 1, LimitN: 1, IsCapped: true}, {Name: "Storage", IsSize: true, Used: 4_200_000_000, Limit: 50_000_000_000, IsCapped: true}, {Name: "Traffic this month", IsSize: true, Used: 120_000_000_000}, {Name: "Deliveries this month", UsedN: 1_204_411}},
		Money: &staff.MoneyView{
			Standing: "grace", Plan: "Business", From: ago(3 * day), EndsAt: soon(11 * day), NextAt: soon(11 * day), Flags: []string{"It uses more than its plan allows.", "A payment is disputed: nothing can be added."},
			Decisions: []staff.Decision{decision, over}, NewURL: "/staff/x/new", ReadAction: "/staff/x/read",
			Changes:       []staff.ChangeLine{{At: ago(3 * day), From: "active", To: "grace", FromPlan: "Business", ToPlan: "Business", Cause: "After a reading"}, {At: ago(390 * day), To: "active", ToPlan: "Business", Cause: "After a reading"}},
			Customers:     []staff.CustomerLine{{ID: "cus_QmX2vB1nTz8eKa", Mail: "einkauf@fahrradteile.globex.example", URL: "https://dashboard.provider.example/customers/cus_1", Currency: "eur", ReadAt: ago(20 * time.Minute), IsCurrent: true}, {ID: "cus_OldOneInDollars", Currency: "usd", IsTest: true, DeletedAt: ago(50 * day)}},
			Subscriptions: []staff.SubscriptionLine{{ID: "sub_1QmX2vB1nTz8eKa9LrYtUiOp", Status: "past_due", Plan: "Business", Every: "month", Currency: "eur", Card: "visa 4242", Extra: 2, PeriodEnd: soon(20 * day), IsChosen: true}, {ID: "sub_0", Status: "canceled", Every: "year", Currency: "usd", EndedAt: ago(100 * day), IsPaused: true}},
			Invoices:      []staff.InvoiceLine{{Number: "A-0007", Status: "open", URL: "/x", Total: euros(129_000), At: ago(3 * day)}, {Number: "A-0006", Status: "paid", Total: euros(129_000), Refunded: euros(4_900), At: ago(33 * day)}},
			Disputes:      []staff.DisputeLine{{ID: "dp_1", Status: "needs_response", Reason: "product_not_received", Amount: euros(129_000), At: ago(9 * day), DueBy: soon(9 * day)}},
		},
		Acts: []staff.ActLine{{At: ago(40 * day), Who: "Katharina Brandstätter", Text: "decided how the tenant stands", Details: [][2]string{{"reason", "The invoice is paid by bank transfer."}, {"standing", "active"}}}, {At: ago(50 * day), Who: "Somebody who has left", Text: "had the customer read again"}}, ActsMore: "/staff/x?acts=1",
	}
	bare := one
	bare.Money, bare.Acts, bare.ActsMore, bare.Names, bare.LiveAt, bare.State, bare.Uses, bare.Owners = nil, nil, "", nil, time.Time{}, "suspended", one.Uses[1:3], nil
	unknown := one
	unknown.Money, unknown.Acts, unknown.ActsMore = &staff.MoneyView{NewURL: "/x", ReadAction: "/x", WasRead: true}, nil, ""
	form := staff.DecisionView{
		Shell: staffShell(staff.TenantsPlace), Token: "t0ken", TenantName: "Acme Cycles", Action: "/staff/x", CancelURL: "/staff/x",
		Standings: []staff.Choice{{Text: "As it is"}, {Value: "active", Text: "Paid"}, {Value: "restricted", Text: "Read only"}}, Plans: []staff.Choice{{Value: "team", Text: "Team"}},
		Limits: []staff.LimitField{{Name: "accounts", Label: "Accounts", Value: "80"}, {Name: "seats", Label: "People"}, {Name: "domains", Label: "Domains"}, {Name: "storage_bytes", Label: "Storage, GB"}, {Name: "egress_bytes", Label: "Traffic a month, GB"}, {Name: "deliveries", Label: "Deliveries a month"}},
	}
	wrong, sure := form, form
	wrong.FormError, wrong.LimitError, wrong.UntilError, wrong.ReasonError = "Choose what is to be another way: the standing, the plan or a limit.", "A limit is a whole number; 0 is no limit.", "A day is written like 2026-11-20.", "Say why: whoever looks at this later has to know."
	sure.Standing, sure.Reason = "restricted", "They asked for a pause."
	sure.Preview = &staff.Preview{IsWorse: true, Until: soon(30 * day), Rows: []staff.PreviewRow{
		{Name: "Standing", Before: "Paid", After: "Read only", IsWords: true}, {Name: "Plan", Before: "Team", After: "Team", IsSame: true}, {Name: "People may post", Before: "Yes", After: "No", IsWords: true}, {Name: "Accounts", IsLimit: true, BeforeN: 10}, {Name: "Deliveries a month", IsLimit: true, BeforeN: 1_000_000, AfterN: 1_000_000, IsSame: true},
	}}
	own := assets.Own{Base: "/staff/me", Token: "t0ken", Host: "rookery.example", Mail: "katharina@rookery.example", Locale: "en", IsBound: true, ForStaff: true, HasPassword: true, PasskeyName: "Chrome on Windows"}
	start := staffShell("")
	start.Entries = nil
	return []galleryPage{
		view("staff-signin", staff.RenderSignIn, staff.SignInView{Host: "rookery.example", Form: assets.SignInForm{Action: "/staff/sign_in", Token: "t0ken", Problem: assets.PasskeyOnly, ForgotURL: "/sign_in/forgot", PasskeyURL: "/staff/sign_in/passkey"}}),
		view("staff-second", staff.RenderGate, staff.GateView{Host: "rookery.example", Gate: assets.Gate{Kind: assets.GateSecond, Action: "/x", Token: "t0ken", BackURL: "/staff/sign_in"}}),
		view("staff-own", staff.RenderOwn, staff.OwnView{Shell: start, Page: web.OwnPage{Title: "You and your security", Own: &own}}),
		view("staff-prove", staff.RenderProve, staff.ProveView{Shell: staffShell(""), Token: "t0ken", Action: "/staff/prove", Next: "/staff/x", HasTOTP: true, IsPaused: true, PasskeyURL: "/staff/sign_in?again=1", CodeError: "This code is not right, or was used already. Wait for the next one."}),
		view("staff-prove-passkey", staff.RenderProve, staff.ProveView{Shell: staffShell(""), Token: "t0ken", PasskeyURL: "/staff/sign_in?again=1"}),
		view("staff-error", staff.RenderError, assets.FaultCard{Title: "This is not open to you", Why: "Your role among the staff does not include it.", Do: "Ask an admin of the platform if you need it.", Status: 403, BackURL: "/staff/", BackText: "The staff’s pages"}),
		view("staff-tenants", staff.RenderTenants, list), view("staff-tenants-none", staff.RenderTenants, none), view("staff-tenants-free", staff.RenderTenants, free),
		view("staff-tenant", staff.RenderTenant, one), view("staff-tenant-free", staff.RenderTenant, bare), view("staff-tenant-unknown", staff.RenderTenant, unknown),
		view("staff-decision", staff.RenderDecision, form), view("staff-decision-wrong", staff.RenderDecision, wrong), view("staff-decision-sure", staff.RenderDecision, sure),
		view("staff-decision-end", staff.RenderEndDecision, staff.EndDecisionView{Shell: staffShell(staff.TenantsPlace), Token: "t0ken", TenantName: "Acme Cycles", Action: "/x", CancelURL: "/x", Decision: decision, Preview: *sure.Preview}),
	}
}
