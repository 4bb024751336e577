package vocab

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a JSON string. What comes out is valid UTF-8 that Postgres, XML and
// JSON writers accept: bad bytes and lone surrogates become U+FFFD, control
// characters other than tab and line ends vanish. In a key they become U+FFFD as
// well, so that "act\u0000or" can never be read as "actor".
func (s *scanner) text(isKey bool) (string, error) {
	start := s.pos + 1
	i := start
	for i < len(s.data) && s.data[i] >= ' ' && s.data[i] < utf8.RuneSelf && s.data[i] != '"' && s.data[i] != '\\' {
		i++
	}
	if i < len(s.data) && s.data[i] == '"' {
		s.pos = i + 1
		return string(s.data[start:i]), nil
	}
	buf := append(make([]byte, 0, 2*(i-start)+16), s.data[start:i]...)
	s.pos = i
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return string(buf), nil
		case c == '\\':
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			buf = appendClean(buf, r, isKey)
		case c < ' ':
			return "", s.malformed("a bare control character")
		case c < utf8.RuneSelf:
			buf = append(buf, c)
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.data[s.pos:]) // RuneError, 1 for a bad byte
			buf = utf8.AppendRune(buf, r)
			s.pos += size
		}
	}
	return "", s.malformed("a text without end")
}

func appendClean(buf []byte, r rune, isKey bool) []byte {
	isControl := r < ' ' && r != '\t' && r != '\n' && r != '\r'
	switch {
	case isControl && isKey:
		return utf8.AppendRune(buf, utf8.RuneError)
	case isControl:
		return buf
	default:
		return utf8.AppendRune(buf, r)
	}
}

// escape reads one escape sequence, or two that form a surrogate pair.
func (s *scanner) escape() (rune, error) {
	s.pos++ // the backslash
	c := s.peek()
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicode()
	default:
		s.pos--
		return 0, s.malformed("unknown escape")
	}
}

func (s *scanner) unicode() (rune, error) {
	r, ok := s.hex4(s.pos)
	if !ok {
		return 0, s.malformed("unknown escape")
	}
	s.pos += 4
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if s.peek() == '\\' && s.pos+1 < len(s.data) && s.data[s.pos+1] == 'u' {
		if low, ok := s.hex4(s.pos + 2); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				s.pos += 6
				return pair, nil
			}
		}
	}
	return utf8.RuneError, nil
}

func (s *scanner) hex4(at int) (rune, bool) {
	if at+4 > len(s.data) {
		return 0, false
	}
	var r rune
	for _, c := range s.data[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
