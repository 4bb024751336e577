package render

import (
	"context"

	"rookery/api/entity"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Notifications shows what a viewer was told, in two round trips. What concerns
// a status that the viewer may no longer see is left out.
func (r *Renderer) Notifications(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list []*social.Notification) ([]*entity.Notification, error) {
	out := make([]*entity.Notification, 0, len(list))
	if len(list) == 0 {
		return out, nil
	}
	from := make([]social.AccountID, len(list))
	about := make([]social.StatusID, len(list))
	for i, n := range list {
		from[i], about[i] = n.FromID, n.StatusID
	}
	p, statuses, err := r.told(ctx, scope, t, viewer, from, about)
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		account, status := p.account(n.FromID), statuses[n.StatusID]
		if account == nil || n.StatusID != 0 && status == nil {
			continue
		}
		out = append(out, &entity.Notification{
			ID: entity.ID(n.ID), Type: string(n.Type), CreatedAt: entity.Time(n.CreatedAt),
			GroupKey: firstOf(n.GroupKey, "ungrouped-"+entity.ID(n.ID).String()), Account: account, Status: status,
		})
	}
	return out, nil
}

// Notification shows one notification; nil if nothing of it may be shown.
func (r *Renderer) Notification(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, n *social.Notification) (*entity.Notification, error) {
	list, err := r.Notifications(ctx, scope, t, viewer, []*social.Notification{n})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// Grouped shows groups of notifications. With partial, everybody but the latest
// of each group is shown with just a picture and a name.
func (r *Renderer) Grouped(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, groups []*store.NotificationGroup, partial bool) (*entity.GroupedNotificationsResults, error) {
	out := &entity.GroupedNotificationsResults{}
	if len(groups) == 0 {
		return out, nil
	}
	var from []social.AccountID
	var about []social.StatusID
	for _, g := range groups {
		from, about = append(from, g.SampleFrom...), append(about, g.StatusID)
	}
	p, statuses, err := r.told(ctx, scope, t, viewer, from, about)
	if err != nil {
		return nil, err
	}
	used := results{out: out, shown: map[social.AccountID]bool{}, statuses: map[social.StatusID]bool{}}
	for _, g := range groups {
		samples := g.SampleFrom[:0:0]
		for _, id := range g.SampleFrom {
			if p.account(id) != nil {
				samples = append(samples, id)
			}
		}
		if len(samples) == 0 || g.StatusID != 0 && statuses[g.StatusID] == nil {
			continue
		}
		out.NotificationGroups = append(out.NotificationGroups, group(g, samples))
		used.add(p.account(samples[0]), statuses[g.StatusID])
	}
	for _, g := range out.NotificationGroups {
		used.others(p, g.SampleAccountIDs, partial)
	}
	return out, nil
}

func group(g *store.NotificationGroup, samples []social.AccountID) entity.NotificationGroup {
	return entity.NotificationGroup{
		GroupKey: g.GroupKey, NotificationsCount: g.Count, Type: string(g.Type), MostRecentNotificationID: entity.ID(g.LatestID),
		PageMinID: entity.OptionalID(g.PageMinID), PageMaxID: entity.OptionalID(g.PageMaxID),
		LatestPageNotificationAt: entity.OptionalTime(&g.LatestAt), SampleAccountIDs: entity.IDs(samples),
		StatusID: entity.OptionalID(g.StatusID),
	}
}

// results collects accounts and statuses, each once.
type results struct {
	out      *entity.GroupedNotificationsResults
	shown    map[social.AccountID]bool
	statuses map[social.StatusID]bool
}

func (u *results) add(a *entity.Account, s *entity.Status) {
	if id := social.AccountID(a.ID); !u.shown[id] {
		u.shown[id] = true
		u.out.Accounts = append(u.out.Accounts, a)
	}
	if s != nil && !u.statuses[social.StatusID(s.ID)] {
		u.statuses[social.StatusID(s.ID)] = true
		u.out.Statuses = append(u.out.Statuses, s)
	}
}

func (u *results) others(p *page, ids []entity.ID, partial bool) {
	for _, id := range ids {
		a := p.account(social.AccountID(id))
		switch {
		case u.shown[social.AccountID(id)]:
		case partial:
			u.shown[social.AccountID(id)] = true
			u.out.PartialAccounts = append(u.out.PartialAccounts, entity.PartialAccount{
				ID: a.ID, Acct: a.Acct, URL: a.URL, Avatar: a.Avatar, AvatarStatic: a.AvatarStatic, Locked: a.Locked, Bot: a.Bot,
			})
		default:
			u.add(a, nil)
		}
	}
}

// told loads the accounts behind notifications and shows the statuses that they
// are about, as far as the viewer may see them.
func (r *Renderer) told(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, from []social.AccountID, about []social.StatusID) (*page, map[social.StatusID]*entity.Status, error) {
	p, err := r.page(ctx, scope, t, viewer, store.SeenList(viewer, about), from)
	if err != nil {
		return nil, nil, err
	}
	shown := make(map[social.StatusID]*entity.Status, len(p.outline.Page))
	for _, o := range p.outline.Page {
		if out := p.status(o); out != nil {
			shown[o.ID] = out
		}
	}
	return p, shown, nil
}
