package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/web"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/deletion"
)

var errEndCompany = fault.New(fault.Forbidden, "Only owners delete a company, and take that back.")

// registerEnding puts the end of a company on the console.
func (h *Handlers) registerEnding(show, post func(string, echo.HandlerFunc)) {
	owned := func(next handler) echo.HandlerFunc {
		return h.signedIn(h.inRoom(func(c echo.Context, v *visitor) error {
			if v.may(access.EndCompany) != nil {
				return errEndCompany
			}
			return next(c, v)
		}))
	}
	show("/tenants/:id/deletion", owned(h.ending))
	post("/tenants/:id/deletion", owned(h.beginEnd))
	post("/tenants/:id/deletion/undo", owned(h.undoEnd))
}

func (h *Handlers) endingURL(t *tenant.Tenant) string { return h.roomURL(t) + "/deletion" }

// ending is GET /tenants/:id/deletion: what goes, when, and the way back.
func (h *Handlers) ending(c echo.Context, v *visitor) error {
	view, err := h.endingView(c, v)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderEnding, view))
}

func (h *Handlers) endingView(c echo.Context, v *visitor) (EndingView, error) {
	ctx := c.Request().Context()
	view := EndingView{Shell: h.shell(v), Token: access.CSRF(v.session), CancelURL: h.roomURL(v.tenant), Days: int(deletion.UndoFor / (24 * time.Hour))}
	state, err := h.Deletion.Of(ctx, v.tenant.ID)
	if err != nil {
		return view, err
	}
	switch state.State {
	case tenant.Deleting:
		view.Until = state.DeleteAt
		isOurs, err := h.isBegunByPerson(c, v)
		if isOurs {
			view.UndoAction = h.endingURL(v.tenant) + "/undo"
		}
		return view, err
	case tenant.Active:
		view.Action = h.endingURL(v.tenant)
	default:
		return view, nil
	}
	goes, err := h.Deletion.Preview(ctx, v.tenant.ID)
	if err != nil {
		return view, err
	}
	view.Accounts, view.Posts, view.Files, view.Followers, view.People = int(goes.Accounts), int(goes.Posts), int(goes.Files), int(goes.Followers), int(goes.Persons)
	claims, err := h.Domains.List(ctx, v.tenant.ID)
	for _, d := range claims {
		if d.State != tenant.DomainReleased {
			view.Names = append(view.Names, d.DisplayName)
		}
	}
	return view, err
}

// isBegunByPerson: what whoever runs the platform began is theirs to take back.
func (h *Handlers) isBegunByPerson(c echo.Context, v *visitor) (is bool, err error) {
	err = h.inScope(c, v, func(ctx context.Context, scope *pg.Scope) error {
		begun, err := store.AuditEntries(ctx, scope, store.AuditFilter{Action: "tenant.delete", Limit: 1})
		is = len(begun) > 0 && begun[0].ActorKind == string(audit.Person)
		return err
	})
	return is, err
}

// beginEnd is POST /tenants/:id/deletion: the typed name is the confirmation.
func (h *Handlers) beginEnd(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	if v.tenant.State != tenant.Active {
		return fault.New(fault.Conflict, "A company is deleted from here while it is active, and once.")
	}
	if typed := strings.TrimSpace(in.Get("name")); !strings.EqualFold(typed, strings.TrimSpace(v.tenant.Name)) {
		view, err := h.endingView(c, v)
		if err != nil {
			return err
		}
		view.Typed, view.Error = typed, "This is not the name. Type "+v.tenant.Name+" to delete it."
		return web.HTML(c, http.StatusUnprocessableEntity, writer(RenderEnding, view))
	}
	if _, err := h.Deletion.Begin(c.Request().Context(), v.actor(c), v.tenant.ID, deletion.UndoFor); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.endingURL(v.tenant))
}

// undoEnd is POST /tenants/:id/deletion/undo.
func (h *Handlers) undoEnd(c echo.Context, v *visitor) error {
	if _, err := web.SignedForm(c, v.session); err != nil {
		return err
	}
	if err := h.Deletion.Undo(c.Request().Context(), v.actor(c), v.tenant.ID); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, h.roomURL(v.tenant))
}
