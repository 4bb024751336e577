package htmlsafe_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"rookery/internal/htmlsafe"
)

func TestText(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"paragraphs": {"<p>a</p><p>b<br>c</p>", "a\n\nb\nc"},
		"list":       {"<ul><li>a</li><li>b</li></ul>end", "a\nb\n\nend"},
		"spaces":     {"<p> a \n\n b </p>", "a b"},
		"inline":     {"a <b>b</b> c", "a b c"},
		"entities":   {"&lt;b&gt; &amp; &quot;x&quot;", `<b> & "x"`},
		"script":     {"a<script>x</script><style>y</style><title>t</title>b", "ab"},
		"mention":    {`<span class="h-card"><a href="https://a.test/@bob">@<span>bob</span></a></span> hi`, "@bob hi"},
		"pre":        {"<pre>a\n  b</pre>", "a\n  b"},
		"half a tag": {"a<b", "a"},
		"nul":        {"a&#0;b\x00", "a\ufffdb"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := htmlsafe.Text(tt.in); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	const family = "👨\u200d👩\u200d👧"
	tests := map[string]struct {
		got, want string
	}{
		"fits":            {htmlsafe.Truncate("abc", 3), "abc"},
		"cut":             {htmlsafe.Truncate("abcd", 3), "ab…"},
		"none":            {htmlsafe.Truncate("abcd", 0), ""},
		"no mark is lost": {htmlsafe.Truncate("e\u0301e\u0301e\u0301", 2), "e\u0301…"},
		"emoji":           {htmlsafe.Truncate(family+family, 1), "…"},
		"emoji fits":      {htmlsafe.Truncate(family, 1), family},
		"bytes":           {htmlsafe.TruncateBytes("aé", 2), "a"},
		"html":            {htmlsafe.TruncateHTML("<p>one <b>two</b> three</p>", 5), "<p>one <b>t…</b></p>"},
		"html fits":       {htmlsafe.TruncateHTML("<p>one</p>\n", 3), "<p>one</p>\n"},
		"html entity":     {htmlsafe.TruncateHTML("<p>&amp;&amp;&amp;</p>", 2), "<p>&amp;&amp;…</p>"},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"plain":             {"Ada Lovelace", "Ada Lovelace"},
		"lines":             {" Ada\r\n\tL. ", "Ada L."},
		"bidi override":     {"abc\u202edcba\u2066x", "abcdcbax"},
		"zero width only":   {"\u200b\u200d\u2060\ufeff", ""},
		"fillers only":      {"\u3164\u115f\u2800 \u00a0", ""},
		"marks only":        {"\u0301\u0301", ""},
		"nul":               {"a\x00b\x7f", "ab"},
		"broken utf-8":      {"a\xffb", "ab"},
		"vietnamese":        {"Nguye\u0302\u0303n", "Nguye\u0302\u0303n"},
		"flag of Scotland":  {"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"},
		"smuggled text":     {"a\U000e0061\U000e0062b", "ab"},
		"emoji":             {"Bob 👨\u200d👩\u200d👧 ❤\ufe0f", "Bob 👨\u200d👩\u200d👧 ❤\ufe0f"},
		"html stays text":   {"<b>x</b>", "<b>x</b>"},
		"persian non-joint": {"می\u200cخواهم", "می\u200cخواهم"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := htmlsafe.Name(tt.in); got != tt.want {
				t.Errorf("Name(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
	zalgo := htmlsafe.Name("Z" + strings.Repeat("\u0335", 5000) + "x")
	if n := utf8.RuneCountInString(zalgo); n != 6 {
		t.Errorf("5,000 marks became %d runes, want 6", n)
	}
	if n := utf8.RuneCountInString(htmlsafe.Name(strings.Repeat("x", 5000))); n != htmlsafe.MaxName {
		t.Errorf("long name has %d characters", n)
	}
}
