package convert

import (
	"strconv"

	"rookery/federation/vocab"
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
	"rookery/tenant"
)

// Post is everything that the document of a local post shows.
type Post struct {
	Status   *social.Status
	Author   *social.Account
	Mentions []*social.Mention
	Media    []*social.Media
}

// NoteDocument is a local post as others read it. mediaURL says where a file is served.
func NoteDocument(t *tenant.Tenant, p Post, mediaURL func(*social.Media) string) *vocab.NoteDocument {
	st := p.Status
	to, cc := Audience(st.Visibility, p.Author.FollowersURL, mentioned(p.Mentions))
	note := &vocab.NoteDocument{
		ID: st.URI, Type: vocab.TypeNote, AttributedTo: p.Author.URI, InReplyTo: st.InReplyToURI,
		Summary: st.SpoilerText, Content: st.Body, Sensitive: st.Sensitive, URL: st.URL,
		Published: vocab.At(st.CreatedAt), To: to, CC: cc,
	}
	if st.EditedAt != nil {
		note.Updated = vocab.At(*st.EditedAt)
	}
	if st.Language != "" {
		note.SetLanguage(st.Language)
	}
	if st.QuoteURI != "" {
		note.SetQuote(st.QuoteURI, "")
	}
	for _, m := range p.Mentions {
		note.Tag = append(note.Tag, vocab.NewMention(m.URI, mentionName(t, m)))
	}
	for _, tag := range st.Tags {
		note.Tag = append(note.Tag, vocab.NewHashtag(t.URL("/tags/"+htmlsafe.NormaliseTag(tag)), tag))
	}
	for _, m := range p.Media {
		note.Attachment = append(note.Attachment, attachment(m, mediaURL(m)))
	}
	return note
}

// Audience is the addressing of a visibility. Mastodon and most others read it back the same way.
func Audience(v social.Visibility, followers string, mentioned []string) (to, cc []string) {
	switch v {
	case social.Public:
		return []string{vocab.Public}, append([]string{followers}, mentioned...)
	case social.Unlisted:
		return []string{followers}, append([]string{vocab.Public}, mentioned...)
	case social.Followers:
		return []string{followers}, mentioned
	default:
		return mentioned, nil
	}
}

func mentioned(list []*social.Mention) []string {
	out := make([]string, 0, len(list))
	for _, m := range list {
		out = append(out, m.URI)
	}
	return out
}

func mentionName(t *tenant.Tenant, m *social.Mention) string {
	if m.Domain == "" {
		return "@" + m.Username + "@" + t.HandleDomain
	}
	return "@" + m.Username + "@" + m.Domain
}

func attachment(m *social.Media, url string) vocab.AttachmentDocument {
	doc := vocab.NewAttachment(url, m.MIME, m.Description)
	doc.Blurhash, doc.Width, doc.Height = m.Blurhash, m.Width, m.Height
	if m.FocusX != 0 || m.FocusY != 0 {
		doc.FocalPoint = &[2]float64{m.FocusX, m.FocusY}
	}
	return doc
}

// AnnounceDocument is a local account's boost. Its id is the boost's own URI.
func AnnounceDocument(boost *social.Status, booster *social.Account, originalURI, originalAuthor string) *vocab.ActivityDocument {
	var others []string
	if originalAuthor != "" && originalAuthor != booster.URI {
		others = []string{originalAuthor}
	}
	to, cc := Audience(boost.Visibility, booster.FollowersURL, others)
	return vocab.NewAnnounce(boost.URI, booster.URI, originalURI, vocab.At(boost.CreatedAt), to, cc)
}

// CreateURI is the id of the activity that announces a local post. It follows from
// the post, so that the outbox can name it long after the activity was sent.
func CreateURI(t *tenant.Tenant, st *social.Status) string {
	return t.URL("/ap/activities/" + strconv.FormatInt(int64(st.ID), 10))
}
