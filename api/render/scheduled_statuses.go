package render

import (
	"time"

	"rookery/api/entity"
	"rookery/internal/social"
	"rookery/tenant"
)

// Undecided is shown as the time of a plan that has none because it waits for approval:
// apps need a date, and none should say "in five minutes" of what nobody has approved.
var Undecided = time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC)

// ScheduledStatus shows a plan. In params the time is null, as in Mastodon; whether
// somebody still has to approve it no app can be told.
func (r *Renderer) ScheduledStatus(t *tenant.Tenant, p *social.Plan, media []*social.Media) *entity.ScheduledStatus {
	at := Undecided
	if p.HasTime() {
		at = *p.ScheduledAt
	}
	out := &entity.ScheduledStatus{
		ID: entity.ID(p.ID), ScheduledAt: entity.Time(at),
		Params: entity.ScheduledParams{
			Text: p.Text, Sensitive: &p.Sensitive, SpoilerText: optional(p.SpoilerText), Visibility: string(p.Visibility),
			Language: optional(p.Language), ApplicationID: entity.ID(p.AppID), Idempotency: optional(p.Idempotency), WithRateLimit: true,
		},
	}
	if p.InReplyToID != 0 {
		parent := entity.ID(p.InReplyToID)
		out.Params.InReplyToID = &parent
	}
	for _, m := range media {
		out.Params.MediaIDs = append(out.Params.MediaIDs, entity.ID(m.ID))
		out.MediaAttachments = append(out.MediaAttachments, *r.Media(t, m))
	}
	return out
}
