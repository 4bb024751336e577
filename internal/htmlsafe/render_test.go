package htmlsafe_test

import (
	"strings"
	"testing"

	"rookery/internal/htmlsafe"
)

func TestRender(t *testing.T) {
	t.Parallel()
	opts := htmlsafe.Options{
		Mentions: map[string]string{"bob": "https://a.test/@bob", "eve@b.test": "https://b.test/users/eve", "bad": "javascript:alert(1)"},
		TagURL:   "https://a.test/tags/",
	}
	const open = `target="_blank" rel="nofollow noopener" translate="no">`
	tests := map[string]struct{ in, want string }{
		"empty":           {" \n ", ""},
		"paragraphs":      {"a\nb\r\n\r\nc\n \n\nd", "<p>a<br />b</p><p>c</p><p>d</p>"},
		"escaped":         {`<script>"&'`, `<p>&lt;script&gt;&#34;&amp;&#39;</p>`},
		"mention":         {"Hi @Bob", `<p>Hi <span class="h-card" translate="no"><a href="https://a.test/@bob" class="u-url mention">@<span>Bob</span></a></span></p>`},
		"remote mention":  {"@eve@B.test", `<p><span class="h-card" translate="no"><a href="https://b.test/users/eve" class="u-url mention">@<span>eve</span></a></span></p>`},
		"unknown mention": {"@nobody", "<p>@nobody</p>"},
		"bad target":      {"@bad", "<p>@bad</p>"},
		"hashtag":         {"#Größe", `<p><a href="https://a.test/tags/gr%C3%B6%C3%9Fe" class="mention hashtag" rel="tag">#<span>Größe</span></a></p>`},
		"short url": {"https://c.test/x", `<p><a href="https://c.test/x" ` + open +
			`<span class="invisible">https://</span><span>c.test/x</span><span class="invisible"></span></a></p>`},
		"long url": {"https://www.c.test/0123456789012345678901234567890?a=1&b=2", `<p><a href="https://www.c.test/0123456789012345678901234567890?a=1&amp;b=2" ` + open +
			`<span class="invisible">https://www.</span><span class="ellipsis">c.test/01234567890123456789012</span><span class="invisible">34567890?a=1&amp;b=2</span></a></p>`},
		"long host stays whole": {"https://paypal.test.aaaaaaaaaaaaaaaaaaaaaaaaa.evil.test/x", `<p><a href="https://paypal.test.aaaaaaaaaaaaaaaaaaaaaaaaa.evil.test/x" ` + open +
			`<span class="invisible">https://</span><span class="ellipsis">paypal.test.aaaaaaaaaaaaaaaaaaaaaaaaa.evil.test</span><span class="invisible">/x</span></a></p>`},
		"idn host": {"https://müller.test/", `<p><a href="https://xn--mller-kva.test/" ` + open +
			`<span class="invisible">https://</span><span>müller.test/</span><span class="invisible"></span></a></p>`},
		"homograph host": {"https://аррӏе.test/", `<p><a href="https://xn--80ak6aa92e.test/" ` + open +
			`<span class="invisible">https://</span><span>xn--80ak6aa92e.test/</span><span class="invisible"></span></a></p>`},
		"user part is no link": {"https://good.test@evil.test", "<p>https://good.test@evil.test</p>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := htmlsafe.Render(tt.in, opts)
			if got != tt.want {
				t.Errorf("Render(%q)\n got %s\nwant %s", tt.in, got, tt.want)
			}
			if bad := forbidden(got); bad != "" {
				t.Error(bad)
			}
		})
	}
}

func TestRenderInline(t *testing.T) {
	t.Parallel()
	got := htmlsafe.Render("a\nhttps://c.test #x", htmlsafe.Options{Inline: true, Me: true})
	want := `a <a href="https://c.test" target="_blank" rel="nofollow noopener me" translate="no">` +
		`<span class="invisible">https://</span><span>c.test</span><span class="invisible"></span></a> #x`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// What we render must survive the sanitiser of the next server: same words, same links.
func TestRenderedTextReadsBack(t *testing.T) {
	t.Parallel()
	const text = "Hello @bob\n\nsee https://c.test/a?b=c&d=e #tag"
	opts := htmlsafe.Options{Mentions: map[string]string{"bob": "https://a.test/@bob"}, TagURL: "https://a.test/tags/"}
	rendered := htmlsafe.Render(text, opts)
	if got := htmlsafe.Text(rendered); got != text {
		t.Errorf("Text(Render) = %q, want %q", got, text)
	}
	if got := htmlsafe.Text(htmlsafe.Remote(rendered)); got != text {
		t.Errorf("Text(Remote(Render)) = %q, want %q", got, text)
	}
}

func BenchmarkRemote(b *testing.B) {
	post := strings.Repeat(`<p><span class="h-card"><a href="https://a.test/@bob" class="u-url mention">@<span>bob</span></a></span> some words and <b>more</b></p>`, 5)
	b.SetBytes(int64(len(post)))
	for b.Loop() {
		htmlsafe.Remote(post)
	}
}

func BenchmarkRender(b *testing.B) {
	post := strings.Repeat("Hello @bob, see https://c.test/a?b=c #tag\n\n", 10)
	opts := htmlsafe.Options{Mentions: map[string]string{"bob": "https://a.test/@bob"}, TagURL: "https://a.test/tags/"}
	b.SetBytes(int64(len(post)))
	for b.Loop() {
		htmlsafe.Render(post, opts)
	}
}
