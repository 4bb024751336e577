package imaging_test

import (
	"bytes"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/imaging"
)

// FuzzProcess holds for any bytes: a fault with a text, or an image that
// decodes, has the announced size and is within the limits.
func FuzzProcess(f *testing.F) {
	for _, seed := range [][]byte{
		jpegOf(f, corners(16, 8)), pngOf(f, corners(16, 8)), gifOf(f, 4, 4, 1), gifOf(f, 4, 4, 3),
		unbase64(f, webpLossy), unbase64(f, webpAlpha), extendedWebP(f, 6), []byte("<svg>"),
		withSegment(jpegOf(f, corners(16, 8)), 0xe1, append([]byte("Exif\x00\x00"), exif(6)...)),
		withChunk(pngOf(f, corners(16, 8)), "eXIf", exif(3)),
	} {
		f.Add(seed)
	}
	limits := imaging.Limits{Bytes: 64 << 10, Pixels: 10_000, Frames: 5, Large: 2_000, Small: 100}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := imaging.Process(data, limits)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Invalid && code != fault.TooLarge {
				t.Errorf("error %v", err)
			}
			return
		}
		if m.Width*m.Height > limits.Large || m.Small.Width*m.Small.Height > limits.Small {
			t.Errorf("%d × %d, small %d × %d are over the limits", m.Width, m.Height, m.Small.Width, m.Small.Height)
		}
		if !m.Animated { // the pixels of an animation are the sender's
			decoded(t, m.Rendition)
		}
		decoded(t, m.Small)
		if m.MIME != "image/gif" && bytes.Contains(m.Bytes, []byte("Exif\x00")) {
			t.Error("EXIF survived")
		}
	})
}

func BenchmarkPhoto12MP(b *testing.B) {
	photo := jpegOf(b, corners(4000, 3000))
	b.ReportAllocs()
	for b.Loop() {
		process(b, photo)
	}
}

func BenchmarkAvatar12MP(b *testing.B) {
	photo := jpegOf(b, corners(4000, 3000))
	for b.Loop() {
		if _, err := imaging.Avatar(photo); err != nil {
			b.Fatal(err)
		}
	}
}
