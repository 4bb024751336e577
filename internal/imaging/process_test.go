package imaging_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/imaging"
	"rookery/internal/testkit"
)

// A red 16 × 8 WebP, lossy and opaque, and one half transparent and lossless.
const (
	webpLossy = "UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoQAAgAAgA0JaACdLoB+AADsAD+8MQL/yC5YXXI1/8gP+QH/ID/+PIAAAA="
	webpAlpha = "UklGRhwAAABXRUJQVlA4TA8AAAAvD8ABEAcQ/Y/+BSKi/wEA"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	glass := image.NewNRGBA(image.Rect(0, 0, 16, 8))
	glass.SetNRGBA(1, 1, color.NRGBA{255, 0, 0, 128})
	tests := map[string]struct {
		in          []byte
		mime, small string
	}{
		"jpeg":         {jpegOf(t, corners(16, 8)), "image/jpeg", "image/jpeg"},
		"png":          {pngOf(t, corners(16, 8)), "image/png", "image/png"},
		"png alpha":    {pngOf(t, glass), "image/png", "image/png"},
		"png 16 bit":   {pngOf(t, image.NewNRGBA64(image.Rect(0, 0, 16, 8))), "image/png", "image/png"},
		"gif, still":   {gifOf(t, 16, 8, 1), "image/png", "image/png"},
		"gif, moving":  {gifOf(t, 16, 8, 3), "image/gif", "image/jpeg"},
		"webp":         {unbase64(t, webpLossy), "image/jpeg", "image/jpeg"},
		"webp alpha":   {unbase64(t, webpAlpha), "image/png", "image/png"},
		"webp orient":  {extendedWebP(t, 1), "image/jpeg", "image/jpeg"},
		"trailing zip": {append(jpegOf(t, corners(16, 8)), "PK\x03\x04<script>"...), "image/jpeg", "image/jpeg"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := process(t, tt.in)
			if m.Type != "image" || m.MIME != tt.mime || m.Small.MIME != tt.small || m.Width != 16 || m.Height != 8 {
				t.Errorf("got %s %s %d × %d, small %s", m.Type, m.MIME, m.Width, m.Height, m.Small.MIME)
			}
			if m.Sha256 != sha256.Sum256(m.Bytes) {
				t.Error("Sha256 is not that of Bytes")
			}
			if len(m.Blurhash) != 28 {
				t.Errorf("blurhash %q is not one of 4 × 3 components", m.Blurhash)
			}
			if bytes.Contains(m.Bytes, []byte("<script>")) {
				t.Error("bytes behind the image survived")
			}
			decoded(t, m.Rendition)
			decoded(t, m.Small)
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	photo := jpegOf(t, corners(64, 64))
	tests := map[string]struct {
		in   []byte
		code fault.Code
		says string
	}{
		"empty":            {nil, fault.Invalid, "empty"},
		"html named png":   {[]byte("<html><script>alert(1)</script>"), fault.Invalid, "not an image"},
		"svg":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), fault.Invalid, "not an image"},
		"pdf":              {[]byte("%PDF-1.7"), fault.Invalid, "not an image"},
		"mp4":              {[]byte("\x00\x00\x00\x18ftypmp42"), fault.Invalid, "not an image"},
		"bmp":              {[]byte("BM\x00\x00"), fault.Invalid, "not an image"},
		"too many bytes":   {append(photo, make([]byte, 16<<20)...), fault.TooLarge, "16 MB"},
		"png 50000 square": {pngHeader(t, 50000, 50000), fault.Invalid, "50000"},
		"png huge":         {pngHeader(t, 1<<31-1, 1<<31-1), fault.Invalid, ""},
		"png no size":      {pngHeader(t, 0, 10), fault.Invalid, ""},
		"png long":         {pngHeader(t, 100_000, 1), fault.Invalid, "100000"},
		"png lies":         {pngHeader(t, 4000, 4000), fault.Invalid, "damaged"},
		"gif frames":       {gifOf(t, 1, 1, 10_000), fault.Invalid, "1000 frames"},
		"gif huge screen":  {gifScreen(t, 65535, 65535), fault.Invalid, "too large"},
		"gif lies":         {gifScreen(t, 1, 1), fault.Invalid, "damaged"},
		"jpeg scans":       {manyScans(photo), fault.Invalid, "damaged"},
		"jpeg cut":         {photo[:len(photo)/2], fault.Invalid, "damaged"},
		"jpeg start only":  {photo[:3], fault.Invalid, "damaged"},
		"png cut":          {pngOf(t, corners(64, 64))[:60], fault.Invalid, "damaged"},
		"gif cut":          {gifOf(t, 8, 8, 2)[:30], fault.Invalid, "damaged"},
		"webp cut":         {unbase64(t, webpLossy)[:40], fault.Invalid, "damaged"},
		"webp header only": {[]byte("RIFF\x00\x00\x00\x00WEBP"), fault.Invalid, "damaged"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			took := testkit.Work(func() { _, err = imaging.Process(tt.in, imaging.Limits{}) })
			wantCode(t, err, tt.code)
			if text := fault.TextOf(err); !strings.Contains(text, tt.says) {
				t.Errorf("text %q does not say %q", text, tt.says)
			}
			if took > 5*time.Second {
				t.Errorf("refusing took %v", took)
			}
			_, avatarErr := imaging.Avatar(tt.in)
			wantCode(t, avatarErr, tt.code)
		})
	}
}

// Orientation n of EXIF says how the stored rows and columns lie; what we write
// must look the same without it.
func TestOrientationIsAppliedAndMetadataGone(t *testing.T) {
	t.Parallel()
	looks := map[uint16]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb", 9: "rgbw", 0: "rgbw"}
	stored := corners(64, 32)
	for orientation, want := range looks {
		tiff := exif(orientation)
		photo := withSegment(jpegOf(t, stored), 0xe1, append([]byte("Exif\x00\x00"), tiff...))
		photo = withSegment(photo, 0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>GPSSECRET</x:xmpmeta>"))
		photo = withSegment(photo, 0xfe, []byte("GPSSECRET comment"))
		for name, in := range map[string][]byte{"jpeg": photo, "png": withChunk(withChunk(pngOf(t, stored), "eXIf", tiff), "tEXt", []byte("Comment\x00GPSSECRET"))} {
			m := process(t, in)
			wantW, wantH := 64, 32
			if orientation >= 5 && orientation <= 8 {
				wantW, wantH = 32, 64
			}
			if m.Width != wantW || m.Height != wantH {
				t.Errorf("%s orientation %d: %d × %d, want %d × %d", name, orientation, m.Width, m.Height, wantW, wantH)
			}
			if got := letters(decoded(t, m.Rendition)); got != want {
				t.Errorf("%s orientation %d looks %s, want %s", name, orientation, got, want)
			}
			avatar, err := imaging.Avatar(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := letters(decoded(t, *avatar)); got != want {
				t.Errorf("%s orientation %d: avatar looks %s, want %s", name, orientation, got, want)
			}
			for _, r := range []imaging.Rendition{m.Rendition, m.Small, *avatar} {
				for _, word := range []string{"Exif", "eXIf", "xmp", "GPSSECRET"} {
					if bytes.Contains(r.Bytes, []byte(word)) {
						t.Errorf("%s orientation %d: %q is still in the %s", name, orientation, word, r.MIME)
					}
				}
			}
		}
	}
	if m := process(t, extendedWebP(t, 6)); m.Width != 8 || m.Height != 16 {
		t.Errorf("webp orientation 6 gives %d × %d, want 8 × 16", m.Width, m.Height)
	}
}

func TestLargeImagesAreScaled(t *testing.T) {
	t.Parallel()
	m := process(t, jpegOf(t, corners(4400, 2200)))
	if m.Width*m.Height > 8_294_400 || m.Width*m.Height < 8_200_000 || m.Width/m.Height != 2 && m.Width != 2*m.Height-1 {
		t.Errorf("large is %d × %d", m.Width, m.Height)
	}
	if m.Small.Width*m.Small.Height > 230_400 || m.Small.Width < 600 {
		t.Errorf("small is %d × %d", m.Small.Width, m.Small.Height)
	}
	if got := letters(decoded(t, m.Rendition)) + letters(decoded(t, m.Small)); got != "rgbwrgbw" {
		t.Errorf("scaled image looks %s", got)
	}
	thin := process(t, pngOf(t, image.NewGray(image.Rect(0, 0, 60_000, 1))))
	if thin.Small.Width != 60_000 || thin.Small.Height != 1 {
		t.Errorf("thin image became %d × %d", thin.Small.Width, thin.Small.Height)
	}
}

func TestTransparentEdgesKeepTheirColour(t *testing.T) {
	t.Parallel()
	glass := image.NewNRGBA(image.Rect(0, 0, 1200, 1200))
	for y := range 1200 {
		for x := range 600 {
			glass.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
		}
	}
	small := decoded(t, process(t, pngOf(t, glass)).Small)
	middle := small.Bounds().Dy() / 2
	for x := range small.Bounds().Dx() {
		c := color.NRGBAModel.Convert(small.At(x, middle)).(color.NRGBA)
		if c.A > 8 && c.R < 240 {
			t.Errorf("pixel %d is %v: transparent black bled into white", x, c)
		}
	}
}

func TestAnimationIsRebuilt(t *testing.T) {
	t.Parallel()
	in := gifOf(t, 20, 10, 5)
	trailer := len(in) - 1
	dirty := append([]byte{}, in[:trailer]...)
	dirty = append(dirty, "\x21\xfe\x09GPSSECRET\x00"...)                          // comment
	dirty = append(dirty, "\x21\xff\x0bXMP DataXMP\x09GPSSECRET\x00"...)           // XMP
	dirty = append(dirty, "\x21\xff\x0bGPSSECRETxx\x03\x01\x00\x00\x00"...)        // unknown application
	dirty = append(append(dirty, 0x3b), "<script>GPSSECRET</script>PK\x03\x04"...) // behind the end
	m := process(t, dirty)
	if !m.Animated || m.MIME != "image/gif" || bytes.Contains(m.Bytes, []byte("GPSSECRET")) {
		t.Errorf("animated %v, %s, %d bytes", m.Animated, m.MIME, len(m.Bytes))
	}
	got, err := gif.DecodeAll(bytes.NewReader(m.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Image) != 5 || got.LoopCount != 0 || got.Delay[4] != 5 {
		t.Errorf("%d frames, loop %d, delays %v", len(got.Image), got.LoopCount, got.Delay)
	}
	if bytes.Count(m.Bytes, []byte("NETSCAPE2.0")) != 1 {
		t.Error("loop block is missing or doubled")
	}
}

// extendedWebP wraps the lossy picture into the extended format with an EXIF chunk.
func extendedWebP(t testing.TB, orientation uint16) []byte {
	body := []byte("WEBPVP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x0f\x00\x00\x07\x00\x00")
	body = append(body, unbase64(t, webpLossy)[12:]...)
	tiff := exif(orientation)
	body = append(body, "EXIF"...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(tiff)))
	body = append(body, tiff...)
	if len(tiff)%2 == 1 {
		body = append(body, 0)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// gifScreen makes a GIF whose screen has another size than its frame of 8 × 8.
func gifScreen(t testing.TB, width, height uint16) []byte {
	data := gifOf(t, 8, 8, 1)
	binary.LittleEndian.PutUint16(data[6:], width)
	binary.LittleEndian.PutUint16(data[8:], height)
	return data
}

// manyScans repeats the scan of a JPEG, as a progressive bomb does.
func manyScans(data []byte) []byte {
	scan := data[bytes.Index(data, []byte("\xff\xda")) : len(data)-2]
	out := append([]byte{}, data[:len(data)-2]...)
	return append(append(out, bytes.Repeat(scan, 4)...), 0xff, 0xd9)
}

func unbase64(t testing.TB, s string) []byte {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
