// Package social holds the words of the domain: accounts, statuses, relations,
// notifications, media.
//
// It is a leaf of plain data with small pure methods; every ring may import it.
// Rules live in its sub-packages, SQL in internal/store, wire formats in
// federation/vocab and api/entity. It must not know any of them.
package social

import (
	"strconv"
	"strings"
	"time"
)

// The ids are separate types so that one cannot be handed over for another.
type (
	AccountID      int64
	StatusID       int64
	MediaID        int64
	NotificationID int64
	PersonID       int64
	AppID          int64
	EventID        int64
)

// PublicIRI is the collection that means "everybody" (ActivityPub, section 5.6).
const PublicIRI = "https://www.w3.org/ns/activitystreams#Public"

// Visibility says who may see a status.
type Visibility string

// The visibilities, from widest to narrowest. Followers is "private" and
// Unlisted "unlisted" in Mastodon's API.
const (
	Public    Visibility = "public"
	Unlisted  Visibility = "unlisted"
	Followers Visibility = "private"
	Direct    Visibility = "direct"
)

// Valid reports whether v is one of the four.
func (v Visibility) Valid() bool {
	switch v {
	case Public, Unlisted, Followers, Direct:
		return true
	}
	return false
}

// IsOpen reports whether anybody may see and boost it.
func (v Visibility) IsOpen() bool { return v == Public || v == Unlisted }

// Handle is user@host. Host is empty for an account of this tenant.
type Handle struct {
	User string
	Host string // lower case, punycode
}

// String is the form that people type: @user or @user@host.
func (h Handle) String() string {
	if h.Host == "" {
		return "@" + h.User
	}
	return "@" + h.User + "@" + h.Host
}

// Acct is the form of Mastodon's API: user or user@host.
func (h Handle) Acct() string { return strings.TrimPrefix(h.String(), "@") }

// Field is a row of a profile's table. Value is sanitised HTML.
type Field struct {
	Name       string     `json:"name"`
	Value      string     `json:"value"`
	Source     string     `json:"source,omitempty"` // what a local person typed
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
}

// Emoji is a custom emoji as it came with a remote document.
type Emoji struct {
	Shortcode string `json:"shortcode"`
	URL       string `json:"url"`
}

// Account is a fediverse identity, local or remote, as one tenant knows it.
type Account struct {
	ID       AccountID
	URI      string // the actor's id, permanent
	Username string
	Domain   string // handle domain; empty for a local account
	// ActorType is Person, Service, Group, Organization or Application.
	ActorType   string
	DisplayName string // plain text
	Note        string // sanitised HTML
	NoteSource  string // what a local person typed
	Fields      []Field
	Emojis      []Emoji
	URL         string

	InboxURL       string
	SharedInboxURL string
	OutboxURL      string
	FollowersURL   string
	FollowingURL   string
	FeaturedURL    string

	// AvatarURL and HeaderURL are set for remote accounts, the keys for local ones
	// (see internal/social/media for how a key becomes a URL).
	AvatarURL, AvatarKey, AvatarAlt string
	HeaderURL, HeaderKey, HeaderAlt string

	Locked          bool // follows need consent
	Discoverable    bool
	Indexable       bool
	Memorial        bool
	HideCollections bool

	DefaultVisibility Visibility // of new posts, local only
	DefaultSensitive  bool
	DefaultLanguage   string

	MovedToURI  string
	AlsoKnownAs []string

	FollowersCount int
	FollowingCount int
	StatusesCount  int
	LastStatusAt   *time.Time

	SuspendedAt *time.Time
	SilencedAt  *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	FetchedAt   *time.Time // remote: when the actor document was last read
}

// PublicKey is what others verify an account's requests with.
type PublicKey struct{ ID, PEM string }

// KeyID is the id of the account's signing key with a number. A new key has a new id:
// whoever remembers keys by their ids must not take it for the one before.
func (a *Account) KeyID(number int) string {
	if number <= 1 {
		return a.URI + "#main-key"
	}
	return a.URI + "#main-key-" + strconv.Itoa(number)
}

// IsLocal reports whether the account belongs to the tenant itself.
func (a *Account) IsLocal() bool { return a.Domain == "" }

// IsBot reports whether a program writes for the account.
func (a *Account) IsBot() bool { return a.ActorType == "Service" || a.ActorType == "Application" }

// IsGroup reports whether the account stands for many.
func (a *Account) IsGroup() bool { return a.ActorType == "Group" }

// Handle is the account's name as the tenant's people write it.
func (a *Account) Handle() Handle { return Handle{User: a.Username, Host: a.Domain} }

// DeliveryInbox is where activities for the account go: the shared inbox if it has one.
func (a *Account) DeliveryInbox() string {
	if a.SharedInboxURL != "" {
		return a.SharedInboxURL
	}
	return a.InboxURL
}

// Status is a post or a boost, local or remote, as one tenant knows it.
type Status struct {
	ID          StatusID
	AccountID   AccountID
	URI         string
	URL         string
	Body        string // sanitised HTML; empty for a boost
	Source      string // what a local person typed
	SpoilerText string
	Visibility  Visibility
	Sensitive   bool
	Language    string
	IsLocal     bool

	InReplyToID        StatusID // 0: no reply, or parent unknown
	InReplyToAccountID AccountID
	InReplyToURI       string
	ConversationID     StatusID // id of the first post of the thread as far as known
	BoostOfID          StatusID // 0: not a boost
	QuoteURI           string

	Tags   []string // as written, without #
	Emojis []Emoji

	AuthorID PersonID // who wrote it; 0 for remote posts
	AppID    AppID

	RepliesCount    int
	BoostsCount     int
	FavouritesCount int

	CreatedAt time.Time // published
	EditedAt  *time.Time
}

// Mention is an account named in a status.
type Mention struct {
	StatusID  StatusID
	AccountID AccountID
	Username  string
	Domain    string
	URL       string
	URI       string
}

// FollowState is where a follow stands.
type FollowState string

// The follow states.
const (
	FollowPending  FollowState = "pending"
	FollowAccepted FollowState = "accepted"
)

// Follow is one account following another.
type Follow struct {
	ID         int64
	AccountID  AccountID
	TargetID   AccountID
	URI        string // id of the Follow activity
	State      FollowState
	ShowBoosts bool
	Notify     bool
	Languages  []string
	CreatedAt  time.Time
}

// Relationship is how a viewer stands to another account.
type Relationship struct {
	TargetID            AccountID
	Following           bool
	ShowingBoosts       bool
	Notifying           bool
	Languages           []string
	FollowedBy          bool
	Blocking            bool
	BlockedBy           bool
	Muting              bool
	MutingNotifications bool
	MutingExpiresAt     *time.Time
	Requested           bool
	RequestedBy         bool
	DomainBlocking      bool
	Note                string
}

// NotificationType names what happened, in Mastodon's words.
type NotificationType string

// The notification types of this version.
const (
	NotifyMention       NotificationType = "mention"
	NotifyStatus        NotificationType = "status"
	NotifyBoost         NotificationType = "reblog"
	NotifyFollow        NotificationType = "follow"
	NotifyFollowRequest NotificationType = "follow_request"
	NotifyFavourite     NotificationType = "favourite"
	NotifyUpdate        NotificationType = "update"
)

// Notification tells an account what another one did.
type Notification struct {
	ID        NotificationID
	AccountID AccountID // who is told
	FromID    AccountID
	Type      NotificationType
	StatusID  StatusID // 0: none
	GroupKey  string
	CreatedAt time.Time
}

// MediaKind is what a media file is.
type MediaKind string

// The media kinds, in Mastodon's words.
const (
	MediaImage   MediaKind = "image"
	MediaGIFV    MediaKind = "gifv"
	MediaVideo   MediaKind = "video"
	MediaAudio   MediaKind = "audio"
	MediaUnknown MediaKind = "unknown"
)

// Media is a file of a status, uploaded here or linked from elsewhere.
type Media struct {
	ID          MediaID
	AccountID   AccountID
	StatusID    StatusID // 0: not attached yet
	Kind        MediaKind
	MIME        string
	Key         string // random name of the stored file; empty for remote files
	RemoteURL   string
	Description string
	Blurhash    string
	Width       int
	Height      int
	SmallWidth  int
	SmallHeight int
	Size        int64
	FocusX      float64
	FocusY      float64
	Position    int
	CreatedAt   time.Time
}
