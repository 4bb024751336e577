package assets_test

import (
	"slices"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
)

// companyShell is a room of a company with all of its navigation.
func companyShell(place console.Place) console.Shell {
	s := sampleShell(true)
	s.Room.Current = place
	for _, e := range []console.Entry{{Text: "Branding", Icon: "sliders", URL: "/branding"}, {Text: "Servers", Icon: "shield", URL: "/servers"}} {
		e.IsCurrent = e.URL == "/"+string(place)
		s.Room.More = append(s.Room.More, e)
	}
	return s
}

// companyPages are the rooms of those who look after the company.
func companyPages() []galleryPage {
	return slices.Concat(brandPages(), insightsPages(), dataPages(), serversPages(), billingPages())
}

func brandPages() []galleryPage {
	b, err := assets.NewBrand("#C8501E")
	if err != nil {
		panic(err)
	}
	full := console.BrandingView{
		Shell: companyShell(console.Branding), Token: "t0ken", Action: "/branding", IsOpen: true, PublicURL: "https://social.acme.example/",
		Name: "Acme Cycles", Short: "Bikes and parts since 1899.", Long: "Bikes, parts and a workshop in Utrecht.\n\nWe answer on weekdays.", Mail: "hello@acme.example", Colour: "#C8501E",
		Accounts: []console.BrandAccount{{ID: "1", Handle: "@support@acme.example", IsChosen: true}, {ID: "2", Handle: "@news@acme.example"}},
		Swatches: []console.Swatch{
			{Name: "Given", Colour: b.Given, Ground: "#FFFFFF", Where: "The band at the top and behind the picture"},
			{Name: "Light pages", Colour: b.Accent, Ground: "#FFFFFF", Ink: b.Ink, Contrast: 4.7},
			{Name: "Dark pages", Colour: b.AccentDark, Ground: "#151A1D", Ink: b.InkDark, Contrast: 6.1},
		},
		ColourWhy: "Links and buttons get a darker tone on light pages and a lighter one on dark pages, of the same hue: as given, text in it would be hard to read.",
		Picture:   "/pic/hills.svg", MaxRules: 30,
		Rules: []console.BrandRule{
			{Text: "Be kind: behind every bike is a person.", URL: "/rules/1", MoveAction: "/move", IsFirst: true},
			{Text: "Addresses and order numbers go into private mentions only, and never into a picture that others can see.", Hint: "We delete what others should not have seen.", URL: "/rules/2", MoveAction: "/move", IsLast: true},
		},
		Texts: []console.BrandTextLine{{Title: "About", URL: "/t/1", Length: 1840, At: ago(50e9)}, {Title: "Privacy policy", URL: "/t/2"}, {Title: "Terms of service", URL: "/t/3"}},
	}
	wrong := full
	wrong.Error, wrong.PictureError, wrong.RuleError = "This is no mail address. It looks like hello@example.com.", "Choose a picture first.", "A rule has 1 to 500 characters, best one sentence."
	blank := console.BrandingView{Shell: companyShell(console.Branding), Name: "Acme Cycles", Action: "/branding", PublicURL: "/", MaxRules: 30, Texts: full.Texts[1:]}
	return []galleryPage{
		view("branding", console.RenderBranding, full),
		view("branding-wrong", console.RenderBranding, wrong),
		view("branding-empty", console.RenderBranding, blank),
		view("brand-text", console.RenderBrandText, console.BrandTextView{Shell: companyShell(console.Branding), CancelURL: "/branding", Title: "Privacy policy", Help: "What you do with what you know about people who write to you.", Most: 20000, PublicURL: "https://social.fahrradteilefabriken.example/privacy-policy", Error: "A text has at most 20000 characters."}),
		view("brand-rule", console.RenderBrandRule, console.BrandRuleView{Shell: companyShell(console.Branding), CancelURL: "/branding", Number: 2, Text: "Be kind.", Error: "A rule has 1 to 500 characters, best one sentence."}),
		view("brand-ask", console.RenderBrandAsk, console.BrandAskView{Shell: companyShell(console.Branding), Title: "Remove the picture?", Text: "Apps and link previews show Acme Cycles without a picture from then on. You can add another one at any time.", Button: "Remove the picture", CancelURL: "/"}),
	}
}
