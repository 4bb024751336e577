package access

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"rookery/internal/fault"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

const (
	maxAppName      = 60
	maxURL          = 2048
	maxRedirectURIs = 20
)

// NewApp is what a program says about itself when it registers.
type NewApp struct {
	Name         string
	Website      string
	RedirectURIs []string // each may hold several, one a line
	Scopes       string   // empty: read
}

var (
	errAppName  = fault.Newf(fault.Invalid, "Validation failed: Application name must have 1 to %d characters", maxAppName)
	errWebsite  = fault.New(fault.Invalid, "Validation failed: Website is not a valid URL")
	errRedirect = fault.New(fault.Invalid, "Validation failed: Redirect URI must be an absolute URI.")
	errFragment = fault.New(fault.Invalid, "Validation failed: Redirect URI cannot contain a fragment.")
	errScheme   = fault.New(fault.Invalid, "Validation failed: Redirect URI is forbidden by the server.")
	errAppScope = fault.New(fault.Invalid, "Validation failed: Scopes doesn't match configured on the server.")
	errMany     = fault.Newf(fault.Invalid, "Validation failed: An application has at most %d redirect URIs", maxRedirectURIs)
)

// RegisterApp stores a new app and returns it with its secret, which nobody can read
// again.
func RegisterApp(ctx context.Context, scope *pg.Scope, n NewApp) (app *App, secret string, err error) {
	app, err = n.validate()
	if err != nil {
		return nil, "", err
	}
	app.ID = social.AppID(ids.New())
	app.CreatedAt = ids.Time(int64(app.ID))
	app.ClientID = ids.Secret(secretBytes)
	secret, app.SecretHash = newSecret()
	if err := store.AddApp(ctx, scope, app); err != nil {
		return nil, "", fmt.Errorf("register an app: %w", err)
	}
	return app, secret, nil
}

func (n NewApp) validate() (*App, error) {
	app := &App{Name: strings.TrimSpace(n.Name), Website: strings.TrimSpace(n.Website)}
	if app.Name == "" || utf8.RuneCountInString(app.Name) > maxAppName || !utf8.ValidString(app.Name) || strings.ContainsRune(app.Name, 0) {
		return nil, errAppName
	}
	if app.Website != "" && !isWebsite(app.Website) {
		return nil, errWebsite
	}
	for _, group := range n.RedirectURIs {
		for _, uri := range strings.Fields(group) {
			if err := checkRedirectURI(uri); err != nil {
				return nil, err
			}
			if !slices.Contains(app.RedirectURIs, uri) {
				app.RedirectURIs = append(app.RedirectURIs, uri)
			}
		}
	}
	switch {
	case len(app.RedirectURIs) == 0:
		return nil, errRedirect
	case len(app.RedirectURIs) > maxRedirectURIs:
		return nil, errMany
	}
	scopes, err := ParseScopes(n.Scopes)
	if err != nil {
		return nil, errAppScope
	}
	if len(scopes) == 0 {
		scopes = slices.Clone(DefaultScopes)
	}
	app.Scopes = scopes
	return app, nil
}

func isWebsite(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// Schemes that make a browser run or show something instead of calling an app.
var forbiddenSchemes = []string{"data", "vbscript", "javascript", "file", "blob", "about", "view-source"}

// checkRedirectURI takes https, http, an app's own scheme, or OOB (RFC 8252 section 7).
func checkRedirectURI(uri string) error {
	if uri == OOB {
		return nil
	}
	if strings.Contains(uri, "#") {
		return errFragment
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || len(uri) > maxURL || !utf8.ValidString(uri) {
		return errRedirect
	}
	scheme := strings.ToLower(u.Scheme)
	if slices.Contains(forbiddenSchemes, scheme) {
		return errScheme
	}
	if (scheme == "http" || scheme == "https") && u.Hostname() == "" {
		return errRedirect
	}
	return nil
}

// OwnApp returns the platform's own app of a tenant, under which the operator's
// commands make tokens: it has every scope, and nobody knows its secret, so that no
// code or token can be asked for in its name.
func OwnApp(ctx context.Context, scope *pg.Scope) (*App, error) {
	_, unknown := newSecret()
	app, err := store.EnsureApp(ctx, scope, &App{
		ID: social.AppID(ids.New()), ClientID: "rookery", SecretHash: unknown, Name: "Rookery",
		RedirectURIs: nil, Scopes: AllScopes(),
	})
	if err != nil {
		return nil, fmt.Errorf("find the platform's own app: %w", err)
	}
	return app, nil
}

// Client is how a program proves to be an app.
type Client struct {
	ID     string
	Secret string
}

// AuthenticateApp returns the app of a client id and secret, or ErrClient. An app of
// another tenant does not exist here.
func AuthenticateApp(ctx context.Context, scope *pg.Scope, c Client) (*App, error) {
	if !isPlain(c.ID) {
		return nil, ErrClient
	}
	app, err := store.AppByClientID(ctx, scope, c.ID)
	if fault.IsNotFound(err) {
		return nil, ErrClient
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate an app: %w", err)
	}
	if subtle.ConstantTimeCompare(app.SecretHash, hashOf(c.Secret)) != 1 {
		return nil, ErrClient
	}
	return app, nil
}

// isPlain keeps out what the database could not even compare.
func isPlain(s string) bool {
	return s != "" && len(s) <= 512 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}
