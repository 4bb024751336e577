package assets

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"time"

	"rookery/dashboard/words"
)

// Page is what the base layout needs to know about a page: everything outside
// its body.
type Page struct {
	What        string // the page is, in our words; said in the reader's language
	Title       string // of the window after What: names, which are the same in every language
	Description string
	Canonical   string // absolute address of the page itself
	BrandHash   string // BrandHash of the tenant's colour; "" keeps petrol
	ActivityURL string // same thing as application/activity+json
	FeedURL     string // RSS
	FeedTitle   string
	OEmbedURL   string
	Graph       *Graph
	NoIndex     bool // kept out of search engines
	// Refresh is after how many seconds a browser without script loads the page anew,
	// while it waits for something; 0: never.
	Refresh int
	// Extra names a stylesheet and a script that this page needs besides those of all pages.
	Extra   string
	IsFrame bool // shown in a frame on another site: no script, links open beside it
}

// Graph is what other sites show when somebody links to a page: Open Graph and
// the card tags built on it.
type Graph struct {
	Type        string // "profile", "article", "website"
	SiteName    string
	Title       string
	Description string
	URL         string
	Handle      string // profile:username, fediverse:creator
	Image       string // absolute
	ImageAlt    string
	ImageWidth  int
	ImageHeight int
	IsLarge     bool // the picture is the point: show it wide
	Published   time.Time
}

// Templates is a package's set of page bodies over the shared partials, in each language.
type Templates struct {
	sets map[string]*template.Template
	// Sheet is the stylesheet of the package's pages: app.css, or console.css.
	Sheet string
}

// Parse builds a set from the templates of a package. It panics on a template
// that cannot be parsed: that is a fault of the build, found by any test.
func Parse(own fs.FS, pattern string) *Templates {
	all := &Templates{sets: make(map[string]*template.Template), Sheet: "app.css"}
	for tag, parts := range shared() {
		set := template.Must(parts.Clone())
		all.sets[tag] = template.Must(parseIn(words.In(tag), set, own, pattern))
	}
	return all
}

// Render writes a whole page in the language of w (see In): the named body in the base
// layout, with the icons it uses. Nothing is written when the body fails, so that the caller
// can still answer with an error page.
func (t *Templates) Render(w io.Writer, page Page, body string, view any) error {
	language := languageOf(w)
	set := t.sets[language.Tag()]
	var inner bytes.Buffer
	if err := set.ExecuteTemplate(&inner, body, view); err != nil {
		return fmt.Errorf("render %s: %w", body, err)
	}
	page.Title = titleOf(language, page)
	var whole bytes.Buffer
	err := set.ExecuteTemplate(&whole, "base", struct {
		Page
		Lang, Sheet  string
		Sprite, Body template.HTML
	}{page, language.Tag(), t.Sheet, sprite(inner.Bytes()), template.HTML(inner.String())})
	if err != nil {
		return fmt.Errorf("render base of %s: %w", body, err)
	}
	if _, err := w.Write(whole.Bytes()); err != nil {
		return fmt.Errorf("write page %s: %w", body, err)
	}
	return nil
}

// Fragment writes a part of a page by itself, after the icons it uses: what is sent to a
// page that is open already.
func (t *Templates) Fragment(w io.Writer, body string, view any) error {
	var inner bytes.Buffer
	if err := t.sets[languageOf(w).Tag()].ExecuteTemplate(&inner, body, view); err != nil {
		return fmt.Errorf("render %s: %w", body, err)
	}
	if _, err := io.WriteString(w, string(sprite(inner.Bytes()))+inner.String()); err != nil {
		return fmt.Errorf("write %s: %w", body, err)
	}
	return nil
}
