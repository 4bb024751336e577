package assets

import (
	"fmt"
	"math"
)

// rgb is a colour in linear sRGB; components outside 0..1 are out of gamut.
type rgb struct{ r, g, b float64 }

// oklch is a colour in Björn Ottosson's OKLCH; hue in radians.
type oklch struct{ light, chroma, hue float64 }

func (c rgb) oklch() oklch {
	l := math.Cbrt(.4122214708*c.r + .5363325363*c.g + .0514459929*c.b)
	m := math.Cbrt(.2119034982*c.r + .6806995451*c.g + .1073969566*c.b)
	s := math.Cbrt(.0883024619*c.r + .2817188376*c.g + .6299787005*c.b)
	a := 1.9779984951*l - 2.4285922050*m + .4505937099*s
	b := .0259040371*l + .7827717662*m - .8086757660*s
	return oklch{.2104542553*l + .7936177850*m - .0040720468*s, math.Hypot(a, b), math.Atan2(b, a)}
}

func (c oklch) linear() rgb {
	a, b := c.chroma*math.Cos(c.hue), c.chroma*math.Sin(c.hue)
	cube := func(v float64) float64 { return v * v * v }
	l := cube(c.light + .3963377774*a + .2158037573*b)
	m := cube(c.light - .1055613458*a - .0638541728*b)
	s := cube(c.light - .0894841775*a - 1.2914855480*b)
	return rgb{
		4.0767416621*l - 3.3077115913*m + .2309699292*s,
		-1.2684380046*l + 2.6097574011*m - .3413193965*s,
		-.0041960863*l - .7034186147*m + 1.7076147010*s,
	}
}

func (c rgb) inGamut() bool {
	const slack = 1e-4 // rounding of the matrices, far below one step of a byte
	in := func(v float64) bool { return v >= -slack && v <= 1+slack }
	return in(c.r) && in(c.g) && in(c.b)
}

// rgb is the colour a screen can show: chroma is given up until it fits, so
// that hue and lightness (and with it the contrast) stay.
func (c oklch) rgb() rgb {
	if out := c.linear(); out.inGamut() {
		return out.rounded()
	}
	low, high := 0.0, c.chroma
	for range 40 {
		mid := (low + high) / 2
		if (oklch{c.light, mid, c.hue}).linear().inGamut() {
			low = mid
		} else {
			high = mid
		}
	}
	return oklch{c.light, low, c.hue}.linear().rounded()
}

// rounded is the colour as its hex says it, so that a contrast is that of the
// colour served and not of one a fraction beside it.
func (c rgb) rounded() rgb {
	step := func(v float64) float64 { return toLinear(float64(toByte(v)) / 255) }
	return rgb{step(c.r), step(c.g), step(c.b)}
}

func (c oklch) hex() string { return c.rgb().hex() }

func (c rgb) hex() string {
	return fmt.Sprintf("#%02X%02X%02X", toByte(c.r), toByte(c.g), toByte(c.b))
}

// luminance is the relative luminance of WCAG 2.
func (c rgb) luminance() float64 { return .2126*c.r + .7152*c.g + .0722*c.b }

// contrast is the contrast ratio of WCAG 2 of two luminances.
func contrast(a, b float64) float64 {
	return (max(a, b) + .05) / (min(a, b) + .05)
}

func toLinear(v float64) float64 {
	if v <= .04045 {
		return v / 12.92
	}
	return math.Pow((v+.055)/1.055, 2.4)
}

func toByte(linear float64) uint8 {
	v := min(max(linear, 0), 1)
	if v <= .0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - .055
	}
	return uint8(math.Round(v * 255))
}
