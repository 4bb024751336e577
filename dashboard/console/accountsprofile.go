package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/limit"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/account"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/entitled"
	"rookery/tenant/people"
)

// registerAccounts puts the pages of one account on the console. upload is for pictures.
func (h *Handlers) registerAccounts(show, post, upload func(string, echo.HandlerFunc)) {
	in := func(next handler) echo.HandlerFunc { return h.signedIn(h.inRoom(next)) }
	const one = "/tenants/:id/accounts/:account"
	show(one+"/profile", in(h.profile))
	post(one+"/profile", in(h.setProfile))
	upload(one+"/avatar", in(h.setPicture(avatar)))
	upload(one+"/header", in(h.setPicture(header)))
	show(one+"/delete", in(h.askDeleteAccount))
	post(one+"/delete", in(h.deleteAccount))
}

// ourAccount is an account of the company, as one of its people looks at it.
type ourAccount struct {
	*social.Account
	role people.Role // of the visitor; "" is none
}

// ourAccount reads the account in the path; one of another company, or of elsewhere, is not
// there.
func (h *Handlers) ourAccount(c echo.Context, v *visitor) (out ourAccount, err error) {
	id, ok := ids.Parse(c.Param("account"))
	if !ok {
		return out, web.ErrNotFound
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		if out.Account, err = store.AccountByID(ctx, scope, social.AccountID(id)); err != nil {
			return err
		}
		if !out.IsLocal() {
			return web.ErrNotFound
		}
		if out.role, err = people.RoleOf(ctx, scope, out.ID, v.person.ID); fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	return out, err
}

// mayManage: whoever looks after the company's accounts, and an owner of this one.
func (v *visitor) mayManage(a ourAccount) error {
	if v.tenant.State != tenant.Active {
		return errNotActive
	}
	if access.Allow(a.role, access.Manage) == nil {
		return nil
	}
	return v.may(access.ManageAccounts)
}

// profile is GET …/accounts/:account/profile.
func (h *Handlers) profile(c echo.Context, v *visitor) error {
	a, err := h.ourAccount(c, v)
	if err != nil {
		return err
	}
	view, err := h.profileView(c, v, a)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderProfile, view))
}

func (h *Handlers) profileView(c echo.Context, v *visitor, a ourAccount) (ProfileView, error) {
	here := h.accountURL(v.tenant, a.Account)
	view := ProfileView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Account: h.accountView(v.tenant, a.Account, a.role), BackURL: h.roomURL(v.tenant), AppsURL: here,
		PublicURL: v.tenant.URL("/@" + a.Username), DisplayName: a.DisplayName, Note: a.NoteSource, IsLocked: a.Locked, IsListed: a.Discoverable, IsBot: a.IsBot(),
		AvatarAlt: a.AvatarAlt, HeaderAlt: a.HeaderAlt, HasAvatar: a.AvatarKey != "", MayEdit: v.mayManage(a) == nil,
		Take: h.takeFiles(v, a),
	}
	if a.HeaderKey != "" {
		view.HeaderURL = h.Media.Header(v.tenant.ID, a.Account)
	}
	for _, f := range a.Fields {
		view.Fields = append(view.Fields, ProfileField{Name: f.Name, Value: f.Source, IsVerified: f.VerifiedAt != nil})
	}
	if view.MayEdit {
		view.Action, view.AvatarAction, view.HeaderAction = here+"/profile", here+"/avatar", here+"/header"
		for len(view.Fields) < account.MaxFields {
			view.Fields = append(view.Fields, ProfileField{})
		}
	}
	if v.mayChange(access.ManageAccounts) == nil {
		view.DeleteURL, view.HandleURL, view.KeysURL = here+"/delete", here+"/handle", here+"/keys"
	}
	var operators []people.Operator
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		operators, err = people.OperatorsOf(ctx, scope, a.ID)
		return err
	})
	if err != nil {
		return view, err
	}
	list := make([]social.PersonID, len(operators))
	for i, o := range operators {
		list[i] = o.Person
	}
	names, err := h.People.ByIDs(c.Request().Context(), list)
	for _, o := range operators {
		if p := names[o.Person]; p != nil {
			view.Operators = append(view.Operators, Member{Person: personView(p), Role: Role(o.Role), URL: h.personURL(v.tenant, o.Person)})
		}
	}
	return view, err
}

// setProfile is POST …/accounts/:account/profile.
func (h *Handlers) setProfile(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	a, err := h.ourAccount(c, v)
	if err != nil {
		return err
	}
	if err := v.mayManage(a); err != nil {
		return err
	}
	ch, typed := profileIn(in, a.ActorType)
	err = h.updateAccount(c, v, a, ch, "account.profile")
	if fault.CodeOf(err) != fault.Invalid && !entitled.IsNo(err) {
		return h.afterProfile(c, v, a, err)
	}
	view, viewErr := h.profileView(c, v, a)
	if viewErr != nil {
		return viewErr
	}
	view.DisplayName, view.Note, view.Fields = *ch.DisplayName, *ch.Note, typed
	view.IsLocked, view.IsListed, view.IsBot = *ch.Locked, *ch.Discoverable, in.Get("bot") != ""
	view.FormError = strings.TrimPrefix(fault.TextOf(err), "Validation failed: ")
	return web.HTML(c, web.StatusOf(err), writer(RenderProfile, view))
}

func (h *Handlers) afterProfile(c echo.Context, v *visitor, a ourAccount, err error) error {
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.accountURL(v.tenant, a.Account)+"/profile")
}

// profileIn reads the form. Check boxes that are not there are not ticked.
func profileIn(in url.Values, actorType string) (account.Changes, []ProfileField) {
	text := func(name string) *string {
		value := strings.ReplaceAll(in.Get(name), "\r\n", "\n")
		return &value
	}
	ticked := func(name string) *bool { is := in.Get(name) != ""; return &is }
	fields, typed := []social.Field{}, []ProfileField{}
	for i := range account.MaxFields {
		f := ProfileField{Name: *text(fmt.Sprint("field_name_", i)), Value: *text(fmt.Sprint("field_value_", i))}
		fields, typed = append(fields, social.Field{Name: f.Name, Source: f.Value}), append(typed, f)
	}
	return account.Changes{
		DisplayName: text("display_name"), Note: text("note"), Fields: &fields, Locked: ticked("locked"), Discoverable: ticked("discoverable"),
		ActorType: account.AsBot(actorType, in.Get("bot") != ""),
	}, typed
}

// updateAccount changes a profile by the rule that apps change it by, so that followers
// elsewhere hear of it, and records it.
func (h *Handlers) updateAccount(c echo.Context, v *visitor, a ourAccount, ch account.Changes, action string) error {
	return h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		if _, err := h.Accounts.Update(ctx, scope, v.tenant, a.ID, ch); err != nil {
			return err
		}
		if ch.Locked != nil && !*ch.Locked {
			if err := h.Relate.AcceptAll(ctx, scope, a.ID); err != nil {
				return err
			}
		}
		return audit.Append(ctx, scope, h.accountEntry(c, v, a.Account, action))
	})
}

func (h *Handlers) accountEntry(c echo.Context, v *visitor, a *social.Account, action string) audit.Entry {
	return audit.Entry{
		Actor: v.actor(c), Action: action, Target: "account:" + ids.Format(int64(a.ID)), Detail: map[string]string{"account": "@" + a.Username},
	}
}

// which picture of a profile.
type which bool

const (
	avatar which = false
	header which = true
)

// setPicture is POST …/avatar and …/header: a new picture, another description, or none.
func (h *Handlers) setPicture(w which) handler {
	return func(c echo.Context, v *visitor) error {
		in, file, err := web.SignedUpload(c, v.session)
		if err != nil {
			return err
		}
		a, err := h.ourAccount(c, v)
		if err != nil {
			return err
		}
		if err := v.mayManage(a); err != nil {
			return err
		}
		err = h.changePicture(c, v, a, w, in, file)
		switch fault.CodeOf(err) {
		case fault.Invalid, fault.TooLarge, fault.TooMany:
		default:
			return h.afterProfile(c, v, a, err)
		}
		view, viewErr := h.profileView(c, v, a)
		if viewErr != nil {
			return viewErr
		}
		reason := strings.TrimPrefix(fault.TextOf(err), "Validation failed: ")
		if w == header {
			view.HeaderError, view.HeaderAlt = reason, in.Get("alt")
		} else {
			view.AvatarError, view.AvatarAlt = reason, in.Get("alt")
		}
		return web.HTML(c, web.StatusOf(err), writer(RenderProfile, view))
	}
}

func (h *Handlers) changePicture(c echo.Context, v *visitor, a ourAccount, w which, in url.Values, file []byte) error {
	key, alt, add := (*string)(nil), in.Get("alt"), h.Files.AddAvatar
	if w == header {
		add = h.Files.AddHeader
	}
	switch {
	case in.Get("remove") != "":
		key, alt = new(string), ""
	case file != nil:
		if !h.Limiter.Take(limit.Media, "console/"+ids.Format(int64(v.person.ID))).OK {
			return fault.New(fault.TooMany, "Many pictures were sent just now. Wait some minutes.")
		}
		made, err := add(c.Request().Context(), v.tenant, file)
		if err != nil {
			return err
		}
		key = &made
	}
	ch := account.Changes{AvatarKey: key, AvatarAlt: &alt}
	if w == header {
		ch = account.Changes{HeaderKey: key, HeaderAlt: &alt}
	}
	return h.updateAccount(c, v, a, ch, "account.picture")
}

// askDeleteAccount is GET …/accounts/:account/delete.
func (h *Handlers) askDeleteAccount(c echo.Context, v *visitor) error {
	a, err := h.ourAccount(c, v)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManageAccounts); err != nil {
		return err
	}
	view, err := h.deleteView(c, v, a)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderDeleteAccount, view))
}

func (h *Handlers) deleteView(c echo.Context, v *visitor, a ourAccount) (DeleteAccountView, error) {
	here := h.accountURL(v.tenant, a.Account)
	view := DeleteAccountView{
		Shell: h.shell(v), Token: access.CSRF(v.session), Account: h.accountView(v.tenant, a.Account, a.role), Name: a.Username, Action: here + "/delete", CancelURL: here + "/profile",
	}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		goes, err := store.FootprintOf(ctx, scope, a.ID)
		if err == nil {
			view.Posts, view.Followers, view.Apps = int(goes.Posts), int(goes.Followers), int(goes.Tokens)
		}
		return err
	})
	return view, err
}

// deleteAccount is POST …/accounts/:account/delete: the typed name is the confirmation.
func (h *Handlers) deleteAccount(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	a, err := h.ourAccount(c, v)
	if err != nil {
		return err
	}
	if err := v.mayChange(access.ManageAccounts); err != nil {
		return err
	}
	typed := strings.TrimSpace(in.Get("name"))
	name, _, _ := strings.Cut(strings.TrimPrefix(typed, "@"), "@")
	if !strings.EqualFold(name, a.Username) {
		view, err := h.deleteView(c, v, a)
		if err != nil {
			return err
		}
		view.Typed, view.Error = typed, "This is not its name. Type "+a.Username+" to delete it."
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderDeleteAccount, view))
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		if _, err := account.Delete(ctx, scope, v.tenant, a.ID); err != nil {
			return err
		}
		return audit.Append(ctx, scope, h.accountEntry(c, v, a.Account, "account.delete"))
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(v.tenant))
}
