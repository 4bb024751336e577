package vocab

import (
	"strings"
	"time"
)

// Mention is an actor that a post names.
type Mention struct {
	Href string // the actor's id
	Name string // as the author wrote it, often @user@host; only a hint
}

// Emoji is a custom emoji of another server.
type Emoji struct {
	ID        string
	Shortcode string // without colons
	URL       string
	MediaType string
	Updated   time.Time
}

type tags struct {
	mentions []Mention
	hashtags []string
	emojis   []Emoji
}

// readTags sorts the tag property, one object or a list, by type. Each kind is
// capped by itself, so that 10 000 mentions cannot push the emojis out.
func readTags(d Doc) tags {
	var t tags
	for _, tag := range d.Subs("tag") {
		for _, name := range tag.Types() {
			switch name {
			case "Mention":
				t.addMention(tag)
			case "Hashtag":
				t.addHashtag(tag)
			case "Emoji":
				t.addEmoji(tag)
			}
		}
	}
	return t
}

func (t *tags) addMention(d Doc) {
	if len(t.mentions) == MaxTags {
		return
	}
	href, _ := d.get("href").(string)
	if href = CleanID(href); href == "" {
		return
	}
	for _, m := range t.mentions {
		if m.Href == href {
			return
		}
	}
	t.mentions = append(t.mentions, Mention{Href: href, Name: d.Text("name", MaxName)})
}

func (t *tags) addHashtag(d Doc) {
	name := strings.TrimSpace(d.Text("name", MaxName))
	name = strings.TrimPrefix(strings.TrimPrefix(name, "#"), "＃") // the second is full-width
	if name == "" || len(name) > MaxHashtag || strings.ContainsAny(name, " \t\r\n#/<>\"") || len(t.hashtags) == MaxTags {
		return
	}
	for _, known := range t.hashtags {
		if strings.EqualFold(known, name) {
			return
		}
	}
	t.hashtags = append(t.hashtags, name)
}

func (t *tags) addEmoji(d Doc) {
	shortcode := strings.Trim(d.Token("name"), ":")
	image := d.Image("icon")
	if !isShortcode(shortcode) || image.URL == "" || len(t.emojis) == MaxTags {
		return
	}
	for _, e := range t.emojis {
		if e.Shortcode == shortcode {
			return
		}
	}
	t.emojis = append(t.emojis, Emoji{
		ID:        d.ID(),
		Shortcode: shortcode,
		URL:       image.URL,
		MediaType: image.MediaType,
		Updated:   d.Time("updated"),
	})
}

// isShortcode keeps shortcodes to what can stand between colons in any text.
func isShortcode(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		isWord := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !isWord && !strings.ContainsRune("_-+.@", rune(c)) {
			return false
		}
	}
	return s != ""
}
