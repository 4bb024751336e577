package vocab

import "encoding/json"

// NoteDocument is a post as we serve it; Type is Note or Question.
type NoteDocument struct {
	ID                string               `json:"id"`
	Type              string               `json:"type"`
	AttributedTo      string               `json:"attributedTo"`
	InReplyTo         string               `json:"inReplyTo,omitempty"`
	Context           string               `json:"context,omitempty"`
	Name              string               `json:"name,omitempty"` // on a vote: the choice
	Summary           string               `json:"summary,omitempty"`
	Content           string               `json:"content,omitempty"`
	ContentMap        map[string]string    `json:"contentMap,omitempty"`
	Source            *SourceDocument      `json:"source,omitempty"`
	Sensitive         bool                 `json:"sensitive"`
	URL               string               `json:"url,omitempty"`
	Published         Timestamp            `json:"published,omitzero"`
	Updated           Timestamp            `json:"updated,omitzero"`
	To                []string             `json:"to"`
	CC                []string             `json:"cc"`
	Attachment        []AttachmentDocument `json:"attachment"`
	Tag               []TagDocument        `json:"tag"`
	Replies           string               `json:"replies,omitempty"`
	Likes             string               `json:"likes,omitempty"`
	Shares            string               `json:"shares,omitempty"`
	InteractionPolicy *PolicyDocument      `json:"interactionPolicy,omitempty"`

	// Set by SetQuote: each reader knows another name.
	Quote              string `json:"quote,omitempty"`
	QuoteURI           string `json:"quoteUri,omitempty"`
	MisskeyQuote       string `json:"_misskey_quote,omitempty"`
	QuoteAuthorization string `json:"quoteAuthorization,omitempty"`

	OneOf       []OptionDocument `json:"oneOf,omitempty"`
	AnyOf       []OptionDocument `json:"anyOf,omitempty"`
	EndTime     Timestamp        `json:"endTime,omitzero"`
	Closed      Timestamp        `json:"closed,omitzero"`
	VotersCount *int             `json:"votersCount,omitempty"`
}

// SetLanguage repeats the content under its language, which is how a post tells it.
func (n *NoteDocument) SetLanguage(tag string) {
	if tag != "" && n.Content != "" {
		n.ContentMap = map[string]string{tag: n.Content}
	}
}

// SetQuote marks the post as quoting another; authorization is the quoted author's
// stamp (FEP-044f), "" while there is none.
func (n *NoteDocument) SetQuote(id, authorization string) {
	n.Quote, n.QuoteURI, n.MisskeyQuote = id, id, id
	n.QuoteAuthorization = authorization
}

// SourceDocument is what the author typed.
type SourceDocument struct {
	Content   string `json:"content"`
	MediaType string `json:"mediaType"`
}

// AttachmentDocument is media of a post.
type AttachmentDocument struct {
	Type       string      `json:"type"`
	MediaType  string      `json:"mediaType"`
	URL        string      `json:"url"`
	Name       string      `json:"name,omitempty"`
	Blurhash   string      `json:"blurhash,omitempty"`
	FocalPoint *[2]float64 `json:"focalPoint,omitempty"`
	Width      int         `json:"width,omitempty"`
	Height     int         `json:"height,omitempty"`
}

// NewAttachment makes a Document, which every server shows by its media type.
func NewAttachment(url, mediaType, description string) AttachmentDocument {
	return AttachmentDocument{Type: "Document", MediaType: mediaType, URL: url, Name: description}
}

// OptionDocument is one choice of a poll with its votes.
type OptionDocument struct {
	Type    string        `json:"type"`
	Name    string        `json:"name"`
	Replies countDocument `json:"replies"`
}

type countDocument struct {
	Type       string `json:"type"`
	TotalItems int    `json:"totalItems"`
}

// NewOption makes a choice with the votes it has.
func NewOption(name string, votes int) OptionDocument {
	return OptionDocument{Type: TypeNote, Name: name, Replies: countDocument{Type: TypeCollection, TotalItems: votes}}
}

// PolicyDocument says who may quote (FEP-044f): actors, collections or Public.
type PolicyDocument struct {
	CanQuote RuleDocument `json:"canQuote"`
}

// RuleDocument lists who is approved at once and who may ask.
type RuleDocument struct {
	AutomaticApproval []string `json:"automaticApproval"`
	ManualApproval    []string `json:"manualApproval,omitempty"`
}

func (n *NoteDocument) context() json.RawMessage { return noteContext }

func (n *NoteDocument) prepare() {
	n.To, n.CC = filled(n.To), filled(n.CC)
	n.Attachment, n.Tag = filled(n.Attachment), filled(n.Tag)
	if n.InteractionPolicy != nil {
		rule := &n.InteractionPolicy.CanQuote
		rule.AutomaticApproval = filled(rule.AutomaticApproval)
	}
}

// TombstoneDocument stands where a deleted post was.
type TombstoneDocument struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	FormerType string    `json:"formerType,omitempty"`
	Deleted    Timestamp `json:"deleted,omitzero"`
}

// NewTombstone makes a Tombstone. The deletion time may be zero.
func NewTombstone(id string, deleted Timestamp) *TombstoneDocument {
	return &TombstoneDocument{ID: id, Type: TypeTombstone, Deleted: deleted}
}

func (t *TombstoneDocument) context() json.RawMessage { return plainContext }
func (t *TombstoneDocument) prepare()                 {}
