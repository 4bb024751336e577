package site

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

const (
	sayWrongOld = "This is not the password you have now. Check it and try again."
	sayNotTwice = "This differs from the password above. Type the same one twice."
	saySameNew  = "This is the password you have now. Think of another one."
)

// password is GET /settings/password.
func (h *Handlers) password(c echo.Context, v *visitor) error {
	out := h.passwordView(c, v)
	out.IsChanged = access.CheckCSRF(proofSession(v.session, "changed", "password"), c.QueryParam("proof")) == nil
	return web.HTML(c, http.StatusOK, writer(RenderPassword, out))
}

func (h *Handlers) passwordView(c echo.Context, v *visitor) PasswordView {
	return PasswordView{Tenant: h.view(c), Action: passwordPath, Token: access.CSRF(v.session), Mail: v.person.Email}
}

// changePassword is POST /settings/password. The old password is asked for, and tries
// are counted as those at the door are: an open browser must not be enough to take a
// login over. Every session ends with the old password; this browser gets a new one.
func (h *Handlers) changePassword(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	ctx, entrance, out := c.Request().Context(), h.entrance(c), h.passwordView(c, v)
	wanted := in.Get("new_password")
	switch {
	case wanted != in.Get("new_password_again"):
		out.AgainError = sayNotTwice
	case wanted == in.Get("old_password"):
		out.NewError = saySameNew
	default:
		attempt := web.Attempt{From: hostroute.ClientIP(c), Mail: v.person.Email, Password: in.Get("old_password")}
		if _, out.Problem, err = entrance.Door.Enter(ctx, attempt); err != nil {
			return err
		}
		if out.Problem == assets.Mismatch {
			out.Problem, out.OldError = assets.NoProblem, sayWrongOld
		}
	}
	if out.isRefused() {
		return showPassword(c, out)
	}
	err = h.People.ChangePassword(ctx, v.person.ID, wanted, v.person.Actor(hostroute.ClientIP(c).String()))
	if fault.CodeOf(err) == fault.Invalid {
		out.NewError = fault.TextOf(err)
		return showPassword(c, out)
	}
	if err != nil {
		return err
	}
	session, err := entrance.Renew(c, v.person.ID, v.session.Factors)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, proven(session, passwordPath, "changed", "password"))
}

func (v PasswordView) isRefused() bool {
	return v.Problem != assets.NoProblem || v.OldError != "" || v.NewError != "" || v.AgainError != ""
}

func showPassword(c echo.Context, v PasswordView) error {
	status := web.StatusOfProblem(v.Problem)
	if v.Problem == assets.NoProblem {
		status = http.StatusUnprocessableEntity
	}
	return web.HTML(c, status, writer(RenderPassword, v))
}
