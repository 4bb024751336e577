package vocab_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/federation/vocab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	host      = "https://social.acme.test"
	ada       = host + "/ap/actors/1"
	followers = ada + "/followers"
	stranger  = "https://masto.test/users/bea"
)

var noon = vocab.At(time.Date(2026, 5, 4, 14, 0, 0, 987, time.FixedZone("", 2*3600)))

func actorDocument() *vocab.ActorDocument {
	return &vocab.ActorDocument{
		ID: ada, Type: vocab.TypeService, PreferredUsername: "support", Webfinger: "support@acme.test",
		Name: "Acme & friends", Summary: "<p>We <b>help</b></p>", URL: host + "/@support",
		Inbox: ada + "/inbox", Outbox: ada + "/outbox", Following: ada + "/following", Followers: followers,
		Featured: ada + "/collections/featured", FeaturedTags: ada + "/collections/tags",
		Endpoints: &vocab.Endpoints{SharedInbox: host + "/inbox"}, Discoverable: true, Indexable: true,
		Published: noon, Icon: vocab.NewImage("https://media.test/a.png", "image/png", "our logo"),
		Tag:         []vocab.TagDocument{emojiTag()},
		Attachment:  []vocab.FieldDocument{vocab.NewField("Web", `<a href="https://acme.test">acme.test</a>`)},
		AlsoKnownAs: []string{stranger},
		PublicKey:   vocab.KeyDocument{ID: ada + "#main-key", Owner: ada, PEM: "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----\n"},
	}
}

func emojiTag() vocab.TagDocument {
	return vocab.NewEmoji(host+"/ap/emojis/1", "owl", vocab.NewImage("https://media.test/owl.png", "image/png", ""), noon)
}

func noteDocument() *vocab.NoteDocument {
	picture := vocab.NewAttachment("https://media.test/p.jpg", "image/jpeg", "an owl")
	picture.Blurhash, picture.Width, picture.Height = "LEHV6nWB2yk8", 640, 480
	picture.FocalPoint = &[2]float64{0, -0.5}
	note := &vocab.NoteDocument{
		ID: host + "/ap/objects/9", Type: vocab.TypeNote, AttributedTo: ada, InReplyTo: "https://masto.test/notes/1",
		Context: host + "/ap/contexts/9", Summary: "birds", Content: "<p>Hoo & hoo</p>", Sensitive: true,
		Source: &vocab.SourceDocument{Content: "Hoo & hoo", MediaType: "text/plain"},
		URL:    host + "/@support/9", Published: noon, Updated: noon,
		To: []string{vocab.Public}, CC: []string{followers, stranger},
		Attachment: []vocab.AttachmentDocument{picture},
		Tag: []vocab.TagDocument{
			vocab.NewMention(stranger, "@bea@masto.test"), vocab.NewHashtag(host+"/tags/owls", "owls"), emojiTag(),
		},
		Replies: host + "/ap/objects/9/replies", Likes: host + "/ap/objects/9/likes", Shares: host + "/ap/objects/9/shares",
		InteractionPolicy: &vocab.PolicyDocument{CanQuote: vocab.RuleDocument{AutomaticApproval: []string{vocab.Public}}},
	}
	note.SetLanguage("en")
	note.SetQuote("https://masto.test/notes/2", "https://masto.test/stamps/2")
	return note
}

func pollDocument() *vocab.NoteDocument {
	voters := 3
	return &vocab.NoteDocument{
		ID: host + "/ap/objects/10", Type: vocab.TypeQuestion, AttributedTo: ada, Content: "<p>Tea?</p>",
		Published: noon, To: []string{followers}, EndTime: noon, VotersCount: &voters,
		OneOf: []vocab.OptionDocument{vocab.NewOption("Yes", 3), vocab.NewOption("No", 0)},
	}
}

func documents() map[string]vocab.Document {
	id := host + "/ap/activities/7"
	total := 12
	incoming := vocab.NewFollow("https://masto.test/follows/1", stranger, ada)
	announce := vocab.NewAnnounce(id, ada, "https://masto.test/notes/1", noon, []string{vocab.Public}, []string{followers, stranger})
	page := vocab.NewOrderedPage(ada+"/outbox?page=1", ada+"/outbox", []any{vocab.NewCreate(id, noteDocument()), announce})
	page.Next = ada + "/outbox?max_id=7"
	return map[string]vocab.Document{
		"actor":            actorDocument(),
		"note":             noteDocument(),
		"poll":             pollDocument(),
		"vote":             vocab.NewCreate(id, &vocab.NoteDocument{ID: host + "/ap/objects/11", Type: vocab.TypeNote, AttributedTo: ada, Name: "Yes", InReplyTo: "https://masto.test/polls/1", To: []string{stranger}}),
		"tombstone":        vocab.NewTombstone(host+"/ap/objects/9", noon),
		"create":           vocab.NewCreate(id, noteDocument()),
		"update":           vocab.NewUpdate(id, noteDocument()),
		"update_actor":     vocab.NewActorUpdate(id, actorDocument(), noon),
		"delete":           vocab.NewDelete(id, ada, vocab.NewTombstone(host+"/ap/objects/9", vocab.Timestamp{}), []string{vocab.Public}, nil),
		"delete_actor":     vocab.NewActorDelete(id, ada),
		"follow":           vocab.NewFollow(id, ada, stranger),
		"accept":           vocab.NewAccept(id, ada, incoming),
		"reject":           vocab.NewReject(id, ada, incoming),
		"undo_follow":      vocab.NewUndo(id, vocab.NewFollow(id, ada, stranger)),
		"undo_announce":    vocab.NewUndo(id, announce),
		"announce":         announce,
		"like":             vocab.NewLike(id, ada, "https://masto.test/notes/1"),
		"block":            vocab.NewBlock(id, ada, stranger),
		"move":             vocab.NewMove(id, ada, "https://new.test/u/1", followers),
		"flag":             vocab.NewFlag(id, host+"/ap/instance", "spam", []string{stranger, "https://masto.test/notes/1"}),
		"add":              vocab.NewAdd(id, ada, host+"/ap/objects/9", ada+"/collections/featured", followers),
		"remove":           vocab.NewRemove(id, ada, host+"/ap/objects/9", ada+"/collections/featured", followers),
		"followers":        vocab.NewOrderedCollection(followers, &total, followers+"?page=1"),
		"followers_page":   vocab.NewOrderedPage(followers+"?page=1", followers, []any{stranger}),
		"followers_empty":  vocab.NewOrderedPage(followers+"?page=2", followers, nil),
		"followers_hidden": vocab.NewOrderedCollection(followers, nil, ""),
		"featured":         vocab.NewOrderedItems(ada+"/collections/featured", []any{noteDocument()}),
		"outbox_page":      page,
		"replies":          vocab.NewCollection(host+"/ap/objects/9/replies", host+"/ap/objects/9/replies?page=1"),
		"replies_page":     vocab.NewPage(host+"/ap/objects/9/replies?page=1", host+"/ap/objects/9/replies", []any{"https://masto.test/notes/3"}),
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update and read the diff)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func goldenJSON(t *testing.T, name string, body []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, name+".json", append(indented.Bytes(), '\n'))
}

func TestWrite(t *testing.T) {
	t.Parallel()
	for name, doc := range documents() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := vocab.Write(doc)
			if err != nil {
				t.Fatal(err)
			}
			again, err := vocab.Write(documents()[name])
			if err != nil || !bytes.Equal(body, again) {
				t.Errorf("written twice, different bytes (%v)", err)
			}
			read := mustParse(t, string(body))
			if read.ID() == "" || len(read.Types()) != 1 || bytes.Contains(body, []byte("null")) {
				t.Errorf("no id, no type or a null in %s", body)
			}
			for _, term := range undefinedTerms(t, body) {
				t.Errorf("%q is not defined by @context", term)
			}
			goldenJSON(t, name, body)
		})
	}
}

func TestWhatWeWriteWeRead(t *testing.T) {
	t.Parallel()
	body, err := vocab.Write(vocab.NewCreate(host+"/ap/activities/7", noteDocument()))
	if err != nil {
		t.Fatal(err)
	}
	create := vocab.ReadActivity(mustParse(t, string(body)))
	at := on(t, "2026-05-04T12:00:00Z")
	want := vocab.Note{
		ID: host + "/ap/objects/9", Type: "Note", AttributedTo: ada, InReplyTo: "https://masto.test/notes/1",
		Context: host + "/ap/contexts/9", Summary: "birds", Content: "<p>Hoo & hoo</p>", Language: "en",
		ContentMap: []vocab.Localized{{Language: "en", Text: "<p>Hoo & hoo</p>"}}, Sensitive: true,
		URL: host + "/@support/9", Published: create.Published, Updated: create.Published,
		To: []string{vocab.Public}, CC: []string{followers, stranger},
		Attachments: []vocab.Attachment{{
			Type: "Document", URL: "https://media.test/p.jpg", MediaType: "image/jpeg", Name: "an owl",
			Blurhash: "LEHV6nWB2yk8", Width: 640, Height: 480, FocalPoint: &vocab.FocalPoint{X: 0, Y: -0.5},
		}},
		Mentions:   []vocab.Mention{{Href: stranger, Name: "@bea@masto.test"}},
		Hashtags:   []string{"owls"},
		Quote:      "https://masto.test/notes/2",
		RepliesURL: host + "/ap/objects/9/replies",
		Source:     vocab.Source{Content: "Hoo & hoo", MediaType: "text/plain"},
	}
	got := vocab.ReadNote(create.Object.Doc)
	if len(got.Emojis) != 1 || got.Emojis[0].Shortcode != "owl" {
		t.Errorf("emojis %+v", got.Emojis)
	}
	got.Emojis = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if create.Published.After(at) {
		t.Errorf("published %v", create.Published)
	}
}

// Misskey throws away an actor with anything on another host, Pixelfed one
// without these properties.
func TestActorIsAcceptedElsewhere(t *testing.T) {
	t.Parallel()
	bare, err := vocab.Write(&vocab.ActorDocument{ID: ada, Type: vocab.TypePerson})
	if err != nil {
		t.Fatal(err)
	}
	doc := mustParse(t, string(bare))
	for _, key := range []string{
		"name", "inbox", "outbox", "following", "followers", "manuallyApprovesFollowers", "preferredUsername", "tag", "attachment",
	} {
		if !doc.Has(key) {
			t.Errorf("%s is missing from an empty profile", key)
		}
	}
	if foreign := actorDocument().Foreign(); foreign != "" {
		t.Errorf("%q counts as foreign", foreign)
	}
	elsewhere := "https://platform.test/inbox"
	for name, change := range map[string]func(*vocab.ActorDocument){
		"shared inbox": func(a *vocab.ActorDocument) { a.Endpoints.SharedInbox = elsewhere },
		"url":          func(a *vocab.ActorDocument) { a.URL = elsewhere },
		"key":          func(a *vocab.ActorDocument) { a.PublicKey.ID = elsewhere },
		"other port":   func(a *vocab.ActorDocument) { a.Inbox = host + ":8443/inbox" },
	} {
		actor := actorDocument()
		change(actor)
		if actor.Foreign() == "" {
			t.Errorf("%s on another host goes unnoticed", name)
		}
	}
}

// The ActivityStreams and security contexts define these.
var standardTerms = []string{
	"@context", "id", "type", "actor", "object", "target", "result", "to", "cc", "published", "updated", "name", "summary",
	"content", "contentMap", "source", "mediaType", "url", "href", "tag", "attachment", "attributedTo", "inReplyTo",
	"context", "replies", "likes", "shares", "totalItems", "items", "orderedItems", "first", "last", "next", "prev",
	"partOf", "icon", "image", "inbox", "outbox", "followers", "following", "preferredUsername", "endpoints", "sharedInbox",
	"oneOf", "anyOf", "endTime", "closed", "width", "height", "formerType", "deleted",
	"publicKey", "publicKeyPem", "owner",
}

// undefinedTerms lists what a JSON-LD reader would lose: properties and extension
// types that no context defines, and terms of ours with an undefined prefix.
func undefinedTerms(t *testing.T, body []byte) []string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"Emoji": false, "Hashtag": false, "PropertyValue": false}
	for _, term := range standardTerms {
		known[term] = true
	}
	parts, _ := doc["@context"].([]any) // a plain string has no terms of its own
	for _, part := range parts {
		if defined, ok := part.(map[string]any); ok {
			for term := range defined {
				known[term] = true
			}
		}
	}
	delete(doc, "@context")
	var unknown []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for key, value := range v {
				if !known[key] {
					unknown = append(unknown, key)
				}
				if name, ok := value.(string); ok && key == "type" {
					if isKnown, isExtension := known[name]; isExtension && !isKnown {
						unknown = append(unknown, name)
					}
				}
				if key != "contentMap" {
					walk(value)
				}
			}
		}
	}
	walk(doc)
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

func TestWriteDiscovery(t *testing.T) {
	t.Parallel()
	software := vocab.SoftwareDocument{Name: "rookery", Version: "1.0", Repository: "https://code.test/rookery", Homepage: "https://acme.test"}
	usage := vocab.Usage{Users: 4, ActiveMonth: 2, ActiveHalfyear: 3, LocalPosts: 99}
	for name, v := range map[string]any{
		"webfinger": vocab.NewWebFinger(vocab.WebFinger{
			Username: "support", HandleHost: "acme.test", ActorID: ada, Profile: host + "/@support",
			Subscribe: host + "/authorize_interaction?uri={uri}",
			Avatar:    vocab.Image{URL: "https://media.test/a.png", MediaType: "image/png"},
		}),
		"host_meta":      vocab.NewHostMeta(host),
		"nodeinfo_index": vocab.NewNodeInfoIndex(host, host+"/ap/instance"),
		"nodeinfo_20":    vocab.NewNodeInfo("2.0", software, false, usage, nil),
		"nodeinfo_21":    vocab.NewNodeInfo("2.1", software, true, usage, map[string]any{"nodeName": "Acme"}),
	} {
		body, err := vocab.WriteJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		goldenJSON(t, name, body)
		if jrd := vocab.ReadJRD(mustParse(t, string(body))); name == "webfinger" &&
			(jrd.Self() != ada || jrd.Subject != "acct:support@acme.test") {
			t.Errorf("our own WebFinger is read as %+v", jrd)
		}
	}
}

func TestWriteHostMeta(t *testing.T) {
	t.Parallel()
	body, err := vocab.WriteHostMeta(host)
	if err != nil {
		t.Fatal(err)
	}
	var xrd struct {
		XMLName xml.Name `xml:"http://docs.oasis-open.org/ns/xri/xrd-1.0 XRD"`
		Link    struct {
			Rel      string `xml:"rel,attr"`
			Template string `xml:"template,attr"`
		}
	}
	if err := xml.Unmarshal(body, &xrd); err != nil {
		t.Fatal(err)
	}
	// Akkoma compares the template of the handle's domain with the actor's.
	if xrd.Link.Rel != "lrdd" || xrd.Link.Template != host+"/.well-known/webfinger?resource={uri}" {
		t.Errorf("link %+v", xrd.Link)
	}
	golden(t, "host_meta.xml", body)
}
