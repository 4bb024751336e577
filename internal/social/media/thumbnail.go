package media

import (
	"context"
	"fmt"

	"rookery/tenant"
)

// AddThumbnail stores the picture that stands for a tenant, and returns its name and its
// blurhash.
func (s *Service) AddThumbnail(ctx context.Context, t tenant.ID, data []byte) (key, blurhash string, err error) {
	r, blurhash, err := s.limiter.Thumbnail(ctx, data)
	if err != nil {
		return "", "", fmt.Errorf("process a tenant's picture: %w", err)
	}
	key, err = s.addPicture(ctx, t, r)
	return key, blurhash, err
}
