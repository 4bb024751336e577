package htmlsafe_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/htmlsafe"
	"rookery/internal/testkit"
)

func TestScan(t *testing.T) {
	t.Parallel()
	type E = htmlsafe.Entities
	mention := func(user, host string, start, end int) []htmlsafe.Handle {
		return []htmlsafe.Handle{{User: user, Host: host, Start: start, End: end}}
	}
	tests := map[string]struct {
		in   string
		want E
	}{
		"local mention":        {"hi @bob!", E{Mentions: mention("bob", "", 3, 7)}},
		"remote mention":       {"@Bob@A.Test, hi", E{Mentions: mention("Bob", "a.test", 0, 11)}},
		"sentence end":         {"see @bob.", E{Mentions: mention("bob", "", 4, 8)}},
		"host sentence end":    {"see @bob@a.test.", E{Mentions: mention("bob", "a.test", 4, 15)}},
		"dotted user":          {"@a.b-c", E{Mentions: mention("a.b-c", "", 0, 6)}},
		"port":                 {"@bob@a.test:8443 x", E{Mentions: mention("bob", "a.test:8443", 0, 16)}},
		"idn host":             {"@bob@Bücher.example", E{Mentions: mention("bob", "xn--bcher-kva.example", 0, 20)}},
		"e-mail":               {"mail bob@a.test", E{}},
		"path":                 {"a.test/@bob", E{}},
		"cyrillic o":           {"@suppоrt@a.test", E{}},
		"cyrillic local":       {"@suppоrt", E{}},
		"full-width at":        {"＠bob", E{}},
		"host is one word":     {"@bob@localhost", E{}},
		"host is an address":   {"@bob@127.0.0.1", E{}},
		"bad host":             {"@bob@xn--a.test", E{}},
		"double at":            {"@@bob", E{}},
		"lonely at":            {"a @ b @", E{}},
		"hashtag":              {"#Go, #日本語 and #a_b", E{Hashtags: []string{"Go", "日本語", "a_b"}}},
		"full-width hash":      {"＃タグ", E{Hashtags: []string{"タグ"}}},
		"middle dot":           {"#l·l #a· #·a", E{Hashtags: []string{"l·l", "a"}}},
		"numbers":              {"#123 #1 #2024_25 #1a", E{Hashtags: []string{"2024_25", "1a"}}},
		"no hashtag":           {"a#b x/#c =#d &#39; ##e #", E{}},
		"url":                  {"see https://a.test/x?y=1#z.", E{URLs: []string{"https://a.test/x?y=1#z"}}},
		"brackets":             {"(https://a.test/a_(b)) [http://b.test]", E{URLs: []string{"https://a.test/a_(b)", "http://b.test"}}},
		"url with mention":     {"https://a.test/@bob #x", E{URLs: []string{"https://a.test/@bob"}, Hashtags: []string{"x"}}},
		"url idn":              {"http://müller.test/ä", E{URLs: []string{"http://xn--mller-kva.test/%C3%A4"}}},
		"url upper case":       {"HTTPS://A.Test/X", E{URLs: []string{"https://a.test/X"}}},
		"url port":             {"https://a.test:8443/x https://a.test:x/", E{URLs: []string{"https://a.test:8443/x"}}},
		"url with user":        {"https://good.test@evil.test/ https://a:b@evil.test", E{}},
		"url in a word":        {"xhttps://a.test", E{}},
		"no url":               {"https:// http://a https://1.2.3.4/ javascript:alert(1)", E{}},
		"japanese stop":        {"https://a.test/x。次", E{URLs: []string{"https://a.test/x"}}},
		"emoji":                {":blob_cat: a:b: 12:30:45 :x: :a b:", E{Emojis: []string{"blob_cat"}}},
		"broken utf-8 is fine": {"\xff@bob\xff#a\xff", E{Mentions: mention("bob", "", 1, 5), Hashtags: []string{"a"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, htmlsafe.Scan(tt.in)); diff != "" {
				t.Errorf("Scan(%q) (-want +got)\n%s", tt.in, diff)
			}
		})
	}
}

func TestScanIsLinear(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"dotted user":   "@" + strings.Repeat("a.", 50000),
		"many dotted":   strings.Repeat("@a.a.a.", 50000),
		"remote dotted": "@a@" + strings.Repeat("a.", 50000),
		"emoji":         strings.Repeat(":a", 100000) + ":",
		"long emoji":    strings.Repeat(":aa", 100000),
		"hash":          strings.Repeat("#", 20000),
		"hash words":    strings.Repeat("#a", 100000),
		"long tag":      "#" + strings.Repeat("a", 300000),
		"digits":        "#" + strings.Repeat("1·", 100000),
		"http":          strings.Repeat("http://", 50000),
		"http spaced":   strings.Repeat("http://a.test ", 10000),
		"brackets":      "http://a.test/" + strings.Repeat("(", 200000),
		"closing":       strings.Repeat("http://a.test/)))) ", 10000),
		"at":            strings.Repeat("@", 300000),
		"marks":         "a" + strings.Repeat("\u0301", 100000),
		"joiners":       strings.Repeat("👨\u200d", 50000),
		"blank lines":   strings.Repeat("\n \t ", 100000),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			for what, f := range map[string]func(){
				"Scan":   func() { htmlsafe.Scan(in) },
				"Length": func() { htmlsafe.Length(in) },
				"Render": func() { htmlsafe.Render(in, htmlsafe.Options{TagURL: "https://a.test/tags/"}) },
			} {
				if took := testkit.Work(f); took > limit {
					t.Errorf("%s took %v for %d bytes", what, took, len(in))
				}
			}
		})
	}
}

func TestLength(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want int
	}{
		"empty":        {"", 0},
		"ascii":        {"hello", 5},
		"url":          {"see https://a.test/" + strings.Repeat("x", 200), 27},
		"short url":    {"http://a.test", 23},
		"mention":      {"@bob@a.very.long.host.example hi", 7},
		"local":        {"@bob hi", 7},
		"accent":       {"e\u0301", 1},
		"family":       {"👨\u200d👩\u200d👧\u200d👦", 1},
		"flags":        {"🇩🇪🇫🇷", 2},
		"skin tone":    {"👍🏽", 1},
		"heart":        {"❤\ufe0f", 1},
		"line break":   {"a\r\nb", 3},
		"hangul jamo":  {"\u1112\u1161\u11ab", 1},
		"cannot cheat": {"a" + strings.Repeat("\u0301", 1000), 201},
	}
	for name, tt := range tests {
		if got := htmlsafe.Length(tt.in); got != tt.want {
			t.Errorf("%s: Length(%q) = %d, want %d", name, tt.in, got, tt.want)
		}
	}
}

func TestNormaliseTag(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Go": "go", "#Go": "go", "ＧＯ": "go", "ÉTÉ": "été", "e\u0301te": "éte", "ﬁsh": "fish", "ｱ": "ア", "a b/c": "abc", "": "",
	} {
		got := htmlsafe.NormaliseTag(in)
		if got != want {
			t.Errorf("NormaliseTag(%q) = %q, want %q", in, got, want)
		}
		if again := htmlsafe.NormaliseTag(got); again != got {
			t.Errorf("NormaliseTag is not stable for %q: %q", in, again)
		}
	}
}
