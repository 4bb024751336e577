package vocab

import (
	"bytes"
	"strconv"

	"rookery/internal/fault"
)

// Parse reads one JSON object. It is stricter than encoding/json where two
// readers could disagree (duplicate keys, key case, trailing data) and more
// tolerant where broken input has one harmless meaning (bad UTF-8, lone
// surrogates, NUL, huge numbers). Errors are fault.TooLarge or fault.Malformed.
func Parse(raw []byte) (Doc, error) {
	if len(raw) > MaxBody {
		return Doc{}, fault.Newf(fault.TooLarge, "The document is larger than %d bytes.", MaxBody)
	}
	s := &scanner{data: bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))}
	s.space()
	if s.peek() != '{' {
		return Doc{}, s.malformed("not a JSON object")
	}
	doc, err := s.object(1)
	if err != nil {
		return Doc{}, err
	}
	s.space()
	if s.pos != len(s.data) {
		return Doc{}, s.malformed("something follows the document")
	}
	return doc, nil
}

// scanner reads JSON by recursive descent. MaxDepth bounds its stack.
type scanner struct {
	data   []byte
	pos    int
	values int
}

func (s *scanner) malformed(reason string) error {
	return fault.Newf(fault.Malformed, "The document cannot be read: %s at byte %d.", reason, s.pos)
}

// peek returns the next byte, or 0 at the end: no JSON token starts with 0.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// value reads any JSON value as nil, bool, float64, string, []any or Doc.
func (s *scanner) value(depth int) (any, error) {
	if s.values++; s.values > MaxValues {
		return nil, fault.Newf(fault.TooLarge, "The document has more than %d values.", MaxValues)
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth + 1)
	case c == '[':
		return s.array(depth + 1)
	case c == '"':
		return s.text(false)
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return true, s.literal("true")
	case c == 'f':
		return false, s.literal("false")
	case c == 'n':
		return nil, s.literal("null")
	default:
		return nil, s.malformed("a value is missing")
	}
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return s.malformed("unknown word")
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) object(depth int) (Doc, error) {
	if depth > MaxDepth {
		return Doc{}, s.malformed("nested too deeply")
	}
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return Doc{[]member{}}, nil
	}
	members := make([]member, 0, 4)
	var seen keySet
	for {
		if s.peek() != '"' {
			return Doc{}, s.malformed("a key is missing")
		}
		key, err := s.text(true)
		if err != nil {
			return Doc{}, err
		}
		if seen.has(members, key) {
			return Doc{}, s.malformed("the same key twice")
		}
		s.space()
		if s.peek() != ':' {
			return Doc{}, s.malformed("a colon is missing")
		}
		s.pos++
		s.space()
		v, err := s.value(depth)
		if err != nil {
			return Doc{}, err
		}
		members = append(members, member{key, v})
		more, err := s.next('}')
		if err != nil || !more {
			return Doc{members}, err
		}
	}
}

func (s *scanner) array(depth int) ([]any, error) {
	if depth > MaxDepth {
		return nil, s.malformed("nested too deeply")
	}
	items := []any{}
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return items, nil
	}
	for {
		v, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		more, err := s.next(']')
		if err != nil || !more {
			return items, err
		}
	}
}

// next reads a comma (more follows) or the closing byte.
func (s *scanner) next(closing byte) (more bool, err error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return true, nil
	case closing:
		s.pos++
		return false, nil
	default:
		return false, s.malformed("a comma or a closing bracket is missing")
	}
}

// number reads a number and clamps it: 1e140000 is no reason to lose a post, and
// Postgres, JavaScript and Go all overflow at different places.
func (s *scanner) number() (float64, error) {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	switch {
	case s.peek() == '0':
		s.pos++
	case !s.digits():
		return 0, s.malformed("bad number")
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return 0, s.malformed("bad number")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return 0, s.malformed("bad number")
		}
	}
	// The syntax is right, so the only error is ErrRange, whose value is ±Inf.
	f, _ := strconv.ParseFloat(string(s.data[start:s.pos]), 64)
	return max(-MaxNumber, min(f, MaxNumber)), nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// keySet finds duplicate keys: by comparing while an object is small, by a map
// after that, so that an object of 100 000 keys stays linear.
type keySet struct{ set map[string]struct{} }

const smallObject = 16

func (k *keySet) has(members []member, key string) bool {
	if len(members) < smallObject {
		for i := range members {
			if members[i].key == key {
				return true
			}
		}
		return false
	}
	if k.set == nil {
		k.set = make(map[string]struct{}, 2*smallObject)
		for i := range members {
			k.set[members[i].key] = struct{}{}
		}
	}
	if _, dup := k.set[key]; dup {
		return true
	}
	k.set[key] = struct{}{}
	return false
}
