package render

import (
	"strconv"

	"rookery/api/entity"
	"rookery/internal/social"
	"rookery/tenant"
)

// Media shows a file. The URL is never null: Android refuses a post with a file
// that has none.
func (r *Renderer) Media(t *tenant.Tenant, m *social.Media) *entity.MediaAttachment {
	url := r.addresses.URL(t.ID, m)
	out := &entity.MediaAttachment{
		ID: entity.ID(m.ID), Type: string(m.Kind), URL: &url, RemoteURL: optional(m.RemoteURL),
		Meta: entity.MediaMeta{
			Original: size(m.Width, m.Height), Small: size(m.SmallWidth, m.SmallHeight),
			Focus: &entity.MediaFocus{X: m.FocusX, Y: m.FocusY},
		},
		Description: optional(m.Description), Blurhash: optional(m.Blurhash),
	}
	// A remote film has no picture that could stand for it; apps then draw the blurhash.
	if m.Key != "" || m.Kind == social.MediaImage {
		out.PreviewURL = optional(r.addresses.PreviewURL(t.ID, m))
	}
	return out
}

func size(width, height int) *entity.MediaSize {
	if width <= 0 || height <= 0 {
		return nil
	}
	return &entity.MediaSize{
		Width: width, Height: height, Size: strconv.Itoa(width) + "x" + strconv.Itoa(height),
		Aspect: float64(width) / float64(height),
	}
}
