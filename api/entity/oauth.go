package entity

// Application is an app as verify_credentials shows it.
type Application struct {
	ID           ID            `json:"id"`
	Name         string        `json:"name"`
	Website      *string       `json:"website"`
	Scopes       Array[string] `json:"scopes"`
	RedirectURI  string        `json:"redirect_uri"` // all of them, one a line
	RedirectURIs Array[string] `json:"redirect_uris"`
	// VAPIDKey is deprecated, but apps of Tusky's age still read it here.
	VAPIDKey string `json:"vapid_key"`
}

// CredentialApplication is the answer to registering an app: the only time that
// its secret is shown.
type CredentialApplication struct {
	Application
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	// ClientSecretExpiresAt is 0: never (RFC 7591, section 3.2.1).
	ClientSecretExpiresAt int64 `json:"client_secret_expires_at"`
}

// Token is the answer of the token endpoint (RFC 6749, section 5.1). It has no
// expires_in because tokens do not expire.
type Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"` // "Bearer"
	Scope       string `json:"scope"`
	CreatedAt   int64  `json:"created_at"` // Unix time
}

// Error is every answer that is not a success. Description and details are left
// out where there are none.
type Error struct {
	Error            string                   `json:"error"`
	ErrorDescription string                   `json:"error_description,omitempty"`
	Details          map[string][]ErrorDetail `json:"details,omitempty"`
}

// ErrorDetail says what is wrong with one field.
type ErrorDetail struct {
	Error       string `json:"error"` // ERR_BLANK, ERR_TAKEN, ERR_TOO_LONG …
	Description string `json:"description"`
}
