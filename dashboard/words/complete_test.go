package words_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"rookery/dashboard/words"
)

// Every message of every template has an entry in every language. What is missing is
// printed as the catalogue needs it.
func TestEveryMessageIsTranslated(t *testing.T) {
	t.Parallel()
	messages := templateMessages(t)
	for _, tag := range words.Tags()[1:] {
		language := words.In(tag)
		entries := language.Entries()
		report(t, tag, messages, func(message string) bool {
			_, ok := entries[message]
			return ok
		})
		report(t, tag, handedOn(t), language.Knows)
	}
}

// Every sentence that a fault may show on a page has an entry.
func TestEveryFaultIsTranslated(t *testing.T) {
	t.Parallel()
	faults := faultSentences(t, "..", "../../tenant", "../../internal/social", "../../internal/servername", "../../internal/barred", "../../internal/imaging", "../../internal/limit", "../../billing/checkout", "../../billing/stripegw")
	if len(faults) < 100 {
		t.Fatalf("only %d sentences were found", len(faults))
	}
	for _, tag := range words.Tags()[1:] {
		language := words.In(tag)
		report(t, tag, faults, func(sentence string) bool {
			_, ok := language.Entries()[sentence]
			return ok
		})
	}
}

// An entry has the values and marks of its message, and none is there for nothing: what stands
// in a template's form ({{ or a tag) must be one of a template's messages.
func TestTranslationsFit(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, message := range templateMessages(t) {
		known[message.text] = true
	}
	for _, tag := range words.Tags()[1:] {
		for message, text := range words.In(tag).Entries() {
			if err := words.Fits(message, text); err != nil {
				t.Errorf("%s: %v", tag, err)
			}
			if strings.Contains(message, "{{") && !known[message] {
				t.Errorf("%s has an entry that no template asks for: %s", tag, message)
			}
		}
	}
}

type found struct{ text, file string }

// templateMessages are the messages of all templates: each is looked up as it stands.
func templateMessages(t *testing.T) []found {
	t.Helper()
	return inTemplates(t, func(body, file string) (all []found) {
		for _, message := range words.Messages(body) {
			all = append(all, found{message, file})
		}
		return all
	})
}

// handedOn are the phrases that templates hand to parts of them, which say them: a format may
// have made them.
func handedOn(t *testing.T) []found {
	t.Helper()
	return inTemplates(t, literals)
}

func inTemplates(t *testing.T, read func(body, file string) []found) []found {
	t.Helper()
	files, err := filepath.Glob("../*/templates/*.html")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files of templates: %v", len(files), err)
	}
	var all []found
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, read(string(body), file)...)
	}
	return all
}

var (
	handed  = regexp.MustCompile(`"(?:Label|Words|Help|Title)" (?:"([^"]*)"|\(print "([^"]*)" )`)
	inWords = regexp.MustCompile(`say "([^"]*)"`)
)

// literals are the phrases that a template hands to a part of it, which says them.
func literals(body, file string) []found {
	var all []found
	for _, m := range handed.FindAllStringSubmatch(body, -1) {
		text := m[1]
		if m[2] != "" {
			text = m[2] + "%s"
		}
		if strings.TrimSpace(text) != "" {
			all = append(all, found{text, file})
		}
	}
	for _, m := range inWords.FindAllStringSubmatch(body, -1) {
		all = append(all, found{m[1], file})
	}
	return all
}

func report(t *testing.T, tag string, all []found, ok func(string) bool) {
	t.Helper()
	missing := make(map[string]string)
	for _, f := range all {
		if !ok(f.text) {
			missing[f.text] = f.file
		}
	}
	if len(missing) == 0 {
		return
	}
	lines := make([]string, 0, len(missing))
	for text, file := range missing {
		lines = append(lines, fmt.Sprintf("#: %s\nmsgid %s\nmsgstr \"\"\n", strings.TrimPrefix(file, "../"), strconv.Quote(text)))
	}
	sort.Strings(lines)
	t.Errorf("%d phrases have no entry in dashboard/words/%s. Whoever writes a phrase adds it to the file of its place there: "+
		"copy the lines below and fill in msgstr (the glossary stands at the top of %s/parts.po).\n\n%s", len(missing), tag, tag, strings.Join(lines, "\n"))
}
