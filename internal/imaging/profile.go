package imaging

import (
	"image"
	"image/color"
	"sync"
)

// Sizes of profile pictures, Mastodon's.
const (
	avatarSide   = 400
	headerWidth  = 1500
	headerHeight = 500
)

// maxFlatPNG is the size up to which an opaque picture stays PNG. Logos do,
// photos do not.
const maxFlatPNG = 256 << 10

// Avatar makes a square profile picture: the middle of the image, scaled to
// 400 × 400. Always PNG or JPEG: Pixelfed silently drops the profile updates of
// actors whose icon is anything else, WebP included.
func Avatar(data []byte) (*Rendition, error) {
	return profilePicture(data, avatarSide, avatarSide)
}

// Header makes a profile header of 1500 × 500, as Avatar does.
func Header(data []byte) (*Rendition, error) {
	return profilePicture(data, headerWidth, headerHeight)
}

func profilePicture(data []byte, width, height int) (*Rendition, error) {
	h, err := inspect(data, Limits{}.orDefaults())
	if err != nil {
		return nil, err
	}
	src, err := decodeWhole(data, h)
	if err != nil {
		return nil, err
	}
	// The picture is cut in the shape it will have after turning.
	w, ht := width, height
	if h.orientation >= 5 {
		w, ht = height, width
	}
	cut := orient(resize(src, fill(src.Bounds(), w, ht), w, ht), h.orientation)
	asJPEG := isOpaque(cut) && (h.format == formatJPEG || h.format == formatWebP)
	out, err := encode(cut, asJPEG, largeQuality)
	if err == nil && !asJPEG && len(out.Bytes) > maxFlatPNG && isOpaque(cut) {
		out, err = encode(cut, true, largeQuality)
	}
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// Colours of the pictures of accounts without one: quiet, and readable on a
// light and on a dark page.
var (
	missingGround = color.RGBA{0xb8, 0xc4, 0xce, 0xff}
	missingFigure = color.RGBA{0xee, 0xf2, 0xf5, 0xff}
)

// MissingAvatar is the picture of an account without one: head and shoulders.
// It is drawn once and must not be changed by the caller.
var MissingAvatar = sync.OnceValue(func() Rendition {
	const side, centre = avatarSide, avatarSide / 2
	return drawn(side, side, func(x, y int) bool {
		head := square(x-centre)+square(y-150) <= square(75)
		// A wide ellipse cut off by the lower edge.
		shoulders := 4*square(x-centre)+3*square(y-side) <= 4*square(150)
		return head || shoulders
	})
})

// MissingHeader is the header of an account without one: two hills.
// It is drawn once and must not be changed by the caller.
var MissingHeader = sync.OnceValue(func() Rendition {
	return drawn(headerWidth, headerHeight, func(x, y int) bool {
		return square(x-420)+4*square(y-620) <= square(640) || square(x-1150)+4*square(y-640) <= square(700)
	})
})

func square(n int) int { return n * n }

// drawn paints a shape of one colour on a ground, with soft edges.
func drawn(width, height int, inside func(x, y int) bool) Rendition {
	const steps = 16 // between ground and figure
	palette := make(color.Palette, steps+1)
	for i := range palette {
		mix := func(a, b uint8) uint8 { return uint8((int(a)*(steps-i) + int(b)*i) / steps) }
		palette[i] = color.RGBA{mix(missingGround.R, missingFigure.R), mix(missingGround.G, missingFigure.G), mix(missingGround.B, missingFigure.B), 0xff}
	}
	m := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	for y := range height {
		for x := range width {
			m.SetColorIndex(x, y, coverage(inside, x, y))
		}
	}
	out, err := encode(m, false, 0)
	if err != nil {
		panic(err) // a constant picture: cannot fail on one machine and work on another
	}
	return out
}

// coverage counts how many of the 16 points around one lie in the shape.
func coverage(inside func(x, y int) bool, x, y int) uint8 {
	var n uint8
	for dy := -1; dy <= 2; dy++ {
		for dx := -1; dx <= 2; dx++ {
			if inside(x+dx, y+dy) {
				n++
			}
		}
	}
	return n
}
