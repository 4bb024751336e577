package imaging

import "context"

// Size of the picture that stands for a whole server, Mastodon's; previews of links have
// the same shape.
const (
	thumbnailWidth  = 1200
	thumbnailHeight = 630
)

// Thumbnail makes the picture that stands for a server: the middle of the image, scaled
// to 1200 × 630, with its blurhash.
func Thumbnail(data []byte) (r *Rendition, blurhash string, err error) {
	if r, err = profilePicture(data, thumbnailWidth, thumbnailHeight); err != nil {
		return nil, "", err
	}
	h, err := inspect(r.Bytes, Limits{}.orDefaults())
	if err != nil {
		return nil, "", err
	}
	pixels, err := decodeWhole(r.Bytes, h)
	if err != nil {
		return nil, "", err
	}
	blurhash, err = blur(pixels)
	return r, blurhash, err
}

// Thumbnail is the function Thumbnail under the limit.
func (l *Limiter) Thumbnail(ctx context.Context, data []byte) (*Rendition, string, error) {
	release, err := l.acquire(ctx, data, Limits{})
	if err != nil {
		return nil, "", err
	}
	defer release()
	return Thumbnail(data)
}
