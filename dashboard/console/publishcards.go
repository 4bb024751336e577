package console

import (
	"time"

	"github.com/labstack/echo/v4"

	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
)

// planCards shows a page of plans or posts.
func (h *Handlers) planCards(c echo.Context, v *visitor, l *planList) ([]PlanCard, error) {
	names, err := h.namesOf(c.Request().Context(), l)
	if err != nil {
		return nil, err
	}
	var out []PlanCard
	for _, p := range l.plans {
		out = append(out, h.planCard(v, l, p, names))
	}
	for _, s := range l.sent {
		out = append(out, h.sentCard(v, l, s, names))
	}
	return out, nil
}

func (h *Handlers) planCard(v *visitor, l *planList, p *social.Plan, names map[social.PersonID]string) PlanCard {
	voice := l.voices.of(p.AccountID)
	card := PlanCard{
		ID: ids.Format(int64(p.ID)), Account: h.accountView(v.tenant, voice.Account, voice.Role), Author: names[p.AuthorID], Editor: names[p.EditorID],
		Decider: names[p.DecidedBy], Text: p.Text, Warning: p.SpoilerText, Visibility: visibilityWord(p.Visibility), CreatedAt: p.CreatedAt,
		Reason: p.Reason, State: planStateOf(p), Files: h.planFiles(v, l.media[p.ID]), Seen: version(p),
	}
	card.ByMe = p.AuthorID == v.person.ID
	if p.HasTime() {
		card.At = *p.ScheduledAt
	}
	card.IsHeld = p.State == social.PlanScheduled && entitled.ToPublish(v.tenant) != nil
	if h.mayOpen(v, l.voices, p) {
		card.URL = h.planURL(v.tenant, p.ID)
	}
	if p.State == social.PlanWaiting && mayPost(voice) && h.isOpen(v) && entitled.ToPublish(v.tenant) == nil {
		card.ApproveURL, card.DeclineURL = card.URL+"/approve", card.URL+"#decline"
		card.IsLate = p.HasTime() && p.ScheduledAt.Before(time.Now())
	}
	return card
}

// mayOpen: its author until it is approved, and whoever may publish. The rules ask again.
func (h *Handlers) mayOpen(v *visitor, vs voices, p *social.Plan) bool {
	voice := vs.of(p.AccountID)
	if voice == nil || !h.isOpen(v) || p.State == social.PlanPublished {
		return false
	}
	isAuthor := p.AuthorID == v.person.ID && p.State != social.PlanScheduled && access.Allow(voice.Role, access.Draft) == nil
	return isAuthor || mayPost(voice)
}

func (h *Handlers) sentCard(v *visitor, l *planList, s *store.Sent, names map[social.PersonID]string) PlanCard {
	voice := l.voices.of(s.AccountID)
	return PlanCard{
		ID: ids.Format(int64(s.ID)), Account: h.accountView(v.tenant, voice.Account, voice.Role), Author: names[s.AuthorID], Editor: names[s.EditorID],
		Decider: names[s.DecidedBy], Text: s.Source, Warning: s.SpoilerText, Visibility: visibilityWord(s.Visibility), CreatedAt: s.CreatedAt,
		At: s.CreatedAt, State: planSent, Files: h.planFiles(v, l.posted[s.ID]), PostURL: s.URL,
	}
}

func (h *Handlers) planFiles(v *visitor, media []*social.Media) []PublishFile {
	var out []PublishFile
	for _, m := range media {
		out = append(out, PublishFile{
			ID: ids.Format(int64(m.ID)), URL: h.Media.PreviewURL(v.tenant.ID, m), Alt: m.Description, Width: max(m.SmallWidth, 1), Height: max(m.SmallHeight, 1),
		})
	}
	return out
}
