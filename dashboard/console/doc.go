// Package console is where a company looks after its presence: its accounts
// today, its domains, people and posts as they are built.
//
// It lives on the platform's own host and wears the platform's colour, so that
// staff of two companies never mistake where they are. Handlers fill the view
// structs and call a Render function; views hold plain values only. The view
// layer must not know the database, the request or the rules of who may do
// what, and it must not link to a page that does not exist.
package console

import (
	"embed"
	"io"
	"strings"
	"sync"

	"rookery/dashboard/assets"
)

//go:embed templates
var files embed.FS

var templates = sync.OnceValue(func() *assets.Templates {
	t := assets.Parse(files, "templates/*.html")
	t.Sheet = "console.css"
	return t
})

// render writes a page. title is what it is, in our words, and after a dot where it is: the
// company, which is called the same in every language.
func render(w io.Writer, title, body string, view any) error {
	return templates().Render(w, titled(title), body, view)
}

func titled(title string) assets.Page {
	page := assets.Page{What: title, NoIndex: true}
	if i := strings.LastIndex(title, " · "); i >= 0 {
		page.What, page.Title = title[:i], title[i+len(" · "):]
	}
	return page
}
