package vocab

import "time"

// Attachment is media or a link that comes with a post.
type Attachment struct {
	Type       string // Document, Image, Video, Audio, Link
	URL        string
	MediaType  string
	Name       string // the description for those who cannot see it
	Blurhash   string
	Width      int
	Height     int
	FocalPoint *FocalPoint
}

// FocalPoint is what must stay visible when a picture is cropped: -1..1 each.
type FocalPoint struct{ X, Y float64 }

func readAttachments(d Doc) []Attachment {
	var attachments []Attachment
	for _, v := range d.list("attachment") {
		if len(attachments) == MaxAttachments {
			break
		}
		var a Attachment
		if item, ok := v.(Doc); ok {
			a = attachmentOf(item)
		} else {
			a = Attachment{Type: "Link", URL: linkOf(v).Href}
		}
		if a.URL != "" {
			attachments = append(attachments, a)
		}
	}
	return attachments
}

func attachmentOf(d Doc) Attachment {
	link := d.mediaLink()
	a := Attachment{
		URL:       link.Href,
		MediaType: link.MediaType,
		Name:      d.Text("name", MaxAltText),
		Blurhash:  d.Token("blurhash"),
		Width:     link.Width,
		Height:    link.Height,
	}
	if types := d.Types(); len(types) > 0 {
		a.Type = types[0]
	}
	if a.Name == "" && a.Type != "Link" {
		a.Name = d.Text("summary", MaxAltText) // Pleroma's descendants
	}
	a.FocalPoint = focalPoint(d)
	return a
}

func focalPoint(d Doc) *FocalPoint {
	list := d.list("focalPoint")
	if len(list) != 2 {
		return nil
	}
	x, isNumber := list[0].(float64)
	y, isNumberToo := list[1].(float64)
	if !isNumber || !isNumberToo {
		return nil
	}
	return &FocalPoint{X: max(-1, min(x, 1)), Y: max(-1, min(y, 1))}
}

// Poll is what a Question asks.
type Poll struct {
	Options     []Option
	Multiple    bool
	EndTime     time.Time // zero for none
	Closed      time.Time // zero while open
	VotersCount int
}

// Option is one choice of a poll.
type Option struct {
	Name  string
	Votes int
}

// readPoll returns nil for a Question without options.
func readPoll(d Doc) *Poll {
	p := &Poll{
		EndTime:     d.Deadline("endTime"),
		Closed:      d.Time("closed"),
		VotersCount: d.Count("votersCount"),
	}
	choices := d.Subs("oneOf")
	if len(choices) == 0 {
		choices, p.Multiple = d.Subs("anyOf"), true
	}
	for _, choice := range choices {
		if name := choice.Text("name", MaxOption); name != "" && len(p.Options) < MaxOptions {
			p.Options = append(p.Options, Option{Name: name, Votes: choice.Sub("replies").Count("totalItems")})
		}
	}
	if len(p.Options) == 0 {
		return nil
	}
	// closed may be true; the end is then what is known of it.
	if p.Closed.IsZero() && d.get("closed") == true {
		p.Closed = p.EndTime
		if p.Closed.IsZero() || p.Closed.After(time.Now()) {
			p.Closed = time.Now().UTC()
		}
	}
	return p
}
