package v1

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/social/moderate"
	"rookery/internal/store"
	"rookery/tenant/access"
)

// InstanceBlocks serves which servers a tenant limits or blocks, as far as it shows that.
type InstanceBlocks struct{ Deps }

// NewInstanceBlocks returns the handlers.
func NewInstanceBlocks(d Deps) *InstanceBlocks { return &InstanceBlocks{d} }

// Routes is the table.
func (h *InstanceBlocks) Routes() []httpx.Route {
	return []httpx.Route{{Method: http.MethodGet, Path: "/api/v1/instance/domain_blocks", Auth: httpx.OptionalUser, Scopes: []string{httpx.AnyScope}, Act: access.Read, Handler: h.list}}
}

// list answers 404 to whom the list is not shown, as Mastodon does.
func (h *InstanceBlocks) list(c echo.Context) error {
	out := entity.Array[entity.DomainBlock]{}
	err := h.Do(c, func(ctx context.Context, r *Call) error {
		p, err := store.ServerPolicyOf(ctx, r.Scope)
		if err != nil {
			return err
		}
		if !shown(p.ShowBlocks, r) {
			return httpx.ErrNotFound
		}
		list, err := store.ShownServerRules(ctx, r.Scope, moderate.MaxRules)
		for _, rule := range list {
			out = append(out, domainBlock(rule, shown(p.ShowReasons, r)))
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func shown(to string, r *Call) bool {
	return to == moderate.ToAll || to == moderate.ToUsers && r.Viewer != 0
}

func domainBlock(r *store.ServerRule, withReason bool) entity.DomainBlock {
	sum := sha256.Sum256([]byte(r.Domain))
	out := entity.DomainBlock{Domain: r.Domain, Digest: hex.EncodeToString(sum[:]), Severity: r.Severity}
	if r.Obfuscate {
		out.Domain = obfuscated(r.Domain)
	}
	if withReason {
		out.Comment = &r.PublicComment
	}
	return out
}

// obfuscated hides the middle of a name, dots aside, as Mastodon does.
func obfuscated(domain string) string {
	length := len(domain)
	visible := length / 4
	var out strings.Builder
	for i := range length {
		if i >= visible && i < length-visible && domain[i] != '.' {
			out.WriteByte('*')
		} else {
			out.WriteByte(domain[i])
		}
	}
	return out.String()
}
