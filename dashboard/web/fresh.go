package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/tenant/access"
)

// A browser that was left open must not be enough to add a factor of one's own to somebody
// else's login: who signed in a while ago types the password again, as for changing it.

const (
	againPath = "/again"
	// freshFor is how long signing in counts, finishIn how much longer for who has begun.
	freshFor = 10 * time.Minute
	finishIn = 10 * time.Minute
)

var errNotFresh = fault.New(fault.Forbidden, "You signed in a while ago. Type your password again under “You and your security”, then add the factor.")

// isFresh reports whether somebody has just signed in. Who has no password cannot be asked.
func (s *Self) isFresh(within time.Duration) bool {
	return !s.Person.HasPassword || time.Since(s.Session.CreatedAt) < within || time.Since(s.Session.ProvedAt) < within
}

func (o Own) showAgain(c echo.Context, self *Self, next, problem string, status int) error {
	return o.Show(c, self, status, OwnPage{Title: "Is it still you?", Again: &assets.Again{
		Base: o.OwnPath, Action: o.OwnPath + againPath, Token: access.CSRF(self.Session), Mail: self.Person.Email, Next: next, PasswordError: problem,
	}})
}

// again is POST …/again: with the right password this browser gets a session that has just
// begun, and goes on.
func (o Own) again(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	to := o.OwnPath + "#own-passkeys"
	if in.Get("next") == "authenticator" {
		to = o.OwnPath + "/authenticator"
	}
	problem, err := o.knows(c, self, in)
	if err != nil {
		return err
	}
	if problem != "" {
		return o.showAgain(c, self, in.Get("next"), problem, http.StatusUnprocessableEntity)
	}
	if _, err := o.Renew(c, self.Person.ID, self.Session.Factors); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}
