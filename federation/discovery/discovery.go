// Package discovery answers how a tenant and its accounts are found: WebFinger,
// host-meta, NodeInfo and the well-known address for changing a password.
//
// Package federation mounts its routes on the service host and on the handle domain
// of every tenant. It must not serve actors, and must not ask other servers
// (federation/webfinger does).
package discovery

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/registry"
)

// Hosts says which tenant a host leads to; *registry.Registry does.
type Hosts interface {
	ByHost(host string) (*tenant.Tenant, tenant.DomainRole, bool)
	Host(host string) (registry.Host, bool)
}

// Options say what Handlers work with.
type Options struct {
	DB    *pg.DB
	Hosts Hosts
	// Probe proves to a check of a domain that its look-ups lead here; nil: it cannot.
	Probe func(name, nonce string) string
	// Version of this program, for NodeInfo.
	Version    string
	Repository string // of its source code; may be empty
	// ChangePassword is where a tenant's people change their password.
	ChangePassword func(*tenant.Tenant) string
}

// Handlers answer the requests. Make them with New.
type Handlers struct {
	Options
	usage *otter.Cache[tenant.ID, *store.Usage]
}

// countFor is how long the numbers of a tenant are good: crawlers ask all day.
const countFor = 10 * time.Minute

// New makes Handlers.
func New(o Options) *Handlers {
	return &Handlers{Options: o, usage: otter.Must(&otter.Options[tenant.ID, *store.Usage]{
		MaximumSize: 10_000, ExpiryCalculator: otter.ExpiryWriting[tenant.ID, *store.Usage](countFor),
	})}
}

// Route is one address and who answers there.
type Route struct {
	Path    string
	Handler echo.HandlerFunc
}

// Routes are the addresses below a tenant's hosts. All answer GET and HEAD.
func (h *Handlers) Routes() []Route {
	return []Route{
		{"/.well-known/webfinger", h.webFinger},
		{"/.well-known/host-meta", h.hostMeta},
		{"/.well-known/host-meta.json", h.hostMetaJSON},
		{"/.well-known/nodeinfo", h.nodeInfoIndex},
		{"/nodeinfo/2.0", h.nodeInfo("2.0")},
		{"/nodeinfo/2.1", h.nodeInfo("2.1")},
		{"/.well-known/change-password", h.changePassword},
	}
}

var (
	errNotFound = fault.New(fault.NotFound, "There is no account of that name.")
	errGone     = fault.New(fault.Gone, "That account has been deleted.")
)

// begin finds the tenant. The answers are for programs in browsers too.
func begin(c echo.Context) (*tenant.Tenant, error) {
	c.Response().Header().Set(echo.HeaderAccessControlAllowOrigin, "*")
	t := tenant.FromContext(c.Request().Context())
	switch {
	case t == nil:
		return nil, errNotFound
	case t.State == tenant.Deleted:
		return nil, errGone
	}
	return t, nil
}

func sendJSON(c echo.Context, mediaType, keep string, v any) error {
	body, err := vocab.WriteJSON(v)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, keep)
	return c.Blob(http.StatusOK, mediaType, body)
}

const (
	threeDays = "public, max-age=259200"
	halfHour  = "public, max-age=1800"
)

// hostMeta says where WebFinger is, in XML unless JSON is asked for (RFC 6415).
// Whichever host is asked, the answer names the service host: Akkoma compares.
func (h *Handlers) hostMeta(c echo.Context) error {
	t, err := begin(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderVary, echo.HeaderAccept)
	accept := c.Request().Header.Get(echo.HeaderAccept)
	if strings.Contains(accept, "json") && !strings.Contains(accept, "xml") {
		return h.hostMetaJSON(c)
	}
	body, err := vocab.WriteHostMeta(t.URL(""))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, threeDays)
	return c.Blob(http.StatusOK, vocab.XRDMediaType+"; charset=utf-8", body)
}

func (h *Handlers) hostMetaJSON(c echo.Context) error {
	t, err := begin(c)
	if err != nil {
		return err
	}
	return sendJSON(c, vocab.JRDMediaType, threeDays, vocab.NewHostMeta(t.URL("")))
}

func (h *Handlers) nodeInfoIndex(c echo.Context) error {
	t, err := begin(c)
	if err != nil {
		return err
	}
	return sendJSON(c, vocab.JRDMediaType, threeDays, vocab.NewNodeInfoIndex(t.URL(""), t.URL("/ap/instance")))
}

func (h *Handlers) nodeInfo(version string) echo.HandlerFunc {
	mediaType := `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/` + version + `#"`
	return func(c echo.Context) error {
		t, err := begin(c)
		if err != nil {
			return err
		}
		n, err := h.count(c.Request().Context(), t.ID)
		if err != nil {
			return err
		}
		software := vocab.SoftwareDocument{Name: "rookery", Version: h.Version, Repository: h.Repository}
		usage := vocab.Usage{Users: n.Users, ActiveMonth: n.ActiveMonth, ActiveHalfyear: n.ActiveHalfyear, LocalPosts: n.Posts}
		doc := vocab.NewNodeInfo(version, software, false, usage, map[string]any{"nodeName": t.Name, "nodeDescription": t.Summary()})
		return sendJSON(c, mediaType, halfHour, doc)
	}
}

func (h *Handlers) count(ctx context.Context, t tenant.ID) (*store.Usage, error) {
	return h.usage.Get(ctx, t, otter.LoaderFunc[tenant.ID, *store.Usage](func(ctx context.Context, t tenant.ID) (*store.Usage, error) {
		return store.UsageOf(ctx, h.DB, t)
	}))
}

// changePassword sends password managers on (W3C "A Well-Known URL for Changing Passwords").
func (h *Handlers) changePassword(c echo.Context) error {
	t, err := begin(c)
	if err != nil {
		return err
	}
	if h.ChangePassword == nil {
		return errNotFound
	}
	return c.Redirect(http.StatusFound, h.ChangePassword(t))
}
