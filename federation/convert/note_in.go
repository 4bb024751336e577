package convert

import (
	"html"
	"slices"
	"strings"
	"time"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/htmlsafe"
	"rookery/internal/social"
)

// Note is a remote post, sanitised: what internal/social/status wants to know of it.
type Note struct {
	URI          string
	URL          string // page for people, on the author's host; "" for none
	Body         string // sanitised HTML
	SpoilerText  string // plain text
	Sensitive    bool
	Visibility   social.Visibility
	Language     string
	InReplyToURI string
	QuoteURI     string
	Published    time.Time // zero: not given
	Edited       *time.Time
	Tags         []string
	Emojis       []social.Emoji
	MentionURIs  []string // actors that the post names
	Addressees   []string // actors it is addressed to, named or not
	Media        []social.Media
}

var (
	errNoPost     = fault.New(fault.Invalid, "That document is not a post that can be shown.")
	errNotAuthors = fault.New(fault.Forbidden, "That post is not the author's own.")
)

// RemoteNote turns a post into what is stored of it. The author must have been
// proven by signature or by fetching the post from its id; here only what the
// document says of itself is compared with the author: the host of the id and, where
// it is given, attributedTo.
func RemoteNote(n vocab.Note, author *social.Account) (Note, error) {
	switch {
	case n.ID == "" || !vocab.IsPost(n.Type):
		return Note{}, errNoPost
	case !vocab.SameHost(n.ID, author.URI):
		return Note{}, errNotAuthors
	case n.AttributedTo != "" && n.AttributedTo != author.URI:
		return Note{}, errNotAuthors
	}
	out := Note{
		URI: n.ID, URL: ownPage(n.URL, author), Sensitive: n.Sensitive, Language: n.Language,
		Visibility: visibility(vocab.Audience(n.To, n.CC, author.FollowersURL)), InReplyToURI: n.InReplyTo, QuoteURI: n.Quote,
		Published: n.Published, Tags: n.Hashtags, Emojis: emojis(n.Emojis),
		Addressees: vocab.Addressees(n.To, n.CC, author.FollowersURL), Media: remoteMedia(n.Attachments),
	}
	for _, m := range n.Mentions {
		if m.Href != "" && !slices.Contains(out.MentionURIs, m.Href) {
			out.MentionURIs = append(out.MentionURIs, m.Href)
		}
	}
	// Some servers send updated with every post; only a later time means an edit.
	if n.Updated.After(n.Published) {
		edited := n.Updated
		out.Edited = &edited
	}
	if vocab.IsNative(n.Type) {
		out.Body = htmlsafe.Remote(n.Content)
		out.SpoilerText = htmlsafe.Text(n.Summary)
	} else {
		out.Body = converted(n)
	}
	return out, nil
}

func ownPage(url string, author *social.Account) string {
	if url = htmlsafe.WebURL(url); !vocab.SameHost(url, author.URI) {
		return ""
	}
	return url
}

func visibility(v vocab.Visibility) social.Visibility {
	switch v {
	case vocab.VisibilityPublic:
		return social.Public
	case vocab.VisibilityUnlisted:
		return social.Unlisted
	case vocab.VisibilityFollowers:
		return social.Followers
	}
	return social.Direct
}

// excerpt is how much of an article stands in for a missing summary.
const excerpt = 500

// converted shows what is no note (Article, Video, Event …) as Mastodon does: title,
// teaser, link to the original. BookWyrm's kinds are short texts of their own and
// are shown in full.
func converted(n vocab.Note) string {
	var b strings.Builder
	if title := htmlsafe.Text(n.Name); title != "" {
		b.WriteString("<h2>" + html.EscapeString(title) + "</h2>")
	}
	switch {
	case isShortText(n.Type):
		b.WriteString(n.Content)
	case n.Summary != "":
		b.WriteString("<p>" + n.Summary + "</p>")
	default:
		b.WriteString(htmlsafe.TruncateHTML(htmlsafe.Remote(n.Content), excerpt))
	}
	link := htmlsafe.WebURL(n.URL)
	if link == "" {
		link = n.ID
	}
	link = html.EscapeString(link)
	b.WriteString(`<p><a href="` + link + `">` + link + `</a></p>`)
	return htmlsafe.Remote(b.String())
}

func isShortText(kind string) bool {
	return slices.Contains([]string{"Review", "Comment", "Quotation", "GeneratedNote"}, kind)
}

// remoteMedia keeps the attachments that are files. Links are for cards.
func remoteMedia(list []vocab.Attachment) []social.Media {
	var out []social.Media
	for _, a := range list {
		url := htmlsafe.WebURL(a.URL)
		if url == "" || a.Type == "Link" || a.Type == "Page" || len(out) == maxMedia {
			continue
		}
		m := social.Media{
			Kind: mediaKind(a), MIME: a.MediaType, RemoteURL: url, Description: htmlsafe.Clean(a.Name), Blurhash: a.Blurhash,
			Width: a.Width, Height: a.Height, Position: len(out),
		}
		if a.FocalPoint != nil {
			m.FocusX, m.FocusY = a.FocalPoint.X, a.FocalPoint.Y
		}
		out = append(out, m)
	}
	return out
}

func mediaKind(a vocab.Attachment) social.MediaKind {
	kind, _, _ := strings.Cut(a.MediaType, "/")
	switch {
	case kind == "image", kind == "" && a.Type == "Image":
		return social.MediaImage
	case kind == "video", kind == "" && a.Type == "Video":
		return social.MediaVideo
	case kind == "audio", kind == "" && a.Type == "Audio":
		return social.MediaAudio
	}
	return social.MediaUnknown
}
