package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/internal/testkit/browse"
)

// inGerman has the owner choose German, and goes once more to every page of theirs that can
// be gone to: on a phone, where long words have the least room.
func (d *day) inGerman(owner *browse.Tab) {
	d.t.Helper()
	mara := owner.In(d.t)
	routes := consoleRoutes()
	addresses := []string{d.room + "/sso", d.room + "/accounts/" + d.support + "/keys", d.room + "/accounts/" + d.support + "/handle"}
	for _, v := range d.visited {
		if v.tab == owner && isOwn(routes, d.routeOf(routes, v.address)) {
			addresses = append(addresses, v.address)
		}
	}
	// Of some pages those that the day led to are gone with what they were about.
	mara.Open(d.room + "/publish?list=drafts")
	draft := browse.Evaluate[string](mara, `document.querySelector(".plan a.btn").href`)
	mara.Open(d.room + "/branding")
	rule := browse.Evaluate[string](mara, `document.querySelector("#rules a").href`)
	addresses = append(addresses, draft, draft+"/discard", rule, d.room+"/servers/rules/"+neighbour+"/remove")
	d.speak(mara, "de")
	defer d.speak(mara, "en")
	mara.Resize(390)
	defer mara.Resize(1280)
	shown, read := map[string]bool{}, map[string]bool{}
	for _, address := range addresses {
		at, err := url.Parse(address)
		if err != nil {
			d.t.Fatal(err)
		}
		if shown[at.Path+"?"+at.RawQuery] {
			continue
		}
		shown[at.Path+"?"+at.RawQuery] = true
		mara.Open(address)
		if lang := browse.Evaluate[string](mara, `document.documentElement.lang`); lang != "de" {
			d.t.Errorf("%s speaks %q to somebody who chose German", at.Path, lang)
		}
		mara.Glance("German " + at.Path)
		if browse.Evaluate[int](mara, `performance.getEntriesByType("navigation")[0].responseStatus`) == http.StatusOK {
			read[d.routeOf(routes, address)] = true
		}
	}
	for _, v := range d.visited {
		if route := d.routeOf(routes, v.address); v.tab == owner && isOwn(routes, route) && !read[route] {
			d.t.Errorf("%s (%s) was seen in English alone", route, v.name)
		}
	}
	d.t.Logf("%d pages of %d routes in German", len(shown), len(read))
}

// isOwn reports whether a route shows pages of who is signed in, and not just what a form
// answers; the way in speaks as the browser asks.
func isOwn(routes *echo.Echo, route string) bool {
	isShown := slices.ContainsFunc(routes.Routes(), func(r *echo.Route) bool { return r.Method == http.MethodGet && r.Path == route })
	return isShown && (strings.HasPrefix(route, "/me") || strings.HasPrefix(route, "/tenants") || route == "/setup")
}

// speak chooses the language of pages.
func (d *day) speak(tab *browse.Tab, lang string) {
	d.t.Helper()
	tab.Open(d.console + "/me")
	tab.Fill("locale", lang)
	tab.Press(`form[action$="/me/profile"] button`)
	if got := browse.Evaluate[string](tab, `document.documentElement.lang`); got != lang {
		d.t.Fatalf("after choosing %q the pages speak %q", lang, got)
	}
}
