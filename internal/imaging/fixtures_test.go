package imaging_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/imaging"
)

// corners paints a picture whose four quarters tell which way up it is:
// red, green above blue, white.
func corners(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, quarter(x < width/2, y < height/2))
		}
	}
	return m
}

func quarter(left, top bool) color.RGBA {
	switch {
	case left && top:
		return color.RGBA{255, 0, 0, 255}
	case top:
		return color.RGBA{0, 255, 0, 255}
	case left:
		return color.RGBA{0, 0, 255, 255}
	}
	return color.RGBA{255, 255, 255, 255}
}

// letters names the quarters of an image, row by row, by their nearest colour.
func letters(m image.Image) string {
	b := m.Bounds()
	var out []byte
	for _, at := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		r, g, bl, _ := m.At(b.Min.X+b.Dx()*at.X/4, b.Min.Y+b.Dy()*at.Y/4).RGBA()
		switch {
		case r > 0x8000 && g > 0x8000 && bl > 0x8000:
			out = append(out, 'w')
		case r > 0x8000:
			out = append(out, 'r')
		case g > 0x8000:
			out = append(out, 'g')
		default:
			out = append(out, 'b')
		}
	}
	return string(out)
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// gifOf makes a GIF of n frames that loops for ever.
func gifOf(t testing.TB, width, height, n int) []byte {
	t.Helper()
	anim := &gif.GIF{}
	for i := range n {
		p := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White, color.RGBA{255, 0, 0, 255}})
		p.SetColorIndex(i%width, 0, 1)
		anim.Image = append(anim.Image, p)
		anim.Delay = append(anim.Delay, 5)
	}
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, anim); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exif builds a TIFF block with an orientation and a GPS position in it.
func exif(orientation uint16) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x02")
	entry := func(tag, kind uint16, count uint32, value []byte) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint32(b, count)
		b = append(b, value...)
	}
	entry(0x0112, 3, 1, binary.BigEndian.AppendUint32(nil, uint32(orientation)<<16))
	entry(0x8825, 4, 1, []byte{0, 0, 0, 38})
	b = append(b, 0, 0, 0, 0)
	b = append(b, 0, 1)
	entry(1, 2, 2, []byte("N\x00\x00\x00"))
	return append(b, "\x00\x00\x00\x00GPSSECRET52.5"...)
}

// withSegment puts an application segment behind the start of a JPEG.
func withSegment(data []byte, marker byte, body []byte) []byte {
	out := append([]byte{}, data[:2]...)
	out = append(out, 0xff, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	out = append(out, body...)
	return append(out, data[2:]...)
}

// withChunk puts a chunk behind the header of a PNG.
func withChunk(data []byte, kind string, body []byte) []byte {
	const headerEnd = 8 + 25
	out := append([]byte{}, data[:headerEnd]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	out = append(append(out, kind...), body...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(append([]byte(kind), body...)))
	return append(out, data[headerEnd:]...)
}

// pngHeader is a PNG that claims a size and holds almost nothing.
func pngHeader(t testing.TB, width, height uint32) []byte {
	data := append([]byte{}, pngOf(t, image.NewGray(image.Rect(0, 0, 4, 4)))...)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

func decoded(t testing.TB, r imaging.Rendition) image.Image {
	t.Helper()
	m, kind, err := image.Decode(bytes.NewReader(r.Bytes))
	if err != nil {
		t.Fatalf("our own %s does not decode: %v", r.MIME, err)
	}
	if "image/"+kind != r.MIME || m.Bounds().Dx() != r.Width || m.Bounds().Dy() != r.Height {
		t.Fatalf("%s %d × %d is announced as %s %d × %d", kind, m.Bounds().Dx(), m.Bounds().Dy(), r.MIME, r.Width, r.Height)
	}
	return m
}

func process(t testing.TB, data []byte) *imaging.Image {
	t.Helper()
	m, err := imaging.Process(data, imaging.Limits{})
	if err != nil {
		t.Fatalf("process: %v", err)
	}
	return m
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("error %v, want code %q", err, code)
	}
}
