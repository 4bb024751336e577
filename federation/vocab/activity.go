package vocab

import "time"

// Activity is something an actor says it did. Nothing in it is proven: the
// verifier compares Actor with the key's owner.
type Activity struct {
	ID        string // "" for those who send none: they cannot be deduplicated by id
	Type      string
	Actor     string
	Object    Ref   // the first object
	Objects   []Ref // all of them: a Flag has an account and posts
	Target    string
	To        []string
	CC        []string
	Audience  []string // groups (Lemmy and its kin)
	Published time.Time
	Content   string // reason of a Flag, emoji of a reaction
	Emojis    []Emoji
	Result    string // FEP-044f: the stamp in an Accept of a QuoteRequest
	Raw       Doc
}

// ReadActivity reads an activity. Embedded objects stay unread: one level is
// enough for every activity we act on, so nested ones cost nothing.
func ReadActivity(d Doc) Activity {
	a := Activity{
		ID:        d.ID(),
		Type:      d.typeIn(IsActivity),
		Actor:     d.Actor(),
		Objects:   d.Refs("object", MaxObjects),
		Target:    d.IRI("target"),
		To:        d.IRIs("to", MaxAudience),
		CC:        d.IRIs("cc", MaxAudience),
		Audience:  d.IRIs("audience", MaxAudience),
		Published: d.Time("published"),
		Content:   d.reaction(),
		Result:    d.IRI("result"),
		Emojis:    readTags(d).emojis,
		Raw:       d,
	}
	if len(a.Objects) > 0 {
		a.Object = a.Objects[0]
	}
	return a
}

// reaction returns content; older Misskey servers send only their own property.
func (d Doc) reaction() string {
	if content := d.Text("content", MaxAltText); content != "" {
		return content
	}
	return d.Text("_misskey_reaction", MaxToken)
}
