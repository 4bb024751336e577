package vocab

import (
	"strings"
	"time"
	"unicode"
)

// Actor is an account of another server as its own document describes it.
type Actor struct {
	ID                string
	Type              string
	PreferredUsername string
	Webfinger         string // FEP-2c59: user@host, a claim to be checked by WebFinger
	Name              string
	Summary           string // HTML, not sanitised
	URL               string
	Inbox             string
	SharedInbox       string
	Outbox            string
	Followers         string
	Following         string
	Featured          string
	FeaturedTags      string
	Icon              Image
	Image             Image
	Published         time.Time
	Updated           time.Time // zero: not given
	AlsoKnownAs       []string
	MovedTo           string
	Owners            []string // attributedTo: who runs a PeerTube channel
	Fields            []Field
	Emojis            []Emoji
	Keys              []PublicKey

	ManuallyApprovesFollowers bool
	Discoverable              bool
	Indexable                 bool // FEP-5feb
	Memorial                  bool
	Suspended                 bool
}

// IsBot reports whether the account is run by a program.
func (a Actor) IsBot() bool { return a.Type == TypeService || a.Type == TypeApplication }

// Field is one row of the table under a profile.
type Field struct {
	Name  string
	Value string // HTML, not sanitised
}

// PublicKey is a key that a document lists. PEM is for publicKey, Multibase for
// assertionMethod (FEP-521a); both are empty where only the id came.
type PublicKey struct {
	ID        string
	Owner     string
	PEM       string
	Multibase string
}

// ReadActor reads an actor document, or the stub that a key's URL serves.
func ReadActor(d Doc) Actor {
	t := readTags(d)
	return Actor{
		ID:                d.ID(),
		Type:              d.typeIn(IsActor),
		PreferredUsername: d.username(),
		Webfinger:         d.webfinger(),
		Name:              d.Text("name", MaxName),
		Summary:           d.Text("summary", MaxSummary),
		URL:               d.URL(),
		Inbox:             d.IRI("inbox"),
		SharedInbox:       d.Sub("endpoints").IRI("sharedInbox"),
		Outbox:            d.IRI("outbox"),
		Followers:         d.IRI("followers"),
		Following:         d.IRI("following"),
		Featured:          d.IRI("featured"),
		FeaturedTags:      d.IRI("featuredTags"),
		Icon:              d.Image("icon"),
		Image:             d.Image("image"),
		Published:         d.Time("published"),
		Updated:           d.Time("updated"),
		AlsoKnownAs:       d.IRIs("alsoKnownAs", MaxAliases),
		MovedTo:           d.IRI("movedTo"),
		Owners:            d.IRIs("attributedTo", MaxAliases),
		Fields:            readFields(d),
		Emojis:            t.emojis,
		Keys:              readKeys(d),

		ManuallyApprovesFollowers: d.Bool("manuallyApprovesFollowers"),
		Discoverable:              d.Bool("discoverable"),
		Indexable:                 d.Bool("indexable"),
		Memorial:                  d.Bool("memorial"),
		Suspended:                 d.Bool("suspended"),
	}
}

// username drops a name that would read as something else inside @user@host.
func (d Doc) username() string {
	name, _ := d.get("preferredUsername").(string)
	if !isUsername(name) {
		return ""
	}
	return name
}

func isUsername(name string) bool {
	return name != "" && len(name) <= MaxUsername && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`@＠/\:?#<>"`, r)
	})
}

func (d Doc) webfinger() string {
	address, _ := d.get("webfinger").(string)
	user, host, found := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address, "acct:"), "@"), "@")
	if !found || !isUsername(user) || strings.ContainsAny(host, "/?#") {
		return ""
	}
	// HostOf refuses what is no plain host; a port is fine in development.
	if host = HostOf("https://" + host); host == "" {
		return ""
	}
	return user + "@" + host
}

func readFields(d Doc) []Field {
	var fields []Field
	for _, item := range d.Subs("attachment") {
		if len(fields) == MaxFields {
			break
		}
		if item.typeIn(func(name string) bool { return name == "PropertyValue" }) != "PropertyValue" {
			continue
		}
		f := Field{Name: item.Text("name", MaxName), Value: item.Text("value", MaxValue)}
		if f.Name != "" || f.Value != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

func readKeys(d Doc) []PublicKey {
	var keys []PublicKey
	for _, property := range []string{"publicKey", "assertionMethod"} {
		for _, ref := range d.Refs(property, MaxKeys) {
			if ref.ID != "" && len(keys) < MaxKeys {
				keys = append(keys, keyOf(ref))
			}
		}
	}
	return keys
}

func keyOf(ref Ref) PublicKey {
	key := PublicKey{ID: ref.ID, Owner: ref.Doc.IRI("owner")}
	if key.Owner == "" {
		key.Owner = ref.Doc.IRI("controller")
	}
	if pem, _ := ref.Doc.get("publicKeyPem").(string); len(pem) <= MaxPEM {
		key.PEM = pem
	}
	if multibase, _ := ref.Doc.get("publicKeyMultibase").(string); len(multibase) <= MaxPEM {
		key.Multibase = multibase
	}
	return key
}

// ReadKey reads a document that is a bare key: what some servers serve at keyId.
// For a stub actor use ReadActor(d).Keys.
func ReadKey(d Doc) PublicKey { return keyOf(refOf(d)) }
