package assets_test

import (
	"bytes"
	"testing"
	"testing/fstest"

	"rookery/dashboard/assets"
)

// Sizes and fractions are written as the page's language does.
func TestSizes(t *testing.T) {
	t.Parallel()
	templates := assets.Parse(fstest.MapFS{"size.html": {Data: []byte(`{{define "size"}}{{size .Size}}|{{decimal .Ratio 1}}{{end}}`)}}, "*.html")
	for _, c := range []struct {
		size   assets.Size
		ratio  float64
		en, de string
	}{
		{0, 4.68, "0\u00a0bytes|4.7", "0\u00a0Byte|4,7"},
		{1, 10, "1\u00a0byte|10.0", "1\u00a0Byte|10,0"},
		{999, 0, "999\u00a0bytes|0.0", "999\u00a0Byte|0,0"},
		{4_200, 0, "4.2\u00a0kB|0.0", "4,2\u00a0kB|0,0"},
		{4_250_000_000, 0, "4.2\u00a0GB|0.0", "4,2\u00a0GB|0,0"},
		{5_000_000_000, 0, "5\u00a0GB|0.0", "5\u00a0GB|0,0"},
		{9_960_000, 0, "10\u00a0MB|0.0", "10\u00a0MB|0,0"},
		{50_000_000_000, 0, "50\u00a0GB|0.0", "50\u00a0GB|0,0"},
		{999_600_000, 0, "1000\u00a0MB|0.0", "1000\u00a0MB|0,0"},
		{3_000_000_000_000_000_000, 0, "3000\u00a0PB|0.0", "3000\u00a0PB|0,0"},
	} {
		for lang, want := range map[string]string{"en": c.en, "de": c.de} {
			var out bytes.Buffer
			view := map[string]any{"Size": c.size, "Ratio": c.ratio}
			if err := templates.Fragment(assets.In(&out, lang), "size", view); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Errorf("%d in %s: %q, want %q", c.size, lang, out.String(), want)
			}
		}
	}
}
