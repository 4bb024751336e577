package console

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/plan"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// What the buttons of the composer say.
const (
	actDraft  = "draft"
	actSave   = "save"
	actSend   = "send"
	actAttach = "attach"
)

func (h *Handlers) isOpen(v *visitor) bool { return v.tenant.State == tenant.Active }

// composeNew is GET /tenants/:id/publish/new.
func (h *Handlers) composeNew(c echo.Context, v *visitor) error {
	if !h.isOpen(v) {
		return errPublishState
	}
	var f PublishForm
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		vs, err := h.voices(ctx, scope, v)
		if err != nil {
			return err
		}
		if f = h.composer(v, vs); len(f.Accounts) == 0 {
			return access.Allow("", access.Draft)
		}
		if f.Account = c.QueryParam("account"); f.Account == "" {
			f.Account = f.Accounts[0].ID
		}
		f.Zone, err = store.ZoneOfPerson(ctx, scope, vs.ids(), v.person.ID)
		if fault.IsNotFound(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderCompose, f))
}

// composeAdd is POST /tenants/:id/publish.
func (h *Handlers) composeAdd(c echo.Context, v *visitor) error {
	return h.compose(c, v, nil)
}

// composeOpen is GET …/publish/:plan: a plan as a form, and where it waits, the decision.
func (h *Handlers) composeOpen(c echo.Context, v *visitor) error {
	f, _, err := h.openForm(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderCompose, *f))
}

// openForm is the form of the plan in the path.
func (h *Handlers) openForm(c echo.Context, v *visitor) (*PublishForm, *social.Plan, error) {
	id, ok := ids.Parse(c.Param("plan"))
	if !ok {
		return nil, nil, web.ErrNotFound
	}
	var f PublishForm
	l := &planList{}
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		p, err := store.PlanByID(ctx, scope, social.PlanID(id))
		if err != nil {
			return err
		}
		if l.voices, err = h.voices(ctx, scope, v); err != nil {
			return err
		}
		if l.plans = []*social.Plan{p}; !h.mayOpen(v, l.voices, p) {
			return web.ErrNotFound
		}
		if err := l.readMedia(ctx, scope); err != nil {
			return err
		}
		f = h.composer(v, l.voices)
		f.fillFrom(p)
		f.Files = h.planFiles(v, l.media[p.ID])
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	p := l.plans[0]
	cards, err := h.planCards(c, v, l)
	if err != nil {
		return nil, nil, err
	}
	f.Card, f.Action = &cards[0], h.planURL(v.tenant, p.ID)
	f.MayPost = mayPost(l.voices.of(p.AccountID))
	f.NeedsApproval = !f.MayPost
	f.IsDecision = p.State == social.PlanWaiting && f.MayPost
	if p.State != social.PlanPublished {
		f.DiscardURL = f.Action + "/discard"
	}
	return &f, p, nil
}

// composeChange is POST …/publish/:plan.
func (h *Handlers) composeChange(c echo.Context, v *visitor) error {
	_, p, err := h.openForm(c, v)
	if err != nil {
		return err
	}
	return h.compose(c, v, p)
}

// compose takes a form in: for a new plan, or for one that is there.
func (h *Handlers) compose(c echo.Context, v *visitor, p *social.Plan) error {
	values, file, err := web.SignedUpload(c, v.session)
	if err != nil {
		return err
	}
	if !h.isOpen(v) {
		return errPublishState
	}
	f, err := h.formFor(c, v, p)
	if err != nil {
		return err
	}
	in := readComposed(values, f)
	if p != nil {
		in.account, f.Account = p.AccountID, ids.Format(int64(p.AccountID))
	}
	if in.act == "" {
		in.act = actSend
	}
	if f.ZoneError == "" && f.DateError == "" {
		err = h.attachFile(c, v, file, f, &in)
	}
	var made *plan.Made
	if err == nil && f.ZoneError == "" && f.DateError == "" && in.act != actAttach {
		made, err = h.storeComposed(c, v, p, in)
	}
	if made != nil && err == nil {
		return c.Redirect(http.StatusSeeOther, h.afterComposing(v, made))
	}
	if err != nil && !f.complain(err) {
		return err
	}
	showErr := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return h.showFiles(ctx, scope, v, f, in.account, in.words.MediaIDs, in.alts)
	})
	if showErr != nil {
		return showErr
	}
	code := http.StatusOK
	if err != nil {
		code = web.StatusOf(err)
	} else if f.ZoneError != "" || f.DateError != "" {
		code = http.StatusUnprocessableEntity
	}
	return web.HTML(c, code, writer(RenderCompose, *f))
}

func (h *Handlers) formFor(c echo.Context, v *visitor, p *social.Plan) (*PublishForm, error) {
	if p != nil {
		f, _, err := h.openForm(c, v)
		return f, err
	}
	var f PublishForm
	err := h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		vs, err := h.voices(ctx, scope, v)
		f = h.composer(v, vs)
		return err
	})
	return &f, err
}

// attachFile stores a picture that came with the form, through the rules of uploads.
func (h *Handlers) attachFile(c echo.Context, v *visitor, file []byte, f *PublishForm, in *composed) error {
	if len(file) == 0 {
		if in.act == actAttach && len(in.words.MediaIDs) == len(f.Files) {
			f.FileError = "Choose a picture first."
		}
		return nil
	}
	m, err := h.addPicture(c, v, in.account, media.Upload{Bytes: file, Description: f.NewAlt}, len(in.words.MediaIDs))
	if err != nil {
		if fault.CodeOf(err) == fault.Invalid || fault.CodeOf(err) == fault.TooLarge {
			f.FileError = fault.TextOf(err)
		}
		return err
	}
	in.words.MediaIDs, in.alts[m.ID], f.NewAlt = append(in.words.MediaIDs, m.ID), m.Description, ""
	return nil
}

func (h *Handlers) storeComposed(c echo.Context, v *visitor, p *social.Plan, in composed) (made *plan.Made, err error) {
	intent := map[string]plan.Intent{actDraft: plan.Keep, actSave: plan.Save, actSend: plan.Send}[in.act]
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		if p == nil {
			if made, err = h.plans.Add(ctx, scope, v.tenant, in.account, v.acting(c), in.words, intent, in.key); err != nil {
				return err
			}
		} else if made, err = h.plans.Change(ctx, scope, v.tenant, v.acting(c), p.ID, in.words, intent, in.seen); err != nil {
			return err
		}
		return h.describe(ctx, scope, c, v, in.account, made, in.words.MediaIDs, in.alts)
	})
	return made, err
}

// afterComposing is the list that has what was made.
func (h *Handlers) afterComposing(v *visitor, made *plan.Made) string {
	list := listSent
	if made.Status == nil && made.Plan != nil {
		for name, state := range stateOfList {
			if state == made.Plan.State {
				list = name
			}
		}
	}
	return h.publishURL(v.tenant) + "?list=" + list
}

// planForm reads a form about the plan of the path.
func (h *Handlers) planForm(c echo.Context, v *visitor) (id social.PlanID, reason, seen string, err error) {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return 0, "", "", err
	}
	number, ok := ids.Parse(c.Param("plan"))
	switch {
	case !ok:
		return 0, "", "", web.ErrNotFound
	case !h.isOpen(v):
		return 0, "", "", errPublishState
	}
	return social.PlanID(number), in.Get("reason"), in.Get("seen"), nil
}

// approvePlan is POST …/approve: as it is.
func (h *Handlers) approvePlan(c echo.Context, v *visitor) error {
	id, _, seen, err := h.planForm(c, v)
	if err != nil {
		return err
	}
	var made *plan.Made
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		made, err = h.plans.Approve(ctx, scope, v.tenant, v.acting(c), id, nil, versionOf(seen))
		return err
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, h.afterComposing(v, made))
	}
	var p *social.Plan
	if made != nil {
		p = made.Plan
	}
	return h.undecided(c, v, p, err, "")
}

// declinePlan is POST …/decline.
func (h *Handlers) declinePlan(c echo.Context, v *visitor) error {
	id, reason, seen, err := h.planForm(c, v)
	if err != nil {
		return err
	}
	var p *social.Plan
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) (err error) {
		p, err = h.plans.Decline(ctx, scope, v.tenant, v.acting(c), id, reason, versionOf(seen))
		return err
	})
	if err == nil {
		return c.Redirect(http.StatusSeeOther, h.publishURL(v.tenant)+"?list="+listDeclined)
	}
	return h.undecided(c, v, p, err, reason)
}

// undecided shows why a decision did not come about: who was faster, what has changed, or
// what is missing.
func (h *Handlers) undecided(c echo.Context, v *visitor, p *social.Plan, err error, reason string) error {
	if errors.Is(err, plan.ErrDecided) && p != nil {
		names, nameErr := h.namesOf(c.Request().Context(), &planList{plans: []*social.Plan{p}})
		if nameErr != nil {
			return nameErr
		}
		out := PublishDecided{Shell: h.shell(v), BackURL: h.publishURL(v.tenant) + "?list=" + listWaiting, Who: names[p.DecidedBy], State: planStateOf(p), Reason: p.Reason}
		if p.DecidedAt != nil {
			out.At = *p.DecidedAt
		}
		out.IsMe = p.DecidedBy == v.person.ID
		return web.HTML(c, http.StatusConflict, writer(RenderDecided, out))
	}
	code := fault.CodeOf(err)
	if code != fault.Conflict && code != fault.Invalid {
		return err
	}
	f, _, formErr := h.openForm(c, v)
	if formErr != nil {
		return formErr
	}
	if f.complain(err); code == fault.Invalid && reason == "" || len(reason) > plan.MostReason {
		f.ReasonError, f.FormError = f.FormError, ""
	}
	f.Declining = reason
	return web.HTML(c, web.StatusOf(err), writer(RenderCompose, *f))
}

// askDiscard is GET …/discard.
func (h *Handlers) askDiscard(c echo.Context, v *visitor) error {
	f, _, err := h.openForm(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderDiscard, *f))
}

// discardPlan is POST …/discard.
func (h *Handlers) discardPlan(c echo.Context, v *visitor) error {
	id, _, _, err := h.planForm(c, v)
	if err != nil {
		return err
	}
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		return h.plans.Remove(ctx, scope, v.tenant, v.acting(c), id)
	})
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.publishURL(v.tenant))
}
