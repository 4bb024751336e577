// Package staff is the pages of those who run the platform: its tenants, what waits for a
// decision of theirs and, where the platform asks for money, what comes in, who owes and
// whether the payment provider says the same.
//
// It stands below /staff on the platform's own host, with a way in, a cookie and sessions of
// its own: no session of the console opens it, and one of here opens nothing else. A second
// factor is always needed, a fresh one for what changes how a tenant stands. cmd/rookery
// registers the handlers. What staff do to a tenant is written into that tenant's audit log in
// the same transaction. It must not hold rules of who may do what (tenant/access does) nor of
// money (billing does), and without billing it must show nothing that speaks of it.
package staff

import (
	"embed"
	"io"
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

// render writes a page. what is the page in our words, name what it is about, if anything.
func render(w io.Writer, what, name, body string, view any) error {
	page := assets.Page{What: what, Title: "Rookery", NoIndex: true}
	if name != "" {
		page.Title = name + " · Rookery"
	}
	return templates().Render(w, page, body, view)
}

func writer[V any](render func(io.Writer, V) error, v V) func(io.Writer) error {
	return func(w io.Writer) error { return render(w, v) }
}
