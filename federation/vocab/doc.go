package vocab

import (
	"strconv"
	"unicode/utf8"
)

// Doc is a parsed JSON object. Keys are compared exactly and keep their order
// (contentMap's first language is the author's). The zero Doc is "nothing there".
// It is read-only, so copies may be shared.
type Doc struct{ members []member }

type member struct {
	key   string
	value any // nil, bool, float64, string, []any, Doc
}

// IsZero reports whether there is no object at all; {} is one.
func (d Doc) IsZero() bool { return d.members == nil }

// Has reports whether the key is present with a value other than null.
func (d Doc) Has(key string) bool { return d.get(key) != nil }

// get returns the value of a key, nil where it is absent. Objects are small, so
// walking them beats a map, and an object of 100 000 keys is walked only once for
// each property we know.
func (d Doc) get(key string) any {
	for i := range d.members {
		if d.members[i].key == key {
			return d.members[i].value
		}
	}
	return nil
}

// list returns the values of a key where one value may stand for a list of one.
func (d Doc) list(key string) []any {
	switch v := d.get(key).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// MarshalJSON writes the document as read: sanitised, in its own order. It is fit
// for jsonb, unlike the bytes that came in.
func (d Doc) MarshalJSON() ([]byte, error) { return appendValue(nil, d), nil }

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	case string:
		return appendText(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, item)
		}
		return append(b, ']')
	case Doc:
		b = append(b, '{')
		for i, m := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(b, m.key)
			b = append(b, ':')
			b = appendValue(b, m.value)
		}
		return append(b, '}')
	default:
		return append(b, "null"...)
	}
}

// appendText quotes a text that parsing has cleaned: of the control characters
// only tab and line ends are left.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// cut shortens a text to limit bytes without splitting a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
