package assets_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
)

// The colours of the design notes, with what they have to become.
func TestNewBrand(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ light, dark string }{
		"#C8501E": {"#BF4813", "#FA7D4F"},
		"#FFD400": {"#866E00", "#FDD530"},
		"#1D2A6B": {"#1D2A6B", "#869EE9"},
		"#E5007D": {"#BF3F74", "#F974A6"},
		"#111111": {"#111111", "#A0A0A0"},
		"#F2F2F2": {"#707070", "#F2F2F2"},
	}
	for given, want := range tests {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			b, err := assets.NewBrand(given)
			if err != nil {
				t.Fatal(err)
			}
			if b.Given != given || b.Accent != want.light || b.AccentDark != want.dark {
				t.Errorf("brand of %s = %s, %s; want %s, %s", given, b.Accent, b.AccentDark, want.light, want.dark)
			}
			if b.Contrast < 4.6 || b.ContrastDark < 6 {
				t.Errorf("contrast %.2f light, %.2f dark; want 4.6 and 6", b.Contrast, b.ContrastDark)
			}
			if got := ratio(t, b.Ink, b.Accent); got < 4.5 {
				t.Errorf("text on the accent in light: %.2f", got)
			}
			if got := ratio(t, b.InkDark, b.AccentDark); got < 4.5 {
				t.Errorf("text on the accent in dark: %.2f", got)
			}
			if got := ratio(t, b.InkDark, b.HoverDark); got < 4.5 {
				t.Errorf("text on the hovered accent in dark: %.2f", got)
			}
		})
	}
}

func TestBrandCSS(t *testing.T) {
	t.Parallel()
	css, err := assets.BrandCSS("c8501e")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--brand:#C8501E;", "--accent:light-dark(#BF4813,#FA7D4F);", "--accent-ink:light-dark(#FFFFFF,"} {
		if !strings.Contains(string(css), want) {
			t.Errorf("stylesheet lacks %q:\n%s", want, css)
		}
	}
	for _, bad := range []string{"", "#fff", "red", "#12345g", "#1234567", "#+12345", "}body{x"} {
		if _, err := assets.BrandCSS(bad); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("BrandCSS(%q): %v, want invalid", bad, err)
		}
		if got := assets.BrandHash(bad); got != "" {
			t.Errorf("BrandHash(%q) = %q, want none", bad, got)
		}
	}
	if a, b := assets.BrandHash("#C8501E"), assets.BrandHash("#C8501F"); a == "" || a == b {
		t.Errorf("hashes of two colours: %q, %q", a, b)
	}
}

// ratio is WCAG's contrast, written apart from the code under test.
func ratio(t *testing.T, a, b string) float64 {
	t.Helper()
	lum := func(hex string) float64 {
		sum := 0.0
		for i, weight := range []float64{.2126, .7152, .0722} {
			n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			v := float64(n) / 255
			if v > .04045 {
				v = math.Pow((v+.055)/1.055, 2.4)
			} else {
				v /= 12.92
			}
			sum += weight * v
		}
		return sum
	}
	x, y := lum(a), lum(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}
