package assets_test

import (
	"io"
	"strconv"
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
	"rookery/dashboard/web"
)

// view binds a view to its Render function.
func view[V any](name string, render func(io.Writer, V) error, v V) galleryPage {
	return galleryPage{name: name, render: func(w io.Writer) error { return render(w, v) }}
}

func galleryPages() []galleryPage {
	pages := append(profilePages(), gatePages()...)
	pages = append(pages, errorPages()...)
	pages = append(pages, domainPages()...)
	pages = append(pages, setupPages()...)
	pages = append(pages, companyPages()...)
	pages = append(pages, identityPages()...)
	pages = append(pages, inboxPages()...)
	pages = append(pages, securityPages()...)
	pages = append(pages, publishPages()...)
	pages = append(pages, ssoPages()...)
	pages = append(pages, staffPages()...)
	pages = append(pages, staffRooms()...)
	pages = append(pages, standingPages()...)
	return append(pages, consolePages()...)
}

func profilePages() []galleryPage {
	quiet := sampleProfile(site.TabPosts)
	quiet.List, quiet.Older, quiet.Header, quiet.Fields, quiet.Account = nil, "", site.Media{}, nil, workshop
	quiet.Posts, quiet.Followers = 0, 1
	moved := sampleProfile(site.TabPosts)
	moved.MovedTo, moved.List = &rider, moved.List[:1]
	media := sampleProfile(site.TabMedia)
	media.List = media.List[1:]
	posts := samplePosts()
	return []galleryPage{
		view("profile", site.RenderProfile, sampleProfile(site.TabPosts)),
		view("profile-media", site.RenderProfile, media),
		view("profile-about", site.RenderProfile, sampleProfile(site.TabAbout)),
		view("profile-empty", site.RenderProfile, quiet),
		view("profile-moved", site.RenderProfile, moved),
		view("post", site.RenderPost, site.PostView{
			Tenant: acme, Post: posts[1], Ancestors: []site.Post{posts[4], posts[0]}, Descendants: []site.Post{posts[4], posts[5]},
			EmbedHTML: `<iframe src="https://social.acme.example/@support/102/embed" width="400" height="520"></iframe>`,
			Canonical: "https://social.acme.example/@support/102", ActivityURL: "https://social.acme.example/ap/objects/102",
		}),
		view("followers", site.RenderConnections, site.ConnectionsView{Tenant: acme, Account: support, Current: site.Followers, Total: 12906, List: []site.Account{rider, workshop, news}, Older: "?max_id=1"}),
		view("following-hidden", site.RenderConnections, site.ConnectionsView{Tenant: signedIn(), Account: workshop, Current: site.Following, Total: 3, IsHidden: true}),
		view("embed", site.RenderEmbed, site.EmbedView{Tenant: acme, Post: posts[1], URL: "https://social.acme.example/@support/102"}),
		view("post-warned", site.RenderPost, site.PostView{Tenant: acme, Post: posts[3], Canonical: "https://social.acme.example/@support/104"}),
		view("front", site.RenderFront, site.FrontView{Tenant: acme, Accounts: []site.Account{support, news, workshop}}),
		view("front-empty", site.RenderFront, site.FrontView{Tenant: acme}),
		view("tag", site.RenderTag, site.TagView{Tenant: acme, Tag: "fell3", List: posts[1:3], FeedURL: "/tags/fell3.rss"}),
		view("tag-empty", site.RenderTag, site.TagView{Tenant: acme, Tag: "nothing"}),
		view("about", site.RenderAbout, site.AboutView{
			Tenant: acme, Description: "<p>Acme builds bicycles in Kendal. This server is for our own accounts only; we write, and everybody may answer.</p>",
			Contact: &support, ContactMail: "press@acme.example", Accounts: 3, Posts: 1792, Version: "0.1",
			Rules: []site.Rule{{Text: "Be kind: behind every bike is a person."}, {Text: "No advertising in answers.", Hint: "Links to a shop of your own count as advertising."}, {Text: "Addresses and order numbers go into private mentions only."}},
		}),
	}
}

func gatePages() []galleryPage {
	alone := sampleConsent()
	alone.Accounts, alone.App.Host = alone.Accounts[:1], ""
	none := sampleConsent()
	none.Accounts = nil
	form := func(p assets.Problem) site.SignInView {
		return site.SignInView{Tenant: acme, Form: assets.SignInForm{
			Action: "/auth/sign_in", Token: "t0ken", Next: "/oauth/authorize?x=1", Mail: "mara@acme.example",
			Problem: p, TriesLeft: 4, Wait: 15 * time.Minute,
		}}
	}
	first := site.SignInView{Tenant: acme, AppName: "Heron", Form: assets.SignInForm{Action: "/auth/sign_in", Token: "t0ken", SignedOut: true}}
	return []galleryPage{
		view("signin", site.RenderSignIn, form(assets.Mismatch)),
		view("signin-paused", site.RenderSignIn, form(assets.Paused)),
		view("signin-first", site.RenderSignIn, first),
		view("signin-disabled", site.RenderSignIn, form(assets.Disabled)),
		view("sign-out", site.RenderSignOut, site.SignOutView{Tenant: acme, Action: "/auth/sign_out", Token: "t0ken", Person: mara}),
		view("signed-out", site.RenderSignedOut, site.SignedOutView{Tenant: acme}),
		view("denied", site.RenderDenied, site.DeniedView{Tenant: acme, AppName: "Heron"}),
		view("consent", site.RenderConsent, sampleConsent()),
		view("consent-alone", site.RenderConsent, alone),
		view("consent-none", site.RenderConsent, none),
		view("code", site.RenderCode, site.CodeView{Tenant: acme, AppName: "Heron", Code: "kD93xQbZ-7rT2mWc1pLa0VtYe8sHn4gJuF6iRoXlqA", ValidFor: 10 * time.Minute}),
		view("apps", site.RenderApps, sampleApps()),
		view("apps-none", site.RenderApps, site.AppsView{Tenant: signedIn()}),
		view("password", site.RenderPassword, site.PasswordView{Tenant: signedIn(), Action: "/settings/password", Token: "t0ken", Mail: mara.Mail, IsChanged: true}),
		view("password-wrong", site.RenderPassword, site.PasswordView{
			Tenant: signedIn(), Action: "/settings/password", Token: "t0ken", Mail: mara.Mail, Problem: assets.Paused, Wait: 15 * time.Minute,
			OldError: "This is not the password you have now. Check it and try again.", NewError: "A password has at least 8 characters.",
			AgainError: "This differs from the password above. Type the same one twice.",
		}),
		view("follow", site.RenderFollow, site.FollowView{Tenant: acme, Account: support, Action: "/@support/follow", Handle: "priya,mastodon.example", Error: "“priya,mastodon.example” has a comma. Did you mean @priya@mastodon.example?"}),
	}
}

func errorPages() []galleryPage {
	var pages []galleryPage
	for _, status := range []int{400, 403, 404, 410, 422, 429, 500, 503, 418} {
		v := site.ErrorView{Tenant: &acme, Fault: web.Fault{Status: status}}
		if status == 429 {
			v.Fault.Wait = 4 * time.Minute
		}
		if status >= 500 {
			v.Fault.RequestID = "01JD5W8Z4K2Q7M3N"
		}
		pages = append(pages, view("error-"+strconv.Itoa(status), site.RenderError, v))
	}
	return append(pages, view("error-421", site.RenderError, site.ErrorView{Fault: web.Fault{Status: 421}, Tenant: &acme}))
}

func consolePages() []galleryPage {
	accounts := console.AccountsView{Shell: sampleShell(true), Accounts: sampleAccounts(), NewURL: "/console/acme/accounts/new", SignInHost: "social.acme.example"}
	empty := accounts
	empty.Accounts = nil
	blank := console.NewAccountView{Shell: sampleShell(true), Action: "/console/acme/accounts", Token: "t0ken", CancelURL: "/console/acme/accounts", HandleHost: "acme.example"}
	wrong := blank
	wrong.Username, wrong.DisplayName = "support desk", "Acme Support"
	wrong.UsernameError = "“support desk” cannot be a name. Use up to 30 letters a–z, digits, dots, dashes and underscores, with a letter, digit or underscore at both ends."
	wrong.NameError = "A display name has at most 30 characters."
	wrong.FormError = "Nothing can be published while the company is not active."
	return []galleryPage{
		view("console-signin", console.RenderSignIn, console.SignInView{Host: "rookery.example", Form: assets.SignInForm{Action: "/sign_in", Token: "t0ken"}}),
		view("console-tenants", console.RenderTenants, console.TenantsView{Shell: sampleShell(false), Tenants: []console.Tenant{
			{Name: "Acme Cycles", HandleHost: "acme.example", Logo: gear, Role: console.Owner, Accounts: 3, URL: "/console/acme"},
			{Name: "Globex Vereinigte Fahrradteilefabriken", HandleHost: "fahrradteile.globex.example", Logo: assets.Avatar{Name: "Globex", Seed: "g"}, Role: console.Drafter, Accounts: 1, URL: "/console/globex", IsReadOnly: true},
		}}),
		view("console-tenants-empty", console.RenderTenants, console.TenantsView{Shell: sampleShell(false)}),
		view("console-accounts", console.RenderAccounts, accounts),
		view("console-accounts-empty", console.RenderAccounts, empty),
		view("console-new", console.RenderNewAccount, blank),
		view("console-new-wrong", console.RenderNewAccount, wrong),
		view("console-made", console.RenderAccountMade, console.AccountMadeView{
			Shell: sampleShell(true), Account: sampleAccounts()[0], ServerName: "social.acme.example", Mail: "mara@acme.example",
			PublicURL: "https://social.acme.example/@support", AccountsURL: "/console/acme/accounts",
		}),
		view("console-error", console.RenderError, assets.FaultCard{Title: "Nothing is at this address", Why: "It may have been mistyped, or what stood here is not public.", Status: 404, BackURL: "/console", BackText: "Your companies"}),
	}
}
