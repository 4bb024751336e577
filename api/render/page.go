package render

import (
	"context"
	"fmt"
	"slices"

	"rookery/api/entity"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// page is a list of statuses with all that stands around them. Entities of accounts
// are shared between the statuses of a page.
type page struct {
	*Renderer
	tenant  *tenant.Tenant
	base    string
	outline *store.Outline
	hidden  map[social.StatusID]bool             // originals that the viewer may not see
	posts   map[social.StatusID]*entity.Status   // as everybody sees them: shared, never changed
	authors map[social.AccountID]*entity.Account // as everybody sees them: shared, never changed
	shown   map[social.AccountID]*entity.Account // with this reading's counters
}

// page reads the outline of a list, takes what it can from the cache, and loads the
// rest. That is one round trip, or two where something is new or boosted.
func (r *Renderer) page(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, viewer social.AccountID, list store.List, further []social.AccountID) (*page, error) {
	outline, err := store.OutlineOf(ctx, scope, viewer, list, further)
	if err != nil {
		return nil, fmt.Errorf("outline statuses: %w", err)
	}
	p := &page{
		Renderer: r, tenant: t, base: t.URL(""), outline: outline,
		posts:   make(map[social.StatusID]*entity.Status, len(outline.Page)),
		authors: make(map[social.AccountID]*entity.Account, len(outline.Accounts)),
		shown:   make(map[social.AccountID]*entity.Account, len(outline.Accounts)),
	}
	// Inside a transaction that writes, a row may change twice under one version.
	keeps := scope.OnlyReads()
	unseen := p.recall(keeps)
	if len(unseen.Statuses)+len(unseen.Accounts)+len(unseen.Originals) == 0 {
		return p, nil
	}
	details, err := store.LoadUnseen(ctx, scope, viewer, unseen)
	if err != nil {
		return nil, fmt.Errorf("load %d statuses: %w", len(unseen.Statuses), err)
	}
	p.hidden = make(map[social.StatusID]bool)
	for _, id := range unseen.Originals {
		p.hidden[id] = !slices.Contains(details.Visible, id)
	}
	if err := p.learn(unseen, details, keeps); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *page) key(kind cacheKind, id int64) cacheKey {
	return cacheKey{tenant: p.tenant.ID, base: p.base, kind: kind, id: id}
}

// recall takes what the cache has and says what it lacks.
func (p *page) recall(keeps bool) (unseen store.Unseen) {
	recallStatus := func(o *store.StatusOutline) {
		if keeps {
			if kept, ok := p.cache.get(p.key(keptStatus, int64(o.ID)), o.Version); ok {
				p.posts[o.ID] = kept.(*entity.Status)
				return
			}
		}
		unseen.Statuses = append(unseen.Statuses, o.ID)
	}
	for _, o := range p.outline.Page {
		recallStatus(o)
	}
	for id, o := range p.outline.Originals {
		unseen.Originals = append(unseen.Originals, id)
		recallStatus(o)
	}
	for id, o := range p.outline.Accounts {
		if keeps {
			if kept, ok := p.cache.get(p.key(keptAccount, int64(id)), o.Version); ok {
				p.authors[id] = kept.(*entity.Account)
				continue
			}
		}
		unseen.Accounts = append(unseen.Accounts, id)
	}
	return unseen
}

// learn renders what was loaded and keeps it.
func (p *page) learn(unseen store.Unseen, d *store.StatusDetails, keeps bool) error {
	for _, id := range unseen.Accounts {
		a := d.Accounts[id]
		if a == nil {
			continue // deleted meanwhile
		}
		shown := p.Account(p.tenant, a)
		p.authors[id] = shown
		if keeps {
			if err := p.cache.put(p.key(keptAccount, int64(id)), p.outline.Accounts[id].Version, shown); err != nil {
				return fmt.Errorf("keep account %d: %w", id, err)
			}
		}
	}
	for _, id := range unseen.Statuses {
		s := d.Statuses[id]
		if s == nil {
			continue // deleted meanwhile
		}
		shown := p.everybodys(s, d)
		p.posts[id] = shown
		if keeps {
			if err := p.cache.put(p.key(keptStatus, int64(id)), p.version(id), shown); err != nil {
				return fmt.Errorf("keep status %d: %w", id, err)
			}
		}
	}
	return nil
}

func (p *page) version(id social.StatusID) store.Version {
	if o := p.outline.Originals[id]; o != nil {
		return o.Version
	}
	for _, o := range p.outline.Page {
		if o.ID == id {
			return o.Version
		}
	}
	return "" // not asked for: unseen names nothing else
}

// account is nil for one that has been deleted meanwhile.
func (p *page) account(id social.AccountID) *entity.Account {
	if shown, ok := p.shown[id]; ok {
		return shown
	}
	author := p.authors[id]
	if author == nil {
		return nil
	}
	shown := *author
	if o := p.outline.Accounts[id]; !shown.Suspended {
		shown.StatusesCount, shown.FollowersCount, shown.FollowingCount = o.StatusesCount, o.FollowersCount, o.FollowingCount
		shown.LastStatusAt = entity.OptionalDate(o.LastStatusAt)
	}
	p.shown[id] = &shown
	return &shown
}

// statuses are those of the list that can be shown, in its order.
func (p *page) statuses() []*entity.Status {
	out := make([]*entity.Status, 0, len(p.outline.Page))
	for _, o := range p.outline.Page {
		if shown := p.status(o); shown != nil {
			out = append(out, shown)
		}
	}
	return out
}

// status is nil for what cannot be shown.
func (p *page) status(o *store.StatusOutline) *entity.Status {
	post, author := p.posts[o.ID], p.account(o.AccountID)
	if post == nil || author == nil {
		return nil
	}
	out := *post
	out.Account = author
	if o.BoostOfID == 0 {
		out.RepliesCount, out.ReblogsCount, out.FavouritesCount = o.RepliesCount, o.BoostsCount, o.FavouritesCount
		out.Favourited, out.Reblogged, out.Bookmarked, out.Pinned, out.Muted = o.Favourited, o.Boosted, o.Bookmarked, o.Pinned, o.Muted
		return &out
	}
	original := p.outline.Originals[o.BoostOfID]
	if original == nil || p.hidden[original.ID] {
		return nil
	}
	if out.Reblog = p.status(original); out.Reblog == nil {
		return nil
	}
	// Apps read these of the boost when they draw its buttons.
	out.Favourited, out.Reblogged, out.Bookmarked, out.Muted =
		out.Reblog.Favourited, out.Reblog.Reblogged, out.Reblog.Bookmarked, out.Reblog.Muted
	return &out
}
