package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"rookery/internal/fault"
)

// What a tenant's colour has to stand out against; the tokens of these names.
var (
	lightGrounds = []string{"#FFFFFF", "#F6F7F8"}            // surface, canvas
	darkGrounds  = []string{"#151A1D", "#0D1113", "#1E2427"} // surface, canvas, raised
)

// The rules for a tenant's colour: keep the hue, cap the chroma, move the
// lightness until text in it can be read.
const (
	maxChroma     = .17
	lightestStart = .62
	darkestStart  = .70
	lightnessStep = .005
	lightContrast = 4.6
	darkContrast  = 6.0
)

var errColour = fault.New(fault.Invalid, "A colour is a # and six hexadecimal digits, for example #C8501E.")

// Brand is what becomes of a tenant's colour, in light and in dark.
type Brand struct {
	Given                  string // as the tenant gave it: header band and avatar ground only
	Accent, AccentDark     string
	Hover, HoverDark       string
	Ink, InkDark           string // text on Accent
	Soft, SoftDark         string
	Contrast, ContrastDark float64 // of Accent on the ground it stands out from least
}

// NewBrand turns one colour ("#C8501E", the # may be missing) into the accents
// of a tenant's public, sign-in and consent pages.
func NewBrand(hex string) (Brand, error) {
	given, err := parseHex(hex)
	if err != nil {
		return Brand{}, err
	}
	c := given.oklch()
	c.chroma = min(c.chroma, maxChroma)

	light, dark := c, c
	light.light = min(c.light, lightestStart)
	for worst(light, lightGrounds) < lightContrast && light.light > 0 {
		light.light -= lightnessStep
	}
	dark.light = max(c.light, darkestStart)
	for worst(dark, darkGrounds) < darkContrast && dark.light < 1 {
		dark.light += lightnessStep
	}
	at := func(lightness, chroma float64) string {
		return oklch{lightness, min(c.chroma, chroma), c.hue}.hex()
	}
	return Brand{
		Given:        given.hex(),
		Accent:       light.hex(),
		AccentDark:   dark.hex(),
		Hover:        at(light.light-.06, light.chroma),
		HoverDark:    at(min(dark.light+.07, 1), dark.chroma),
		Ink:          "#FFFFFF",
		InkDark:      at(.18, .026),
		Soft:         at(.955, .025),
		SoftDark:     at(.28, .045),
		Contrast:     worst(light, lightGrounds),
		ContrastDark: worst(dark, darkGrounds),
	}, nil
}

// CSS is the stylesheet that replaces petrol by the tenant's colour.
func (b Brand) CSS() []byte {
	return fmt.Appendf(nil, ":root{--brand:%s;--accent:light-dark(%s,%s);--accent-hover:light-dark(%s,%s);"+
		"--accent-ink:light-dark(%s,%s);--accent-text:light-dark(%s,%s);--accent-soft:light-dark(%s,%s);--focus:light-dark(%s,%s)}\n",
		b.Given, b.Accent, b.AccentDark, b.Hover, b.HoverDark, b.Ink, b.InkDark,
		b.Accent, b.AccentDark, b.Soft, b.SoftDark, b.Accent, b.HoverDark)
}

// BrandCSS makes the stylesheet of a tenant's colour, to be served as
// /brand.css on the tenant's host.
func BrandCSS(hex string) ([]byte, error) {
	b, err := NewBrand(hex)
	if err != nil {
		return nil, err
	}
	return b.CSS(), nil
}

// BrandHash names the state of a brand stylesheet in its address, so that it
// may be cached for ever. It is empty for an empty or unreadable colour, which
// leaves a page in petrol.
func BrandHash(hexColour string) string {
	css, err := BrandCSS(hexColour)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(css)
	return hex.EncodeToString(sum[:6])
}

func worst(c oklch, grounds []string) float64 {
	low := math.Inf(1)
	mine := c.rgb().luminance()
	for _, g := range grounds {
		ground, err := parseHex(g)
		if err != nil {
			panic("assets: " + g)
		}
		low = min(low, contrast(mine, ground.luminance()))
	}
	return low
}

func parseHex(s string) (rgb, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "#")
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 6 {
		return rgb{}, errColour
	}
	part := func(shift uint) float64 { return toLinear(float64(n>>shift&0xFF) / 255) }
	return rgb{part(16), part(8), part(0)}, nil
}
