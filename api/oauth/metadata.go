package oauth

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"rookery/api/httpx"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
	"rookery/tenant/access"
)

// metadata is RFC 8414 section 2 with one name of Mastodon's own.
type metadata struct {
	Issuer                        string   `json:"issuer"`
	AuthorizationEndpoint         string   `json:"authorization_endpoint"`
	TokenEndpoint                 string   `json:"token_endpoint"`
	RevocationEndpoint            string   `json:"revocation_endpoint"`
	UserinfoEndpoint              string   `json:"userinfo_endpoint"`
	AppRegistrationEndpoint       string   `json:"app_registration_endpoint"`
	ScopesSupported               []string `json:"scopes_supported"`
	ResponseTypesSupported        []string `json:"response_types_supported"`
	ResponseModesSupported        []string `json:"response_modes_supported"`
	GrantTypesSupported           []string `json:"grant_types_supported"`
	CodeChallengeMethodsSupported []string `json:"code_challenge_methods_supported"`
	TokenEndpointAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationEndpointAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
}

// issuer is the same in the metadata and in userinfo.
func issuer(t *tenant.Tenant) string { return t.URL("/") }

// Metadata is GET /.well-known/oauth-authorization-server.
func (h *Handlers) Metadata(c echo.Context) error {
	t := tenant.FromContext(c.Request().Context())
	clientAuth := []string{"client_secret_basic", "client_secret_post"}
	return httpx.CachedJSON(c, 10*time.Minute, metadata{
		Issuer:                        issuer(t),
		AuthorizationEndpoint:         t.URL("/oauth/authorize"),
		TokenEndpoint:                 t.URL("/oauth/token"),
		RevocationEndpoint:            t.URL("/oauth/revoke"),
		UserinfoEndpoint:              t.URL("/oauth/userinfo"),
		AppRegistrationEndpoint:       t.URL("/api/v1/apps"),
		ScopesSupported:               access.AllScopes(),
		ResponseTypesSupported:        []string{"code"},
		ResponseModesSupported:        []string{"query"},
		GrantTypesSupported:           []string{"authorization_code", "client_credentials"},
		CodeChallengeMethodsSupported: []string{"S256"},
		TokenEndpointAuthMethods:      clientAuth,
		RevocationEndpointAuthMethods: clientAuth,
	})
}

// userInfo is who signed in, in the words of OpenID Connect Core section 5.1.
type userInfo struct {
	Issuer            string `json:"iss"`
	Subject           string `json:"sub"` // the actor's id: permanent, unlike the handle
	Name              string `json:"name"`
	PreferredUsername string `json:"preferred_username"`
	Profile           string `json:"profile"`
	Picture           string `json:"picture,omitempty"`
}

// UserInfo is GET and POST /oauth/userinfo.
func (h *Handlers) UserInfo(c echo.Context) error {
	ctx, viewer := c.Request().Context(), httpx.Viewer(c)
	var account *social.Account
	err := h.DB.Tenant(ctx, viewer.Tenant, func(scope *pg.Scope) (err error) {
		account, err = store.AccountByID(ctx, scope, viewer.Account)
		return err
	})
	if err != nil {
		return err
	}
	t := tenant.FromContext(ctx)
	out := userInfo{
		Issuer: issuer(t), Subject: account.URI, Name: account.DisplayName,
		PreferredUsername: account.Username, Profile: account.URL,
	}
	if h.Picture != nil {
		out.Picture = h.Picture(t, account)
	}
	neverStore(c)
	return c.JSON(http.StatusOK, out)
}
