package words

import "strings"

// kind is what a piece of a template's source is.
type kind int

const (
	words  kind = iota // text
	tag                // of HTML, with the actions inside it
	action             // of the template, outside tags
)

// token is a piece of a template's source.
type token struct {
	kind kind
	text string
}

// split cuts a template's source into tokens; joined they are the source again.
func split(source string) []token {
	var out []token
	for source != "" {
		t := next(source)
		out = append(out, t)
		source = source[len(t.text):]
	}
	return out
}

func next(source string) token {
	switch {
	case strings.HasPrefix(source, "{{"):
		return token{action, source[:endOfAction(source)]}
	case strings.HasPrefix(source, "<"):
		return token{tag, source[:endOfTag(source)]}
	}
	end := len(source)
	for i := 1; i < len(source); i++ {
		if source[i] == '<' || strings.HasPrefix(source[i:], "{{") {
			end = i
			break
		}
	}
	return token{words, source[:end]}
}

// endOfAction is where the action that source begins with ends. A string in it may hold }}.
func endOfAction(source string) int {
	if strings.HasPrefix(source, "{{/*") || strings.HasPrefix(source, "{{- /*") {
		if i := strings.Index(source, "*/"); i >= 0 {
			if k := strings.Index(source[i:], "}}"); k >= 0 {
				return i + k + 2
			}
		}
		return len(source)
	}
	quote := byte(0)
	for i := 2; i < len(source); i++ {
		switch c := source[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`':
			quote = c
		case strings.HasPrefix(source[i:], "}}"):
			return i + 2
		}
	}
	return len(source)
}

// endOfTag is where the tag that source begins with ends.
func endOfTag(source string) int {
	quoted := false
	for i := 1; i < len(source); i++ {
		switch {
		case strings.HasPrefix(source[i:], "{{"):
			i += endOfAction(source[i:]) - 1
		case source[i] == '"':
			quoted = !quoted
		case source[i] == '>' && !quoted:
			return i + 1
		}
	}
	return len(source)
}

// name of a tag: "b", "/b".
func (t token) name() string {
	name := strings.TrimPrefix(t.text, "<")
	if i := strings.IndexAny(name[min(1, len(name)):], " \n\t/>{"); i >= 0 {
		name = name[:i+1]
	}
	return strings.ToLower(name)
}

// command is what stands in an action.
func (t token) command() string {
	c := strings.TrimPrefix(strings.TrimSuffix(t.text, "}}"), "{{")
	c = strings.TrimSuffix(strings.TrimPrefix(c, "- "), " -")
	return strings.TrimSpace(c)
}

// marks are the elements that stand within a line of words.
var marks = map[string]bool{"b": true, "strong": true, "em": true, "i": true, "code": true, "kbd": true, "small": true, "abbr": true, "br": true, "a": true}

// deciding are the actions that are no values.
var deciding = map[string]bool{
	"if": true, "else": true, "end": true, "range": true, "with": true, "template": true, "block": true, "define": true,
	"break": true, "continue": true, "icon": true, "mark": true,
}

// isBoundary reports whether a token ends a message.
func (t token) isBoundary() bool {
	switch t.kind {
	case tag:
		name := strings.TrimPrefix(t.name(), "/")
		return !marks[name] || strings.Contains(t.text, ` class="btn`) || strings.Contains(t.text, "data-follow=")
	case action:
		command := t.command()
		word, _, _ := strings.Cut(command, " ")
		return deciding[word] || strings.HasPrefix(command, "/*") || strings.HasPrefix(command, "$") && strings.Contains(command, ":=")
	}
	return false
}

// isSpace reports whether a token says nothing: spaces, or the dot between two facts.
func (t token) isSpace() bool { return t.kind == words && strings.Trim(t.text, " \n\t·") == "" }

// depth is 1 for a mark that opens, -1 for one that closes, else 0.
func (t token) depth() int {
	switch {
	case t.kind != tag || t.isBoundary() || t.name() == "br":
		return 0
	case strings.HasPrefix(t.name(), "/"):
		return -1
	}
	return 1
}

// speaks reports whether a token has words: those of a plural count.
func (t token) speaks() bool {
	return t.kind == words && hasLetters(t.text) || t.kind == action && strings.HasPrefix(t.command(), "plural ")
}
