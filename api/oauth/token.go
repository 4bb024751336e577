package oauth

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"rookery/api/entity"
	"rookery/internal/pg"
	"rookery/tenant"
	"rookery/tenant/access"
)

type tokenInput struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	CodeVerifier string `json:"code_verifier"`
	Scope        string `json:"scope"`
}

// Token is POST /oauth/token: a code, or the app's own word, for a token.
func (h *Handlers) Token(c echo.Context) error {
	var in tokenInput
	if err := bind(c, &in); err != nil {
		return refuse(c, err)
	}
	ctx := c.Request().Context()
	issued, err := h.Judge.Exchange(ctx, tenant.FromContext(ctx).ID, access.GrantRequest{
		GrantType: in.GrantType, Client: clientOf(c.Request(), in.ClientID, in.ClientSecret),
		Code: in.Code, RedirectURI: in.RedirectURI, CodeVerifier: in.CodeVerifier, Scope: in.Scope,
	})
	if err != nil {
		return refuse(c, err)
	}
	neverStore(c)
	return c.JSON(http.StatusOK, entity.Token{
		AccessToken: issued.Secret, TokenType: "Bearer", Scope: issued.Scopes.String(), CreatedAt: issued.CreatedAt.Unix(),
	})
}

type revokeInput struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Token        string `json:"token"`
}

// Revoke is POST /oauth/revoke (RFC 7009): 200 also for a token that is not there.
func (h *Handlers) Revoke(c echo.Context) error {
	var in revokeInput
	if err := bind(c, &in); err != nil {
		return refuse(c, err)
	}
	ctx := c.Request().Context()
	err := h.DB.Tenant(ctx, tenant.FromContext(ctx).ID, func(scope *pg.Scope) error {
		return access.Revoke(ctx, scope, clientOf(c.Request(), in.ClientID, in.ClientSecret), in.Token)
	})
	if err != nil {
		return refuse(c, err)
	}
	neverStore(c)
	return c.JSON(http.StatusOK, struct{}{})
}

// clientOf reads the app's credentials from the Authorization header, where id and
// secret are form-encoded (RFC 6749 section 2.3.1), or from the body.
func clientOf(r *http.Request, id, secret string) access.Client {
	user, password, basic := r.BasicAuth()
	if !basic {
		return access.Client{ID: id, Secret: secret}
	}
	return access.Client{ID: formDecoded(user), Secret: formDecoded(password)}
}

func formDecoded(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}
