package entity

// Account is a profile as others see it.
type Account struct {
	ID              ID     `json:"id"`
	Username        string `json:"username"`
	Acct            string `json:"acct"` // "user" for accounts of this tenant, else "user@domain"
	URI             string `json:"uri"`
	URL             string `json:"url"`
	DisplayName     string `json:"display_name"`
	Note            string `json:"note"` // HTML
	Locked          bool   `json:"locked"`
	Bot             bool   `json:"bot"`
	Group           bool   `json:"group"`
	Discoverable    *bool  `json:"discoverable"`
	Indexable       bool   `json:"indexable"`
	NoIndex         bool   `json:"noindex"`
	HideCollections *bool  `json:"hide_collections"`

	// Never empty: apps load them without looking. Send the default picture.
	Avatar            string `json:"avatar"`
	AvatarStatic      string `json:"avatar_static"`
	AvatarDescription string `json:"avatar_description"`
	Header            string `json:"header"`
	HeaderStatic      string `json:"header_static"`
	HeaderDescription string `json:"header_description"`

	CreatedAt      Midnight           `json:"created_at"`
	LastStatusAt   *Date              `json:"last_status_at"`
	StatusesCount  int                `json:"statuses_count"`
	FollowersCount int                `json:"followers_count"`
	FollowingCount int                `json:"following_count"`
	Emojis         Array[CustomEmoji] `json:"emojis"`
	Fields         Array[Field]       `json:"fields"`
	Roles          Array[AccountRole] `json:"roles"`

	// Left out unless true (or set): apps take their presence for a yes.
	Moved     *Account `json:"moved,omitempty"`
	Suspended bool     `json:"suspended,omitempty"`
	Limited   bool     `json:"limited,omitempty"`
	Memorial  bool     `json:"memorial,omitempty"`

	kept kept
}

// Field is a row of a profile's table.
type Field struct {
	Name       string `json:"name"`
	Value      string `json:"value"` // HTML; plain text inside Source
	VerifiedAt *Time  `json:"verified_at"`
}

// AccountRole is a badge that everybody sees on a profile.
type AccountRole struct {
	ID    ID     `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

// CredentialAccount is a profile as its own people see it.
type CredentialAccount struct {
	Account
	Source Source `json:"source"`
	Role   Role   `json:"role"`
}

// Source is what a person typed and prefers, for the edit form.
type Source struct {
	Privacy             string        `json:"privacy"`
	Sensitive           bool          `json:"sensitive"`
	Language            *string       `json:"language"`
	Note                string        `json:"note"` // plain text
	Fields              Array[Field]  `json:"fields"`
	FollowRequestsCount int           `json:"follow_requests_count"`
	HideCollections     *bool         `json:"hide_collections"`
	Discoverable        *bool         `json:"discoverable"`
	Indexable           bool          `json:"indexable"`
	AttributionDomains  Array[string] `json:"attribution_domains"`
	QuotePolicy         QuotePolicy   `json:"quote_policy"`
}

// QuotePolicy is who may quote new posts. The zero value is written "nobody".
type QuotePolicy string

// MarshalText writes the policy.
func (p QuotePolicy) MarshalText() ([]byte, error) {
	if p == "" {
		return []byte("nobody"), nil
	}
	return []byte(p), nil
}

// Role is what a person may do on this server.
type Role struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Permissions string `json:"permissions"` // Mastodon's permission bits, as a decimal string
	Color       string `json:"color"`
	Highlighted bool   `json:"highlighted"`
}

// Relationship is how the viewer stands to another account.
type Relationship struct {
	ID                  ID            `json:"id"`
	Following           bool          `json:"following"`
	ShowingReblogs      bool          `json:"showing_reblogs"`
	Notifying           bool          `json:"notifying"`
	Languages           Array[string] `json:"languages"`
	FollowedBy          bool          `json:"followed_by"`
	Blocking            bool          `json:"blocking"`
	BlockedBy           bool          `json:"blocked_by"`
	Muting              bool          `json:"muting"`
	MutingNotifications bool          `json:"muting_notifications"`
	MutingExpiresAt     *Time         `json:"muting_expires_at"`
	Requested           bool          `json:"requested"`
	RequestedBy         bool          `json:"requested_by"`
	DomainBlocking      bool          `json:"domain_blocking"`
	Endorsed            bool          `json:"endorsed"`
	Note                string        `json:"note"`
}

// FamiliarFollowers are the followers of an account whom the viewer follows.
type FamiliarFollowers struct {
	ID       ID              `json:"id"`
	Accounts Array[*Account] `json:"accounts"`
}

// Preferences are the settings that apps copy at login. The keys are flat.
type Preferences struct {
	DefaultVisibility  string      `json:"posting:default:visibility"`
	DefaultSensitive   bool        `json:"posting:default:sensitive"`
	DefaultLanguage    *string     `json:"posting:default:language"`
	DefaultQuotePolicy QuotePolicy `json:"posting:default:quote_policy"`
	ExpandMedia        string      `json:"reading:expand:media"` // default, show_all, hide_all
	ExpandSpoilers     bool        `json:"reading:expand:spoilers"`
	AutoplayGIFs       bool        `json:"reading:autoplay:gifs"`
}

// FeaturedTag is a hashtag shown on a profile.
type FeaturedTag struct {
	ID            ID     `json:"id"`
	Name          string `json:"name"`
	URL           string `json:"url"`
	StatusesCount string `json:"statuses_count"` // a string in Mastodon, too
	LastStatusAt  *Date  `json:"last_status_at"`
}

// Suggestion is an account that the viewer may want to follow (v2).
type Suggestion struct {
	Source  string        `json:"source"`
	Sources Array[string] `json:"sources"`
	Account *Account      `json:"account"`
}
