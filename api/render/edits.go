package render

import (
	"context"

	"rookery/api/entity"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// StatusEdits shows a status's history: its earlier versions, then the present
// one. The files are those of today, since earlier ones are not kept.
func (r *Renderer) StatusEdits(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, s *social.Status, earlier []*store.StatusEdit) (entity.Array[entity.StatusEdit], error) {
	p, err := r.page(ctx, scope, t, 0, store.GivenList([]social.StatusID{s.ID}), nil)
	if err != nil {
		return nil, err
	}
	today := p.posts[s.ID]
	if today == nil {
		return nil, fault.New(fault.NotFound, "Record not found")
	}
	out := make(entity.Array[entity.StatusEdit], 0, len(earlier)+1)
	version := entity.StatusEdit{Account: p.account(s.AccountID), MediaAttachments: today.MediaAttachments, Emojis: today.Emojis}
	for _, e := range earlier {
		version.Content, version.SpoilerText, version.Sensitive, version.CreatedAt = e.Body, e.SpoilerText, e.Sensitive, entity.Time(e.CreatedAt)
		out = append(out, version)
	}
	version.Content, version.SpoilerText, version.Sensitive, version.CreatedAt = s.Body, s.SpoilerText, s.Sensitive, entity.Time(s.CreatedAt)
	if s.EditedAt != nil {
		version.CreatedAt = entity.Time(*s.EditedAt)
	}
	return append(out, version), nil
}
