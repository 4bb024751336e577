package actor

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// instance serves the tenant's own actor. It is open to all in every state of a tenant
// that federates: who cannot read it cannot verify our requests, and two servers that each
// answer signed requests only would wait for each other (fedify#124).
func (h *Handlers) instance(c echo.Context) error {
	r := request{tenant: tenant.FromContext(c.Request().Context()), open: true}
	if r.tenant == nil || !r.tenant.Federates() {
		return errNotFound
	}
	doc, err := h.cache.get(c.Request().Context(), r.tenant.ID, kindInstance, 0, func(ctx context.Context) (*document, error) {
		key, err := store.TenantKey(ctx, h.db, r.tenant.ID, "rsa")
		if fault.IsNotFound(err) && r.tenant.State == tenant.Deleted {
			return nil, errGone
		}
		if err != nil {
			return nil, err
		}
		return write(convert.InstanceDocument(r.tenant, key.PublicPEM))
	})
	if err != nil {
		return err
	}
	return send(c, r, doc)
}

// empty is a collection of the instance actor, which posts nothing and follows nobody.
func (h *Handlers) empty(c echo.Context) error {
	t := tenant.FromContext(c.Request().Context())
	if t == nil || !t.Federates() {
		return errNotFound
	}
	return sendNow(c, request{tenant: t, open: true}, vocab.NewOrderedItems(t.URL(c.Request().URL.Path), []any{}))
}

// account serves the document of a local account. It stays the same whatever the
// tenant's state is (FEDERATION.md 1.13).
func (h *Handlers) account(c echo.Context) error {
	r, err := h.address(c)
	if errors.Is(err, errGone) {
		return h.grave(c, r)
	}
	if err != nil {
		return err
	}
	doc, err := h.cache.get(c.Request().Context(), r.tenant.ID, kindActor, r.id, func(ctx context.Context) (*document, error) {
		return h.readActor(ctx, r.tenant, social.AccountID(r.id))
	})
	if err != nil {
		return err
	}
	if vocab.PrefersPage(c.Request().Header.Get(echo.HeaderAccept)) && doc.page != "" {
		return toPage(c, r, doc.page) // which says itself what it shows to whom
	}
	if err := h.admit(c, &r); err != nil {
		return err
	}
	if r.reader != 0 {
		ctx := c.Request().Context()
		err := h.db.Tenant(ctx, r.tenant.ID, func(scope *pg.Scope) error {
			return refuseBlocked(ctx, scope, social.AccountID(r.id), r.reader)
		})
		if err != nil {
			return err
		}
	}
	return send(c, r, doc)
}

// grave answers for an account whose tenant was deleted.
func (h *Handlers) grave(c echo.Context, r request) error {
	var doc *document
	err := h.db.Tenant(c.Request().Context(), r.tenant.ID, func(scope *pg.Scope) (err error) {
		doc, err = tombstone(c.Request().Context(), scope, r.tenant.URL("/ap/actors/"+ids.Format(r.id)))
		return err
	})
	if fault.IsNotFound(err) {
		return errGone
	}
	if err != nil {
		return err
	}
	return send(c, r, doc)
}

func (h *Handlers) readActor(ctx context.Context, t *tenant.Tenant, id social.AccountID) (*document, error) {
	var doc *document
	err := h.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		parts, err := store.LocalActorByID(ctx, scope, id)
		if fault.IsNotFound(err) {
			doc, err = tombstone(ctx, scope, t.URL("/ap/actors/"+ids.Format(int64(id))))
			return err
		}
		if err != nil {
			return err
		}
		picture := func(key string) convert.Picture {
			return convert.Picture{URL: h.media.Picture(t.ID, key), MIME: parts.PictureTypes[key]}
		}
		doc, err = write(convert.ActorDocument(t, convert.ActorOf(parts.Account, parts.Key, picture)))
		if err == nil {
			doc.page = parts.Account.URL
		}
		return err
	})
	return doc, err
}

// tombstone answers for what was deleted: 410, and what stood there.
func tombstone(ctx context.Context, scope *pg.Scope, uri string) (*document, error) {
	t, err := store.TombstoneByURI(ctx, scope, uri)
	if err != nil {
		return nil, err
	}
	stone := vocab.NewTombstone(t.URI, vocab.At(t.CreatedAt))
	stone.FormerType = t.FormerType
	doc, err := write(stone)
	if err != nil {
		return nil, err
	}
	doc.status = http.StatusGone
	return doc, nil
}
