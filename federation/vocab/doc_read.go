package vocab

import (
	"strconv"
	"strings"
	"time"
)

// Types returns the document's types without the prefixes that some servers keep
// ("as:Note", "toot:Emoji").
func (d Doc) Types() []string {
	var types []string
	for _, v := range d.list("type") {
		name, ok := v.(string)
		if ok && name != "" && len(name) <= MaxToken && len(types) < MaxTypes {
			types = append(types, bareType(name))
		}
	}
	return types
}

func bareType(name string) string {
	for _, prefix := range []string{"as:", "toot:", "schema:", ContextIRI + "#"} {
		if bare, found := strings.CutPrefix(name, prefix); found {
			return bare
		}
	}
	return name
}

// typeIn returns the first type that is known, else the first, else "".
func (d Doc) typeIn(known func(string) bool) string {
	types := d.Types()
	for _, name := range types {
		if known(name) {
			return name
		}
	}
	if len(types) > 0 {
		return types[0]
	}
	return ""
}

// ID returns the document's id, "" where it has none that can be used.
func (d Doc) ID() string {
	id, _ := d.get("id").(string)
	return CleanID(id)
}

// Actor returns the id of whoever acts: a string, an inline actor, a list of either.
func (d Doc) Actor() string { return d.IRI("actor") }

// Object returns what the activity is about; for several see Refs.
func (d Doc) Object() Ref { return d.Ref("object") }

// Text returns a text of at most limit bytes, or the first text of a list.
func (d Doc) Text(key string, limit int) string {
	for _, v := range d.list(key) {
		if s, ok := v.(string); ok {
			return cut(s, limit)
		}
	}
	return ""
}

// Token returns a short text that means nothing when cut, so a longer one is dropped.
func (d Doc) Token(key string) string {
	s, _ := d.get(key).(string)
	if len(s) > MaxToken {
		return ""
	}
	return strings.TrimSpace(s)
}

// Bool returns a boolean; some servers send the word.
func (d Doc) Bool(key string) bool {
	v := d.get(key)
	return v == true || v == "true"
}

// Count returns a whole number from 0 to MaxCount; decimal strings count too.
func (d Doc) Count(key string) int {
	f, ok := d.number(key)
	if !ok {
		return 0
	}
	return int(max(0, min(f, MaxCount)))
}

func (d Doc) number(key string) (float64, bool) {
	switch v := d.get(key).(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return float64(n), err == nil
	default:
		return 0, false
	}
}

// Time returns when something happened: between 1970 and tomorrow, as clocks
// differ. Earlier and later times are moved to that border, since Go, Postgres and
// clients each break at other years. What is no time is the zero time.
func (d Doc) Time(key string) time.Time { return d.clampedTime(key, 24*time.Hour) }

// Deadline is Time for what may lie ahead, such as a poll's end: up to ten years.
func (d Doc) Deadline(key string) time.Time { return d.clampedTime(key, 10*365*24*time.Hour) }

func (d Doc) clampedTime(key string, ahead time.Duration) time.Time {
	s, _ := d.get(key).(string)
	t, ok := parseTime(s)
	if !ok {
		return time.Time{}
	}
	epoch, border := time.Unix(0, 0).UTC(), time.Now().UTC().Add(ahead)
	switch {
	case t.Before(epoch):
		return epoch
	case t.After(border):
		return border
	default:
		return t
	}
}

// timeLayouts: xsd:dateTime, then what servers send instead. Go reads fractions
// of seconds in each.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02",
}

func parseTime(s string) (time.Time, bool) {
	if s = strings.TrimSpace(s); len(s) < len("2006-01-02") || len(s) > 64 {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Sub returns an embedded object, or the first one of a list.
func (d Doc) Sub(key string) Doc {
	for _, v := range d.list(key) {
		if sub, ok := v.(Doc); ok {
			return sub
		}
	}
	return Doc{}
}

// Subs returns the embedded objects of a property that may be one object or a list.
func (d Doc) Subs(key string) []Doc {
	var subs []Doc
	for _, v := range d.list(key) {
		if sub, ok := v.(Doc); ok {
			subs = append(subs, sub)
		}
	}
	return subs
}

// Localized is a text in one language.
type Localized struct {
	Language string // BCP 47, "" for unknown
	Text     string
}

// Localized returns a language map (contentMap, nameMap) in its own order.
func (d Doc) Localized(key string, limit int) []Localized {
	languages, _ := d.get(key).(Doc)
	var texts []Localized
	for _, m := range languages.members {
		if s, ok := m.value.(string); ok && len(texts) < MaxLanguages {
			texts = append(texts, Localized{Language: cleanLanguage(m.key), Text: cut(s, limit)})
		}
	}
	return texts
}
