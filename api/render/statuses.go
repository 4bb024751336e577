package render

import (
	"context"
	"fmt"
	"net/url"

	"rookery/api/entity"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
	"rookery/tenant"
)

// Statuses shows posts and boosts to a viewer (0: anybody) in their order, with
// one round trip. The viewer may see them; a boost of what the viewer may not
// see is left out.
func (r *Renderer) Statuses(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list []*social.Status) ([]*entity.Status, error) {
	out := make([]*entity.Status, 0, len(list))
	if len(list) == 0 {
		return out, nil
	}
	p, err := r.page(ctx, scope, t, viewer, list, nil)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if shown := p.status(s); shown != nil {
			out = append(out, shown)
		}
	}
	return out, nil
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
	all := append(append([]*social.Status(nil), thread.Ancestors...), thread.Descendants...)
	p, err := r.page(ctx, scope, t, viewer, all, nil)
	if err != nil {
		return nil, err
	}
	return &entity.Context{Ancestors: p.statuses(thread.Ancestors), Descendants: p.statuses(thread.Descendants)}, nil
}

// page is a set of statuses with what stands around them. Entities of accounts
// are shared between the statuses of a page.
type page struct {
	*Renderer
	tenant   *tenant.Tenant
	details  *store.StatusDetails
	accounts map[social.AccountID]*entity.Account
}

func (r *Renderer) page(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list []*social.Status, further []social.AccountID) (*page, error) {
	details, err := store.DetailsOf(ctx, scope, viewer, list, further)
	if err != nil {
		return nil, fmt.Errorf("load details of %d statuses: %w", len(list), err)
	}
	return &page{Renderer: r, tenant: t, details: details, accounts: make(map[social.AccountID]*entity.Account, len(details.Accounts))}, nil
}

// account is nil for one that has been deleted meanwhile.
func (p *page) account(id social.AccountID) *entity.Account {
	if shown, ok := p.accounts[id]; ok {
		return shown
	}
	a := p.details.Accounts[id]
	if a == nil {
		return nil
	}
	shown := p.Account(p.tenant, a)
	p.accounts[id] = shown
	return shown
}

func (p *page) statuses(list []*social.Status) entity.Array[*entity.Status] {
	out := make(entity.Array[*entity.Status], 0, len(list))
	for _, s := range list {
		if shown := p.status(s); shown != nil {
			out = append(out, shown)
		}
	}
	return out
}

// status is nil for what cannot be shown.
func (p *page) status(s *social.Status) *entity.Status {
	out := p.frame(s)
	if out.Account == nil {
		return nil
	}
	if s.BoostOfID == 0 {
		p.fill(out, s)
		return out
	}
	original := p.details.Originals[s.BoostOfID]
	if original == nil {
		return nil
	}
	out.Reblog = p.status(original)
	if out.Reblog == nil {
		return nil
	}
	// Apps read these of the boost when they draw its buttons.
	out.Favourited, out.Reblogged, out.Bookmarked, out.Muted =
		out.Reblog.Favourited, out.Reblog.Reblogged, out.Reblog.Bookmarked, out.Reblog.Muted
	return out
}

// frame is what a boost has, too.
func (p *page) frame(s *social.Status) *entity.Status {
	return &entity.Status{
		ID: entity.ID(s.ID), URI: s.URI, URL: firstOf(s.URL, s.URI), CreatedAt: entity.Time(s.CreatedAt),
		Account: p.account(s.AccountID), Visibility: string(s.Visibility), Language: optional(s.Language),
		Sensitive: s.Sensitive, Application: p.application(s.AppID),
	}
}

func (p *page) fill(out *entity.Status, s *social.Status) {
	out.EditedAt = entity.OptionalTime(s.EditedAt)
	out.InReplyToID, out.InReplyToAccountID = entity.OptionalID(s.InReplyToID), entity.OptionalID(s.InReplyToAccountID)
	out.Content, out.SpoilerText, out.Sensitive = s.Body, s.SpoilerText, s.Sensitive
	out.RepliesCount, out.ReblogsCount, out.FavouritesCount = s.RepliesCount, s.BoostsCount, s.FavouritesCount
	out.Emojis = emojis(s.Emojis)
	out.Tags = tags(p.tenant, s.Tags)
	out.MediaAttachments = p.media(s.ID)
	out.Mentions = mentions(p.details.Mentions[s.ID])
	if f := p.details.Flags[s.ID]; f != nil {
		out.Favourited, out.Reblogged, out.Bookmarked, out.Pinned, out.Muted = f.Favourited, f.Boosted, f.Bookmarked, f.Pinned, f.Muted
	}
}

func (p *page) application(id social.AppID) *entity.StatusApplication {
	app := p.details.Apps[id]
	if app == nil {
		return nil
	}
	return &entity.StatusApplication{Name: app.Name, Website: optional(app.Website)}
}

func (p *page) media(id social.StatusID) entity.Array[entity.MediaAttachment] {
	files := p.details.Media[id]
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
