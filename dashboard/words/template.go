package words

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Template is the source of an html/template in the language, for parsing.
//
// A message is what stands between two boundaries: tags that are more than a mark within a
// line, actions that decide (if, with, range, else, end, template, block, define) and icons.
// Values ({{.Name}}, {{count .Posts}}) and marks (<b>, <em>, <a href>) are part of the message,
// so that another language can put them elsewhere. Of attributes, those that people read or
// hear are messages of their own.
func (l *Language) Template(source string) string {
	if l.words == nil {
		return source
	}
	return rewrite(source, func(message string) string {
		if text, ok := l.words[message]; ok {
			return text
		}
		return message
	})
}

// Messages are the messages of a template's source, in order, for translators and tests.
func Messages(source string) []string {
	var all []string
	rewrite(source, func(message string) string {
		all = append(all, message)
		return message
	})
	return all
}

// Fits says why a translation cannot stand for a message: an action or a mark of it is
// missing, or there is one that the message has not. Words inside plural may differ.
func Fits(message, text string) error {
	want, got := parts(message), parts(text)
	for part, n := range want {
		if got[part] != n {
			return fmt.Errorf("“%s”: %s stands %d times in it and %d times in “%s”", message, part, n, got[part], text)
		}
	}
	for part, n := range got {
		if want[part] == 0 {
			return fmt.Errorf("“%s”: %s stands %d times in “%s” and not in it", message, part, n, text)
		}
	}
	return nil
}

var literal = regexp.MustCompile(`"[^"]*"`)

// parts counts the actions, tags and verbs of a text.
func parts(text string) map[string]int {
	found := make(map[string]int)
	for _, t := range split(text) {
		switch {
		case t.kind == action && strings.HasPrefix(t.command(), "plural "):
			found[literal.ReplaceAllString(strings.Trim(t.command(), " "), `""`)]++
		case t.kind != words:
			found[t.text]++
		default:
			for _, v := range verb.FindAllString(t.text, -1) {
				found["%"+v[len(v)-1:]]++
			}
		}
	}
	return found
}

// rewrite puts say(message) in the place of each message of source.
func rewrite(source string, say func(string) string) string {
	var out strings.Builder
	var line []token // since the last boundary
	depth := 0       // of the marks in it
	flush := func() {
		out.WriteString(sayLine(line, say))
		line, depth = line[:0], 0
	}
	quiet := "" // the element whose content is nobody's to translate
	for _, t := range split(source) {
		depth += t.depth()
		if quiet != "" || t.isBoundary() || depth < 0 {
			flush()
			if quiet == "" {
				out.WriteString(sayAttributes(t, say))
			} else {
				out.WriteString(t.text)
			}
			quiet = quietAfter(quiet, t)
			continue
		}
		line = append(line, t)
	}
	flush()
	return out.String()
}

func quietAfter(quiet string, t token) string {
	if t.kind != tag {
		return quiet
	}
	name := t.name()
	switch {
	case quiet == "" && (name == "pre" || name == "script" || name == "style"):
		return name
	case name == "/"+quiet:
		return ""
	}
	return quiet
}

// sayLine translates what stands between two boundaries. A mark that does not end in it is a
// boundary, too. What surrounds the words (spaces, a mark around all of them) stays outside of
// the message.
func sayLine(line []token, say func(string) string) string {
	if i := unclosed(line); i >= 0 {
		return sayLine(line[:i], say) + sayAttributes(line[i], say) + sayLine(line[i+1:], say)
	}
	from, to := core(line)
	var before, message, after strings.Builder
	for i, t := range line {
		switch text := sayAttributes(t, say); {
		case i < from:
			before.WriteString(text)
		case i >= to:
			after.WriteString(text)
		default:
			message.WriteString(text)
		}
	}
	if from >= to {
		return before.String() + after.String()
	}
	text := message.String()
	trimmed := strings.TrimSpace(text)
	lead, rest, _ := strings.Cut(text, trimmed)
	return before.String() + lead + say(strings.Join(strings.Fields(trimmed), " ")) + rest + after.String()
}

// unclosed is the place of the first mark that opens in a line and does not end there; -1 for
// none.
func unclosed(line []token) int {
	var open []int
	for i, t := range line {
		switch t.depth() {
		case 1:
			open = append(open, i)
		case -1:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[0]
}

// core is the part of a line that is a message: [from, to), empty if it has no words.
func core(line []token) (from, to int) {
	first, last := -1, -1
	for i, t := range line {
		if t.speaks() {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return len(line), len(line)
	}
	return peel(line, 0, len(line), first, last)
}

// peel leaves off spaces around the words, and a pair of marks around all of them.
func peel(line []token, from, to, first, last int) (int, int) {
	for {
		switch {
		case from < first && line[from].isSpace():
			from++
		case to-1 > last && line[to-1].isSpace():
			to--
		case from < first && to-1 > last && line[from].kind == tag && line[to-1].name() == "/"+line[from].name() && closes(line[from:to]):
			from, to = from+1, to-1
		default:
			return from, to
		}
	}
}

// closes reports whether the first mark of a line is closed by its last token.
func closes(line []token) bool {
	depth := 0
	for i, t := range line {
		depth += t.depth()
		if depth == 0 && i < len(line)-1 {
			return false
		}
	}
	return depth == 0
}

// spoken are the attributes that people read or hear. data-words and data-done are what our
// script writes.
var spoken = regexp.MustCompile(`( (?:placeholder|title|aria-label|alt|data-label|data-words|data-done)=")((?:[^"{]|\{\{(?:[^"}]|"[^"]*")*\}\}|\{)*)(")`)

// sayAttributes translates what people read of a tag.
func sayAttributes(t token, say func(string) string) string {
	if t.kind != tag {
		return t.text
	}
	return spoken.ReplaceAllStringFunc(t.text, func(attribute string) string {
		m := spoken.FindStringSubmatch(attribute)
		return m[1] + rewriteValue(m[2], say) + m[3]
	})
}

// rewriteValue translates the value of an attribute, in which no tags stand.
func rewriteValue(value string, say func(string) string) string {
	var out strings.Builder
	var line []token
	flush := func() { out.WriteString(sayLine(line, say)); line = line[:0] }
	for _, t := range split(value) {
		if t.isBoundary() {
			flush()
			out.WriteString(t.text)
			continue
		}
		line = append(line, t)
	}
	flush()
	return out.String()
}

func hasLetters(text string) bool {
	for _, r := range entity.ReplaceAllString(text, "") {
		if unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

var entity = regexp.MustCompile(`&[a-zA-Z]+;`)
