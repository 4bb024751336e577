package console

import (
	"io"
	"strconv"
	"time"

	"rookery/dashboard/assets"
	"rookery/tenant/brand"
)

// BrandingView is the room of what a company says about itself. Its forms post name,
// short, long, mail, contact and colour; file; text and hint; to.
type BrandingView struct {
	Shell     Shell
	Token     string
	Action    string
	IsOpen    bool // it may be changed
	PublicURL string

	Name, Short, Long, Mail, Colour string
	Accounts                        []BrandAccount
	Error                           string // what is wrong with the words
	Swatches                        []Swatch
	ColourWhy                       string

	Picture      string // its address; ""
	PictureError string

	Rules            []BrandRule
	MaxRules         int
	NewRule, NewHint string
	RuleError        string

	Texts []BrandTextLine
}

// BrandAccount is an account one can be sent to.
type BrandAccount struct {
	ID       string
	Handle   string
	IsChosen bool
}

// Swatch is a colour with what it is used for.
type Swatch struct {
	Name   string
	Colour string // "#RRGGBB"
	Ground string // it stands on
	Ink    string // text on it; ""
	Where  string
	// Contrast is of text in it, to one: it stands there instead of words. 0: nobody reads in it.
	Contrast float64
}

// BrandRule is a rule in the list.
type BrandRule struct {
	Text, Hint      string
	URL, MoveAction string
	IsFirst, IsLast bool
}

// BrandTextLine is a long text in the list.
type BrandTextLine struct {
	Title, Help, URL string
	Length           int // characters; 0: not written
	At               time.Time
}

// RenderBranding writes the room.
func RenderBranding(w io.Writer, v BrandingView) error {
	return render(w, "Branding · "+v.Shell.Room.Name, "branding", v)
}

// BrandTextView is the form of a long text. It posts text, as multipart.
type BrandTextView struct {
	Shell                        Shell
	Token                        string
	Title, Help                  string
	Text, Error                  string
	At                           time.Time
	Most                         int
	Action, CancelURL, PublicURL string
}

// RenderBrandText writes it.
func RenderBrandText(w io.Writer, v BrandTextView) error {
	return render(w, v.Title+" · "+v.Shell.Room.Name, "brand-text", v)
}

// BrandRuleView is the form of a rule. It posts text and hint.
type BrandRuleView struct {
	Shell                           Shell
	Token                           string
	Number                          int
	Text, Hint, Error               string
	Action, RemoveAction, CancelURL string
}

// RenderBrandRule writes it.
func RenderBrandRule(w io.Writer, v BrandRuleView) error {
	return render(w, "Rule "+strconv.Itoa(v.Number)+" · "+v.Shell.Room.Name, "brand-rule", v)
}

// BrandAskView asks before something goes.
type BrandAskView struct {
	Shell               Shell
	Token               string
	Title, Text, Button string
	Action, CancelURL   string
}

// RenderBrandAsk writes the question.
func RenderBrandAsk(w io.Writer, v BrandAskView) error {
	return render(w, v.Title+" · "+v.Shell.Room.Name, "brand-ask", v)
}

// brandTexts are the long texts, as the room names them.
var brandTexts = []struct {
	which       brand.Text
	title, help string
	path        string // of its page
}{
	{brand.About, "About", "Who you are, at length. It stands on your page about and in apps.", "/about"},
	{brand.Privacy, "Privacy policy", "What you do with what you know about people who write to you.", "/privacy-policy"},
	{brand.Terms, "Terms of service", "Under which terms people of your team use the accounts.", "/terms-of-service"},
}

// colourWhy says what becomes of a colour, and why.
func colourWhy(colour string) string {
	b, err := assets.NewBrand(colour)
	light, dark := b.Given == b.Accent, b.Given == b.AccentDark
	switch {
	case err != nil:
		return ""
	case light && dark:
		return "It is used as it is, because text in it is read well on light and on dark pages."
	case light:
		return "On light pages it is used as it is. On dark pages it is lighter: as given, text in it would be hard to read there."
	case dark:
		return "On dark pages it is used as it is. On light pages it is darker: as given, text in it would be hard to read there."
	}
	return "Links and buttons get a darker tone on light pages and a lighter one on dark pages, of the same hue: as given, text in it would be hard to read."
}
