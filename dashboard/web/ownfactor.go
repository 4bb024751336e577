package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/factor"
)

var errStronger = fault.New(fault.Forbidden, "You have a passkey for this host. Sign out, sign in with it, and add another factor then.")

// sayBySSO is also for those who have no password yet: "Forgot your password?" makes one.
const sayBySSO = "You came in by your company’s own login. To change this, sign in with your password first; if you have none, ask for one under “Forgot your password?”."

var errBySSO = fault.New(fault.Forbidden, "You came in by your company's own login, which looks after second factors itself. To add one here, sign in with your password first.")

// mayEnrol refuses a new factor to somebody who was not asked for the one there is: a stolen
// password must not be enough to add one. Nor is a browser that was left open: see fresh.go.
func (o Own) mayEnrol(c echo.Context, self *Self, within time.Duration) error {
	if self.Session.ViaSSO { // a company's provider speaks for its company, not for a login of several
		return errBySSO
	}
	if !self.isFresh(within) {
		return errNotFresh
	}
	if self.Session.Factors > 1 {
		return nil
	}
	has, err := o.Factors.Of(c.Request().Context(), self.Person.ID, o.passkeys().ID)
	if err == nil && has.HasAny() {
		return errStronger
	}
	return err
}

// authenticator is GET …/authenticator.
func (o Own) authenticator(c echo.Context, self *Self) error {
	return o.showAuthenticator(c, self, "")
}

func (o Own) showAuthenticator(c echo.Context, self *Self, problem string) error {
	within := freshFor
	if problem != "" {
		within += finishIn
	}
	setup, err := o.setup(c, self, within)
	if errors.Is(err, errNotFresh) {
		return o.showAgain(c, self, "authenticator", "", http.StatusOK)
	}
	if fault.CodeOf(err) == fault.Conflict { // it is turned on already
		return c.Redirect(http.StatusSeeOther, o.OwnPath)
	}
	if err != nil {
		return err
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return o.Show(c, self, status, OwnPage{Title: "Set up an authenticator app", Authenticator: &assets.Authenticator{
		Base: o.OwnPath, Token: access.CSRF(self.Session), Secret: setup.Secret, PictureURL: o.OwnPath + "/authenticator/qr.png", CodeError: problem,
	}})
}

func (o Own) setup(c echo.Context, self *Self, within time.Duration) (*factor.Setup, error) {
	if err := o.mayEnrol(c, self, within); err != nil {
		return nil, err
	}
	return o.Factors.SetUp(c.Request().Context(), self.Person.ID, self.Session.Hash, o.Name, self.Person.Email)
}

// picture is GET …/authenticator/qr.png: the pages' policy allows no picture within a page's
// own text, and the key belongs into no address.
func (o Own) picture(c echo.Context, self *Self) error {
	setup, err := o.setup(c, self, freshFor+finishIn)
	if err != nil {
		return err
	}
	data, err := setup.Picture()
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "image/png", data)
}

// confirmTOTP is POST …/authenticator.
func (o Own) confirmTOTP(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	if err := o.mayEnrol(c, self, freshFor+finishIn); err != nil {
		return o.stale(c, self, "authenticator", err)
	}
	ctx := c.Request().Context()
	codes, err := o.Factors.Confirm(ctx, self.Person.ID, self.Session.Hash, in.Get("code"), self.actor(c))
	if errors.Is(err, factor.ErrCode) {
		return o.showAuthenticator(c, self, "This code does not fit. Check that the clock of your phone is right, and enter the newest code.")
	}
	if err != nil {
		return err
	}
	if err := o.strengthen(c, self); err != nil {
		return err
	}
	return o.Show(c, self, http.StatusOK, OwnPage{Title: "Your recovery codes", Codes: &assets.Codes{Base: o.OwnPath, Codes: codes, IsNew: true, Next: o.OwnPath}})
}

// stale asks who took too long for the password; other errors stay what they are.
func (o Own) stale(c echo.Context, self *Self, next string, err error) error {
	if !errors.Is(err, errNotFresh) {
		return err
	}
	return o.showAgain(c, self, next, "", http.StatusForbidden)
}

// strengthen is what follows a new factor: this browser has just shown it, the others, which
// signed in without, sign in again.
func (o Own) strengthen(c echo.Context, self *Self) error {
	ctx := c.Request().Context()
	if err := o.Sessions.Prove(ctx, self.Session); err != nil {
		return err
	}
	self.Session.Factors, self.IsBound = 2, false
	return o.Judge.EndOthers(ctx, self.Session)
}

// removeTOTP is POST …/authenticator/remove.
func (o Own) removeTOTP(c echo.Context, self *Self) error {
	return o.asked(c, self, func(in inForm) error {
		if err := o.Factors.Remove(c.Request().Context(), self.Person.ID, self.actor(c)); err != nil {
			return err
		}
		return o.done(c, self.Session, assets.DoneTOTPOff)
	}, func(problem string) assets.Own { return assets.Own{FactorError: problem} })
}

// newCodes is POST …/codes.
func (o Own) newCodes(c echo.Context, self *Self) error {
	return o.asked(c, self, func(inForm) error {
		codes, err := o.Factors.NewCodes(c.Request().Context(), self.Person.ID, self.actor(c))
		if err != nil {
			return err
		}
		return o.Show(c, self, http.StatusOK, OwnPage{Title: "Your recovery codes", Codes: &assets.Codes{Base: o.OwnPath, Codes: codes, Next: o.OwnPath}})
	}, func(problem string) assets.Own { return assets.Own{FactorError: problem} })
}

type inForm interface{ Get(string) string }

// asked runs fn for a form that came with the right password, and shows the page with what
// was wrong otherwise.
func (o Own) asked(c echo.Context, self *Self, fn func(inForm) error, with func(problem string) assets.Own) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	problem, err := o.knows(c, self, in)
	if err != nil {
		return err
	}
	if problem != "" {
		return o.showOverview(c, self, with(problem))
	}
	return fn(in)
}

// beginEnrol is POST …/passkeys/begin, by the script.
func (o Own) beginEnrol(c echo.Context, self *Self) error {
	if _, err := SignedForm(c, self.Session); err != nil {
		return err
	}
	if err := o.mayEnrol(c, self, freshFor); err != nil {
		return err
	}
	ceremony, err := o.Factors.Enrol(c.Request().Context(), o.passkeys(), self.Person)
	if err != nil {
		return err
	}
	return answerCeremony(c, ceremony)
}

// addPasskey is POST …/passkeys.
func (o Own) addPasskey(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	if err := o.mayEnrol(c, self, freshFor+finishIn); err != nil {
		return o.stale(c, self, "", err)
	}
	err = o.Factors.Add(c.Request().Context(), o.passkeys(), self.Person, in.Get("secret"), in.Get("answer"), in.Get("name"), self.actor(c))
	switch fault.CodeOf(err) {
	case "":
	case fault.Invalid, fault.Conflict:
		return o.showOverview(c, self, assets.Own{PasskeyError: fault.TextOf(err)})
	default:
		return err
	}
	// The device verified its user: this browser has shown two factors.
	if err := o.Sessions.Prove(c.Request().Context(), self.Session); err != nil {
		return err
	}
	if next := access.SafeNext(in.Get("next"), ""); next != "" {
		return c.Redirect(http.StatusSeeOther, next)
	}
	return o.done(c, self.Session, assets.DonePasskey)
}

// renamePasskey is POST …/passkeys/rename.
func (o Own) renamePasskey(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	err = o.Factors.RenamePasskey(c.Request().Context(), o.passkeys(), self.Person.ID, in.Get("id"), in.Get("name"))
	if fault.CodeOf(err) == fault.Invalid {
		return o.showOverview(c, self, assets.Own{PasskeyError: fault.TextOf(err)})
	}
	if err != nil {
		return err
	}
	return o.done(c, self.Session, assets.DoneRenamed)
}

// removePasskey is POST …/passkeys/remove.
func (o Own) removePasskey(c echo.Context, self *Self) error {
	return o.asked(c, self, func(in inForm) error {
		if err := o.Factors.RemovePasskey(c.Request().Context(), o.passkeys(), self.Person.ID, in.Get("id"), self.actor(c)); err != nil {
			return err
		}
		return o.done(c, self.Session, assets.DoneRemoved)
	}, func(problem string) assets.Own { return assets.Own{PasskeyError: problem} })
}

// offer is GET …/offer: whether to add a passkey, asked after the first sign-in on a host.
func (o Own) offer(c echo.Context, self *Self) error {
	next := access.SafeNext(c.QueryParam("next"), o.Home)
	if !self.isFresh(freshFor) { // an old page: the question comes after signing in
		return c.Redirect(http.StatusSeeOther, next)
	}
	Secure(c, assets.PolicyLive)
	return o.Show(c, self, http.StatusOK, OwnPage{Title: "Sign in without a password next time?", Offer: &assets.Gate{
		Kind: assets.GateOffer, Action: o.OwnPath + "/passkeys", BeginURL: o.OwnPath + "/passkeys/begin", Token: access.CSRF(self.Session), Next: next, BackURL: next,
		Name: Device(c.Request().UserAgent()),
	}})
}

// endSession is POST …/sessions/end.
func (o Own) endSession(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	hash, err := base64.RawURLEncoding.DecodeString(in.Get("id"))
	if err != nil {
		return ErrNotFound
	}
	ctx := c.Request().Context()
	mine, err := o.Sessions.Of(ctx, self.Person.ID)
	if err != nil {
		return err
	}
	for _, s := range mine { // nobody else's: the id comes from a form
		if string(s.Hash) == string(hash) {
			if err := o.Sessions.End(ctx, s.Hash); err != nil {
				return err
			}
			return o.done(c, self.Session, assets.DoneEnded)
		}
	}
	return ErrNotFound
}

// endOthers is POST …/sessions/end-others: on all hosts, since one login opens all of them.
func (o Own) endOthers(c echo.Context, self *Self) error {
	if _, err := SignedForm(c, self.Session); err != nil {
		return err
	}
	if err := o.Judge.EndOthers(c.Request().Context(), self.Session); err != nil {
		return err
	}
	return o.done(c, self.Session, assets.DoneOthers)
}

// revoke is POST …/revoke: everything ends, this browser's session too.
func (o Own) revoke(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	if in.Get("sure") == "" {
		return fault.New(fault.Invalid, "Tick the box to say that you want to end all access.")
	}
	if err := o.People.EndAccess(c.Request().Context(), self.Person.ID, self.actor(c)); err != nil {
		return err
	}
	o.Cookie.Clear(c.Response(), o.Scheme)
	return c.Redirect(http.StatusSeeOther, o.Path+"?signed_out=1")
}
