package site

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rookery/dashboard/assets"
)

// Post is one post, as a card in a list or as the focus of its own page.
type Post struct {
	ID          string
	By          Account
	URL         string // its page here, or on its own server when IsRemote
	Content     assets.SafeHTML
	Lang        string // of the post; "" when unknown
	Warning     string // content warning; folds text and media away
	IsSensitive bool   // folds the media away
	At          time.Time
	EditedAt    time.Time // zero when never edited
	Media       []Media
	Poll        *Poll
	Card        *LinkCard
	BoostedBy   *Account // set in a list: somebody boosted it
	IsPinned    bool
	IsRemote    bool   // lives on another server
	OriginHost  string // that server
	ReplyTo     string // handle it answers; "" when it answers nobody or itself
	Replies     int
	Boosts      int
	Favourites  int
}

// MediaKind tells the template how to show a file.
type MediaKind string

// The kinds of media.
const (
	Image MediaKind = "image"
	Video MediaKind = "video"
	Sound MediaKind = "audio"
	Loop  MediaKind = "gifv" // a film without sound that repeats
)

// Media is one attached file. Width and Height keep its place while it loads.
type Media struct {
	Kind     MediaKind
	URL      string
	Preview  string // still picture, or smaller picture
	Type     string // MIME type
	Size     int    // bytes; needed by feeds
	Alt      string // what it shows, in words; "" when nobody has described it
	Width    int
	Height   int
	Duration time.Duration
}

// Poll is a poll as it stands.
type Poll struct {
	Options  []PollOption
	Voters   int
	EndsAt   time.Time // zero: no end
	IsClosed bool
}

// PollOption is one answer; Share is its part of the votes, 0 to 100.
type PollOption struct {
	Title string
	Share int
}

// LinkCard previews the first link of a post.
type LinkCard struct {
	URL         string
	Host        string
	Title       string
	Description string
}

// PostView is the page of one post: what it answers above, answers below, in
// the order they are to be read.
type PostView struct {
	Tenant      Tenant
	Post        Post
	Ancestors   []Post
	Descendants []Post
	Canonical   string // absolute address of this page
	ActivityURL string
	OEmbedURL   string
	EmbedHTML   string // to be copied into another site
	NoIndex     bool
}

// RenderPost writes the page of one post.
func RenderPost(w io.Writer, v PostView) error {
	page := v.Tenant.page("", v.Post.By.Name+": "+v.Post.Excerpt(60))
	page.Description = v.Post.Excerpt(200)
	page.Canonical, page.ActivityURL, page.OEmbedURL = v.Canonical, v.ActivityURL, v.OEmbedURL
	page.NoIndex = v.NoIndex
	page.Graph = v.graph()
	return render(w, page, "post-page", v)
}

// EmbedView is one post in a frame on another site.
type EmbedView struct {
	Tenant Tenant
	Post   Post
	URL    string // of its page, absolute
}

// RenderEmbed writes a post for a frame on another site.
func RenderEmbed(w io.Writer, v EmbedView) error {
	page := v.Tenant.page("Post by "+v.Post.By.Name, "")
	page.NoIndex, page.IsFrame, page.Canonical = true, true, v.URL
	return render(w, page, "embed", v)
}

func (v PostView) graph() *assets.Graph {
	g := &assets.Graph{
		Type:        "article",
		SiteName:    v.Tenant.Name,
		Title:       v.Post.By.Name + " (" + v.Post.By.Handle + ")",
		Description: v.Post.Excerpt(300),
		URL:         v.Canonical,
		Handle:      strings.TrimPrefix(v.Post.By.Handle, "@"),
		Image:       v.Post.By.Avatar.URL,
		Published:   v.Post.At,
	}
	if v.Post.Warning != "" || v.Post.IsSensitive {
		return g // a folded picture is not shown elsewhere either
	}
	for _, m := range v.Post.Media {
		picture := m.URL
		if m.Kind != Image {
			picture = m.Preview
		}
		if picture != "" {
			g.Image, g.ImageAlt, g.ImageWidth, g.ImageHeight, g.IsLarge = picture, m.Alt, m.Width, m.Height, true
			break
		}
	}
	return g
}

// Excerpt is the beginning of the post in plain words; of a post with a
// content warning only the warning.
func (p Post) Excerpt(limit int) string {
	text := p.Warning
	if text == "" {
		text = plainText(string(p.Content))
	}
	if text == "" && len(p.Media) > 0 {
		text = p.Media[0].Alt
	}
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	cut := string([]rune(text)[:limit])
	if i := strings.LastIndexByte(cut, ' '); i > limit/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:") + " …"
}

// MediaClass is the class of the grid the media stand in.
func (p Post) MediaClass() string {
	if len(p.Media) < 2 {
		return "media"
	}
	return "media media--many media--" + strconv.Itoa(len(p.Media))
}

// Percent is a share with its sign, as an SVG length.
func (o PollOption) Percent() string { return strconv.Itoa(min(max(o.Share, 0), 100)) + "%" }
