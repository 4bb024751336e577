package words

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/leonelquinteros/gotext"
)

//go:embed de/*.po
var files embed.FS

// English is the language that everything is written in.
const English = "en"

// Language is one language's catalogue. The zero value is English.
type Language struct {
	tag      string
	words    map[string]string
	patterns []pattern
	missing  func(english string)
}

// pattern is an entry whose key is a printf format: it fits every text made by it.
type pattern struct {
	english *regexp.Regexp
	isOurs  []bool // which values are words of ours: those of %v
	words   string // with {1}, {2} … where the values belong
	letters int    // of the key that are its own: the more, the closer it fits
}

var languages = sync.OnceValue(func() map[string]*Language {
	all := map[string]*Language{English: {tag: English}}
	for _, tag := range []string{"de"} {
		l, err := load(files, tag)
		if err != nil {
			panic(err) // a fault of the build, found by any test
		}
		all[tag] = l
	}
	return all
})

// In is the catalogue of a language, given as BCP 47 tag; English for one that there is none of.
func In(tag string) *Language {
	if l, ok := languages()[tag]; ok {
		return l
	}
	return languages()[English]
}

// Tag is the language as BCP 47 writes it.
func (l *Language) Tag() string {
	if l.tag == "" {
		return English
	}
	return l.tag
}

// Tags are the languages there are, English first.
func Tags() []string {
	var tags []string
	for tag := range languages() {
		if tag != English {
			tags = append(tags, tag)
		}
	}
	sort.Strings(tags)
	return append([]string{English}, tags...)
}

func load(from fs.FS, tag string) (*Language, error) {
	names, err := fs.Glob(from, tag+"/*.po")
	if err != nil {
		return nil, fmt.Errorf("list catalogues of %s: %w", tag, err)
	}
	l := &Language{tag: tag, words: make(map[string]string)}
	for _, name := range names {
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", name, err)
		}
		po := gotext.NewPo()
		po.Parse(body)
		for key, entry := range po.GetDomain().GetTranslations() {
			text := entry.Get()
			if key == "" || !entry.IsTranslated() {
				continue
			}
			if before, ok := l.words[key]; ok && before != text {
				return nil, fmt.Errorf("%s: “%s” has another translation in a second file", path.Base(name), key)
			}
			l.words[key] = text
			if p, ok := newPattern(key, text); ok {
				l.patterns = append(l.patterns, p)
			}
		}
	}
	sort.Slice(l.patterns, func(i, k int) bool {
		a, b := l.patterns[i], l.patterns[k]
		if a.letters != b.letters {
			return a.letters > b.letters
		}
		return a.words < b.words
	})
	return l, nil
}

// verb is a printf verb; %[2]s names its value.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[sdqv]`)

func newPattern(key, text string) (pattern, bool) {
	if strings.Contains(key, "{{") || !verb.MatchString(key) {
		return pattern{}, false
	}
	verbs := verb.FindAllString(key, -1)
	var fits strings.Builder
	letters := 0
	for i, part := range verb.Split(key, -1) {
		part = strings.ReplaceAll(part, "%%", "%")
		fits.WriteString(regexp.QuoteMeta(part))
		letters += len(part)
		switch {
		case i == len(verbs):
		case strings.HasSuffix(verbs[i], "d"):
			fits.WriteString(`([\d,]+)`)
		default:
			fits.WriteString(`(.*?)`)
		}
	}
	next := 0
	words := verb.ReplaceAllStringFunc(strings.ReplaceAll(text, "%%", "%"), func(v string) string {
		next++
		if of := verb.FindStringSubmatch(v)[1]; of != "" {
			return "{" + of + "}"
		}
		return fmt.Sprintf("{%d}", next)
	})
	var ours []bool
	for _, v := range verbs {
		ours = append(ours, strings.HasSuffix(v, "v"))
	}
	return pattern{isOurs: ours, english: regexp.MustCompile(`(?s)^` + fits.String() + `$`), words: words, letters: letters}, true
}

// Listen has told called with every text that Say finds no entry for. It is for tests, before
// anything is said.
func (l *Language) Listen(told func(english string)) { l.missing = told }

// Say is an English text in the language. Only texts of our own may be given to it: words that
// people typed could by chance be a key. Of the values in a format, those of %v are words of
// ours and are said in the language, too; all others stay.
func (l *Language) Say(english string) string {
	if l.words == nil || english == "" {
		return english
	}
	if text, ok := l.words[english]; ok {
		return text
	}
	for _, p := range l.patterns {
		values := p.english.FindStringSubmatch(english)
		if values == nil {
			continue
		}
		pairs := make([]string, 0, 2*len(values))
		for i, value := range values[1:] {
			if p.isOurs[i] {
				value = l.Say(value)
			}
			pairs = append(pairs, fmt.Sprintf("{%d}", i+1), value)
		}
		return strings.NewReplacer(pairs...).Replace(p.words)
	}
	if l.missing != nil && hasLetters(english) {
		l.missing(english)
	}
	return english
}

// Entries are all keys with their translations, for tests.
func (l *Language) Entries() map[string]string { return maps.Clone(l.words) }

// Knows reports whether an English text has an entry, its own or that of a format.
func (l *Language) Knows(english string) bool {
	if _, ok := l.words[english]; ok {
		return true
	}
	for _, p := range l.patterns {
		if p.english.MatchString(english) {
			return true
		}
	}
	return false
}
