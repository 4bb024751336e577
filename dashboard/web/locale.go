package web

import (
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"rookery/tenant/people"
)

var spoken = func() language.Matcher {
	tags := make([]language.Tag, len(people.Locales))
	for i, l := range people.Locales {
		tags[i] = language.MustParse(l)
	}
	return language.NewMatcher(tags)
}()

// localeOf is the language of ours that the browser would rather read.
func localeOf(c echo.Context) string {
	header := c.Request().Header.Get("Accept-Language")
	if len(header) > 300 || strings.TrimSpace(header) == "" {
		return people.Locales[0]
	}
	_, i := language.MatchStrings(spoken, header)
	return people.Locales[i]
}
