package assets

import (
	"html/template"
	"regexp"
	"strings"
	"sync"
)

var (
	symbolPattern = regexp.MustCompile(`<symbol id="([a-z]+)".*?</symbol>`)
	usePattern    = regexp.MustCompile(`<use href="#([a-z]+)"`)
)

// symbols is the icon library by name.
var symbols = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, m := range symbolPattern.FindAllStringSubmatch(mustRead("icons/icons.svg"), -1) {
		all[m[1]] = m[0]
	}
	return all
})

// sprite is the block of symbols a finished body uses, each once, in the order
// of first use. Going by what the page says keeps the sprite right without any
// list to maintain. A name that is no icon of ours is passed over.
func sprite(body []byte) template.HTML {
	var out strings.Builder
	seen := map[string]bool{}
	for _, m := range usePattern.FindAllSubmatch(body, -1) {
		name := string(m[1])
		if symbol, known := symbols()[name]; known && !seen[name] {
			seen[name] = true
			out.WriteString(symbol)
		}
	}
	if out.Len() == 0 {
		return ""
	}
	return template.HTML(`<svg class="hidden-sprite" width="0" height="0" aria-hidden="true">` + out.String() + `</svg>`)
}

// icon draws a symbol, in the text's colour and hidden from screen readers: an
// icon stands beside its word, or in a control that has an aria-label. Sizes:
// "" 20 px, "s" 16 px; "now" colours it as waiting, "yes" as granted.
func icon(name string, variants ...string) template.HTML {
	if _, known := symbols()[name]; !known {
		panic("assets: no icon " + name) // a typing error in a template; the gallery test runs every one
	}
	class := "ico"
	for _, v := range variants {
		switch v {
		case "s":
			class += " ico--s"
		default:
			class += " " + template.HTMLEscapeString(v)
		}
	}
	return template.HTML(`<svg class="` + class + `" aria-hidden="true"><use href="#` + name + `"/></svg>`)
}

// mark is our logo inline, so that it follows the page's colours.
func mark(size int) template.HTML {
	s := Count(size)
	return template.HTML(`<svg width="` + s + `" height="` + s + `" aria-hidden="true"><use href="#rookery"/></svg>`)
}
