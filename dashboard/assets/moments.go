package assets

import (
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"time"

	"github.com/goodsign/monday"

	"rookery/dashboard/words"
)

// calendar writes dates and lengths of time in a language.
type calendar struct {
	language *words.Language
	locale   monday.Locale
	layouts  layouts
}

// layouts are the forms of a date, as package time writes them.
type layouts struct{ short, shortYear, day, full, onDay, at, clock, month, weekday, dayName string }

var layoutsOf = map[string]layouts{
	"en": {
		short: "2 Jan", shortYear: "2 Jan 2006", day: "2 January 2006", full: "2 January 2006, 15:04 UTC", onDay: "on 2 January, 15:04 UTC",
		at: "at 15:04 UTC", clock: "15:04 UTC", month: "January 2006", weekday: "Mon", dayName: "Monday 2 January",
	},
	"de": {
		short: "2. Jan.", shortYear: "2. Jan. 2006", day: "2. January 2006", full: "2. January 2006, 15:04 UTC", onDay: "am 2. January, 15:04 UTC",
		at: "um 15:04 UTC", clock: "15:04 UTC", month: "January 2006", weekday: "Mon", dayName: "Monday, 2. January",
	},
}

func newCalendar(language *words.Language) calendar {
	c := calendar{language: language, locale: monday.LocaleEnGB, layouts: layoutsOf[words.English]}
	if own, ok := layoutsOf[language.Tag()]; ok {
		c.layouts = own
	}
	if language.Tag() == "de" {
		c.locale = monday.LocaleDeDE
	}
	return c
}

func (c calendar) format(t time.Time, layout string) string { return c.formatHere(t.UTC(), layout) }

// formatHere keeps the zone that the moment is in.
func (c calendar) formatHere(t time.Time, layout string) string {
	if c.language.Tag() == words.English {
		return t.Format(layout)
	}
	return monday.Format(t, layout, c.locale)
}

// Ago is how long ago a moment was, in the shortest words: "now", "5 min", "3 h", "Wed",
// "2 Nov", "2 Nov 2024". A moment to come is a date.
func Ago(t, now time.Time) string { return newCalendar(words.In(words.English)).ago(t, now) }

func (c calendar) ago(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch past := now.Sub(t); {
	case past < -time.Minute:
		return c.date(t, now)
	case past < time.Minute:
		return c.language.Say("now")
	case past < time.Hour:
		return strconv.Itoa(int(past.Minutes())) + " min"
	case past < 24*time.Hour:
		return strconv.Itoa(int(past.Hours())) + " h"
	case past < 6*24*time.Hour:
		return c.format(t, c.layouts.weekday)
	default:
		return c.date(t, now)
	}
}

func (c calendar) date(t, now time.Time) string {
	if t.Year() == now.Year() {
		return c.format(t, c.layouts.short)
	}
	return c.format(t, c.layouts.shortYear)
}

// moment is a <time> with the relative words outside and the whole truth in its title. The
// server does not know the reader's zone and says UTC; the script replaces the title by the
// reader's own.
func (c calendar) moment(t time.Time) template.HTML { return c.tag(t, c.ago(t, time.Now()), "ago") }

// fullMoment is a <time> that shows the whole date, for a post on its own page.
func (c calendar) fullMoment(t time.Time) template.HTML {
	return c.tag(t, c.format(t, c.layouts.full), "full")
}

// untilMoment is a <time> of a moment to come, "at 10:42 UTC" or "on 2 November, …". The
// script makes it a countdown, "in 0:42".
func (c calendar) untilMoment(t time.Time) template.HTML {
	layout := c.layouts.at
	if time.Until(t) > 18*time.Hour {
		layout = c.layouts.onDay
	}
	return c.tag(t, c.format(t, layout), "until")
}

// clockMoment is a <time> of a moment that is not long ago: "10:42 UTC", or with its date.
func (c calendar) clockMoment(t time.Time) template.HTML {
	if time.Since(t) > 18*time.Hour {
		return c.fullMoment(t)
	}
	return c.tag(t, c.format(t, c.layouts.clock), "clock")
}

// day is a <time> of a date alone.
func (c calendar) day(t time.Time) template.HTML { return c.tag(t, c.format(t, c.layouts.day), "") }

// short is a date in the fewest words, for axes and tables of days.
func (c calendar) short(t time.Time) string { return c.format(t, c.layouts.short) }

// dateWords is a day as words alone, for an attribute.
func (c calendar) dateWords(t time.Time) string { return c.format(t, c.layouts.day) }

// month is the name of a month with its year, weekday that of a day: both where the moment is.
func (c calendar) month(t time.Time) string   { return c.formatHere(t, c.layouts.month) }
func (c calendar) weekday(t time.Time) string { return c.formatHere(t, c.layouts.dayName) }

// monthNumber is a month in the fewest words, for axes; the same in every language.
func monthNumber(t time.Time) string { return t.Format("1/2006") }

func (c calendar) tag(t time.Time, text, kind string) template.HTML {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	var data string
	if kind != "" {
		data = ` data-time="` + kind + `"`
	}
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `" title="` +
		c.format(t, c.layouts.full) + `"` + data + `>` + text + `</time>`)
}

// span is a length of time in words: "15 minutes", "1 hour".
func (c calendar) span(d time.Duration) string {
	in := func(n int, one, many string) string {
		return c.count(n) + " " + c.language.Say(plural(n, one, many))
	}
	switch {
	case d < time.Minute:
		return in(max(1, int(d.Round(time.Second).Seconds())), "second", "seconds")
	case d < time.Hour:
		return in(int((d + 59*time.Second).Minutes()), "minute", "minutes")
	default:
		return in(int((d + 59*time.Minute).Hours()), "hour", "hours")
	}
}

// count writes a whole number with the language's thousands separators.
func (c calendar) count(n int) string {
	if c.language.Tag() == "de" {
		return separated(n, ".")
	}
	return Count(n)
}

// counted is a sentence with numbers in the places of its %d, written as the language does.
// Another language may put them into another order: %[2]d.
func (c calendar) counted(sentence string, numbers []int) string {
	if len(numbers) == 0 {
		return c.language.Say(sentence)
	}
	written := make([]any, len(numbers))
	for i, n := range numbers {
		written[i] = c.count(n)
	}
	return fmt.Sprintf(numberVerb.ReplaceAllString(c.language.Say(sentence), "%${1}s"), written...)
}

var numberVerb = regexp.MustCompile(`%(\[\d+\])?d`)
