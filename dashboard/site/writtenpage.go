package site

import (
	"context"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/brand"
)

// The pages of a tenant's long texts, under Mastodon's addresses.
const (
	PrivacyPath = "/privacy-policy"
	TermsPath   = "/terms-of-service"
)

// written is the page of one long text, or 404 until there is one.
func (h *Handlers) written(which brand.Text, title string) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := WrittenView{Tenant: h.view(c), Title: title, Canonical: home(c).URL(c.Path())}
		err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) error {
			b, err := store.BrandOf(ctx, scope)
			if err != nil {
				return err
			}
			text, at := which.Of(b)
			if text == "" {
				return web.ErrNotFound
			}
			v.Content, v.At = assets.SafeHTML(brand.Paragraphs(text)), at
			return nil
		})
		if err != nil {
			return err
		}
		return page(c, writer(RenderWritten, v))
	}
}

// fillAbout adds what the tenant wrote to the page about it.
func (h *Handlers) fillAbout(ctx context.Context, scope *pg.Scope, c echo.Context, v *AboutView) error {
	t := home(c)
	b, err := store.BrandOf(ctx, scope)
	if err != nil {
		return err
	}
	text := b.About
	if text == "" {
		text = t.Description
	}
	v.Description = assets.SafeHTML(brand.Paragraphs(text))
	rules, err := store.Rules(ctx, scope)
	if err != nil {
		return err
	}
	for _, r := range rules {
		v.Rules = append(v.Rules, Rule{Text: r.Text, Hint: r.Hint})
	}
	if b.ContactAccountID == 0 {
		return nil
	}
	a, err := store.AccountByID(ctx, scope, b.ContactAccountID)
	if fault.IsNotFound(err) {
		return nil
	}
	if err == nil {
		shown := h.presenter(c).account(a)
		v.Contact = &shown
	}
	return err
}
