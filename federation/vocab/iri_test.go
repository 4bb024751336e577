package vocab_test

import (
	"strings"
	"testing"

	"rookery/federation/vocab"
)

func TestHostOf(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://v.test/u":                              "v.test",
		"https://V.TEST/u":                              "v.test",
		"HTTPS://v.test":                                "v.test",
		"http://localhost:8080/u":                       "localhost:8080",
		"https://v.test:443/u":                          "v.test",
		"http://v.test:80/u":                            "v.test",
		"https://v.test:80/u":                           "v.test:80",
		"https://v.test:/u":                             "v.test",
		"https://bücher.test/u":                         "xn--bcher-kva.test",
		"https://BÜCHER.test/u":                         "xn--bcher-kva.test",
		"https://xn--bcher-kva.test/u":                  "xn--bcher-kva.test",
		"https://my_host.test/u":                        "my_host.test",
		"https://127.0.0.1:3000/u":                      "127.0.0.1:3000",
		"https://[2001:DB8::1]:8443/u":                  "[2001:db8::1]:8443",
		"https://v.test?author=1":                       "v.test",
		"https://v.test/a@b%2f":                         "v.test",
		"https://q.test/.v.test":                        "q.test",
		"https://ｖ.test/u":                              "v.test", // full-width: what an HTTP client would dial
		"https://v.test@q.test/u":                       "",
		"https://v.test:pw@q.test/u":                    "",
		"https://@q.test/u":                             "",
		"https://v.test./u":                             "",
		"https://v.test。/u":                             "",
		"https://.v.test/u":                             "",
		"https://v..test/u":                             "",
		"https://v%2etest/u":                            "",
		"https://q.test%2f.v.test/u":                    "",
		"https://q.test\\@v.test/u":                     "",
		"https://q.test#@v.test/u":                      "",
		"https://v.test:99999/u":                        "",
		"https://v.test:0/u":                            "",
		"https://v.test:x/u":                            "",
		"https://[fe80::1%25eth0]/u":                    "",
		"https://xn--a/u":                               "",
		"https:///u":                                    "",
		"https:v.test/u":                                "",
		"//v.test/u":                                    "",
		"/u":                                            "",
		"v.test":                                        "",
		"":                                              "",
		"ftp://v.test/u":                                "",
		"javascript:alert(1)//v.test":                   "",
		"javascript://v.test/%0aalert(1)":               "",
		"data:text/html,x":                              "",
		"file:///etc/passwd":                            "",
		"acct:a@v.test":                                 "",
		"about:blank":                                   "",
		" https://v.test/u":                             "",
		"https://v.test/\x00":                           "",
		"https://v te.st/u":                             "",
		"https://" + strings.Repeat("a", 64) + ".test/": "",
		"https://v.test/" + strings.Repeat("a", 10_000): "",
	}
	for in, want := range tests {
		if got := vocab.HostOf(in); got != want {
			t.Errorf("HostOf(%.60q) = %q, want %q", in, got, want)
		}
	}
}

func TestSameHost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"https://v.test/a", "https://V.test:443/b", true},
		{"https://bücher.test/a", "https://xn--bcher-kva.test/b", true},
		{"https://v.test/a", "https://v.test:8443/a", false},
		{"https://v.test/a", "https://social.v.test/a", false},
		{"https://v.test/a", "https://v.test@q.test/a", false},
		{"https://v.test./a", "https://v.test./a", false}, // refused hosts are the same as nothing
		{"", "", false},
	}
	for _, tt := range tests {
		if got := vocab.SameHost(tt.a, tt.b); got != tt.want {
			t.Errorf("SameHost(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
}

func TestCleanIDAndURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, id, url string }{
		{"https://V.test/Ü?author=1#main-key", "https://V.test/Ü?author=1#main-key", "https://V.test/Ü?author=1#main-key"},
		{"https://v.test/a b.png", "", "https://v.test/a%20b.png"},
		{" https://v.test/a\n", "", "https://v.test/a"},
		{"https://v.test/\"><script>", "", ""},
		{"https://v.test/\\..", "", ""},
		{"javascript:alert(1)", "", ""},
		{"JaVaScRiPt://v.test/%0aalert(1)", "", ""},
		{"java\tscript:alert(1)", "", ""},
		{"https://v.test/" + strings.Repeat("a", vocab.MaxURL), "", ""},
	}
	for _, tt := range tests {
		if got := vocab.CleanID(tt.in); got != tt.id {
			t.Errorf("CleanID(%.60q) = %q, want %q", tt.in, got, tt.id)
		}
		if got := vocab.CleanURL(tt.in); got != tt.url {
			t.Errorf("CleanURL(%.60q) = %q, want %q", tt.in, got, tt.url)
		}
	}
}

func TestAudience(t *testing.T) {
	t.Parallel()
	followers := "https://q.test/u/followers"
	person := "https://a.test/ap/actors/1"
	tests := map[string]struct {
		note string
		want vocab.Visibility
	}{
		"public":               {`"to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["` + followers + `"]`, vocab.VisibilityPublic},
		"alias as a string":    {`"to":"as:Public"`, vocab.VisibilityPublic},
		"bare alias in a list": {`"to":["` + person + `","Public"]`, vocab.VisibilityPublic},
		"unlisted":             {`"to":["` + followers + `"],"cc":"as:Public"`, vocab.VisibilityUnlisted},
		"followers":            {`"to":"` + followers + `","cc":[]`, vocab.VisibilityFollowers},
		"followers in cc":      {`"to":["` + person + `"],"cc":["` + followers + `"]`, vocab.VisibilityFollowers},
		"another's followers":  {`"to":["https://v.test/u/followers"]`, vocab.VisibilityDirect},
		"direct, as an object": {`"to":{"id":"` + person + `"}`, vocab.VisibilityDirect},
		"nobody":               {`"to":null`, vocab.VisibilityDirect},
		"no such alias":        {`"to":"as:public"`, vocab.VisibilityDirect},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			note := vocab.ReadNote(mustParse(t, `{`+tt.note+`}`))
			if got := vocab.Audience(note.To, note.CC, followers); got != tt.want {
				t.Errorf("Audience(%q, %q) = %q, want %q", note.To, note.CC, got, tt.want)
			}
		})
	}
	if vocab.Audience([]string{""}, nil, "") != vocab.VisibilityDirect {
		t.Error("an unknown followers URL must not match")
	}
}
