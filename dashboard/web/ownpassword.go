package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
)

const (
	sayWrongOld = "This is not the password you have now. Check it and try again."
	sayNotTwice = "This differs from the password above. Type the same one twice."
	saySameNew  = "This is the password you have now. Think of another one."
)

// Password is GET of the form for another password.
func (o Own) Password(c echo.Context, self *Self) error {
	return o.showPassword(c, self, assets.OwnPassword{})
}

func (o Own) showPassword(c echo.Context, self *Self, v assets.OwnPassword) error {
	v.Base, v.Action, v.Token, v.Mail, v.HasPassword = o.OwnPath, o.PasswordPath, access.CSRF(self.Session), self.Person.Email, self.Person.HasPassword
	status := StatusOfProblem(v.Problem)
	if v.Problem == assets.NoProblem && (v.OldError != "" || v.NewError != "" || v.AgainError != "") {
		status = http.StatusUnprocessableEntity
	}
	return o.Show(c, self, status, OwnPage{Title: "Change your password", Password: &v})
}

// ChangePassword is POST of it. The old password is asked for, and tries are counted as those
// at the door are: an open browser must not be enough to take a login over. Every session ends
// with the old password; this browser gets a new one.
func (o Own) ChangePassword(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	ctx, wanted := c.Request().Context(), in.Get("new_password")
	var v assets.OwnPassword
	switch {
	case wanted != in.Get("new_password_again"):
		v.AgainError = sayNotTwice
	case wanted == in.Get("old_password"):
		v.NewError = saySameNew
	default:
		attempt := Attempt{From: hostroute.ClientIP(c), Mail: self.Person.Email, Password: in.Get("old_password")}
		if _, v.Problem, err = o.Door.Enter(ctx, attempt); err != nil {
			return err
		}
		if v.Problem == assets.Mismatch {
			v.Problem, v.OldError = assets.NoProblem, sayWrongOld
		}
	}
	if v != (assets.OwnPassword{}) {
		return o.showPassword(c, self, v)
	}
	err = o.People.ChangePassword(ctx, self.Person.ID, wanted, self.actor(c))
	if fault.CodeOf(err) == fault.Invalid {
		v.NewError = fault.TextOf(err)
		return o.showPassword(c, self, v)
	}
	if err != nil {
		return err
	}
	session, err := o.Renew(c, self.Person.ID, self.Session.Factors)
	if err != nil {
		return err
	}
	return o.done(c, session, assets.DonePassword)
}
