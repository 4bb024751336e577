package vocab

import "strings"

// Link is one entry of a property such as url: a bare URL or a Link object.
type Link struct {
	Href      string
	MediaType string
	Rel       string
	Width     int
	Height    int
}

// Links returns the http(s) links of a property: strings, Link objects, objects
// with a url, or a mixed list of them.
func (d Doc) Links(key string) []Link {
	var links []Link
	for _, v := range d.list(key) {
		if len(links) == MaxLinks {
			break
		}
		if link := linkOf(v); link.Href != "" {
			links = append(links, link)
		}
	}
	return links
}

func linkOf(v any) Link {
	switch v := v.(type) {
	case string:
		return Link{Href: CleanURL(v)}
	case Doc:
		href, ok := v.get("href").(string)
		if !ok {
			href, _ = v.get("url").(string)
		}
		return Link{
			Href:      CleanURL(href),
			MediaType: v.mediaType(),
			Rel:       v.Token("rel"),
			Width:     v.Count("width"),
			Height:    v.Count("height"),
		}
	default:
		return Link{}
	}
}

// mediaType returns the bare lower-case media type, without parameters.
func (d Doc) mediaType() string {
	bare, _, _ := strings.Cut(d.Token("mediaType"), ";")
	bare = strings.ToLower(strings.TrimSpace(bare))
	if major, minor, found := strings.Cut(bare, "/"); !found || major == "" || minor == "" {
		return ""
	}
	return bare
}

// URL returns the page to show people: the HTML link where types are given
// (PeerTube lists its video files beside it), else the first one.
func (d Doc) URL() string {
	links := d.Links("url")
	for _, link := range links {
		if link.MediaType == "text/html" {
			return link.Href
		}
	}
	for _, link := range links {
		if link.MediaType == "" {
			return link.Href
		}
	}
	if len(links) > 0 {
		return links[0].Href
	}
	return ""
}

// Image is an avatar, a header or the picture of a custom emoji.
type Image struct {
	URL         string
	MediaType   string
	Description string
}

// Image returns the largest image of a property, the first one among equals.
func (d Doc) Image(key string) Image {
	var best Image
	width := -1
	for _, v := range d.list(key) {
		image, w := imageOf(v)
		if image.URL != "" && w > width {
			best, width = image, w
		}
	}
	return best
}

func imageOf(v any) (Image, int) {
	doc, ok := v.(Doc)
	if !ok {
		return Image{URL: linkOf(v).Href}, 0
	}
	link := doc.mediaLink()
	return Image{URL: link.Href, MediaType: link.MediaType, Description: doc.Text("name", MaxAltText)}, link.Width
}

// mediaLink returns where a Document, Image or Link has its bytes: href, url as a
// string, or the first of url as Links, whose own facts win over the outer ones.
func (d Doc) mediaLink() Link {
	link := linkOf(d)
	if link.Href != "" {
		return link
	}
	inner := d.Links("url")
	if len(inner) == 0 {
		return Link{}
	}
	link.Href = inner[0].Href
	if inner[0].MediaType != "" {
		link.MediaType = inner[0].MediaType
	}
	if inner[0].Width > 0 && inner[0].Height > 0 {
		link.Width, link.Height = inner[0].Width, inner[0].Height
	}
	return link
}
