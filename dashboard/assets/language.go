package assets

import (
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"rookery/dashboard/words"
)

// localWriter is where a page in a certain language goes.
type localWriter struct {
	io.Writer
	lang string
}

// In is w for a page in a language, given as BCP 47 tag: what Templates render to it speaks
// that language. To any other writer they speak English.
func In(w io.Writer, lang string) io.Writer { return localWriter{Writer: w, lang: lang} }

func languageOf(w io.Writer) *words.Language {
	if local, ok := w.(localWriter); ok {
		return words.In(local.lang)
	}
	return words.In(words.English)
}

// shared are the parts that all packages' pages use, by language.
var shared = sync.OnceValue(func() map[string]*template.Template {
	all := make(map[string]*template.Template)
	for _, tag := range words.Tags() {
		language := words.In(tag)
		all[tag] = template.Must(parseIn(language, template.New("").Funcs(funcs(language)), files, "templates/*.html"))
	}
	return all
})

// parseIn adds templates to a set, put into a language before they are parsed.
func parseIn(language *words.Language, set *template.Template, from fs.FS, pattern string) (*template.Template, error) {
	names, err := fs.Glob(from, pattern)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		source, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		if _, err = set.New(path.Base(name)).Parse(language.Template(string(source))); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// titleOf puts what a page is into the language. What stands after the last dot is where it
// is: a name, which stays.
func titleOf(language *words.Language, page Page) string {
	if page.What == "" {
		return page.Title
	}
	if page.Title == "" {
		return language.Say(page.What)
	}
	return language.Say(page.What) + " · " + page.Title
}

// say is what templates call on words that Go code chose.
func say(language *words.Language) func(any) string {
	return func(text any) string {
		switch t := text.(type) {
		case string:
			return language.Say(t)
		case interface{ String() string }:
			return language.Say(t.String())
		}
		return ""
	}
}

// standIns are what stands where a name would: of people who have left, or of no person.
var standIns = map[string]bool{
	"Somebody who has left": true, "somebody who has left": true, "Somebody whose account is gone": true, "somebody": true,
	"whoever runs this server": true, "an app": true, "You": true, "Nobody": true, "Anybody": true, "All accounts": true,
}

// who is a name, which stays, or says what stands in the place of one.
func who(language *words.Language) func(string) string {
	return func(name string) string {
		if standIns[name] {
			return language.Say(name)
		}
		return name
	}
}

// names are some people as in a sentence: "you, Jonas and 3 more".
func names(in calendar) func(list []string, withYou bool, more int) string {
	return func(list []string, withYou bool, more int) string {
		all := make([]string, 0, len(list)+2)
		if withYou {
			all = append(all, in.language.Say("you"))
		}
		all = append(all, list...)
		switch {
		case more == 1:
			all = append(all, in.language.Say("one more"))
		case more > 1:
			all = append(all, in.count(more)+" "+in.language.Say("more"))
		}
		last := len(all) - 1
		if last < 1 {
			return strings.Join(all, "")
		}
		return strings.Join(all[:last], ", ") + " " + in.language.Say("and") + " " + all[last]
	}
}

// saying says one sentence after the other.
func saying(language *words.Language) func([]string) string {
	return func(sentences []string) string {
		said := make([]string, len(sentences))
		for i, sentence := range sentences {
			said[i] = language.Say(sentence)
		}
		return strings.Join(said, " ")
	}
}

// listed says a list of words, separated by commas.
func listed(language *words.Language) func([]string) string {
	return func(list []string) string {
		said := make([]string, len(list))
		for i, text := range list {
			said[i] = language.Say(text)
		}
		return strings.Join(said, ", ")
	}
}
