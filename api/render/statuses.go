package render

import (
	"context"
	"net/url"
	"slices"

	"rookery/api/entity"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// List shows a list to a viewer (0: anybody) and says where it begins and ends: the
// places to page by, and how many statuses were found. Boosts of what the viewer may not
// see are found and left out.
func (r *Renderer) List(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list store.List) ([]*entity.Status, Bounds, error) {
	p, err := r.page(ctx, scope, t, viewer, list, nil)
	if err != nil {
		return nil, Bounds{}, err
	}
	bounds := Bounds{Found: len(p.outline.Page)}
	if bounds.Found > 0 {
		bounds.Newest, bounds.Oldest = p.outline.Page[0].Place, p.outline.Page[bounds.Found-1].Place
	}
	return p.statuses(), bounds, nil
}

// Bounds are the first and last place of a page, 0 on an empty one, and how many
// statuses it has.
type Bounds struct {
	Newest, Oldest int64
	Found          int
}

// Statuses shows posts and boosts to a viewer (0: anybody) in their order. The viewer
// may see them; a boost of what the viewer may not see is left out.
func (r *Renderer) Statuses(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list []*social.Status) ([]*entity.Status, error) {
	if len(list) == 0 {
		return []*entity.Status{}, nil
	}
	p, err := r.page(ctx, scope, t, viewer, store.GivenList(idsOf(list)), nil)
	if err != nil {
		return nil, err
	}
	return p.statuses(), nil
}

func idsOf(list []*social.Status) []social.StatusID {
	out := make([]social.StatusID, len(list))
	for i, s := range list {
		out[i] = s.ID
	}
	return out
}

// Status shows one post that the viewer may see.
func (r *Renderer) Status(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, s *social.Status) (*entity.Status, error) {
	list, err := r.Statuses(ctx, scope, t, viewer, []*social.Status{s})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 { // a boost of something that has just been hidden
		return nil, fault.New(fault.NotFound, "Record not found")
	}
	return list[0], nil
}

// Context shows a thread.
func (r *Renderer) Context(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, thread *status.Thread) (*entity.Context, error) {
	p, err := r.page(ctx, scope, t, viewer, store.GivenList(idsOf(slices.Concat(thread.Ancestors, thread.Descendants))), nil)
	if err != nil {
		return nil, err
	}
	above := make(map[social.StatusID]bool, len(thread.Ancestors))
	for _, s := range thread.Ancestors {
		above[s.ID] = true
	}
	out := &entity.Context{}
	for _, o := range p.outline.Page {
		switch shown := p.status(o); {
		case shown == nil:
		case above[o.ID]:
			out.Ancestors = append(out.Ancestors, shown)
		default:
			out.Descendants = append(out.Descendants, shown)
		}
	}
	return out, nil
}

// everybodys is a status without what differs between readings. A boost has nothing but
// the frame.
func (p *page) everybodys(s *social.Status, d *store.StatusDetails) *entity.Status {
	out := &entity.Status{
		ID: entity.ID(s.ID), URI: s.URI, URL: firstOf(s.URL, s.URI), CreatedAt: entity.Time(s.CreatedAt),
		Visibility: string(s.Visibility), Language: optional(s.Language), Sensitive: s.Sensitive, Application: application(d.Apps[s.AppID]),
	}
	if s.BoostOfID != 0 {
		return out
	}
	out.EditedAt = entity.OptionalTime(s.EditedAt)
	out.InReplyToID, out.InReplyToAccountID = entity.OptionalID(s.InReplyToID), entity.OptionalID(s.InReplyToAccountID)
	out.Content, out.SpoilerText = s.Body, s.SpoilerText
	out.Emojis = emojis(s.Emojis)
	out.Tags = tags(p.tenant, s.Tags)
	out.MediaAttachments = p.media(d.Media[s.ID])
	out.Mentions = mentions(d.Mentions[s.ID])
	return out
}

func application(app *store.App) *entity.StatusApplication {
	if app == nil {
		return nil
	}
	return &entity.StatusApplication{Name: app.Name, Website: optional(app.Website)}
}

func (p *page) media(files []*social.Media) entity.Array[entity.MediaAttachment] {
	if len(files) == 0 {
		return nil
	}
	out := make(entity.Array[entity.MediaAttachment], len(files))
	for i, m := range files {
		out[i] = *p.Media(p.tenant, m)
	}
	return out
}

func mentions(list []*social.Mention) entity.Array[entity.Mention] {
	if len(list) == 0 {
		return nil
	}
	out := make(entity.Array[entity.Mention], len(list))
	for i, m := range list {
		out[i] = entity.Mention{
			ID: entity.ID(m.AccountID), Username: m.Username, URL: firstOf(m.URL, m.URI),
			Acct: social.Handle{User: m.Username, Host: m.Domain}.Acct(),
		}
	}
	return out
}

// tags shows the tags of a status under the tenant's own pages, wherever the
// post came from: there the viewer finds what this server knows of them.
func tags(t *tenant.Tenant, list []string) entity.Array[entity.StatusTag] {
	if len(list) == 0 {
		return nil
	}
	out := make(entity.Array[entity.StatusTag], len(list))
	for i, tag := range list {
		name := htmlsafe.NormaliseTag(tag)
		out[i] = entity.StatusTag{Name: name, URL: tagURL(t, name)}
	}
	return out
}

func tagURL(t *tenant.Tenant, name string) string { return t.URL("/tags/" + url.PathEscape(name)) }
