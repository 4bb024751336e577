package web

import (
	"io"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"rookery/dashboard/assets"
	"rookery/tenant/people"
)

var spoken = func() language.Matcher {
	tags := make([]language.Tag, len(people.Locales))
	for i, l := range people.Locales {
		tags[i] = language.MustParse(l)
	}
	return language.NewMatcher(tags)
}()

const localeKey = "locale"

// Speak makes the answer's language that of a person who has chosen one.
func Speak(c echo.Context, locale string) { c.Set(localeKey, locale) }

// Spoken is w in the language of whoever asks: the one they chose, if they are signed in, or
// the one that their browser would rather read. The answer says that it depends on it.
func Spoken(c echo.Context, w io.Writer) io.Writer {
	header := c.Response().Header()
	locale, chosen := c.Get(localeKey).(string)
	if !chosen {
		locale = localeOf(c)
		header.Add(echo.HeaderVary, "Accept-Language")
	}
	header.Set("Content-Language", locale)
	return assets.In(w, locale)
}

// localeOf is the language of ours that the browser would rather read.
func localeOf(c echo.Context) string {
	header := c.Request().Header.Get("Accept-Language")
	if len(header) > 300 || strings.TrimSpace(header) == "" {
		return people.Locales[0]
	}
	_, i := language.MatchStrings(spoken, header)
	return people.Locales[i]
}
