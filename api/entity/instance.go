package entity

// Instance is the server as a whole, for the apps of today (v2).
type Instance struct {
	Domain        string                `json:"domain"` // the handle domain
	Title         string                `json:"title"`
	Version       string                `json:"version"`
	SourceURL     string                `json:"source_url"`
	Description   string                `json:"description"`
	Usage         InstanceUsage         `json:"usage"`
	Thumbnail     InstanceThumbnail     `json:"thumbnail"`
	Icon          Array[InstanceIcon]   `json:"icon"`
	Languages     Array[string]         `json:"languages"`
	Configuration InstanceConfiguration `json:"configuration"`
	Registrations InstanceRegistrations `json:"registrations"`
	APIVersions   InstanceAPIVersions   `json:"api_versions"`
	Contact       InstanceContact       `json:"contact"`
	Rules         Array[Rule]           `json:"rules"`
}

// InstanceUsage says how busy a server is.
type InstanceUsage struct {
	Users InstanceUserUsage `json:"users"`
}

// InstanceUserUsage counts the people of the last four weeks.
type InstanceUserUsage struct {
	ActiveMonth int `json:"active_month"`
}

// InstanceThumbnail is the picture that stands for the server.
type InstanceThumbnail struct {
	URL         string         `json:"url"`
	Blurhash    *string        `json:"blurhash"`
	Versions    Object[string] `json:"versions"`
	Description string         `json:"description"`
}

// InstanceIcon is the server's icon in one size.
type InstanceIcon struct {
	Src  string `json:"src"`
	Size string `json:"size"` // "36x36"
}

// InstanceRegistrations says how people come in.
type InstanceRegistrations struct {
	Enabled          bool    `json:"enabled"`
	ApprovalRequired bool    `json:"approval_required"`
	ReasonRequired   bool    `json:"reason_required"`
	Message          *string `json:"message"`
	MinAge           *int    `json:"min_age"`
	URL              *string `json:"url"`
}

// InstanceAPIVersions gates features in the official apps.
type InstanceAPIVersions struct {
	Mastodon int `json:"mastodon"`
}

// InstanceContact is whom to ask.
type InstanceContact struct {
	Email   string   `json:"email"`
	Account *Account `json:"account"`
}

// InstanceConfiguration holds the limits that apps build their forms from.
type InstanceConfiguration struct {
	URLs             ConfigurationURLs        `json:"urls"`
	VAPID            ConfigurationVAPID       `json:"vapid"`
	Accounts         ConfigurationAccounts    `json:"accounts"`
	Statuses         ConfigurationStatuses    `json:"statuses"`
	MediaAttachments ConfigurationMedia       `json:"media_attachments"`
	Polls            ConfigurationPolls       `json:"polls"`
	Translation      ConfigurationTranslation `json:"translation"`
	TimelinesAccess  ConfigurationTimelines   `json:"timelines_access"`
	// LimitedFederation is true where only listed servers may talk to this one.
	LimitedFederation bool `json:"limited_federation"`
}

// ConfigurationURLs are pages and services of the server.
type ConfigurationURLs struct {
	Streaming      string  `json:"streaming"` // wss://host
	Status         *string `json:"status"`
	About          *string `json:"about"`
	PrivacyPolicy  *string `json:"privacy_policy"`
	TermsOfService *string `json:"terms_of_service"`
}

// ConfigurationVAPID is the key that signs web push messages (RFC 8292).
type ConfigurationVAPID struct {
	PublicKey string `json:"public_key"`
}

// ConfigurationAccounts are the limits of profiles.
type ConfigurationAccounts struct {
	MaxFeaturedTags            int `json:"max_featured_tags"`
	MaxPinnedStatuses          int `json:"max_pinned_statuses"`
	MaxDisplayNameLength       int `json:"max_display_name_length"`
	MaxNoteLength              int `json:"max_note_length"`
	MaxAvatarDescriptionLength int `json:"max_avatar_description_length"`
	MaxHeaderDescriptionLength int `json:"max_header_description_length"`
	MaxProfileFields           int `json:"max_profile_fields"`
	ProfileFieldNameLimit      int `json:"profile_field_name_limit"`
	ProfileFieldValueLimit     int `json:"profile_field_value_limit"`
}

// ConfigurationStatuses are the limits of posts.
type ConfigurationStatuses struct {
	MaxCharacters            int `json:"max_characters"`
	MaxMediaAttachments      int `json:"max_media_attachments"`
	CharactersReservedPerURL int `json:"characters_reserved_per_url"`
}

// ConfigurationMedia are the limits of files. Sizes are bytes, matrices pixels.
type ConfigurationMedia struct {
	DescriptionLimit    int           `json:"description_limit"`
	SupportedMIMETypes  Array[string] `json:"supported_mime_types"`
	ImageSizeLimit      int           `json:"image_size_limit"`
	ImageMatrixLimit    int           `json:"image_matrix_limit"`
	VideoSizeLimit      int           `json:"video_size_limit"`
	VideoFrameRateLimit int           `json:"video_frame_rate_limit"`
	VideoMatrixLimit    int           `json:"video_matrix_limit"`
}

// ConfigurationPolls are the limits of polls. Times are seconds.
type ConfigurationPolls struct {
	MaxOptions             int `json:"max_options"`
	MaxCharactersPerOption int `json:"max_characters_per_option"`
	MinExpiration          int `json:"min_expiration"`
	MaxExpiration          int `json:"max_expiration"`
}

// ConfigurationTranslation says whether statuses can be translated.
type ConfigurationTranslation struct {
	Enabled bool `json:"enabled"`
}

// ConfigurationTimelines says who may read which timeline.
type ConfigurationTimelines struct {
	LiveFeeds         TimelineAccess `json:"live_feeds"`
	HashtagFeeds      TimelineAccess `json:"hashtag_feeds"`
	TrendingLinkFeeds TimelineAccess `json:"trending_link_feeds"`
}

// TimelineAccess is public, authenticated or disabled, for each half of a feed.
type TimelineAccess struct {
	Local  string `json:"local"`
	Remote string `json:"remote"`
}

// InstanceV1 is the server as a whole, for apps that know no v2.
type InstanceV1 struct {
	URI              string                  `json:"uri"` // the handle domain, without a scheme
	Title            string                  `json:"title"`
	ShortDescription string                  `json:"short_description"`
	Description      string                  `json:"description"`
	Email            string                  `json:"email"`
	Version          string                  `json:"version"`
	URLs             InstanceV1URLs          `json:"urls"`
	Stats            InstanceV1Stats         `json:"stats"`
	Thumbnail        *string                 `json:"thumbnail"`
	Languages        Array[string]           `json:"languages"`
	Registrations    bool                    `json:"registrations"`
	ApprovalRequired bool                    `json:"approval_required"`
	InvitesEnabled   bool                    `json:"invites_enabled"`
	Configuration    InstanceV1Configuration `json:"configuration"`
	ContactAccount   *Account                `json:"contact_account"`
	Rules            Array[Rule]             `json:"rules"`
}

// InstanceV1URLs holds where streaming is.
type InstanceV1URLs struct {
	StreamingAPI string `json:"streaming_api"`
}

// InstanceV1Stats counts what the server holds.
type InstanceV1Stats struct {
	UserCount   int `json:"user_count"`
	StatusCount int `json:"status_count"`
	DomainCount int `json:"domain_count"`
}

// InstanceV1Configuration is the part of the configuration that v1 shows.
type InstanceV1Configuration struct {
	Accounts         ConfigurationAccounts `json:"accounts"`
	Statuses         ConfigurationStatuses `json:"statuses"`
	MediaAttachments ConfigurationMedia    `json:"media_attachments"`
	Polls            ConfigurationPolls    `json:"polls"`
}

// Rule is a rule of the house.
type Rule struct {
	ID           ID                      `json:"id"`
	Text         string                  `json:"text"`
	Hint         string                  `json:"hint"`
	Translations Object[RuleTranslation] `json:"translations"`
}

// RuleTranslation is a Rule in another language.
type RuleTranslation struct {
	Text string `json:"text"`
	Hint string `json:"hint"`
}

// ExtendedDescription is the long text about the server.
type ExtendedDescription struct {
	UpdatedAt *Time  `json:"updated_at"`
	Content   string `json:"content"` // HTML
}

// PrivacyPolicy says what the server does with what it knows.
type PrivacyPolicy struct {
	UpdatedAt Time   `json:"updated_at"`
	Content   string `json:"content"` // HTML
}

// TermsOfService are the terms under which people use the server.
type TermsOfService struct {
	EffectiveDate string  `json:"effective_date"` // "2026-11-20"
	Effective     bool    `json:"effective"`
	Content       string  `json:"content"` // HTML
	SucceededBy   *string `json:"succeeded_by"`
}

// Language is one that posts can be marked with.
type Language struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// DomainBlock is a server that this one does not talk to.
type DomainBlock struct {
	Domain   string  `json:"domain"`
	Digest   string  `json:"digest"` // SHA-256 of the domain, hexadecimal
	Severity string  `json:"severity"`
	Comment  *string `json:"comment"`
}

// Announcement is a message of the operators to everybody.
type Announcement struct {
	ID          ID                          `json:"id"`
	Content     string                      `json:"content"`
	StartsAt    *Time                       `json:"starts_at"`
	EndsAt      *Time                       `json:"ends_at"`
	AllDay      bool                        `json:"all_day"`
	PublishedAt Time                        `json:"published_at"`
	UpdatedAt   Time                        `json:"updated_at"`
	Read        bool                        `json:"read"`
	Mentions    Array[Mention]              `json:"mentions"`
	Statuses    Array[AnnouncementStatus]   `json:"statuses"`
	Tags        Array[StatusTag]            `json:"tags"`
	Emojis      Array[CustomEmoji]          `json:"emojis"`
	Reactions   Array[AnnouncementReaction] `json:"reactions"`
}

// AnnouncementStatus is a status linked in an announcement.
type AnnouncementStatus struct {
	ID  ID     `json:"id"`
	URL string `json:"url"`
}

// AnnouncementReaction counts one emoji under an announcement.
type AnnouncementReaction struct {
	Name      string  `json:"name"`
	Count     int     `json:"count"`
	Me        bool    `json:"me"`
	URL       *string `json:"url"`
	StaticURL *string `json:"static_url"`
}
