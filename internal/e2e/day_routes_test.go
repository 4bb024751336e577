package e2e_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/console"
	"rookery/internal/testkit/browse"
	"rookery/tenant/domains"
	"rookery/tenant/sso"
)

// visit is a page that was looked at.
type visit struct {
	tab           *browse.Tab
	name, address string
}

// notPages are the console's addresses that nobody looks at, and why.
var notPages = map[string]string{
	"/":                                 "leads to the companies or the sign-in page",
	"/favicon.ico":                      "a picture",
	"/robots.txt":                       "for search engines",
	"/.well-known/change-password":      "leads to the page where a password is changed",
	"/me/authenticator/qr.png":          "a picture",
	"/dns/events":                       "a stream",
	"/tenants/:id/inbox/events":         "a stream",
	"/tenants/:id/setup":                "leads to the screen of the set-up that comes next",
	"/tenants/:id/sso/go":               "leads to the company's provider",
	"/tenants/:id/sso/back":             "leads from the provider into the room",
	"/tenants/:id/insights/days.csv":    "a download",
	"/tenants/:id/insights/posts.csv":   "a download",
	"/tenants/:id/servers/export":       "a download",
	"/tenants/:id/audit/export":         "a download",
	"/tenants/:id/data/exports/:export": "a download",

	"/tenants/:id/accounts/:account/following_accounts.csv": "a download, TestListsOfAnAccountAreTakenAlong",
	"/tenants/:id/accounts/:account/followers.csv":          "a download",
	"/tenants/:id/accounts/:account/blocked_accounts.csv":   "a download",
	"/tenants/:id/accounts/:account/muted_accounts.csv":     "a download",
	"/tenants/:id/accounts/:account/blocked_domains.csv":    "a download",
	"/tenants/:id/accounts/:account/bookmarks.csv":          "a download",

	"/tenants/:id/domains/:domain/events":      "a stream",
	"/tenants/:id/setup/domain/:domain/events": "a stream",
}

// consoleRoutes is the console as it is mounted, to be asked which page an address is.
func consoleRoutes() *echo.Echo {
	e := echo.New()
	console.New(console.Deps{SignUp: true, SSO: new(sso.Service), Domains: new(domains.Service)}).Register(e)
	return e
}

// routeOf is the console's route that an address leads to; "" is another host.
func (d *day) routeOf(routes *echo.Echo, address string) string {
	d.t.Helper()
	path, ok := strings.CutPrefix(address, d.console)
	if !ok {
		return ""
	}
	at, err := url.Parse(path)
	if err != nil {
		d.t.Fatal(err)
	}
	c := routes.NewContext(nil, nil)
	routes.Router().Find(http.MethodGet, at.Path, c)
	return c.Path()
}

// allVisited fails the test for a page of the console that the day did not lead to: whoever
// adds one brings somebody there, or says above why nobody goes.
func (d *day) allVisited() {
	d.t.Helper()
	routes := consoleRoutes()
	seen := map[string]bool{}
	for _, v := range d.visited {
		seen[d.routeOf(routes, v.address)] = true
	}
	mounted := map[string]bool{}
	for _, r := range routes.Routes() {
		if r.Method != http.MethodGet || strings.HasPrefix(r.Path, assets.Prefix) {
			continue
		}
		mounted[r.Path] = true
		if _, ok := notPages[r.Path]; ok == seen[r.Path] {
			if ok {
				d.t.Errorf("%s is looked at: it needs no excuse", r.Path)
			} else {
				d.t.Errorf("nobody comes to %s in the whole day", r.Path)
			}
		}
	}
	for path := range notPages {
		if !mounted[path] {
			d.t.Errorf("%s is no page of the console any more", path)
		}
	}
	d.t.Logf("%d pages looked at, %d routes of the console", len(d.visited), len(mounted)-len(notPages))
}
