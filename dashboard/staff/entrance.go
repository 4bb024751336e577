package staff

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/tenant/access"
)

const (
	signInPath = "/sign_in"
	ownPath    = "/me"
	provePath  = "/prove"

	// On the console: a password that was typed must not make a session of here look as if a
	// second factor had been shown.
	passwordPath = "/me/password"
	forgotPath   = "/sign_in/forgot"

	// freshFor is how long a second factor counts for what changes how a tenant stands,
	// finishIn how much longer for who has begun.
	freshFor = 15 * time.Minute
	finishIn = 10 * time.Minute
)

// entrance is the way in to the staff's pages.
func (h *Handlers) entrance() web.Entrance {
	return web.Entrance{
		Door: web.Door{People: h.People, Logins: h.Logins, Log: h.Log}, Judge: h.Judge, Factors: h.Factors, Limiter: h.Limiter,
		Realm: access.StaffRealm, Scheme: h.Scheme, Host: h.Host, Name: "Rookery", Cookie: access.StaffCookie, Sessions: web.StaffSessions(h.Judge),
		Path: Base + signInPath, Home: Base + "/tenants", OwnPath: Base + ownPath, Admits: h.Judge.IsStaff, IsAside: isPolling, Show: h.showSignIn, ShowGate: h.showGate,
	}
}

// registerEntrance puts the way in, one's own login and the question for a fresh factor on e.
func (h *Handlers) registerEntrance(r registrar) {
	step := func(put func(string, echo.HandlerFunc)) func(string, func(web.Entrance, echo.Context) error) {
		return func(path string, step func(web.Entrance, echo.Context) error) {
			put(path, func(c echo.Context) error { return step(h.in, c) })
		}
	}
	web.RegisterSteps(signInPath, ownPath, step(r.show), step(r.post))
	r.post("/sign_out", h.in.Leave)

	pages := web.Own{Entrance: h.in, PasswordPath: h.Console + passwordPath, ForStaff: true, Show: h.showOwn}
	shown, posted := pages.Routes()
	delete(posted, "/again") // a password is no fresh second factor: see showOwn
	for path, answer := range shown {
		r.show(ownPath+path, h.own(path, answer))
	}
	for path, answer := range posted {
		r.post(ownPath+path, h.own(path, answer))
	}
	r.show(provePath, h.signedIn(access.SeeTenants, h.prove))
	r.post(provePath, h.signedIn(access.SeeTenants, h.proved))
}

// own lets a session without a second factor to what leads to one, and to nothing else.
func (h *Handlers) own(path string, answer web.OwnHandler) echo.HandlerFunc {
	return h.known(func(c echo.Context, v *visitor) error {
		bound := v.session.Factors < 2
		if bound && !web.IsForBound(path) {
			return errBound
		}
		return answer(c, &web.Self{Session: v.session, Person: v.person, IsBound: bound})
	})
}

func (h *Handlers) showOwn(c echo.Context, self *web.Self, status int, p web.OwnPage) error {
	switch {
	case p.Offer != nil:
		return h.showGate(c, status, *p.Offer)
	case p.Again != nil && self.Session.Factors < 2: // it began to set up a factor, and waited for long
		return c.Redirect(http.StatusSeeOther, h.in.Path+"?again=1")
	case p.Again != nil:
		return c.Redirect(http.StatusSeeOther, proveFor(Base+ownPath))
	}
	if p.Codes != nil && p.Codes.IsNew {
		p.Codes.Next = h.in.Home
	}
	v := &visitor{session: self.Session, person: self.Person}
	if self.Session.Factors > 1 {
		if err := h.look(c, v); err != nil {
			return err
		}
	}
	return web.HTML(c, status, writer(RenderOwn, OwnView{Shell: h.shell(v), Page: p}))
}

func (h *Handlers) showSignIn(c echo.Context, form assets.SignInForm) error {
	web.Secure(c, assets.PolicyLive)
	form.ForgotURL = h.Console + forgotPath
	return web.HTML(c, web.StatusOfProblem(form.Problem), writer(RenderSignIn, SignInView{Form: form, Host: h.Host}))
}

func (h *Handlers) showGate(c echo.Context, status int, g assets.Gate) error {
	return web.HTML(c, status, writer(RenderGate, GateView{Gate: g, Host: h.Host}))
}

func proveFor(next string) string { return Base + provePath + "?next=" + url.QueryEscape(next) }

// isFresh reports whether a second factor was shown within a time.
func (h *Handlers) isFresh(v *visitor, within time.Duration) bool {
	return time.Since(v.session.ProvedAt) < within
}

var errNotFresh = fault.New(fault.Forbidden, "You showed your second factor a while ago. Open the page again: it asks for a code, then go on.")

// fresh is at for what changes how a tenant stands, or what cannot be taken back: a page asks
// for a second factor that was shown a while ago, a form is refused.
func (h *Handlers) fresh(place Place, deed access.StaffDeed, next handler) echo.HandlerFunc {
	return h.at(place, deed, func(c echo.Context, v *visitor) error {
		if c.Request().Method == http.MethodPost {
			if !h.isFresh(v, freshFor+finishIn) {
				return errNotFresh
			}
			return next(c, v)
		}
		if !h.isFresh(v, freshFor) {
			return c.Redirect(http.StatusSeeOther, proveFor(c.Request().URL.RequestURI()))
		}
		return next(c, v)
	})
}

// ProveView is the page that asks for the second factor again.
type ProveView struct {
	Shell      Shell
	Token      string
	Action     string
	Next       string
	CodeError  string
	IsPaused   bool
	PasskeyURL string // of the way in, for who has no authenticator app
	HasTOTP    bool
}

// RenderProve writes it.
func RenderProve(w io.Writer, v ProveView) error {
	return render(w, "Is it still you?", "", "staff-prove", v)
}

// prove is GET /staff/prove.
func (h *Handlers) prove(c echo.Context, v *visitor) error {
	return h.showProve(c, v, http.StatusOK, ProveView{Next: access.SafeNext(c.QueryParam("next"), h.in.Home)})
}

func (h *Handlers) showProve(c echo.Context, v *visitor, status int, view ProveView) error {
	if err := h.look(c, v); err != nil {
		return err
	}
	has, err := h.Factors.Of(c.Request().Context(), v.person.ID, "")
	if err != nil {
		return err
	}
	view.Shell, view.Token, view.Action, view.HasTOTP = h.shell(v), access.CSRF(v.session), Base+provePath, has.HasTOTP
	view.PasskeyURL = h.in.Path + "?" + url.Values{"again": {"1"}, "next": {view.Next}}.Encode()
	return web.HTML(c, status, writer(RenderProve, view))
}

// proved is POST /staff/prove.
func (h *Handlers) proved(c echo.Context, v *visitor) error {
	in, err := web.SignedForm(c, v.session)
	if err != nil {
		return err
	}
	view := ProveView{Next: access.SafeNext(in.Get("next"), h.in.Home)}
	problem, err := h.in.CheckCode(c, v.person.ID, in.Get("code"))
	switch {
	case err != nil:
		return err
	case problem == assets.Paused:
		view.IsPaused = true
		return h.showProve(c, v, http.StatusTooManyRequests, view)
	case problem != assets.NoProblem:
		view.CodeError = "This code is not right, or was used already. Wait for the next one."
		return h.showProve(c, v, http.StatusUnprocessableEntity, view)
	}
	if err := h.Judge.ProveStaff(c.Request().Context(), v.session); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, view.Next)
}
