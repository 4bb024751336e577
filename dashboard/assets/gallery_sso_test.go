package assets_test

import (
	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/dashboard/site"
	"rookery/dashboard/web"
)

// ssoPages are the ways in where a company has its own login, and where it sets it up.
func ssoPages() []galleryPage {
	form := assets.SignInForm{
		Action: "/auth/sign_in", Token: "t0ken", ForgotURL: "/auth/sign_in/forgot", PasskeyURL: "/auth/sign_in/passkey",
		SSOURL: "/auth/sso", SSOName: "Acme Cycles",
	}
	only, wrong, passkey := form, form, form
	only.SSOOnly = true
	wrong.SSOOnly, wrong.Problem, wrong.Mail = true, assets.SSOOnly, "mara@acme.example"
	passkey.SSOURL, passkey.SSOName = "", ""
	passkey.Problem = assets.Passkey
	link := site.SSOView{
		Tenant: acme, Title: "Is this you?", Why: "Acme Cycles’s login says that you are fahrradteile-einkauf@acme.example. That login exists here already.",
		Do: "Type its password once. From then on you sign in without it.", SignInURL: "/auth/sign_in",
		Link: &site.SSOLink{Action: "/auth/sso/link", Token: "t0ken", Secret: "s3cret", Mail: "fahrradteile-einkauf@acme.example", ForgotURL: "/auth/sign_in/forgot",
			PasswordError: "This is not the password of this login. Check it and try again."},
	}
	refused := site.SSOView{
		Tenant: acme, Title: "Acme Cycles’s login is not set up right", Why: "It and this server do not fit together.", Do: "Show this page to whoever set it up.",
		Detail: "the provider does not know the client", RetryURL: "/auth/sso", SignInURL: "/auth/sign_in",
	}
	room := console.SSOView{
		Shell: companyShell(console.Security), Token: "t0ken", Action: "/security/sso", RedirectURI: "https://social.acme.example/auth/sso/callback",
		Issuer: "https://login.acme.example/realms/acme", ClientID: "rookery", HasSecret: true, Scopes: "openid email profile", MailDomains: "acme.example\nacme-cycles.example",
		Roles:       []console.SSORole{{Value: "member", Text: "Member", IsChosen: true}, {Value: "admin", Text: "Admin"}},
		MakeAccount: true, UsernameClaim: "preferred_username", AgainDays: "0", IsOn: true, IsRequired: true,
		Owners: []console.SSOOwner{
			{ID: "1", Name: "Mara Lindqvist", Mail: "mara@acme.example", HasPassword: true, IsGlass: true},
			{ID: "2", Name: "fahrradteile-einkauf@acme.example", Mail: "fahrradteile-einkauf@acme.example"},
		},
	}
	saved, amiss := room, room
	saved.IsSaved = true
	amiss.Wrong = map[string]string{
		"issuer": "Give the issuer’s address as your provider shows it, such as https://login.acme.com/realms/acme.", "glass": "Choose one owner at least who has a password. Otherwise nobody gets in when your provider is down.",
		"client_secret": "Type the client secret. For another issuer or client it is asked for again.",
	}
	again := web.OwnPage{Title: "Is it still you?", Again: &assets.Again{
		Base: "/settings/login", Action: "/settings/login/again", Token: "t0ken", Mail: "mara@acme.example", Next: "authenticator",
		PasswordError: "This is not your password. Check it and try again.",
	}}
	at := func(name string, f assets.SignInForm) galleryPage {
		return view("signin-"+name, site.RenderSignIn, site.SignInView{Tenant: acme, Form: f})
	}
	arrived := func(why string) site.SSOArrivedView {
		return site.SSOArrivedView{Tenant: acme, Why: why, NextURL: "/"}
	}
	return []galleryPage{
		at("sso", form), at("sso-only", only), at("sso-wanted", wrong), at("passkey", passkey),
		view("signin-sso-app", site.RenderSignIn, site.SignInView{Tenant: acme, AppName: "Heron", Form: form}),
		view("sso-link", site.RenderSSO, link), view("sso-refused", site.RenderSSO, refused),
		view("sso-arrived", site.RenderSSOArrived, arrived("taken")), view("sso-arrived-failed", site.RenderSSOArrived, arrived("failed")),
		view("sso-room", console.RenderSSO, saved), view("sso-room-wrong", console.RenderSSO, amiss),
		view("sso-gate", console.RenderSSOGate, console.SSOGateView{
			Shell: sampleShell(false), Name: "Acme Cycles", GoURL: "/go", Problem: "This did not work: it took too long, or was begun in another browser. Start again.",
		}),
		view("own-again", site.RenderOwn, site.OwnView{Tenant: signedIn(), Page: again}),
		view("console-own-again", console.RenderOwn, console.OwnView{Shell: sampleShell(false), Page: again}),
	}
}
