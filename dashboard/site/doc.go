// Package site is what people open in a browser on a tenant's own host: the
// public pages of its accounts and posts, the feed, sign-in and the consent
// page of OAuth, and the pages that say why something is not there.
//
// Handlers fill the view structs and call a Render function; views hold plain
// values only. The view layer must not know the database, the request or who
// may see what: it shows what it is given. Nothing here may name another
// tenant, and our own brand appears as one line in the footer.
package site

import (
	"embed"
	"io"
	"sync"

	"rookery/dashboard/assets"
)

//go:embed templates
var files embed.FS

var templates = sync.OnceValue(func() *assets.Templates {
	return assets.Parse(files, "templates/*.html")
})

func render(w io.Writer, page assets.Page, body string, view any) error {
	return templates().Render(w, page, body, view)
}
