// Package actor serves what other servers read of a tenant: its actors, their
// collections, its posts and its activities.
//
// Package federation mounts its routes on tenant hosts. Documents come from memory
// where many ask for the same (Cache), else from one read of the database. It must
// not change anything, and decides nothing about who may see a post: the condition
// of internal/store does.
package actor

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/federation/signature"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant"
)

// Reader verifies the signature of a request that carries one and returns the actor
// whose key it is. It may use the network to find the key.
type Reader func(c echo.Context) (actorURI string, err error)

// Options say what Handlers work with.
type Options struct {
	DB     *pg.DB
	Media  media.Addresses
	Reader Reader
	// Servers say who talks to certain servers only, and so answers signed requests only; may be nil.
	Servers *moderate.Servers
}

// Handlers answer the requests. Make them with New.
type Handlers struct {
	db     *pg.DB
	media  media.Addresses
	reader Reader
	cache  *cache
	apart  *moderate.Servers
}

// New makes Handlers.
func New(o Options) *Handlers {
	return &Handlers{db: o.DB, media: o.Media, reader: o.Reader, cache: newCache(), apart: o.Servers}
}

// Route is one address and who answers there.
type Route struct {
	Path    string
	Handler echo.HandlerFunc
}

// Routes are the addresses below a tenant host. All answer GET and HEAD.
func (h *Handlers) Routes() []Route {
	return []Route{
		{"/ap/instance", h.instance},
		{"/ap/instance/outbox", h.empty},
		{"/ap/instance/followers", h.empty},
		{"/ap/instance/following", h.empty},
		{"/ap/actors/:id", h.account},
		{"/ap/actors/:id/outbox", h.outbox},
		{"/ap/actors/:id/followers", h.followers},
		{"/ap/actors/:id/following", h.following},
		{"/ap/actors/:id/collections/featured", h.featured},
		{"/ap/objects/:id", h.object},
		{"/ap/activities/:id", h.activity},
	}
}

// Changed drops the copies that an event has made old. Within this process a reader
// sees the change at once; in others within a second.
func (h *Handlers) Changed(t tenant.ID, e *social.Event) {
	h.cache.drop(t, kindActor, int64(e.AccountID))
	if e.StatusID != 0 {
		h.cache.drop(t, kindObject, int64(e.StatusID))
	}
}

var (
	errNotFound = fault.New(fault.NotFound, "Record not found")
	errGone     = fault.New(fault.Gone, "This was deleted.")
	errUnsigned = fault.New(fault.Unauthorized, "This server answers signed requests only.")
	errBlocked  = fault.New(fault.Forbidden, "This account does not answer you.")
)

// request is what every handler needs to know first.
type request struct {
	tenant *tenant.Tenant
	id     int64
	reader social.AccountID // who asks, 0: anybody
	open   bool             // the answer is the same for all who ask
}

// begin finds the tenant, the id and, where the tenant answers signed requests only,
// who asks.
func (h *Handlers) begin(c echo.Context) (request, error) {
	r, err := h.address(c)
	if err != nil {
		return r, err
	}
	err = h.admit(c, &r)
	return r, err
}

// address finds the tenant and the id.
func (h *Handlers) address(c echo.Context) (request, error) {
	r := request{tenant: tenant.FromContext(c.Request().Context()), open: true}
	if r.tenant == nil || !r.tenant.Federates() {
		return r, errNotFound // addresses that will change are shown to nobody
	}
	c.Response().Header().Set(echo.HeaderVary, "Accept, Signature")
	if text := c.Param("id"); text != "" {
		id, ok := ids.Parse(text)
		if !ok {
			return r, errNotFound
		}
		r.id = id
	}
	if r.tenant.State == tenant.Deleted {
		return r, errGone
	}
	return r, nil
}

// admit finds out who asks where the tenant answers signed requests only. Every
// document passes here before it is sent: what a request would rather have instead
// makes no difference.
func (h *Handlers) admit(c echo.Context, r *request) error {
	if !r.tenant.AuthorizedFetch && !h.apart.HasAllowList(r.tenant.ID) {
		return nil
	}
	r.open = false
	if !signature.IsSigned(c.Request()) {
		return errUnsigned
	}
	_, err := h.identify(c, r)
	return err
}

// identify finds out who asks. A reader that nobody here knows is anybody, but one
// with a name that could be asked for.
func (h *Handlers) identify(c echo.Context, r *request) (string, error) {
	uri, err := h.reader(c)
	if err != nil {
		return "", err
	}
	ctx := c.Request().Context()
	err = h.db.Tenant(ctx, r.tenant.ID, func(scope *pg.Scope) error {
		a, err := store.AccountByURI(ctx, scope, uri)
		if fault.IsNotFound(err) {
			return nil
		}
		if err == nil && !a.IsLocal() {
			r.reader = a.ID
		}
		return err
	})
	return uri, err
}

// refuseBlocked answers 403 to a reader whom an account blocks.
func refuseBlocked(ctx context.Context, scope *pg.Scope, owner, reader social.AccountID) error {
	if reader == 0 {
		return nil
	}
	blocked, err := store.IsBlocking(ctx, scope, owner, reader)
	if err != nil {
		return err
	}
	if blocked {
		return errBlocked
	}
	return nil
}

const (
	freshFor   = "public, max-age=180"
	privateFor = "private, no-store"
)

// send answers with a document, or with 304 if the reader has it already.
func send(c echo.Context, r request, doc *document) error {
	header := c.Response().Header()
	header.Set(echo.HeaderVary, "Accept, Signature")
	header.Set("ETag", doc.etag)
	if r.open {
		header.Set(echo.HeaderCacheControl, freshFor)
	} else {
		header.Set(echo.HeaderCacheControl, privateFor)
	}
	if doc.status == http.StatusOK && matches(c.Request().Header.Get("If-None-Match"), doc.etag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(doc.status, vocab.AcceptedMediaType(c.Request().Header.Get(echo.HeaderAccept)), doc.body)
}

// toPage sends people who follow the address of a document to its page.
func toPage(c echo.Context, r request, page string) error {
	c.Response().Header().Set(echo.HeaderVary, "Accept, Signature")
	c.Response().Header().Set(echo.HeaderCacheControl, privateFor)
	if !vocab.SameHost(page, r.tenant.URL("/")) {
		return errNotFound
	}
	return c.Redirect(http.StatusFound, page)
}

// sendNow writes a document that is not worth keeping.
func sendNow(c echo.Context, r request, doc vocab.Document) error {
	d, err := write(doc)
	if err != nil {
		return err
	}
	return send(c, r, d)
}

// limitTime bounds what one of these reads may take: they are asked for in herds.
const limitTime = 5 * time.Second
