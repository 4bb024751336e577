package site

import (
	"strings"

	"golang.org/x/net/html"
)

// plainText is sanitised markup as one line of words, for titles, previews and
// feeds. What is hidden in links (class "invisible") is left out.
func plainText(markup string) string {
	var out strings.Builder
	skip := 0
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " ")
		case html.TextToken:
			if skip == 0 {
				out.Write(z.Text())
			}
		case html.StartTagToken:
			t := z.Token()
			switch {
			case t.Data == "span" && (skip > 0 || hasClass(t, "invisible")):
				skip++
			case breaksLine(t.Data):
				out.WriteByte(' ')
			}
		case html.EndTagToken:
			t := z.Token()
			switch {
			case t.Data == "span" && skip > 0:
				skip--
			case breaksLine(t.Data):
				out.WriteByte(' ')
			}
		case html.SelfClosingTagToken:
			out.WriteByte(' ')
		}
	}
}

func breaksLine(tag string) bool {
	switch tag {
	case "p", "br", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6":
		return true
	}
	return false
}

func hasClass(t html.Token, class string) bool {
	for _, a := range t.Attr {
		if a.Key == "class" {
			for c := range strings.FieldsSeq(a.Val) {
				if c == class {
					return true
				}
			}
		}
	}
	return false
}
