package assets

import "strings"

// minifyCSS drops comments and the white space that carries no meaning. It is
// made for our own stylesheet, not for any: spaces before ":" and around "+"
// and "-" stay, because selectors and calc() need them.
func minifyCSS(in string) string {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); {
		switch c := in[i]; {
		case strings.HasPrefix(in[i:], "/*"):
			end := strings.Index(in[i+2:], "*/")
			if end < 0 {
				return string(out)
			}
			i += end + 4
		case c == '"' || c == '\'':
			end := i + 1
			for end < len(in) && in[end] != c {
				end++
			}
			end = min(end+1, len(in))
			out = append(out, in[i:end]...)
			i = end
		case isSpace(c):
			out = appendSpace(out)
			i++
		default:
			out = appendTight(out, c)
			i++
		}
	}
	return strings.TrimSpace(string(out))
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// appendSpace keeps one space, and none after a sign that ends a token itself.
func appendSpace(out []byte) []byte {
	if len(out) == 0 || strings.IndexByte(" {};,:>(", out[len(out)-1]) >= 0 {
		return out
	}
	return append(out, ' ')
}

// appendTight drops what stands needlessly before c: a space, a last semicolon.
func appendTight(out []byte, c byte) []byte {
	if strings.IndexByte("{};,>)", c) >= 0 && len(out) > 0 && out[len(out)-1] == ' ' {
		out = out[:len(out)-1]
	}
	if c == '}' && len(out) > 0 && out[len(out)-1] == ';' {
		out = out[:len(out)-1]
	}
	return append(out, c)
}
