package media

import (
	"context"
	"fmt"

	"rookery/tenant"
	"rookery/tenant/entitled"
)

// AddThumbnail stores the picture that stands for a tenant, and returns its name and its
// blurhash.
func (s *Service) AddThumbnail(ctx context.Context, t *tenant.Tenant, data []byte) (key, blurhash string, err error) {
	if err := entitled.ToUpload(t); err != nil {
		return "", "", err
	}
	r, blurhash, err := s.limiter.Thumbnail(ctx, data)
	if err != nil {
		return "", "", fmt.Errorf("process a tenant's picture: %w", err)
	}
	key, err = s.addPicture(ctx, t, r)
	return key, blurhash, err
}
