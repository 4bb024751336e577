package site

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// FeedView is the RSS feed of an account.
type FeedView struct {
	Title       string
	Link        string // the page the feed belongs to, absolute
	Self        string // the feed's own address, absolute
	Description string
	Lang        string
	Icon        string // picture of the account, absolute
	Version     string // of the software
	Posts       []FeedPost
}

// FeedPost is a post of a feed with its hashtags.
type FeedPost struct {
	Post
	Tags []string // without the #
}

// feedTitleLength is where the title of an item is cut: readers show one line.
const feedTitleLength = 100

type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Media   string     `xml:"xmlns:media,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language,omitempty"`
	Built       string    `xml:"lastBuildDate,omitempty"`
	Generator   string    `xml:"generator"`
	Docs        string    `xml:"docs"`
	Self        rssSelf   `xml:"atom:link"`
	Image       *rssImage `xml:"image"`
	Items       []rssItem `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssImage struct {
	URL   string `xml:"url"`
	Title string `xml:"title"`
	Link  string `xml:"link"`
}

type rssItem struct {
	GUID        rssGUID       `xml:"guid"`
	Link        string        `xml:"link"`
	PubDate     string        `xml:"pubDate"`
	Title       string        `xml:"title,omitempty"`
	Description rssText       `xml:"description"`
	Enclosure   *rssEnclosure `xml:"enclosure"`
	Media       []rssMedia    `xml:"media:content"`
	Categories  []string      `xml:"category"`
}

type rssGUID struct {
	IsPermaLink bool   `xml:"isPermaLink,attr"`
	Value       string `xml:",chardata"`
}

type rssText struct {
	Value string `xml:",cdata"`
}

type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int    `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

type rssMedia struct {
	URL         string          `xml:"url,attr"`
	Type        string          `xml:"type,attr,omitempty"`
	FileSize    int             `xml:"fileSize,attr,omitempty"`
	Medium      string          `xml:"medium,attr"`
	Rating      *rssRating      `xml:"media:rating"`
	Description *rssDescription `xml:"media:description"`
}

type rssRating struct {
	Scheme string `xml:"scheme,attr"`
	Value  string `xml:",chardata"`
}

type rssDescription struct {
	Type  string `xml:"type,attr"`
	Value string `xml:",chardata"`
}

// WriteFeed writes the feed as RSS 2.0 (https://www.rssboard.org/rss-specification)
// with Media RSS, because RSS itself allows one enclosure an item.
func WriteFeed(w io.Writer, v FeedView) error {
	feed := rssFeed{
		Version: "2.0",
		Atom:    "http://www.w3.org/2005/Atom",
		Media:   "http://search.yahoo.com/mrss/",
		Channel: rssChannel{
			Title:       xmlText(v.Title),
			Link:        v.Link,
			Description: xmlText(v.Description),
			Language:    v.Lang,
			Generator:   strings.TrimSpace("Rookery " + v.Version),
			Docs:        "https://www.rssboard.org/rss-specification",
			Self:        rssSelf{Href: v.Self, Rel: "self", Type: "application/rss+xml"},
		},
	}
	if v.Icon != "" {
		feed.Channel.Image = &rssImage{URL: v.Icon, Title: xmlText(v.Title), Link: v.Link}
	}
	if len(v.Posts) > 0 {
		feed.Channel.Built = v.Posts[0].At.UTC().Format(time.RFC1123Z)
	}
	for _, p := range v.Posts {
		feed.Channel.Items = append(feed.Channel.Items, p.item())
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write feed %s: %w", v.Self, err)
	}
	if err := xml.NewEncoder(w).Encode(feed); err != nil {
		return fmt.Errorf("write feed %s: %w", v.Self, err)
	}
	return nil
}

func (p FeedPost) item() rssItem {
	item := rssItem{
		GUID:        rssGUID{IsPermaLink: true, Value: p.URL},
		Link:        p.URL,
		PubDate:     p.At.UTC().Format(time.RFC1123Z),
		Title:       xmlText(p.Excerpt(feedTitleLength)),
		Description: rssText{Value: xmlText(string(p.Content))},
		Categories:  p.Tags,
	}
	if p.Warning != "" {
		item.Title = xmlText("CW: " + p.Warning)
	}
	for _, m := range p.Media {
		if item.Enclosure == nil {
			item.Enclosure = &rssEnclosure{URL: m.URL, Length: m.Size, Type: m.Type}
		}
		item.Media = append(item.Media, p.media(m))
	}
	return item
}

func (p FeedPost) media(m Media) rssMedia {
	out := rssMedia{URL: m.URL, Type: m.Type, FileSize: m.Size, Medium: string(m.Kind)}
	if m.Kind == Loop {
		out.Medium = string(Video)
	}
	if m.Alt != "" {
		out.Description = &rssDescription{Type: "plain", Value: xmlText(m.Alt)}
	}
	rating := "nonadult"
	if p.IsSensitive || p.Warning != "" {
		rating = "adult"
	}
	out.Rating = &rssRating{Scheme: "urn:simple", Value: rating}
	return out
}

// xmlText drops what XML 1.0 cannot hold at all (section 2.2): encoding/xml
// leaves it in CDATA, and one such byte makes the whole feed unreadable.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return r
		case r < 0x20 || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
}
