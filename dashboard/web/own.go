package web

import (
	"crypto/hmac"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/tenant/access"
	"rookery/tenant/hostroute"
	"rookery/tenant/people"
)

// Own is the pages on which people look after their own login, the same on a tenant's host
// and on the console's. A session that is bound (its company asks for a second factor and it
// has none) gets here and nowhere else.
type Own struct {
	Entrance
	PasswordPath string // of the page that changes the password
	AppsPath     string // "": apps are let in on other hosts
	ForStaff     bool   // the pages stand among the staff's
	// Show answers with a page of this kind around one of the bodies of package assets.
	Show func(c echo.Context, self *Self, status int, p OwnPage) error
}

// OwnPage is a page before the host's frame is put around it. One of the views is set.
type OwnPage struct {
	Title         string
	Own           *assets.Own
	Authenticator *assets.Authenticator
	Again         *assets.Again
	Codes         *assets.Codes
	Password      *assets.OwnPassword
	Offer         *assets.Gate
}

// Self is somebody who is signed in, and may be bound.
type Self struct {
	Session *access.Session
	Person  *people.Person
	IsBound bool
}

func (s *Self) actor(c echo.Context) audit.Actor {
	return s.Person.Actor(hostroute.ClientIP(c).String())
}

// OwnHandler answers one of these pages.
type OwnHandler func(c echo.Context, self *Self) error

// Routes lists the pages below Entrance.OwnPath. Whoever registers them finds out who asks.
func (o Own) Routes() (show, post map[string]OwnHandler) {
	return map[string]OwnHandler{
			"": o.overview, "/authenticator": o.authenticator, "/authenticator/qr.png": o.picture, offerPath: o.offer,
		}, map[string]OwnHandler{
			"/profile": o.setProfile, "/mail": o.askMail,
			"/authenticator": o.confirmTOTP, "/authenticator/remove": o.removeTOTP, "/codes": o.newCodes,
			"/passkeys/begin": o.beginEnrol, "/passkeys": o.addPasskey, "/passkeys/rename": o.renamePasskey, "/passkeys/remove": o.removePasskey,
			"/sessions/end": o.endSession, "/sessions/end-others": o.endOthers, "/revoke": o.revoke, againPath: o.again,
		}
}

// IsForBound reports whether a bound session may use a page below OwnPath: what leads to a
// second factor.
func IsForBound(path string) bool {
	switch path {
	case "", "/authenticator", "/authenticator/qr.png", "/passkeys/begin", "/passkeys", offerPath, againPath:
		return true
	}
	return false
}

// overview is GET of the page itself.
func (o Own) overview(c echo.Context, self *Self) error {
	done := assets.Done(c.QueryParam("done"))
	if !hmac.Equal([]byte(doneProof(self.Session, done)), []byte(c.QueryParam("proof"))) {
		done = assets.NoDone // somebody else's link must not claim that something was done
	}
	return o.showOverview(c, self, assets.Own{Done: done})
}

func doneProof(s *access.Session, done assets.Done) string {
	return access.CSRF(&access.Session{Token: s.Token + " done " + string(done)})
}

// done goes back to the page, which says what was done.
func (o Own) done(c echo.Context, s *access.Session, what assets.Done) error {
	return c.Redirect(http.StatusSeeOther, o.OwnPath+"?"+url.Values{"done": {string(what)}, "proof": {doneProof(s, what)}}.Encode())
}

// showOverview fills what the page shows besides errors and what was typed.
func (o Own) showOverview(c echo.Context, self *Self, v assets.Own) error {
	ctx := c.Request().Context()
	has, err := o.Factors.Of(ctx, self.Person.ID, o.passkeys().ID)
	if err != nil {
		return err
	}
	sessions, err := o.Sessions.Of(ctx, self.Person.ID)
	if err != nil {
		return err
	}
	Secure(c, assets.PolicyLive) // the script of passkeys asks for a challenge
	status := http.StatusOK
	if v.NameError != "" || v.MailError != "" || v.FactorError != "" || v.PasskeyError != "" {
		status = http.StatusUnprocessableEntity
	}
	if v.NameError == "" {
		v.Name, v.Locale = self.Person.Name, self.Person.Locale
	}
	v.Base, v.Token, v.Host, v.Mail = o.OwnPath, access.CSRF(self.Session), o.Host, self.Person.Email
	v.ForStaff, v.IsBound, v.IsFresh, v.HasPassword, v.PasswordURL, v.AppsURL = o.ForStaff, self.IsBound, self.isFresh(freshFor), self.Person.HasPassword, o.PasswordPath, o.AppsPath
	v.HasTOTP, v.Since, v.CodesLeft, v.PasskeyName = has.HasTOTP, has.Since, has.CodesLeft, Device(c.Request().UserAgent())
	for _, k := range has.Passkeys {
		v.Passkeys = append(v.Passkeys, assets.OwnPasskey{ID: k.ID, Name: k.Name, Since: k.Since, LastUsed: k.LastUsed, IsCloned: k.IsCloned})
	}
	for _, s := range sessions {
		v.Sessions = append(v.Sessions, assets.OwnSession{
			ID: base64.RawURLEncoding.EncodeToString(s.Hash), Device: Device(s.UserAgent), Address: s.Address, Since: s.CreatedAt, LastSeen: s.LastSeen,
			IsThis: string(s.Hash) == string(self.Session.Hash), IsStrong: s.Factors > 1,
		})
	}
	return o.Show(c, self, status, OwnPage{Title: "You and your security", Own: &v})
}

// knows asks for the password before something that would let an open browser take the login
// over. Tries are counted as those at the door are. People without a password are not asked.
// Who came in by a company's provider is refused: it speaks for its company, and a login with
// another mail address opens all companies of its person.
func (o Own) knows(c echo.Context, self *Self, in url.Values) (problem string, err error) {
	if self.Session.ViaSSO {
		return sayBySSO, nil
	}
	if !self.Person.HasPassword {
		return "", nil
	}
	_, found, err := o.Door.Enter(c.Request().Context(), Attempt{From: hostroute.ClientIP(c), Mail: self.Person.Email, Password: in.Get("password")})
	switch {
	case err != nil:
		return "", err
	case found == assets.Paused:
		return "Too many tries with a wrong password. Wait some minutes and try again.", nil
	case found != assets.NoProblem:
		return "This is not your password. Check it and try again.", nil
	}
	return "", nil
}

// setProfile is POST …/profile.
func (o Own) setProfile(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	err = o.People.SetProfile(c.Request().Context(), self.Person.ID, in.Get("name"), in.Get("locale"), self.actor(c))
	if fault.CodeOf(err) == fault.Invalid {
		return o.showOverview(c, self, assets.Own{Name: in.Get("name"), Locale: in.Get("locale"), NameError: fault.TextOf(err)})
	}
	if err != nil {
		return err
	}
	return o.done(c, self.Session, assets.DoneProfile)
}

// askMail is POST …/mail.
func (o Own) askMail(c echo.Context, self *Self) error {
	in, err := SignedForm(c, self.Session)
	if err != nil {
		return err
	}
	v := assets.Own{NewMail: in.Get("email")}
	if v.MailError, err = o.knows(c, self, in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if v.MailError == "" {
		err = o.Logins.Mail(ctx, hostroute.ClientIP(c), v.NewMail)
		if err == nil {
			err = evenly(ctx, func() error {
				return o.People.AskNewEmail(ctx, self.Person, v.NewMail, o.origin()+o.OwnPath+mailPath+"?token=", o.origin()+o.Path)
			})
		}
		switch fault.CodeOf(err) {
		case "":
			return o.done(c, self.Session, assets.DoneMail)
		case fault.TooMany:
			v.MailError = "Too many mails were asked for. Wait an hour and try again."
		case fault.Invalid:
			v.MailError = fault.TextOf(err)
		default:
			return err
		}
	}
	return o.showOverview(c, self, v)
}

// Device is a browser and its system, as far as its header tells.
func Device(userAgent string) string {
	first := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := first("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS", "Firefox", "SamsungBrowser", "Samsung Internet", "CriOS", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "CrOS", "ChromeOS", "Windows", "Windows", "Mac OS X", "Mac", "Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return "A browser"
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " on " + system
}
