package assets_test

import (
	"time"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
	"rookery/dashboard/web"
)

// securityPages are the way in beyond the password, one's own login, and what a company asks for.
func securityPages() []galleryPage {
	gate := func(g assets.Gate) assets.Gate {
		g.Action, g.Token, g.BackURL, g.Secret, g.Host = "/auth/x", "t0ken", "/auth/sign_in", "s3cret", "social.acme.example"
		return g
	}
	second := gate(assets.Gate{Kind: assets.GateSecond, CodeError: "This code is not right, or was used already. Wait for the next one."})
	offer := gate(assets.Gate{Kind: assets.GateOffer, BeginURL: "/auth/x/begin", Name: "Firefox on Linux"})
	own := assets.Own{
		Base: "/settings/login", Token: "t0ken", Host: "social.acme.example", Name: "Mara Lindqvist", Mail: "mara@acme.example", Locale: "en", Done: assets.DonePasskey,
		HasPassword: true, HasTOTP: true, Since: ago(900 * time.Hour), CodesLeft: 3, PasskeyName: "Firefox on Linux", PasswordURL: "/settings/password", AppsURL: "/settings/apps",
		Passkeys: []assets.OwnPasskey{
			{ID: "a", Name: "The yellow key on the ring with the workshop's door", Since: ago(700 * time.Hour), LastUsed: ago(time.Hour)},
			{ID: "b", Name: "Old phone", Since: ago(2000 * time.Hour), IsCloned: true},
		},
		Sessions: []assets.OwnSession{
			{ID: "x", Device: "Firefox on Linux", Address: "192.0.2.7", Since: ago(30 * time.Hour), LastSeen: ago(time.Minute), IsThis: true, IsStrong: true},
			{ID: "y", Device: "Safari on iPhone", Address: "2001:db8:85a3:8d3:1319:8a2e:370:7348", Since: ago(90 * time.Hour), LastSeen: ago(20 * time.Hour)},
		},
	}
	bound := assets.Own{Base: "/settings/login", Token: "t0ken", Host: "social.acme.example", Name: "Jon", Mail: "jon@acme.example", Locale: "en", IsBound: true, HasPassword: true, PasskeyName: "Chrome on Windows", Sessions: own.Sessions[:1]}
	mara := console.Person{ID: "6", Name: "Mara Lindqvist", Mail: "mara@acme.example"}
	room := console.SecurityView{
		Shell: companyShell(console.Security), Token: "t0ken", Action: "/security", OwnURL: "/me", SSOURL: "/sso", IsProven: true, MoreURL: "/security?after=9",
		Asked: console.AskedFor{Count: 2, Names: []string{"Jon", "fahrradteile-einkauf@acme.example"}},
		Members: []console.SecurityRow{
			{Person: mara, Role: console.Owner, IsYou: true, HasTOTP: true, HasPasskey: true},
			{Person: console.Person{ID: "7", Name: "Jon", Mail: "jon@acme.example"}, Role: console.Admin},
			{Person: console.Person{ID: "8", Name: "fahrradteile-einkauf@acme.example", Mail: "fahrradteile-einkauf@acme.example"}, Role: console.Viewer},
		},
	}
	on, alone := room, room
	on.IsOn, on.Asked = true, console.AskedFor{}
	alone.IsProven, alone.MoreURL, alone.SSOURL, alone.Members = false, "", "", []console.SecurityRow{{Person: mara, Role: console.Owner, IsYou: true}}
	alone.Asked, alone.IsRefused = console.AskedFor{Count: 1, IsYou: true}, true
	at := func(name string, g assets.Gate) galleryPage {
		return view("gate-"+name, site.RenderGate, site.GateView{Tenant: acme, Gate: g})
	}
	return []galleryPage{
		at("second", second), at("offer", offer),
		at("forgot", gate(assets.Gate{Kind: assets.GateForgot, Mail: "mara@acme", MailError: "This is no mail address. It looks like hello@example.com."})),
		at("forgot-sent", gate(assets.Gate{Kind: assets.GateForgotSent, Mail: "mara@acme.example"})),
		at("reset", gate(assets.Gate{Kind: assets.GateReset, Mail: "mara@acme.example"})),
		at("new-mail", gate(assets.Gate{Kind: assets.GateNewMail})),
		at("dead-link", gate(assets.Gate{Kind: assets.GateDeadLink})),
		view("console-sign-up", console.RenderGate, console.GateView{Host: "rookery.example", Gate: gate(assets.Gate{Kind: assets.GateSignUp, Name: "Mara", PasswordError: "A password has at least 8 characters."})}),
		view("console-sign-up-sent", console.RenderGate, console.GateView{Host: "rookery.example", Gate: gate(assets.Gate{Kind: assets.GateSignUpSent, Mail: "mara@acme.example"})}),
		view("console-confirm", console.RenderGate, console.GateView{Host: "rookery.example", Gate: gate(assets.Gate{Kind: assets.GateConfirm, Mail: "mara@acme.example", NeedsPassword: true})}),
		view("own", site.RenderOwn, site.OwnView{Tenant: signedIn(), Page: web.OwnPage{Title: "You and your security", Own: &own}}),
		view("own-bound", site.RenderOwn, site.OwnView{Tenant: signedIn(), Page: web.OwnPage{Title: "You and your security", Own: &bound}}),
		view("own-codes", site.RenderOwn, site.OwnView{Tenant: signedIn(), Page: web.OwnPage{Title: "Your recovery codes", Codes: &assets.Codes{Base: "/settings/login", Codes: []string{"abcd-efgh-jklm-npqr", "bcde-fghj-klmn-pqrs", "cdef-ghjk-lmnp-qrst"}, IsNew: true, Next: "/"}}}),
		view("console-own", console.RenderOwn, console.OwnView{Shell: sampleShell(false), Page: web.OwnPage{Title: "You and your security", Own: &own}}),
		view("security", console.RenderSecurity, room),
		view("security-on", console.RenderSecurity, on),
		view("security-alone", console.RenderSecurity, alone),
	}
}
