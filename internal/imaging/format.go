package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"rookery/internal/fault"
)

// Limits bound what is accepted and made. A zero field takes its default.
type Limits struct {
	Bytes  int // size of the file; default 16 MiB
	Pixels int // width × height before decoding; default 33,177,600 (7680 × 4320)
	Frames int // frames of an animation; default 1,000
	Large  int // pixels of the stored image; default 8,294,400 (3840 × 2160)
	Small  int // pixels of the preview; default 230,400 (640 × 360)
}

// The defaults are what Mastodon announces and makes, so that clients which
// shrink before uploading shrink to the right size.
func (l Limits) orDefaults() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Bytes, 16<<20)
	set(&l.Pixels, 33_177_600)
	set(&l.Frames, 1000)
	set(&l.Large, 8_294_400)
	set(&l.Small, 230_400)
	return l
}

// maxSide is the longest side any of our encoders can write.
const maxSide = 65_535

// How many passes a JPEG may take: one for each component when it is baseline,
// about ten in what encoders write as progressive. Each pass walks over all
// pixels however few bytes it has, so thousands of them in a small file take
// minutes.
const (
	maxScans            = 4
	maxProgressiveScans = 64
)

type format int

const (
	unknown format = iota
	formatJPEG
	formatPNG
	formatGIF
	formatWebP
)

var (
	errKind    = fault.New(fault.Invalid, "This is not an image we can use. Send a JPEG, PNG, GIF or WebP file.")
	errDamaged = fault.New(fault.Invalid, "The image is damaged or incomplete. Save it again and send the new file.")
	errEmpty   = fault.New(fault.Invalid, "The file is empty.")
)

// sniff tells the format by the first bytes and by nothing else.
func sniff(data []byte) format {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return formatJPEG
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return formatGIF
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return formatWebP
	}
	return unknown
}

// header is what is known of an image before it is decoded.
type header struct {
	format        format
	width, height int // as stored, before orientation
	orientation   int // EXIF, 1 to 8
	frames        int
	memory        int64 // bytes that decoding and re-encoding will need at most, roughly
}

// inspect reads headers only and refuses what is over a limit.
func inspect(data []byte, limits Limits) (header, error) {
	h := header{format: sniff(data), orientation: 1, frames: 1}
	switch {
	case len(data) == 0:
		return h, errEmpty
	case len(data) > limits.Bytes:
		return h, fault.Newf(fault.TooLarge, "The file is larger than the %d MB this server allows.", limits.Bytes>>20)
	case h.format == unknown:
		return h, errKind
	}
	perPixel, err := h.read(data, limits)
	if err != nil {
		return h, err
	}
	if h.width <= 0 || h.height <= 0 {
		return h, errDamaged
	}
	if h.width > maxSide || h.height > maxSide || h.width > limits.Pixels/h.height {
		return h, fault.Newf(fault.Invalid, "The image has %d × %d pixels, which is more than this server allows.", h.width, h.height)
	}
	pixels := int64(h.width) * int64(h.height)
	h.memory = pixels*perPixel + 8*min(pixels, int64(limits.Large)) + int64(len(data))
	return h, nil
}

// read fills in the header by format and returns the bytes a decoded pixel takes.
func (h *header) read(data []byte, limits Limits) (int64, error) {
	var config image.Config
	var err error
	perPixel := int64(4)
	switch h.format {
	case formatJPEG:
		config, err = jpeg.DecodeConfig(bytes.NewReader(data))
		info := jpegSegments(data)
		if info.scans > maxProgressiveScans || (info.scans > maxScans && !info.progressive) {
			return 0, errDamaged
		}
		h.orientation = info.orientation
		if info.progressive {
			perPixel = 16 // keeps its coefficients as int32 beside the pixels
		}
	case formatPNG:
		config, err = png.DecodeConfig(bytes.NewReader(data))
		h.orientation = pngOrientation(data)
		perPixel = 8
	case formatWebP:
		config, err = webp.DecodeConfig(bytes.NewReader(data))
		h.orientation = webpOrientation(data)
		perPixel = 8
	case formatGIF:
		return perPixel, h.readGIF(data, limits)
	}
	if err != nil {
		return 0, fault.Wrap(err, errDamaged.Code, errDamaged.Text)
	}
	h.width, h.height = config.Width, config.Height
	return perPixel, nil
}

// decode decodes a still image, or the first frame of an animation. The
// decoders are fed hostile bytes; a panic in one of them is the file's fault.
func decode(data []byte, f format) (m image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fault.Wrap(panicError{p}, errDamaged.Code, errDamaged.Text)
		}
	}()
	r := bytes.NewReader(data)
	switch f {
	case formatJPEG:
		m, err = jpeg.Decode(r)
	case formatPNG:
		m, err = png.Decode(r)
	case formatGIF:
		m, err = gif.Decode(r)
	case formatWebP:
		m, err = webp.Decode(r)
	default:
		return nil, errKind
	}
	if err != nil {
		return nil, fault.Wrap(err, errDamaged.Code, errDamaged.Text)
	}
	return m, nil
}

type panicError struct{ value any }

func (p panicError) Error() string { return fmt.Sprintf("decoder panicked: %v", p.value) }
