package vocab

import "time"

// Note is a post of another server: a Note or a Question, or something else that
// can be shown as one (see IsPost).
type Note struct {
	ID           string
	Type         string
	AttributedTo string
	InReplyTo    string
	Content      string // HTML, not sanitised
	ContentMap   []Localized
	Language     string // BCP 47, "" for unknown
	Summary      string // a warning for Note and Question, a teaser for others
	Name         string // a title; on a reply to a poll, the choice
	Sensitive    bool
	URL          string
	Published    time.Time
	Updated      time.Time
	To           []string
	CC           []string
	Audience     []string
	Attachments  []Attachment
	Mentions     []Mention
	Hashtags     []string
	Emojis       []Emoji
	Quote        string
	Poll         *Poll
	RepliesURL   string
	Context      string // the thread's collection or a conversation's name on its server
	Source       Source
}

// Source is what the author typed.
type Source struct {
	Content   string
	MediaType string
}

// IsVote reports whether this is a choice in a poll rather than a post.
func (n Note) IsVote() bool {
	return n.Type == TypeNote && n.Name != "" && n.InReplyTo != "" && n.Content == ""
}

// ReadNote reads a post. AttributedTo falls back to nothing: who may speak for it
// is decided by the caller from the activity or the fetch.
func ReadNote(d Doc) Note {
	t := readTags(d)
	n := Note{
		ID:           d.ID(),
		Type:         d.typeIn(IsPost),
		AttributedTo: d.author(),
		InReplyTo:    d.IRI("inReplyTo"),
		ContentMap:   d.Localized("contentMap", MaxContent),
		Summary:      d.localText("summary", MaxSummary),
		Name:         d.localText("name", MaxName),
		Sensitive:    d.Bool("sensitive"),
		URL:          d.URL(),
		Published:    d.Time("published"),
		Updated:      d.Time("updated"),
		To:           d.IRIs("to", MaxAudience),
		CC:           d.IRIs("cc", MaxAudience),
		Audience:     d.IRIs("audience", MaxAudience),
		Attachments:  readAttachments(d),
		Mentions:     t.mentions,
		Hashtags:     t.hashtags,
		Emojis:       t.emojis,
		Quote:        d.quote(),
		RepliesURL:   d.collectionIRI("replies"),
		Context:      d.IRI("context"),
		Source:       readSource(d),
	}
	n.Content, n.Language = d.content(n.ContentMap)
	if n.Type == TypeQuestion {
		n.Poll = readPoll(d)
	}
	return n
}

// author returns who wrote it. PeerTube lists the account and its channel: the
// person is the author.
func (d Doc) author() string {
	refs := d.Refs("attributedTo", MaxAliases)
	first := ""
	for _, ref := range refs {
		if ref.ID == "" {
			continue
		}
		if ref.Doc.typeIn(IsActor) == TypePerson {
			return ref.ID
		}
		if first == "" {
			first = ref.ID
		}
	}
	return first
}

// content returns the text and its language: the one whose entry equals content,
// else that of the only entry, else the document's. Without content the first
// entry counts, which is the author's.
func (d Doc) content(texts []Localized) (content, language string) {
	content = d.Text("content", MaxContent)
	if content == "" && len(texts) > 0 {
		return texts[0].Text, texts[0].Language
	}
	for _, t := range texts {
		if t.Text == content {
			return content, t.Language
		}
	}
	if len(texts) == 1 {
		return content, texts[0].Language
	}
	return content, d.defaultLanguage()
}

// defaultLanguage reads @language from @context: the one part of it that is data.
func (d Doc) defaultLanguage() string {
	for _, context := range d.Subs("@context") {
		if tag, ok := context.get("@language").(string); ok {
			return cleanLanguage(tag)
		}
	}
	return ""
}

// localText returns a text, or the first of its language map (nameMap, summaryMap).
func (d Doc) localText(key string, limit int) string {
	if text := d.Text(key, limit); text != "" {
		return text
	}
	if texts := d.Localized(key+"Map", limit); len(texts) > 0 {
		return texts[0].Text
	}
	return ""
}

// quote returns the quoted post; the order is Mastodon's.
func (d Doc) quote() string {
	for _, key := range []string{"quote", "_misskey_quote", "quoteUrl", "quoteUri"} {
		if id := d.IRI(key); id != "" {
			return id
		}
	}
	return ""
}

// collectionIRI returns where a collection starts: its id, or the first page of
// one that is embedded without an id.
func (d Doc) collectionIRI(key string) string {
	if id := d.IRI(key); id != "" {
		return id
	}
	return d.Sub(key).IRI("first")
}

func readSource(d Doc) Source {
	if s, ok := d.get("source").(string); ok {
		return Source{Content: cut(s, MaxContent)}
	}
	source := d.Sub("source")
	return Source{Content: source.Text("content", MaxContent), MediaType: source.mediaType()}
}
