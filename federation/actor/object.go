package actor

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/federation/convert"
	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// object serves a local post. What anybody may see comes from memory; the rest is
// read for the one who asks, and does not exist for all others.
func (h *Handlers) object(c echo.Context) error {
	r, err := h.address(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	doc, err := h.cache.get(ctx, r.tenant.ID, kindObject, r.id, func(ctx context.Context) (*document, error) {
		return h.readObject(ctx, r.tenant, social.StatusID(r.id), 0)
	})
	if err == nil && doc.page != "" && vocab.PrefersPage(c.Request().Header.Get(echo.HeaderAccept)) {
		return toPage(c, r, doc.page)
	}
	if err := h.admit(c, &r); err != nil {
		return err
	}
	if err == nil && doc.hidden { // not for anybody: who is it that asks?
		doc, err = h.hiddenObject(c, &r)
	}
	if err != nil {
		return err
	}
	if r.reader != 0 && doc.owner != 0 {
		err := h.db.Tenant(ctx, r.tenant.ID, func(scope *pg.Scope) error {
			return refuseBlocked(ctx, scope, social.AccountID(doc.owner), r.reader)
		})
		if err != nil {
			return err
		}
	}
	return send(c, r, doc)
}

func (h *Handlers) hiddenObject(c echo.Context, r *request) (*document, error) {
	r.open = false
	if r.reader == 0 {
		if !signature.IsSigned(c.Request()) {
			return nil, errNotFound
		}
		if _, err := h.identify(c, r); err != nil {
			return nil, err
		}
	}
	if r.reader == 0 {
		return nil, errNotFound
	}
	doc, err := h.readObject(c.Request().Context(), r.tenant, social.StatusID(r.id), r.reader)
	if err == nil && doc.hidden {
		return nil, errNotFound
	}
	return doc, err
}

// readObject makes the document of a post for a viewer. A hidden one without a body
// says that there is a post which this viewer may not see.
func (h *Handlers) readObject(ctx context.Context, t *tenant.Tenant, id social.StatusID, viewer social.AccountID) (*document, error) {
	var doc *document
	err := h.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		st, err := store.VisibleStatus(ctx, scope, viewer, id)
		if fault.IsNotFound(err) {
			doc, err = h.absent(ctx, scope, t, id)
			return err
		}
		if err != nil {
			return err
		}
		if !st.IsLocal || st.BoostOfID != 0 {
			return errNotFound // copies of others' posts are theirs to serve; boosts are activities
		}
		full, err := store.FullStatuses(ctx, scope, []*social.Status{st})
		if err != nil || len(full) == 0 {
			return orNotFound(err)
		}
		if doc, err = write(h.note(t, full[0])); err != nil {
			return err
		}
		doc.page, doc.owner = st.URL, int64(st.AccountID)
		return nil
	})
	return doc, err
}

func (h *Handlers) note(t *tenant.Tenant, full *store.FullStatus) *vocab.NoteDocument {
	post := convert.Post{Status: full.Status, Author: full.Author, Mentions: full.Mentions, Media: full.Media}
	return convert.NoteDocument(t, post, func(m *social.Media) string { return h.media.URL(t.ID, m) })
}

// absent tells a hidden post from a deleted one and from none.
func (h *Handlers) absent(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, id social.StatusID) (*document, error) {
	st, err := store.StatusByID(ctx, scope, id)
	if err == nil && st.IsLocal && st.BoostOfID == 0 {
		return &document{hidden: true}, nil
	}
	if err != nil && !fault.IsNotFound(err) {
		return nil, err
	}
	return tombstone(ctx, scope, t.URL("/ap/objects/"+ids.Format(int64(id))))
}

func orNotFound(err error) error {
	if err == nil {
		return errNotFound
	}
	return err
}

// activity serves what was sent, if it was for everybody. The Create of a post and a
// boost can be asked for as long as they exist, also after the sent bytes were removed.
func (h *Handlers) activity(c echo.Context) error {
	r, err := h.begin(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var doc *document
	err = h.db.Tenant(ctx, r.tenant.ID, func(scope *pg.Scope) (err error) {
		uri := r.tenant.URL("/ap/activities/" + ids.Format(r.id))
		if doc, err = h.madeAgain(ctx, scope, r); !fault.IsNotFound(err) {
			return err
		}
		a, err := store.ActivityByURI(ctx, scope, uri)
		if err != nil || !a.Visibility.IsOpen() || a.StatusID != 0 {
			return orNotFound(err) // of a post that is gone, nothing is told
		}
		if err := refuseBlocked(ctx, scope, a.AccountID, r.reader); err != nil {
			return err
		}
		doc = newDocument(http.StatusOK, a.Body)
		return nil
	})
	if err != nil {
		return err
	}
	return send(c, r, doc)
}

// madeAgain makes the Create or Announce of a post that exists and that anybody may see.
func (h *Handlers) madeAgain(ctx context.Context, scope *pg.Scope, r request) (*document, error) {
	st, err := store.VisibleStatus(ctx, scope, 0, social.StatusID(r.id))
	if err != nil || !st.IsLocal {
		return nil, orNotFound(err)
	}
	if err := refuseBlocked(ctx, scope, st.AccountID, r.reader); err != nil {
		return nil, err
	}
	full, err := store.FullStatuses(ctx, scope, []*social.Status{st})
	if err != nil || len(full) == 0 {
		return nil, orNotFound(err)
	}
	return write(h.happening(r.tenant, full[0]))
}

// happening is the activity that brought a post or a boost into the world.
func (h *Handlers) happening(t *tenant.Tenant, full *store.FullStatus) *vocab.ActivityDocument {
	if full.Original != nil {
		return convert.AnnounceDocument(full.Status, full.Author, full.Original.URI, full.OriginalAuthor.URI)
	}
	return vocab.NewCreate(convert.CreateURI(t, full.Status), h.note(t, full))
}
