package actor

import (
	"context"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// How much stands on one page.
const (
	pagePosts    = 20
	pageAccounts = 80
)

// list answers with one of an account's collections.
func (h *Handlers) list(c echo.Context, build func(context.Context, *pg.Scope, request, *social.Account) (vocab.Document, error)) error {
	r, err := h.begin(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var doc vocab.Document
	err = h.db.Tenant(ctx, r.tenant.ID, func(scope *pg.Scope) error {
		a, err := store.AccountByID(ctx, scope, social.AccountID(r.id))
		switch {
		case fault.IsNotFound(err):
			return h.goneOrNotFound(ctx, scope, r)
		case err != nil:
			return err
		case !a.IsLocal():
			return errNotFound
		case a.SuspendedAt != nil:
			return errBlocked // Mastodon's answer for everything but the actor itself
		}
		if err := refuseBlocked(ctx, scope, a.ID, r.reader); err != nil {
			return err
		}
		doc, err = build(ctx, scope, r, a)
		return err
	})
	if err != nil {
		return err
	}
	return sendNow(c, r, doc)
}

func (h *Handlers) goneOrNotFound(ctx context.Context, scope *pg.Scope, r request) error {
	_, err := store.TombstoneByURI(ctx, scope, r.tenant.URL("/ap/actors/"+ids.Format(r.id)))
	if err != nil {
		return err
	}
	return errGone
}

// position reads which page is asked for; first is the collection itself.
func position(c echo.Context) (page store.Page, first bool) {
	query := c.QueryParams()
	if query.Get("page") == "" {
		return page, true
	}
	page.MaxID, _ = ids.Parse(query.Get("max_id"))
	return page, false
}

func pageURI(collection string, maxID int64) string {
	query := url.Values{"page": {"true"}}
	if maxID != 0 {
		query.Set("max_id", ids.Format(maxID))
	}
	return collection + "?" + query.Encode()
}

// outbox lists the posts and boosts that anybody may see.
func (h *Handlers) outbox(c echo.Context) error {
	page, first := position(c)
	page.Limit = pagePosts
	return h.list(c, func(ctx context.Context, scope *pg.Scope, r request, a *social.Account) (vocab.Document, error) {
		if first {
			return vocab.NewOrderedCollection(a.OutboxURL, &a.StatusesCount, pageURI(a.OutboxURL, 0)), nil
		}
		statuses, err := store.OpenStatusesOf(ctx, scope, a.ID, page)
		if err != nil {
			return nil, err
		}
		full, err := store.FullStatuses(ctx, scope, statuses)
		if err != nil {
			return nil, err
		}
		items := make([]any, 0, len(full))
		for _, f := range full {
			items = append(items, h.happening(r.tenant, f))
		}
		doc := vocab.NewOrderedPage(pageURI(a.OutboxURL, page.MaxID), a.OutboxURL, items)
		if len(statuses) == pagePosts {
			doc.Next = pageURI(a.OutboxURL, int64(statuses[len(statuses)-1].ID))
		}
		return doc, nil
	})
}

// followers and following show how many, and who unless the account hides it.
func (h *Handlers) followers(c echo.Context) error {
	return h.accounts(c, store.FollowersOf, func(a *social.Account) (string, *int) { return a.FollowersURL, &a.FollowersCount })
}

func (h *Handlers) following(c echo.Context) error {
	return h.accounts(c, store.FollowedBy, func(a *social.Account) (string, *int) { return a.FollowingURL, &a.FollowingCount })
}

type readAccounts func(context.Context, *pg.Scope, social.AccountID, store.Page) ([]*store.Listed, error)

func (h *Handlers) accounts(c echo.Context, read readAccounts, about func(*social.Account) (uri string, total *int)) error {
	page, first := position(c)
	page.Limit = pageAccounts
	return h.list(c, func(ctx context.Context, scope *pg.Scope, _ request, a *social.Account) (vocab.Document, error) {
		uri, total := about(a)
		switch {
		case first && a.HideCollections:
			return vocab.NewOrderedCollection(uri, total, ""), nil
		case first:
			return vocab.NewOrderedCollection(uri, total, pageURI(uri, 0)), nil
		case a.HideCollections:
			return nil, errNotFound
		}
		listed, err := read(ctx, scope, a.ID, page)
		if err != nil {
			return nil, err
		}
		items, err := uris(ctx, scope, listed)
		if err != nil {
			return nil, err
		}
		doc := vocab.NewOrderedPage(pageURI(uri, page.MaxID), uri, items)
		doc.TotalItems = total
		if len(listed) == pageAccounts {
			doc.Next = pageURI(uri, listed[len(listed)-1].ID)
		}
		return doc, nil
	})
}

func uris(ctx context.Context, scope *pg.Scope, listed []*store.Listed) ([]any, error) {
	wanted := make([]social.AccountID, len(listed))
	for i, l := range listed {
		wanted[i] = l.AccountID
	}
	accounts, err := store.AccountsByIDs(ctx, scope, wanted)
	if err != nil {
		return nil, err
	}
	items := make([]any, 0, len(wanted))
	for _, id := range wanted {
		if a := accounts[id]; a != nil {
			items = append(items, a.URI)
		}
	}
	return items, nil
}

// featured lists the pinned posts in full, as Mastodon does: readers need not ask for each.
func (h *Handlers) featured(c echo.Context) error {
	return h.list(c, func(ctx context.Context, scope *pg.Scope, r request, a *social.Account) (vocab.Document, error) {
		statuses, err := store.FeaturedStatuses(ctx, scope, a.ID)
		if err != nil {
			return nil, err
		}
		full, err := store.FullStatuses(ctx, scope, statuses)
		if err != nil {
			return nil, err
		}
		items := make([]any, 0, len(full))
		for _, f := range full {
			items = append(items, h.note(r.tenant, f))
		}
		return vocab.NewOrderedItems(a.FeaturedURL, items), nil
	})
}
