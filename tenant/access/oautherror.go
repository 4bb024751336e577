package access

import (
	"errors"

	"rookery/internal/fault"
)

// OAuthError is a refusal that has a name in RFC 6749 section 5.2 or 4.1.2.1. It is
// a fault too, so that any renderer can show it.
type OAuthError struct {
	Name string // "invalid_grant"
	// RedirectURL is where the browser may be sent to tell the app; empty where the
	// app or its redirect URI is not certain: then the person sees a page.
	RedirectURL string
	fault       *fault.Error
}

func oauthError(name string, code fault.Code, text string) *OAuthError {
	return &OAuthError{Name: name, fault: fault.New(code, text)}
}

// Error implements error.
func (e *OAuthError) Error() string { return e.Name + ": " + e.fault.Error() }

// Unwrap gives the fault: its code and its text for users.
func (e *OAuthError) Unwrap() error { return e.fault }

// Description is the text for users and apps.
func (e *OAuthError) Description() string { return e.fault.Text }

// Is makes errors.Is compare by name and text, wherever the redirect goes.
func (e *OAuthError) Is(target error) bool {
	t, ok := target.(*OAuthError)
	return ok && t.Name == e.Name && t.fault.Is(e.fault)
}

// AsOAuthError finds the OAuthError in err, or nil.
func AsOAuthError(err error) *OAuthError {
	var e *OAuthError
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// The refusals. Texts of invalid_client and invalid_grant are those that apps know
// from Mastodon; they do not say which of the reasons it was.
var (
	ErrClient = oauthError("invalid_client", fault.Unauthorized,
		"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	ErrGrant = oauthError("invalid_grant", fault.Malformed,
		"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.")
	ErrGrantType = oauthError("unsupported_grant_type", fault.Malformed,
		"The authorization grant type is not supported by the authorization server.")
	ErrOtherClient = oauthError("unauthorized_client", fault.Forbidden,
		"You are not authorized to revoke this token")
	ErrRedirect = oauthError("invalid_redirect_uri", fault.Malformed,
		"The app asked to be called back at an address that it has not registered.")

	errScope        = oauthError("invalid_scope", fault.Malformed, "The requested scope is invalid, unknown, or malformed.")
	errResponseType = oauthError("unsupported_response_type", fault.Malformed,
		"The authorization server does not support this response type.")
	errChallenge = oauthError("invalid_request", fault.Malformed, "The code challenge method must be S256.")
	errDenied    = oauthError("access_denied", fault.Forbidden, "The resource owner or authorization server denied the request.")
)

// BadRequest is invalid_request with a text of the caller.
func BadRequest(text string) *OAuthError { return oauthError("invalid_request", fault.Malformed, text) }
