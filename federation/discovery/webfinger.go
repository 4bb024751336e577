package discovery

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/domains/look"
)

var errResource = fault.New(fault.Malformed, "Ask for a resource of the form acct:name@example.org.")

const longestResource = 2048

// webFinger says who is behind a name (RFC 7033). Each account answers to its handle
// on every host of the tenant, to names it had before, and to its addresses; the
// subject is always the one handle that it has now (FEDERATION.md section 3).
func (h *Handlers) webFinger(c echo.Context) error {
	t, err := begin(c)
	if err != nil {
		return err
	}
	asked, err := parseResource(c.QueryParam("resource"))
	if err != nil {
		return err
	}
	if nonce, ok := strings.CutPrefix(asked.user, look.ProbeUser); ok && h.Probe != nil {
		return h.probe(c, t, asked, nonce)
	}
	if owner, _, ok := h.Hosts.ByHost(asked.host); !ok || owner.ID != t.ID || !t.Federates() {
		return errNotFound
	}
	jrd, err := h.find(c.Request().Context(), t, asked)
	if err != nil {
		return err
	}
	if rels := c.QueryParams()["rel"]; len(rels) > 0 {
		jrd.Links = slices.DeleteFunc(jrd.Links, func(l vocab.JRDLink) bool { return !slices.Contains(rels, l.Rel) })
	}
	return sendJSON(c, vocab.JRDMediaType, threeDays, jrd)
}

// probe answers a check of the tenant's own domain, which may still be on its way: its
// redirect must lead here before it counts as working (docs/domains.md).
func (h *Handlers) probe(c echo.Context, t *tenant.Tenant, asked resource, nonce string) error {
	host, ok := h.Hosts.Host(asked.host)
	proof := h.Probe(asked.host, nonce)
	if !ok || host.Tenant.ID != t.ID || proof == "" {
		return errNotFound
	}
	return sendJSON(c, vocab.JRDMediaType, "no-store", vocab.JRD{
		Subject: "acct:" + asked.user + "@" + asked.host, Properties: map[string]string{look.ProofProperty: proof}, Links: []vocab.JRDLink{},
	})
}

// resource is what WebFinger was asked for: a name or an address on a host.
type resource struct {
	host string
	user string // of a handle or of a profile page
	path string // of any other address
}

// parseResource reads acct:name@host, @name@host and addresses of http and https.
func parseResource(text string) (resource, error) {
	if text == "" || len(text) > longestResource || strings.ContainsFunc(text, isControl) {
		return resource{}, errResource
	}
	if scheme, _, _ := strings.Cut(text, "://"); strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http") {
		return parseAddress(text)
	}
	if len(text) > 5 && strings.EqualFold(text[:5], "acct:") {
		text = text[5:]
	}
	text = strings.TrimPrefix(text, "@")
	user, host, ok := strings.Cut(text, "@")
	if !ok {
		// A bare host means the server itself.
		user, host = text, text
	}
	if user == "" || host == "" || strings.ContainsAny(host, "/@?# ") {
		return resource{}, errResource
	}
	return resource{host: host, user: user}, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }

func parseAddress(text string) (resource, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return resource{}, errResource
	}
	path := strings.TrimSuffix(u.Path, "/")
	if name, ok := strings.CutPrefix(path, "/@"); ok && name != "" && !strings.Contains(name, "/") {
		return resource{host: u.Host, user: name}, nil
	}
	return resource{host: u.Host, path: path}, nil
}

func (h *Handlers) find(ctx context.Context, t *tenant.Tenant, asked resource) (vocab.JRD, error) {
	isServer := asked.user == "" && (asked.path == "" || asked.path == "/ap/instance") ||
		asked.user != "" && strings.EqualFold(asked.user, asked.host)
	if isServer {
		return vocab.NewWebFinger(vocab.WebFinger{Username: t.Host, HandleHost: t.Host, ActorID: t.URL("/ap/instance"), Profile: t.URL("/")}), nil
	}
	var a *social.Account
	err := h.DB.Tenant(ctx, t.ID, func(scope *pg.Scope) (err error) {
		if asked.user != "" {
			a, err = byName(ctx, scope, asked.user)
		} else {
			a, err = byAddress(ctx, scope, t, asked.path)
		}
		return err
	})
	if err != nil {
		return vocab.JRD{}, err
	}
	return vocab.NewWebFinger(vocab.WebFinger{
		Username: a.Username, HandleHost: t.HandleDomain, ActorID: a.URI, Profile: t.URL("/@" + a.Username),
	}), nil
}

// longestName is more than any local account has.
const longestName = 100

func byName(ctx context.Context, scope *pg.Scope, name string) (*social.Account, error) {
	if len(name) > longestName {
		return nil, errNotFound
	}
	a, err := store.LocalAccountByAnyHandle(ctx, scope, name)
	if !fault.IsNotFound(err) {
		return a, err
	}
	was, err := store.WasHandle(ctx, scope, name)
	if err == nil && was {
		err = errGone
	}
	if err == nil {
		err = errNotFound
	}
	return nil, err
}

func byAddress(ctx context.Context, scope *pg.Scope, t *tenant.Tenant, path string) (*social.Account, error) {
	text, ok := strings.CutPrefix(path, "/ap/actors/")
	id, isID := ids.Parse(text)
	if !ok || !isID {
		return nil, errNotFound
	}
	a, err := store.AccountByID(ctx, scope, social.AccountID(id))
	switch {
	case err == nil && a.IsLocal():
		return a, nil
	case err == nil:
		return nil, errNotFound
	case !fault.IsNotFound(err):
		return nil, err
	}
	if _, err := store.TombstoneByURI(ctx, scope, t.URL(path)); err != nil {
		return nil, err
	}
	return nil, errGone
}
