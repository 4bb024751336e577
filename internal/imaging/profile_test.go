package imaging_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
	"time"

	"rookery/internal/fault"
	"rookery/internal/imaging"
)

func TestProfilePictures(t *testing.T) {
	t.Parallel()
	noise := image.NewRGBA(image.Rect(0, 0, 500, 500))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(random.Uint32()) | byte(i%4/3*255)
	}
	wide := image.NewRGBA(image.Rect(0, 0, 900, 300)) // red, green, blue thirds
	for y := range 300 {
		for x := range 900 {
			wide.SetRGBA(x, y, []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}}[x/300])
		}
	}
	tests := map[string]struct {
		in         []byte
		mime, look string
	}{
		"jpeg":       {jpegOf(t, corners(50, 50)), "image/jpeg", "rgbw"},
		"logo":       {pngOf(t, corners(500, 500)), "image/png", "rgbw"},
		"big png":    {pngOf(t, noise), "image/jpeg", ""},
		"middle":     {pngOf(t, wide), "image/png", "gggg"},
		"webp":       {unbase64(t, webpLossy), "image/jpeg", "rrrr"},
		"webp alpha": {unbase64(t, webpAlpha), "image/png", ""},
		"moving gif": {gifOf(t, 10, 10, 3), "image/png", "bbbb"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			avatar, err := imaging.Avatar(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			m := decoded(t, *avatar)
			if avatar.Width != 400 || avatar.Height != 400 || avatar.MIME != tt.mime {
				t.Errorf("avatar is %s %d × %d, want %s", avatar.MIME, avatar.Width, avatar.Height, tt.mime)
			}
			if got := letters(m); tt.look != "" && got != tt.look {
				t.Errorf("avatar looks %s, want %s", got, tt.look)
			}
			header, err := imaging.Header(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			decoded(t, *header)
			if header.Width != 1500 || header.Height != 500 {
				t.Errorf("header is %d × %d", header.Width, header.Height)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]imaging.Rendition{"avatar": imaging.MissingAvatar(), "header": imaging.MissingHeader()} {
		m := decoded(t, r)
		b := m.Bounds()
		if r.MIME != "image/png" || len(r.Bytes) > 50_000 {
			t.Errorf("%s is %s of %d bytes", name, r.MIME, len(r.Bytes))
		}
		if m.At(0, 0) == m.At(b.Dx()/3, b.Dy()-1) {
			t.Errorf("%s shows no figure", name)
		}
	}
}

func TestLimiterWaitsForRoom(t *testing.T) {
	t.Parallel()
	limiter := imaging.NewLimiter(1) // every image needs all of it
	photo := jpegOf(t, corners(600, 400))
	const jobs = 4
	done := make(chan error, jobs)
	for range jobs {
		go func() {
			_, err := limiter.Process(t.Context(), photo, imaging.Limits{})
			done <- err
		}()
	}
	for range jobs {
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("process: %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("an image never got room")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := limiter.Avatar(ctx, photo); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context gave %v", err)
	}
	if _, err := limiter.Header(t.Context(), []byte("<svg>")); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a bad file gave %v", err)
	}
	if r, err := limiter.Avatar(t.Context(), photo); err != nil || r.Width != 400 {
		t.Errorf("room was not given back: %v", err)
	}
}
