package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/dashboard/assets"
	"rookery/dashboard/web"
	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
	"rookery/tenant/access"
	"rookery/tenant/people"
)

// codeLife is what the page with a code promises; package access keeps it.
const codeLife = 10 * time.Minute

var (
	errChoose   = fault.New(fault.Invalid, "No account was chosen. Go back and choose the one to act as.")
	errDecision = fault.New(fault.Malformed, "The form does not say whether to allow or to deny.")
)

// authorize is GET /oauth/authorize: who asks for what, and as whom to allow it.
//
// An app that sends nonsense hears of it only after somebody has signed in:
// otherwise anybody could register an app and use this host to redirect to wherever
// they like (RFC 9700 section 4.11.2).
func (h *Handlers) authorize(c echo.Context) error {
	web.Secure(c, assets.PolicyAway)
	if home(c).State != tenant.Active {
		return errSuspended
	}
	query := c.QueryParams()
	request, refusal := h.check(c, access.ParamsFrom(query))
	if e := access.AsOAuthError(refusal); refusal != nil && (e == nil || e.RedirectURL == "") {
		return asPage(refusal)
	}
	session, err := h.session(c)
	if query.Get("force_login") == "true" || query.Get("prompt") == "login" || fault.CodeOf(err) == fault.Unauthorized {
		return c.Redirect(http.StatusFound, signInAgain(query))
	}
	if err != nil {
		return err
	}
	if refusal != nil {
		return c.Redirect(http.StatusFound, access.AsOAuthError(refusal).RedirectURL)
	}
	v, err := h.consent(c, session, request, query)
	if err != nil {
		return err
	}
	return web.HTML(c, http.StatusOK, writer(RenderConsent, v))
}

// signInAgain is the sign-in page on the way to this request, which asks for a new
// sign-in at most once.
func signInAgain(query url.Values) string {
	rest := url.Values{}
	for name, values := range query {
		if name != "force_login" && name != "prompt" {
			rest[name] = values
		}
	}
	return signInPath + "?again=1&next=" + url.QueryEscape(authorizePath+"?"+rest.Encode())
}

func (h *Handlers) check(c echo.Context, params access.AuthorizeParams) (request *access.AuthRequest, err error) {
	err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		request, err = access.CheckAuthorize(ctx, scope, params)
		return err
	})
	return request, err
}

// asPage shows a refusal to the person. An unknown app is the browser's request gone
// wrong, not a failed log-in: 400 for all of them.
func asPage(err error) error {
	if e := access.AsOAuthError(err); e != nil {
		return fault.New(fault.Malformed, e.Description())
	}
	return err
}

func (h *Handlers) consent(c echo.Context, session *access.Session, request *access.AuthRequest, query url.Values) (ConsentView, error) {
	t := home(c)
	person, err := h.People.ByID(c.Request().Context(), session.Person)
	if err != nil {
		return ConsentView{}, err
	}
	v := ConsentView{
		Tenant: view(t), App: appView(request.App), Scopes: request.Scopes, Action: authorizePath, Token: access.CSRF(session),
		Hidden: hidden(access.ParamsFrom(query)), Person: personView(person), SwitchURL: signInAgain(query), AppsURL: appsPath,
	}
	var mine []people.AccountRole
	err = h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		mine, err = people.AccountsOf(ctx, scope, session.Person)
		return err
	})
	for _, a := range mine {
		v.Accounts = append(v.Accounts, ConsentAccount{Account: h.presenter(c).account(a.Account), Role: Role(a.Role)})
	}
	return v, err
}

func appView(app *access.App) ConsentApp {
	v := ConsentApp{Name: app.Name, Icon: assets.Avatar{Name: app.Name, Seed: ids.Format(int64(app.ID))}}
	if u, err := url.Parse(app.Website); err == nil {
		v.Host = u.Hostname()
	}
	return v
}

func personView(p *people.Person) Person {
	v := Person{ID: ids.Format(int64(p.ID)), Name: p.Name, Mail: p.Email}
	if v.Name == "" {
		v.Name = p.Email
	}
	return v
}

// hidden gives the request back to the form, in a fixed order.
func hidden(params access.AuthorizeParams) []Hidden {
	var out []Hidden
	for name, values := range params.Values() {
		out = append(out, Hidden{Name: name, Value: values[0]})
	}
	slices.SortFunc(out, func(a, b Hidden) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// decide is POST /oauth/authorize: the answer to the consent page. What the form
// repeats is judged anew. Mastodon's own page denies with _method=delete.
func (h *Handlers) decide(c echo.Context) error {
	web.Secure(c, assets.PolicyAway)
	if home(c).State != tenant.Active {
		return errSuspended
	}
	in, err := web.Form(c)
	if err != nil {
		return err
	}
	session, err := h.session(c)
	if err != nil {
		return err
	}
	if err := access.CheckCSRF(session, in.Get(web.TokenField)); err != nil {
		return err
	}
	request, err := h.check(c, access.ParamsFrom(in))
	if e := access.AsOAuthError(err); e != nil && e.RedirectURL != "" {
		return c.Redirect(http.StatusFound, e.RedirectURL)
	}
	if err != nil {
		return asPage(err)
	}
	switch {
	case in.Get("decision") == "deny" || strings.EqualFold(in.Get("_method"), "delete"):
		return h.deny(c, request)
	case in.Get("decision") != "allow":
		return errDecision
	}
	return h.allow(c, session, request, in.Get("account_id"))
}

func (h *Handlers) deny(c echo.Context, request *access.AuthRequest) error {
	if answer := access.Deny(request); answer.RedirectURL != "" {
		return c.Redirect(http.StatusFound, answer.RedirectURL)
	}
	return web.HTML(c, http.StatusOK, writer(RenderDenied, DeniedView{Tenant: view(home(c)), AppName: request.App.Name}))
}

func (h *Handlers) allow(c echo.Context, session *access.Session, request *access.AuthRequest, chosen string) error {
	account, ok := ids.Parse(chosen)
	if !ok {
		return errChoose
	}
	var answer access.Answer
	err := h.inScope(c, func(ctx context.Context, scope *pg.Scope) (err error) {
		answer, err = access.Approve(ctx, scope, request, session.Person, social.AccountID(account))
		return err
	})
	if err != nil {
		return err
	}
	if answer.RedirectURL != "" {
		return c.Redirect(http.StatusFound, answer.RedirectURL)
	}
	show := url.Values{"code": {answer.Code}, "app": {request.App.Name}}
	show.Set("proof", proof(session, show.Get("code"), show.Get("app")))
	return c.Redirect(http.StatusSeeOther, authorizePath+"/native?"+show.Encode())
}

// nativeCode is GET /oauth/authorize/native: a code to be copied into an app that
// cannot be called back. It shows what this session was just given and nothing else:
// a stranger's link must not make somebody paste the stranger's code.
func (h *Handlers) nativeCode(c echo.Context) error {
	session, err := h.session(c)
	if err != nil {
		return err
	}
	code, app := c.QueryParam("code"), c.QueryParam("app")
	if access.CheckCSRF(proofSession(session, code, app), c.QueryParam("proof")) != nil {
		return web.ErrNotFound
	}
	return web.HTML(c, http.StatusOK, writer(RenderCode, CodeView{Tenant: view(home(c)), AppName: app, Code: code, ValidFor: codeLife}))
}

func proof(s *access.Session, code, app string) string {
	return access.CSRF(proofSession(s, code, app))
}

// proofSession derives a token that fits one session and one code alone.
func proofSession(s *access.Session, code, app string) *access.Session {
	return &access.Session{Token: s.Token + "\n" + code + "\n" + app}
}
