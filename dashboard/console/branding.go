package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/brand"
)

// registerBranding puts what a company says about itself on the console. upload is for
// forms with a picture, and for long texts.
func (h *Handlers) registerBranding(show, post, upload func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			v.place = Branding
			if err := access.May(v.role, access.ManageBrand); err != nil {
				return err
			}
			return next(c, v)
		}))
	}
	const room = "/tenants/:id/branding"
	show(room, in(h.branding))
	post(room, in(h.saveWords))
	upload(room+"/picture", in(h.savePicture))
	show(room+"/picture/remove", in(h.askPicture))
	post(room+"/picture/remove", in(h.removePicture))
	show(room+"/texts/:text", in(h.brandText))
	upload(room+"/texts/:text", in(h.saveText))
	post(room+"/rules", in(h.addRule))
	show(room+"/rules/:rule", in(h.brandRule))
	post(room+"/rules/:rule", in(h.saveRule))
	post(room+"/rules/:rule/move", in(h.moveRule))
	post(room+"/rules/:rule/remove", in(h.removeRule))
}

func (h *Handlers) brandingURL(t *tenant.Tenant) string { return h.roomURL(t) + "/branding" }

// branding is GET /tenants/:id/branding.
func (h *Handlers) branding(c echo.Context, v *visitor) error {
	return h.showBranding(c, v, http.StatusOK, func(*BrandingView) {})
}

// showBranding shows what stands; change puts what was typed and what is wrong in its place.
func (h *Handlers) showBranding(c echo.Context, v *visitor, status int, change func(*BrandingView)) error {
	t := v.tenant
	out := BrandingView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Action: h.brandingURL(t), IsOpen: h.isOpen(v), PublicURL: t.URL("/"),
		Name: t.Name, Short: t.ShortDescription, Long: t.Description, Mail: t.ContactMail, Colour: t.BrandColour,
		Swatches: colourSwatches(t.BrandColour), ColourWhy: colourWhy(t.BrandColour), MaxRules: brand.MaxRules,
	}
	if t.ThumbnailKey != "" {
		out.Picture = h.Media.Picture(t.ID, t.ThumbnailKey)
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		all, err := store.LocalAccounts(ctx, scope, maxListed)
		if err != nil {
			return err
		}
		for _, a := range all {
			out.Accounts = append(out.Accounts, BrandAccount{
				ID: ids.Format(int64(a.ID)), Handle: "@" + a.Username + "@" + t.HandleDomain, IsChosen: int64(a.ID) == t.ContactAccountID,
			})
		}
		rules, err := store.Rules(ctx, scope)
		if err != nil {
			return err
		}
		for i, r := range rules {
			at := out.Action + "/rules/" + ids.Format(r.ID)
			out.Rules = append(out.Rules, BrandRule{Text: r.Text, Hint: r.Hint, URL: at, MoveAction: at + "/move", IsFirst: i == 0, IsLast: i == len(rules)-1})
		}
		b, err := store.BrandOf(ctx, scope)
		if err != nil {
			return err
		}
		for _, w := range brandTexts {
			text, at := w.which.Of(b)
			out.Texts = append(out.Texts, BrandTextLine{Title: w.title, Help: w.help, URL: out.Action + "/texts/" + string(w.which), Length: len([]rune(text)), At: at})
		}
		return nil
	})
	if err != nil {
		return err
	}
	change(&out)
	return web.HTML(c, status, writer(RenderBranding, out))
}

// saveWords is POST /tenants/:id/branding.
func (h *Handlers) saveWords(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	contact, _ := ids.Parse(in.Get("contact"))
	colour := strings.TrimSpace(in.Get("colour"))
	if colour != "" && !strings.HasPrefix(colour, "#") {
		colour = "#" + colour
	}
	err = h.Brands.SetWords(c.Request().Context(), v.actor(c), v.tenant, brand.Words{
		Name: in.Get("name"), ShortDescription: in.Get("short"), Description: in.Get("long"), ContactMail: in.Get("mail"),
		ContactAccountID: social.AccountID(contact), Colour: colour,
	})
	if fault.CodeOf(err) == fault.Invalid {
		return h.showBranding(c, v, http.StatusUnprocessableEntity, func(b *BrandingView) {
			b.Name, b.Short, b.Long, b.Mail, b.Colour = in.Get("name"), in.Get("short"), in.Get("long"), in.Get("mail"), in.Get("colour")
			for i := range b.Accounts {
				b.Accounts[i].IsChosen = b.Accounts[i].ID == in.Get("contact")
			}
			b.Error = fault.TextOf(err)
		})
	}
	if err != nil {
		return err
	}
	return h.backToBranding(c, v, "words")
}

// backToBranding leads to the part of the page that was changed.
func (h *Handlers) backToBranding(c echo.Context, v *visitor, part string) error {
	return c.Redirect(http.StatusSeeOther, h.brandingURL(v.tenant)+"#"+part)
}

// savePicture is POST …/branding/picture.
func (h *Handlers) savePicture(c echo.Context, v *visitor) error {
	_, file, err := web.SignedUpload(c, v.session)
	if err != nil {
		return err
	}
	refuse := func(why string) error {
		return h.showBranding(c, v, http.StatusUnprocessableEntity, func(b *BrandingView) { b.PictureError = why })
	}
	switch {
	case !h.isOpen(v):
		return errPublishState
	case len(file) == 0:
		return refuse("Choose a picture first.")
	case !h.Limiter.Take(limit.Media, "person:"+ids.Format(int64(v.person.ID))).OK:
		return fault.New(fault.TooMany, "You have added very many pictures within half an hour. Wait a little, then go on.")
	}
	ctx := c.Request().Context()
	key, hash, err := h.Files.AddThumbnail(ctx, v.tenant, file)
	if code := fault.CodeOf(err); code == fault.Invalid || code == fault.TooLarge {
		return refuse(fault.TextOf(err))
	}
	if err != nil {
		return err
	}
	if err := h.Brands.SetThumbnail(ctx, v.actor(c), v.tenant, key, hash); err != nil {
		return err
	}
	return h.backToBranding(c, v, "picture")
}

// askPicture is GET …/branding/picture/remove.
func (h *Handlers) askPicture(c echo.Context, v *visitor) error {
	return web.HTML(c, http.StatusOK, writer(RenderBrandAsk, BrandAskView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Title: "Remove the picture?", Button: "Remove the picture",
		Text:   "Apps and link previews show " + v.tenant.Name + " without a picture from then on. You can add another one at any time.",
		Action: h.brandingURL(v.tenant) + "/picture/remove", CancelURL: h.brandingURL(v.tenant),
	}))
}

// removePicture is POST …/branding/picture/remove.
func (h *Handlers) removePicture(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := h.Brands.SetThumbnail(c.Request().Context(), v.actor(c), v.tenant, "", ""); err != nil {
		return err
	}
	return h.backToBranding(c, v, "picture")
}

// brandText is GET …/branding/texts/:text.
func (h *Handlers) brandText(c echo.Context, v *visitor) error {
	out, which, err := h.textForm(c, v)
	if err != nil {
		return err
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		b, err := store.BrandOf(ctx, scope)
		if err == nil {
			out.Text, out.At = which.Of(b)
		}
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderBrandText, out))
}

func (h *Handlers) textForm(c echo.Context, v *visitor) (BrandTextView, brand.Text, error) {
	for _, w := range brandTexts {
		if string(w.which) == c.Param("text") {
			return BrandTextView{
				Shell: h.shell(v), Token: access.CSRF(v.session), Title: w.title, Help: w.help, PublicURL: v.tenant.URL(w.path),
				Action: h.brandingURL(v.tenant) + "/texts/" + string(w.which), CancelURL: h.brandingURL(v.tenant), Most: brand.MaxText,
			}, w.which, nil
		}
	}
	return BrandTextView{}, "", web.ErrNotFound
}

// saveText is POST …/branding/texts/:text.
func (h *Handlers) saveText(c echo.Context, v *visitor) error {
	in, _, err := web.SignedUpload(c, v.session)
	if err != nil {
		return err
	}
	out, which, err := h.textForm(c, v)
	if err != nil {
		return err
	}
	err = h.Brands.SetTexts(c.Request().Context(), v.actor(c), v.tenant, map[brand.Text]string{which: in.Get("text")})
	if fault.CodeOf(err) == fault.Invalid {
		out.Text, out.Error = in.Get("text"), fault.TextOf(err)
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderBrandText, out))
	}
	if err != nil {
		return err
	}
	return h.backToBranding(c, v, "texts")
}

// addRule is POST …/branding/rules.
func (h *Handlers) addRule(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	err = h.Brands.AddRule(c.Request().Context(), v.actor(c), v.tenant, in.Get("text"), in.Get("hint"))
	if fault.CodeOf(err) == fault.Invalid {
		return h.showBranding(c, v, http.StatusUnprocessableEntity, func(b *BrandingView) {
			b.NewRule, b.NewHint, b.RuleError = in.Get("text"), in.Get("hint"), fault.TextOf(err)
		})
	}
	if err != nil {
		return err
	}
	return h.backToBranding(c, v, "rules")
}

// ruleForm is the rule in the path as a form.
func (h *Handlers) ruleForm(c echo.Context, v *visitor) (BrandRuleView, int64, error) {
	id, ok := ids.Parse(c.Param("rule"))
	if !ok {
		return BrandRuleView{}, 0, web.ErrNotFound
	}
	at := h.brandingURL(v.tenant) + "/rules/" + ids.Format(id)
	out := BrandRuleView{Shell: h.shell(v), Token: access.CSRF(v.session), Action: at, RemoveAction: at + "/remove", CancelURL: h.brandingURL(v.tenant)}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		rules, err := store.Rules(ctx, scope)
		for i, r := range rules {
			if r.ID == id {
				out.Number, out.Text, out.Hint = i+1, r.Text, r.Hint
			}
		}
		return err
	})
	if err == nil && out.Number == 0 {
		err = web.ErrNotFound
	}
	return out, id, err
}

// brandRule is GET …/branding/rules/:rule.
func (h *Handlers) brandRule(c echo.Context, v *visitor) error {
	out, _, err := h.ruleForm(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderBrandRule, out))
}

// saveRule is POST …/branding/rules/:rule.
func (h *Handlers) saveRule(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	out, id, err := h.ruleForm(c, v)
	if err != nil {
		return err
	}
	err = h.Brands.ChangeRule(c.Request().Context(), v.actor(c), v.tenant, id, in.Get("text"), in.Get("hint"))
	if fault.CodeOf(err) == fault.Invalid {
		out.Text, out.Hint, out.Error = in.Get("text"), in.Get("hint"), fault.TextOf(err)
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderBrandRule, out))
	}
	if err != nil {
		return err
	}
	return h.backToBranding(c, v, "rules")
}

// moveRule is POST …/branding/rules/:rule/move.
func (h *Handlers) moveRule(c echo.Context, v *visitor) error {
	return h.actOnRule(c, v, func(ctx context.Context, in url.Values, id int64) error {
		return h.Brands.MoveRule(ctx, v.actor(c), v.tenant, id, in.Get("to") == "up")
	})
}

// removeRule is POST …/branding/rules/:rule/remove.
func (h *Handlers) removeRule(c echo.Context, v *visitor) error {
	return h.actOnRule(c, v, func(ctx context.Context, _ url.Values, id int64) error {
		return h.Brands.RemoveRule(ctx, v.actor(c), v.tenant, id)
	})
}

func (h *Handlers) actOnRule(c echo.Context, v *visitor, act func(context.Context, url.Values, int64) error) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	id, ok := ids.Parse(c.Param("rule"))
	if !ok {
		return web.ErrNotFound
	}
	if err := act(c.Request().Context(), in, id); err != nil {
		return err
	}
	return h.backToBranding(c, v, "rules")
}

// colourSwatches are a colour as it was given and as pages use it.
func colourSwatches(colour string) []Swatch {
	b, err := assets.NewBrand(colour)
	if err != nil {
		return nil
	}
	return []Swatch{
		{Name: "Given", Colour: b.Given, Ground: "#FFFFFF", Where: "The band at the top and behind the picture"},
		{Name: "Light pages", Colour: b.Accent, Ground: "#FFFFFF", Ink: b.Ink, Contrast: b.Contrast},
		{Name: "Dark pages", Colour: b.AccentDark, Ground: "#151A1D", Ink: b.InkDark, Contrast: b.ContrastDark},
	}
}
