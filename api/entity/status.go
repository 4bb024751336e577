package entity

// Status is a post or a boost.
type Status struct {
	ID                 ID     `json:"id"`
	URI                string `json:"uri"`
	URL                string `json:"url"`
	CreatedAt          Time   `json:"created_at"`
	EditedAt           *Time  `json:"edited_at"`
	InReplyToID        *ID    `json:"in_reply_to_id"`
	InReplyToAccountID *ID    `json:"in_reply_to_account_id"`

	Account     *Account           `json:"account"` // always set
	Content     string             `json:"content"` // HTML
	SpoilerText string             `json:"spoiler_text"`
	Visibility  string             `json:"visibility"`
	Sensitive   bool               `json:"sensitive"`
	Language    *string            `json:"language"`
	Application *StatusApplication `json:"application"`

	MediaAttachments Array[MediaAttachment] `json:"media_attachments"`
	Mentions         Array[Mention]         `json:"mentions"`
	Tags             Array[StatusTag]       `json:"tags"`
	Emojis           Array[CustomEmoji]     `json:"emojis"`
	Reblog           *Status                `json:"reblog"`
	Poll             *Poll                  `json:"poll"`
	Card             *PreviewCard           `json:"card"`
	Quote            *Quote                 `json:"quote"`
	QuoteApproval    QuoteApproval          `json:"quote_approval"`

	RepliesCount    int `json:"replies_count"`
	ReblogsCount    int `json:"reblogs_count"`
	FavouritesCount int `json:"favourites_count"`
	QuotesCount     int `json:"quotes_count"`

	// How the viewer stands to it; false for a stranger.
	Favourited bool                `json:"favourited"`
	Reblogged  bool                `json:"reblogged"`
	Muted      bool                `json:"muted"`
	Bookmarked bool                `json:"bookmarked"`
	Pinned     bool                `json:"pinned"`
	Filtered   Array[FilterResult] `json:"filtered"`

	// Text is the source of a deleted status, for "delete and redraft". Only the
	// answer to DELETE has it.
	Text *string `json:"text,omitempty"`

	kept kept
}

// StatusApplication is the app that a status was written with.
type StatusApplication struct {
	Name    string  `json:"name"`
	Website *string `json:"website"`
}

// Mention is an account named in a status.
type Mention struct {
	ID       ID     `json:"id"`
	Username string `json:"username"`
	Acct     string `json:"acct"`
	URL      string `json:"url"`
}

// StatusTag is a hashtag inside a status: name without #, and where it leads.
type StatusTag struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Tag is a hashtag by itself, with the viewer's relation to it.
type Tag struct {
	ID        ID              `json:"id"`
	Name      string          `json:"name"`
	URL       string          `json:"url"`
	History   Array[TagUsage] `json:"history"`
	Following bool            `json:"following"`
	Featuring bool            `json:"featuring"`
}

// TagUsage is one day of a hashtag. All three are decimal strings.
type TagUsage struct {
	Day      string `json:"day"` // Unix time of its midnight
	Uses     string `json:"uses"`
	Accounts string `json:"accounts"`
}

// CustomEmoji is a picture that replaces :shortcode: in a text.
type CustomEmoji struct {
	Shortcode       string  `json:"shortcode"`
	URL             string  `json:"url"`
	StaticURL       string  `json:"static_url"`
	VisibleInPicker bool    `json:"visible_in_picker"`
	Category        *string `json:"category"`
}

// Poll is a question with options to vote for.
type Poll struct {
	ID          ID                 `json:"id"`
	ExpiresAt   *Time              `json:"expires_at"`
	Expired     bool               `json:"expired"`
	Multiple    bool               `json:"multiple"`
	VotesCount  int                `json:"votes_count"`
	VotersCount *int               `json:"voters_count"`
	Options     Array[PollOption]  `json:"options"`
	Emojis      Array[CustomEmoji] `json:"emojis"`
	Voted       bool               `json:"voted"`
	OwnVotes    Array[int]         `json:"own_votes"`
}

// PollOption is one answer. The count is null while results are hidden.
type PollOption struct {
	Title      string `json:"title"`
	VotesCount *int   `json:"votes_count"`
}

// PreviewCard shows the page that a status links to.
type PreviewCard struct {
	URL                string            `json:"url"`
	Title              string            `json:"title"`
	Description        string            `json:"description"`
	Language           *string           `json:"language"`
	Type               string            `json:"type"` // link, photo, video, rich
	AuthorName         string            `json:"author_name"`
	AuthorURL          string            `json:"author_url"`
	ProviderName       string            `json:"provider_name"`
	ProviderURL        string            `json:"provider_url"`
	HTML               string            `json:"html"`
	Width              int               `json:"width"`
	Height             int               `json:"height"`
	Image              *string           `json:"image"`
	ImageDescription   string            `json:"image_description"`
	EmbedURL           string            `json:"embed_url"`
	Blurhash           *string           `json:"blurhash"`
	PublishedAt        *Time             `json:"published_at"`
	Authors            Array[CardAuthor] `json:"authors"`
	MissingAttribution *bool             `json:"missing_attribution"`
}

// CardAuthor wrote the page that a card shows.
type CardAuthor struct {
	Name    string   `json:"name"`
	URL     string   `json:"url"`
	Account *Account `json:"account"`
}

// Quote is the status inside another one (FEP-044f). QuotedStatus is null unless
// State is "accepted".
type Quote struct {
	State        string  `json:"state"`
	QuotedStatus *Status `json:"quoted_status"`
}

// QuoteApproval says who may quote a status.
type QuoteApproval struct {
	Automatic   Array[string] `json:"automatic"`
	Manual      Array[string] `json:"manual"`
	CurrentUser QuoteStance   `json:"current_user"`
}

// QuoteStance is what the viewer may do. The zero value is written "denied".
type QuoteStance string

// MarshalText writes the stance.
func (s QuoteStance) MarshalText() ([]byte, error) {
	if s == "" {
		return []byte("denied"), nil
	}
	return []byte(s), nil
}

// Context is the thread around a status.
type Context struct {
	Ancestors   Array[*Status] `json:"ancestors"`
	Descendants Array[*Status] `json:"descendants"`
}

// StatusSource is what the author typed, for the edit form.
type StatusSource struct {
	ID          ID     `json:"id"`
	Text        string `json:"text"`
	SpoilerText string `json:"spoiler_text"`
}

// StatusEdit is one version in a status's history.
type StatusEdit struct {
	Account          *Account               `json:"account"`
	Content          string                 `json:"content"`
	SpoilerText      string                 `json:"spoiler_text"`
	Sensitive        bool                   `json:"sensitive"`
	CreatedAt        Time                   `json:"created_at"`
	Poll             *EditedPoll            `json:"poll"`
	Quote            *Quote                 `json:"quote"`
	MediaAttachments Array[MediaAttachment] `json:"media_attachments"`
	Emojis           Array[CustomEmoji]     `json:"emojis"`
}

// EditedPoll is the poll of an earlier version: titles alone.
type EditedPoll struct {
	Options Array[EditedPollOption] `json:"options"`
}

// EditedPollOption is one answer of an EditedPoll.
type EditedPollOption struct {
	Title string `json:"title"`
}

// ScheduledStatus waits for its time.
type ScheduledStatus struct {
	ID               ID                     `json:"id"`
	ScheduledAt      Time                   `json:"scheduled_at"`
	Params           ScheduledParams        `json:"params"`
	MediaAttachments Array[MediaAttachment] `json:"media_attachments"`
}

// ScheduledParams are what the status will be made from.
type ScheduledParams struct {
	Text          string         `json:"text"`
	Poll          *ScheduledPoll `json:"poll"`
	MediaIDs      Array[ID]      `json:"media_ids"`
	Sensitive     *bool          `json:"sensitive"`
	SpoilerText   *string        `json:"spoiler_text"`
	Visibility    string         `json:"visibility"`
	InReplyToID   *ID            `json:"in_reply_to_id"`
	Language      *string        `json:"language"`
	ApplicationID ID             `json:"application_id"`
	ScheduledAt   *Time          `json:"scheduled_at"`
	Idempotency   *string        `json:"idempotency"`
	WithRateLimit bool           `json:"with_rate_limit"`
}

// ScheduledPoll is the poll that a scheduled status will carry.
type ScheduledPoll struct {
	Options    Array[string] `json:"options"`
	ExpiresIn  string        `json:"expires_in"` // seconds, a string in Mastodon, too
	Multiple   bool          `json:"multiple"`
	HideTotals bool          `json:"hide_totals"`
}

// MediaAttachment is a file of a status.
type MediaAttachment struct {
	ID               ID        `json:"id"`
	Type             string    `json:"type"` // image, gifv, video, audio, unknown
	URL              *string   `json:"url"`  // null while it is being processed
	PreviewURL       *string   `json:"preview_url"`
	RemoteURL        *string   `json:"remote_url"`
	PreviewRemoteURL *string   `json:"preview_remote_url"`
	TextURL          *string   `json:"text_url"`
	Meta             MediaMeta `json:"meta"`
	Description      *string   `json:"description"`
	Blurhash         *string   `json:"blurhash"`
}

// MediaMeta measures a file. What is unknown is left out, as in Mastodon: apps
// read an absent size as "lay out without it" and divide by a present one.
type MediaMeta struct {
	Original *MediaSize  `json:"original,omitempty"`
	Small    *MediaSize  `json:"small,omitempty"`
	Focus    *MediaFocus `json:"focus,omitempty"`
}

// MediaSize is the size of a picture, or the shape of a video or sound.
type MediaSize struct {
	Width     int     `json:"width,omitempty"`
	Height    int     `json:"height,omitempty"`
	Size      string  `json:"size,omitempty"`       // "640x480"
	Aspect    float64 `json:"aspect,omitempty"`     // width / height
	FrameRate string  `json:"frame_rate,omitempty"` // "6159375/249269"
	Duration  float64 `json:"duration,omitempty"`   // seconds
	Bitrate   int     `json:"bitrate,omitempty"`    // bits a second
}

// MediaFocus is the point that a crop must keep, each from -1 to 1.
type MediaFocus struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}
