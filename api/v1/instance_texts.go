package v1

import (
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/api/httpx"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/brand"
)

// PictureOf is the address of the picture that stands for a tenant, or "".
func (s Server) PictureOf(home *tenant.Tenant) string {
	if s.Picture == nil {
		return ""
	}
	return s.Picture(home)
}

func firstText(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// RuleEntities shows a tenant's rules.
func RuleEntities(rules []*store.Rule) entity.Array[entity.Rule] {
	out := make(entity.Array[entity.Rule], len(rules))
	for i, r := range rules {
		out[i] = entity.Rule{ID: entity.ID(r.ID), Text: r.Text, Hint: r.Hint}
	}
	return out
}

func (i *Instance) rules(c echo.Context) error {
	ctx := c.Request().Context()
	stats, err := i.server.Stats.Instance(ctx, tenant.FromContext(ctx))
	if err != nil {
		return err
	}
	return httpx.CachedJSON(c, keepInstance, stats.Rules)
}

// extendedDescription is what the company wrote about itself, or its description.
func (i *Instance) extendedDescription(c echo.Context) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	b, err := i.server.Stats.Brand(ctx, home)
	if err != nil {
		return err
	}
	return httpx.CachedJSON(c, keepInstance, entity.ExtendedDescription{
		UpdatedAt: entity.OptionalTime(&b.AboutAt), Content: brand.Paragraphs(firstText(b.About, home.Description)),
	})
}

// privacyPolicy is 404 until there is one, as on a Mastodon without it.
func (i *Instance) privacyPolicy(c echo.Context) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	if !home.HasPrivacy {
		return httpx.ErrNotFound
	}
	b, err := i.server.Stats.Brand(ctx, home)
	if err != nil {
		return err
	}
	if b.Privacy == "" {
		return httpx.ErrNotFound
	}
	return httpx.CachedJSON(c, keepInstance, entity.PrivacyPolicy{UpdatedAt: entity.Time(b.PrivacyAt), Content: brand.Paragraphs(b.Privacy)})
}

// termsOfService are the terms that hold now. Earlier ones are not kept: asked for by the
// day from which others held, they are 404.
func (i *Instance) termsOfService(c echo.Context) error {
	ctx := c.Request().Context()
	home := tenant.FromContext(ctx)
	if !home.HasTerms {
		return httpx.ErrNotFound
	}
	b, err := i.server.Stats.Brand(ctx, home)
	if err != nil {
		return err
	}
	since := b.TermsAt.UTC().Format(time.DateOnly)
	if asked := c.Param("date"); b.Terms == "" || asked != "" && asked != since {
		return httpx.ErrNotFound
	}
	return httpx.CachedJSON(c, keepInstance, entity.TermsOfService{EffectiveDate: since, Effective: true, Content: brand.Paragraphs(b.Terms)})
}
