package vocab

import "encoding/json"

// ActorDocument is an account as we serve it. Every URL in it must be on the host
// of ID, sharedInbox included: Misskey refuses the whole actor otherwise and
// Pixelfed drops its updates. Foreign finds the offender.
//
// Pixelfed also needs name, inbox, outbox, following, followers and
// manuallyApprovesFollowers to be present, so these are never left out.
type ActorDocument struct {
	ID                        string          `json:"id"`
	Type                      string          `json:"type"`
	PreferredUsername         string          `json:"preferredUsername"`
	Webfinger                 string          `json:"webfinger,omitempty"` // FEP-2c59: user@handle-domain
	Name                      string          `json:"name"`
	Summary                   string          `json:"summary"`
	URL                       string          `json:"url"`
	Inbox                     string          `json:"inbox"`
	Outbox                    string          `json:"outbox"`
	Following                 string          `json:"following"`
	Followers                 string          `json:"followers"`
	Featured                  string          `json:"featured,omitempty"`
	FeaturedTags              string          `json:"featuredTags,omitempty"`
	Endpoints                 *Endpoints      `json:"endpoints,omitempty"`
	ManuallyApprovesFollowers bool            `json:"manuallyApprovesFollowers"`
	Discoverable              bool            `json:"discoverable"`
	Indexable                 bool            `json:"indexable"`
	Memorial                  bool            `json:"memorial,omitempty"`
	Suspended                 bool            `json:"suspended,omitempty"`
	Published                 Timestamp       `json:"published,omitzero"`
	Updated                   Timestamp       `json:"updated,omitzero"`
	Icon                      *ImageDocument  `json:"icon,omitempty"`
	Image                     *ImageDocument  `json:"image,omitempty"`
	Tag                       []TagDocument   `json:"tag"`
	Attachment                []FieldDocument `json:"attachment"`
	AlsoKnownAs               []string        `json:"alsoKnownAs,omitempty"`
	MovedTo                   string          `json:"movedTo,omitempty"`
	PublicKey                 KeyDocument     `json:"publicKey"`
	InteractionPolicy         *PolicyDocument `json:"interactionPolicy,omitempty"`
}

// Endpoints holds the inbox that all accounts of a host share.
type Endpoints struct {
	SharedInbox string `json:"sharedInbox"`
}

// KeyDocument is the actor's public key: SPKI in PEM.
type KeyDocument struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	PEM   string `json:"publicKeyPem"`
}

// ImageDocument is an avatar, a header, an emoji's picture.
type ImageDocument struct {
	Type      string `json:"type"`
	MediaType string `json:"mediaType"`
	URL       string `json:"url"`
	Name      string `json:"name,omitempty"`
}

// NewImage makes an Image. For icons the media type should be image/png or
// image/jpeg: Pixelfed drops profile updates with any other.
func NewImage(url, mediaType, description string) *ImageDocument {
	return &ImageDocument{Type: "Image", MediaType: mediaType, URL: url, Name: description}
}

// FieldDocument is one row of the table under a profile.
type FieldDocument struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// NewField makes a PropertyValue; value is HTML.
func NewField(name, value string) FieldDocument {
	return FieldDocument{Type: "PropertyValue", Name: name, Value: value}
}

// TagDocument is a Mention, a Hashtag or an Emoji.
type TagDocument struct {
	ID      string         `json:"id,omitempty"`
	Type    string         `json:"type"`
	Href    string         `json:"href,omitempty"`
	Name    string         `json:"name"`
	Updated Timestamp      `json:"updated,omitzero"`
	Icon    *ImageDocument `json:"icon,omitempty"`
}

// NewMention names an actor; handle is @user@host.
func NewMention(actorID, handle string) TagDocument {
	return TagDocument{Type: "Mention", Href: actorID, Name: handle}
}

// NewHashtag takes the tag without its #.
func NewHashtag(page, name string) TagDocument {
	return TagDocument{Type: "Hashtag", Href: page, Name: "#" + name}
}

// NewEmoji takes the shortcode without colons.
func NewEmoji(id, shortcode string, picture *ImageDocument, updated Timestamp) TagDocument {
	return TagDocument{ID: id, Type: "Emoji", Name: ":" + shortcode + ":", Updated: updated, Icon: picture}
}

// Foreign returns the first URL that must be on the actor's own host and is not,
// "" when all are: the rule that current Misskey enforces.
func (a *ActorDocument) Foreign() string {
	urls := []string{
		a.Inbox, a.Outbox, a.Followers, a.Following, a.Featured, a.FeaturedTags, a.URL, a.PublicKey.ID, a.PublicKey.Owner,
	}
	if a.Endpoints != nil {
		urls = append(urls, a.Endpoints.SharedInbox)
	}
	for _, u := range urls {
		if u != "" && !SameHost(a.ID, u) {
			return u
		}
	}
	return ""
}

func (a *ActorDocument) context() json.RawMessage { return actorContext }

func (a *ActorDocument) prepare() {
	a.Tag, a.Attachment = filled(a.Tag), filled(a.Attachment)
}
