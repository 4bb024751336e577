package assets

import (
	"hash/fnv"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rookery/dashboard/words"
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
func Count(n int) string { return separated(n, ",") }

func separated(n int, by string) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + by + digits[i:]
	}
	return sign + digits
}

// plural picks a word by number: {{plural .Count "post" "posts"}}.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// dotted is a name of a program's, which may be broken after its dots and strokes:
// customer.subscription.pending_update_expired.
func dotted(name string) template.HTML {
	return template.HTML(afterDot.ReplaceAllString(template.HTMLEscapeString(name), "$0<wbr>"))
}

var afterDot = regexp.MustCompile(`[._/]`)

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

// funcs are what templates of a language may call.
func funcs(language *words.Language) template.FuncMap {
	in := newCalendar(language)
	return template.FuncMap{
		"icon":    icon,
		"mark":    mark,
		"count":   in.count,
		"ago":     in.moment,
		"full":    in.fullMoment,
		"day":     in.day,
		"until":   in.untilMoment,
		"clock":   in.clockMoment,
		"month":   in.month,
		"monthno": monthNumber,
		"weekday": in.weekday,
		"date":    in.dateWords,
		"short":   in.short,
		"counted": in.counted,
		"span":    in.span,
		"money":   in.money,
		"size":    in.size,
		"decimal": in.decimal,
		"say":     say(language),
		"listed":  listed(language),
		"saying":  saying(language),
		"who":     who(language),
		"names":   names(in),
		"plural":  plural,
		"dotted":  dotted,
		"dict":    dict,
		"safe":    func(s SafeHTML) template.HTML { return template.HTML(s) },
		"asset":   URL,
		"isotime": func(t time.Time) string {
			return t.UTC().Format(time.RFC3339)
		},
	}
}
