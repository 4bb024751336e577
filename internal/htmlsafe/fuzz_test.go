package htmlsafe_test

import (
	"testing"
	"unicode/utf8"

	"rookery/internal/htmlsafe"
)

// FuzzHTML holds the promise of the package for any bytes: nothing outside the
// allow-list comes out of any function that makes HTML.
func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		`<p>a<script>x</script>`, `<svg><style><img src=x onerror=1></style>`, `<a href="java&#9;script:1">x</a>`,
		`<h1><b><ul><li>x</h1>`, "@bob@a.test #tag https://a.test/x_(y)", `<math><mtext></form><form><mglyph><style></math><img src onerror=1>`,
		"<a href=https://a.test>x<p>y<a href=https://b.test>z", "<ol start=1 reversed><li value=2>", "\xff<\x00b>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		opts := htmlsafe.Options{Mentions: map[string]string{"bob": in, "a": "https://a.test/@a"}, TagURL: "https://a.test/tags/"}
		for name, got := range map[string]string{
			"Remote": htmlsafe.Remote(in), "RemoteField": htmlsafe.RemoteField(in), "Render": htmlsafe.Render(in, opts),
			"TruncateHTML": htmlsafe.TruncateHTML(htmlsafe.Remote(in), 10),
		} {
			if bad := forbidden(got); bad != "" {
				t.Errorf("%s(%q) = %q: %s", name, in, got, bad)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%s(%q) is not UTF-8", name, in)
			}
		}
		if once := htmlsafe.Remote(in); htmlsafe.Remote(once) != once {
			t.Errorf("Remote is not stable:\nin    %q\nonce  %q\ntwice %q", in, once, htmlsafe.Remote(once))
		}
		if name := htmlsafe.Name(in); htmlsafe.Name(name) != name || !utf8.ValidString(name) {
			t.Errorf("Name is not stable for %q", in)
		}
		htmlsafe.Text(in)
		htmlsafe.Length(in)
		for _, m := range htmlsafe.Scan(in).Mentions {
			if in[m.Start] != '@' || m.End > len(in) {
				t.Errorf("mention %+v lies outside %q", m, in)
			}
		}
	})
}
