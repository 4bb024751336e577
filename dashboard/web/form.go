package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/tenant/access"
)

// TokenField is the hidden field of every form that posts.
const TokenField = "authenticity_token"

// FormCookie binds the forms of a browser that is not signed in yet, above all the
// sign-in form: without it another site could sign a visitor in as somebody else.
const FormCookie access.Cookie = "rookery_form"

const formSecretBytes = 32

var (
	crossOrigin    = http.NewCrossOriginProtection()
	errForeignForm = fault.New(fault.Forbidden, "This form was sent from another site. Open the page here and send it again.")
	errFormType    = fault.New(fault.Forbidden, "This page takes the form that it shows, and nothing else.")
	errForm        = fault.New(fault.Malformed, "This form cannot be read.")
)

// Form reads what a page of ours has posted. Nothing but a form of a page has this
// content type together with the token, and other types can be sent across sites
// without a preflight.
func Form(c echo.Context) (url.Values, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEApplicationForm {
		return nil, errFormType
	}
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, fmt.Errorf("read a form: %w", err)
		}
		return nil, errForm
	}
	for _, values := range r.PostForm {
		for i, v := range values {
			values[i] = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "")
		}
	}
	return r.PostForm, nil
}

// SignedForm reads a form that was rendered for a session, and refuses any other.
func SignedForm(c echo.Context, session *access.Session) (url.Values, error) {
	in, err := Form(c)
	if err != nil {
		return nil, err
	}
	if err := access.CheckCSRF(session, in.Get(TokenField)); err != nil {
		return nil, err
	}
	return in, nil
}

// FromHere reports whether a page of this host led to a request, for those few GETs
// that do more than show something. Browsers say so (Fetch Metadata); of those that do
// not, the referrer tells, which Secure has them send within the site.
func FromHere(c echo.Context) bool {
	r := c.Request()
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	from, err := url.Parse(r.Referer())
	return err == nil && from.Host != "" && strings.EqualFold(from.Host, r.Host)
}

// Anonymous returns what forms of a browser without a session are bound to, and gives
// the browser its cookie at the first time. It is no session: nobody is signed in by it.
func Anonymous(c echo.Context, scheme string) *access.Session {
	if secret := FormCookie.Read(c.Request(), scheme); secret != "" {
		return &access.Session{Token: secret}
	}
	s := &access.Session{Token: ids.Secret(formSecretBytes)}
	FormCookie.Set(c.Response(), scheme, s)
	return s
}

// CheckAnonymous refuses a form that was not rendered for this browser.
func CheckAnonymous(c echo.Context, scheme string, form url.Values) error {
	secret := FormCookie.Read(c.Request(), scheme)
	return access.CheckCSRF(&access.Session{Token: secret}, form.Get(TokenField))
}
