package imaging

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"github.com/bbrks/go-blurhash"

	"rookery/internal/fault"
)

// Rendition is one encoded image, made by us from pixels.
type Rendition struct {
	MIME          string
	Width, Height int
	Bytes         []byte
	Sha256        [sha256.Size]byte
}

// Image is a picture ready to be stored: the image itself, its preview, and the
// blurhash that clients show until the preview is there.
type Image struct {
	Type string // "image": the media type in Mastodon's sense
	Rendition
	Small    Rendition
	Blurhash string
	Animated bool // a GIF that moves
}

// JPEG quality of what we write.
const (
	largeQuality = 90
	smallQuality = 82
)

// Process checks, decodes and encodes an uploaded or fetched image. The format
// is told by the bytes alone. Errors are faults whose text may be shown:
// TooLarge for the file's size, Invalid for everything else.
func Process(data []byte, limits Limits) (*Image, error) {
	limits = limits.orDefaults()
	h, err := inspect(data, limits)
	if err != nil {
		return nil, err
	}
	if h.frames > 1 {
		return processAnimation(data, h, limits)
	}
	src, err := decodeWhole(data, h)
	if err != nil {
		return nil, err
	}
	src = eightBit(src)
	opaque := isOpaque(src)
	w, ht := fit(src.Bounds().Dx(), src.Bounds().Dy(), limits.Large)
	pixels := src
	if w != src.Bounds().Dx() || ht != src.Bounds().Dy() {
		pixels = resize(src, src.Bounds(), w, ht)
	}
	pixels = orient(pixels, h.orientation)
	out := &Image{Type: "image"}
	asJPEG := h.format == formatJPEG || (h.format == formatWebP && opaque)
	if out.Rendition, err = encode(pixels, asJPEG, largeQuality); err != nil {
		return nil, err
	}
	if err := out.preview(pixels, opaque, limits); err != nil {
		return nil, err
	}
	return out, nil
}

// processAnimation keeps an animated GIF as a GIF, rebuilt from its blocks, and
// makes the preview from its first frame. Making a video of it, as Mastodon
// does, needs ffmpeg.
func processAnimation(data []byte, h header, limits Limits) (*Image, error) {
	g, err := parseGIF(data, limits.Frames)
	if err != nil {
		return nil, err
	}
	if h.width*h.height > limits.Large {
		return nil, fault.Newf(fault.Invalid, "The animation has %d × %d pixels, which is more than this server allows.", h.width, h.height)
	}
	first, err := decodeWhole(data, h)
	if err != nil {
		return nil, err
	}
	out := &Image{Type: "image", Animated: true, Rendition: rendition("image/gif", h.width, h.height, g.bytes(len(g.frames)))}
	if err := out.preview(first, isOpaque(first), limits); err != nil {
		return nil, err
	}
	return out, nil
}

// preview makes the small rendition and the blurhash.
func (m *Image) preview(pixels image.Image, opaque bool, limits Limits) error {
	b := pixels.Bounds()
	w, h := fit(b.Dx(), b.Dy(), limits.Small)
	small := pixels
	if w != b.Dx() || h != b.Dy() {
		small = resize(pixels, b, w, h)
	}
	var err error
	if small == pixels && !m.Animated {
		m.Small = m.Rendition
	} else if m.Small, err = encode(small, opaque, smallQuality); err != nil {
		return err
	}
	m.Blurhash, err = blur(small)
	return err
}

// decodeWhole decodes the image, or the first frame of a GIF on its screen.
func decodeWhole(data []byte, h header) (image.Image, error) {
	if h.format != formatGIF {
		m, err := decode(data, h.format)
		if err == nil && (m.Bounds().Dx() != h.width || m.Bounds().Dy() != h.height) {
			return nil, errDamaged // another size than the header that was checked
		}
		return m, err
	}
	g, err := parseGIF(data, h.frames)
	if err != nil {
		return nil, err
	}
	frame, err := decode(g.bytes(1), formatGIF)
	if err != nil {
		return nil, err
	}
	screen := image.NewRGBA(image.Rect(0, 0, h.width, h.height))
	draw.Draw(screen, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return screen, nil
}

// eightBit drops the low half of 16-bit colour, which no reader sees and which
// would double what we store.
func eightBit(m image.Image) image.Image {
	b := m.Bounds()
	var dst draw.Image
	switch m.(type) {
	case *image.Gray16:
		dst = image.NewGray(b)
	case *image.NRGBA64, *image.RGBA64:
		dst = image.NewNRGBA(b)
	default:
		return m
	}
	draw.Draw(dst, b, m, b.Min, draw.Src)
	return dst
}

func encode(m image.Image, asJPEG bool, quality int) (Rendition, error) {
	var out bytes.Buffer
	mime := "image/png"
	var err error
	if asJPEG {
		mime = "image/jpeg"
		err = jpeg.Encode(&out, m, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&out, m)
	}
	if err != nil {
		return Rendition{}, fault.Wrap(err, errDamaged.Code, errDamaged.Text)
	}
	return rendition(mime, m.Bounds().Dx(), m.Bounds().Dy(), out.Bytes()), nil
}

func rendition(mime string, width, height int, data []byte) Rendition {
	return Rendition{MIME: mime, Width: width, Height: height, Bytes: data, Sha256: sha256.Sum256(data)}
}

// isOpaque reports whether no pixel lets the background through.
func isOpaque(m image.Image) bool {
	if o, ok := m.(interface{ Opaque() bool }); ok {
		return o.Opaque()
	}
	return m.ColorModel() == color.YCbCrModel || m.ColorModel() == color.GrayModel || m.ColorModel() == color.CMYKModel
}

// blur computes the blurhash from a tiny copy on white: the hash has twelve
// numbers, and its cost is proportional to the pixels it is made from.
func blur(m image.Image) (string, error) {
	const pixels = 48 * 48
	w, h := fit(m.Bounds().Dx(), m.Bounds().Dy(), pixels)
	tiny := resize(m, m.Bounds(), min(w, 64), min(h, 64))
	flat := image.NewRGBA(tiny.Rect)
	draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Rect, tiny, image.Point{}, draw.Over)
	hash, err := blurhash.Encode(4, 3, flat)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, errDamaged.Text)
	}
	return hash, nil
}
