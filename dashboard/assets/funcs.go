package assets

import (
	"hash/fnv"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// SafeHTML is markup that has been through the sanitiser (internal/htmlsafe).
// Only a value of this type can be put into a page unescaped, by the template
// function "safe"; converting a plain string to it is a promise.
type SafeHTML string

// Avatar is the picture of an account (a square) or of a person (a circle).
// Without a URL the initials of Name are shown, on a colour chosen by Seed,
// which is an id: it stays when the name changes.
type Avatar struct {
	URL  string
	Name string
	Seed string
}

// Initials are at most two letters to stand for a name without a picture.
func (a Avatar) Initials() string {
	var out []rune
	for word := range strings.FieldsSeq(a.Name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out = append(out, unicode.ToUpper(r))
				break
			}
		}
		if len(out) == 2 {
			break
		}
	}
	return string(out)
}

// Colour is the class h0 to h7 of the ground under the initials.
func (a Avatar) Colour() string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(a.Seed)) // a hash never fails
	return "h" + strconv.Itoa(int(sum.Sum32()%8))
}

// Count writes a whole number with thousands separators: 12,906.
func Count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Ago is how long ago a moment was, in the shortest words: "now", "5 min",
// "3 h", "Wed", "2 Nov", "2 Nov 2024". A moment to come is a date.
func Ago(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch past := now.Sub(t); {
	case past < -time.Minute:
		return date(t, now)
	case past < time.Minute:
		return "now"
	case past < time.Hour:
		return strconv.Itoa(int(past.Minutes())) + " min"
	case past < 24*time.Hour:
		return strconv.Itoa(int(past.Hours())) + " h"
	case past < 6*24*time.Hour:
		return t.Format("Mon")
	default:
		return date(t, now)
	}
}

func date(t, now time.Time) string {
	if t.Year() == now.Year() {
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// moment is a <time> with the relative words outside and the whole truth in
// its title. The server does not know the reader's zone and says UTC; the
// script replaces the title by the reader's own.
func moment(t time.Time) template.HTML {
	return timeTag(t, Ago(t, time.Now()), "ago")
}

// fullMoment is a <time> that shows the whole date, for a post on its own page.
func fullMoment(t time.Time) template.HTML {
	return timeTag(t, t.UTC().Format("2 January 2006, 15:04 UTC"), "full")
}

// untilMoment is a <time> of a moment to come, "at 10:42 UTC" or "on 2 November, …". The
// script makes it a countdown, "in 0:42".
func untilMoment(t time.Time) template.HTML {
	words := t.UTC().Format("at 15:04 UTC")
	if time.Until(t) > 18*time.Hour {
		words = t.UTC().Format("on 2 January, 15:04 UTC")
	}
	return timeTag(t, words, "until")
}

// clockMoment is a <time> of a moment that is not long ago: "10:42 UTC", or with its date.
func clockMoment(t time.Time) template.HTML {
	if time.Since(t) > 18*time.Hour {
		return fullMoment(t)
	}
	return timeTag(t, t.UTC().Format("15:04 UTC"), "clock")
}

// day is a <time> of a date alone.
func day(t time.Time) template.HTML {
	return timeTag(t, t.UTC().Format("2 January 2006"), "")
}

func timeTag(t time.Time, words, kind string) template.HTML {
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	var data string
	if kind != "" {
		data = ` data-time="` + kind + `"`
	}
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339) + `" title="` +
		t.Format("2 January 2006, 15:04 UTC") + `"` + data + `>` + words + `</time>`)
}

// span is a length of time in words: "15 minutes", "1 hour".
func span(d time.Duration) string {
	words := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return Count(n) + " " + unit + "s"
	}
	switch {
	case d < time.Minute:
		return words(max(1, int(d.Round(time.Second).Seconds())), "second")
	case d < time.Hour:
		return words(int((d + 59*time.Second).Minutes()), "minute")
	default:
		return words(int((d + 59*time.Minute).Hours()), "hour")
	}
}

// plural picks a word by number: {{plural .Count "post" "posts"}}.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// dict hands several named values to a partial template.
func dict(pairs ...any) map[string]any {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if key, ok := pairs[i].(string); ok {
			m[key] = pairs[i+1]
		}
	}
	return m
}

var funcs = template.FuncMap{
	"icon":   icon,
	"mark":   mark,
	"count":  Count,
	"ago":    moment,
	"full":   fullMoment,
	"day":    day,
	"until":  untilMoment,
	"clock":  clockMoment,
	"span":   span,
	"plural": plural,
	"dict":   dict,
	"safe":   func(s SafeHTML) template.HTML { return template.HTML(s) },
	"asset":  URL,
	"isotime": func(t time.Time) string {
		return t.UTC().Format(time.RFC3339)
	},
}
