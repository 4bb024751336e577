package assets_test

import (
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
	"rookery/tenant"
)

// standingPages are what stands in place of public pages, and on the others, while a company
// owes something.
func standingPages() []galleryPage {
	began, ends := time.Date(2026, 6, 9, 8, 0, 0, 0, time.UTC), time.Date(2026, 9, 23, 8, 0, 0, 0, time.UTC)
	banner := func(name string, standing tenant.Standing, isPayer bool) galleryPage {
		shell := sampleShell(true)
		shell.Room.Standing = &console.StandingNote{Company: "Acme Cycles", Standing: standing, Since: began, Until: ends, IsPayer: isPayer}
		if isPayer {
			shell.Room.Standing.PlanURL = "/console/acme/billing"
		}
		return view(name, console.RenderAccounts, console.AccountsView{Shell: shell, Accounts: sampleAccounts(), SignInHost: "social.acme.example"})
	}
	paused, closing := site.Standing{IsPaused: true, Until: ends}, site.Standing{IsClosing: true, Until: ends}
	door, own := acme, signedIn()
	door.Standing, own.Standing = &paused, &closing
	plans := samplePlans()[3:]
	plans[0].State, plans[0].PostURL, plans[0].URL, plans[0].IsHeld = laterState, "", "/p/4", true
	held := console.PublishView{Shell: publishShell(), Tabs: publishTabs(2), List: "scheduled", Plans: plans, CalendarURL: "/p/calendar", HasAccounts: true}
	held.Shell.Room.Standing = &console.StandingNote{Company: "Acme Cycles", Standing: tenant.Restricted, Since: began, Until: ends}
	return []galleryPage{
		view("site-paused", site.RenderPaused, site.PausedView{Tenant: acme, Standing: paused}),
		view("site-closing", site.RenderPaused, site.PausedView{Tenant: acme, Standing: closing}),
		view("signin-standing", site.RenderSignIn, site.SignInView{Tenant: door, Form: assets.SignInForm{Action: "/auth/sign_in", Token: "t0ken"}}),
		view("apps-standing", site.RenderApps, site.AppsView{Tenant: own}),
		banner("standing-grace", tenant.Grace, true), banner("standing-restricted", tenant.Restricted, true), banner("standing-restricted-member", tenant.Restricted, false),
		banner("standing-paused", tenant.Unpaid, true), banner("standing-paused-member", tenant.Unpaid, false), banner("standing-closing", tenant.Closing, true),
		view("publish-held", console.RenderPublish, held),
	}
}
