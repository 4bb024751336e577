package vocab_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/federation/vocab"
)

func fixture(t testing.TB, name string) vocab.Doc {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, string(raw))
}

func on(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// sameDoc compares documents by what they say.
var sameDoc = cmp.Comparer(func(a, b vocab.Doc) bool {
	x, _ := a.MarshalJSON()
	y, _ := b.MarshalJSON()
	return a.IsZero() == b.IsZero() && bytes.Equal(x, y)
})

func TestReadNote(t *testing.T) {
	t.Parallel()
	tests := map[string]vocab.Note{
		"mastodon/poll.json": {
			ID: "https://masto.test/users/ada/statuses/1", Type: "Question",
			AttributedTo: "https://masto.test/users/ada",
			Content:      "<p>Tea or coffee?</p>", Language: "en",
			ContentMap: []vocab.Localized{{Language: "en", Text: "<p>Tea or coffee?</p>"}},
			URL:        "https://masto.test/@ada/1", Published: on(t, "2024-05-01T10:00:00Z"),
			To:       []string{"https://masto.test/users/ada/followers"},
			Hashtags: []string{"Tea"}, RepliesURL: "https://masto.test/users/ada/statuses/1/replies",
			Poll: &vocab.Poll{
				Options: []vocab.Option{{Name: "Tea", Votes: 2}, {Name: "Coffee", Votes: 1}}, Multiple: true,
				EndTime: on(t, "2024-05-02T10:00:00Z"), Closed: on(t, "2024-05-02T10:00:00Z"), VotersCount: 3,
			},
		},
		"pleroma/question.json": {
			ID: "https://pl.test/objects/1", Type: "Question", AttributedTo: "https://pl.test/users/gil",
			Content: "ready?", To: []string{"https://pl.test/users/gil/followers"},
			Poll: &vocab.Poll{
				Options: []vocab.Option{{Name: "yes", Votes: vocab.MaxCount}},
				EndTime: on(t, "2021-01-01T00:00:00Z"), Closed: on(t, "2021-01-01T00:00:00Z"),
			},
			Source: vocab.Source{Content: "ready?"},
		},
		"peertube/video.json": {
			ID: "https://tube.test/videos/watch/v1", Type: "Video", AttributedTo: "https://tube.test/accounts/bea",
			Content: "**Outside**", Name: "A walk", URL: "https://tube.test/w/v1",
			Published: on(t, "2023-03-04T05:06:07.890Z"), To: []string{vocab.Public},
			CC: []string{"https://tube.test/accounts/bea/followers"},
		},
		"lemmy/page.json": {
			ID: "https://lemmy.test/post/1", Type: "Page", AttributedTo: "https://lemmy.test/u/eve",
			Content: "<p>Ripe.</p>", Name: "Tomatoes", Published: on(t, "2024-06-01T12:00:00Z"),
			To: []string{"https://lemmy.test/c/gardens", vocab.Public}, Audience: []string{"https://lemmy.test/c/gardens"},
			Attachments: []vocab.Attachment{{Type: "Link", URL: "https://news.test/tomatoes", MediaType: "text/html"}},
			Source:      vocab.Source{Content: "Ripe.", MediaType: "text/markdown"},
		},
		"gotosocial/single.json": {
			ID: "https://gts.test/users/fay/statuses/1", Type: "Note", AttributedTo: "https://gts.test/users/fay",
			Content: "Hallo Welt", Language: "de-AT", ContentMap: []vocab.Localized{{Language: "de-AT", Text: "Hallo Welt"}},
			Published: on(t, "2024-02-03T03:05:06Z"), To: []string{vocab.Public},
			CC:         []string{"https://gts.test/users/fay/followers"},
			RepliesURL: "https://gts.test/users/fay/statuses/1/replies",
			Mentions:   []vocab.Mention{{Href: "https://acme.test/ap/actors/1", Name: "@support@acme.test"}},
			Attachments: []vocab.Attachment{{
				Type: "Image", URL: "https://gts.test/f.jpg", MediaType: "image/jpeg", Name: "a hat",
				Blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj", Width: 40, Height: 30, FocalPoint: &vocab.FocalPoint{X: 0.5, Y: -1},
			}},
		},
		"wordpress/article.json": {
			ID: "https://blog.test/?p=9", Type: "Article", AttributedTo: "https://blog.test/?author=1",
			Content: "<p>Lang</p>", Language: "de", Name: "Der Titel", Summary: "Kurz", URL: "https://blog.test/9",
			ContentMap: []vocab.Localized{{Language: "de", Text: "<p>Lang</p>"}, {Language: "en", Text: "<p>Long</p>"}},
			Published:  on(t, "2024-01-02T03:04:05Z"),
			To:         []string{"https://blog.test/?author=1&followers"}, CC: []string{vocab.Public},
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, vocab.ReadNote(fixture(t, name))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadNoteInsideCreate(t *testing.T) {
	t.Parallel()
	create := vocab.ReadActivity(fixture(t, "misskey/quote.json"))
	if create.Type != vocab.TypeCreate || create.Actor != "https://mk.test/users/cleo" ||
		create.Object.ID != "https://mk.test/notes/q1" || !cmp.Equal(create.To, []string{vocab.Public}) {
		t.Errorf("unexpected Create: %+v", create)
	}
	want := vocab.Note{
		ID: "https://mk.test/notes/q1", Type: "Note", AttributedTo: "https://mk.test/users/cleo",
		Content:   "<p>look: <span>RE: https://masto.test/@ada/1</span></p>",
		Sensitive: true, Published: on(t, "2024-01-01T00:00:00.123Z"), To: []string{vocab.Public},
		CC: []string{"https://mk.test/users/cleo/followers", "https://masto.test/users/ada"},
		Attachments: []vocab.Attachment{
			{Type: "Document", URL: "https://media.mk.test/my%20picture.webp", MediaType: "image/webp"},
		},
		Mentions: []vocab.Mention{{Href: "https://masto.test/users/ada", Name: "@ada@masto.test"}},
		Emojis: []vocab.Emoji{{
			ID: "https://mk.test/emojis/blob", Shortcode: "blob_cat", URL: "https://media.mk.test/blob.png", MediaType: "image/png",
		}},
		Quote:  "https://masto.test/users/ada/statuses/1",
		Source: vocab.Source{Content: "look", MediaType: "text/x.misskeymarkdown"},
	}
	if diff := cmp.Diff(want, vocab.ReadNote(create.Object.Doc)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadActor(t *testing.T) {
	t.Parallel()
	tests := map[string]vocab.Actor{
		"mastodon/person.json": {
			ID: "https://masto.test/users/ada", Type: "Person", PreferredUsername: "ada", Webfinger: "ada@masto.test",
			Name: "Ada :party:", Summary: "<p>Hello</p>", URL: "https://masto.test/@ada",
			Inbox: "https://masto.test/users/ada/inbox", SharedInbox: "https://masto.test/inbox",
			Outbox: "https://masto.test/users/ada/outbox", Followers: "https://masto.test/users/ada/followers",
			Following:    "https://masto.test/users/ada/following",
			Featured:     "https://masto.test/users/ada/collections/featured",
			FeaturedTags: "https://masto.test/users/ada/collections/tags",
			Icon:         vocab.Image{URL: "https://files.masto.test/ada.jpg", MediaType: "image/jpeg", Description: "Ada smiling"},
			Published:    on(t, "2020-02-03T00:00:00Z"), AlsoKnownAs: []string{"https://old.test/users/ada"},
			MovedTo: "https://new.test/users/ada",
			Fields:  []vocab.Field{{Name: "Web", Value: `<a href="https://ada.test" rel="me">ada.test</a>`}},
			Emojis: []vocab.Emoji{{
				ID: "https://masto.test/emojis/5", Shortcode: "party", URL: "https://files.masto.test/party.png",
				MediaType: "image/png", Updated: on(t, "2023-01-01T00:00:00Z"),
			}},
			Keys: []vocab.PublicKey{
				{
					ID: "https://masto.test/users/ada#main-key", Owner: "https://masto.test/users/ada",
					PEM: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
				},
				{ID: "https://masto.test/users/ada#ed25519", Owner: "https://masto.test/users/ada", Multibase: "z6Mkexample"},
			},
			ManuallyApprovesFollowers: true, Discoverable: true, Indexable: true,
		},
		"discourse/actor.json": {
			ID: "https://talk.test/ap/actor/1", Type: "Group", PreferredUsername: "general",
			URL: "https://talk.test/c/general", Inbox: "https://talk.test/ap/actor/1/inbox",
			Outbox: "https://talk.test/ap/actor/1/outbox", AlsoKnownAs: []string{"https://old-talk.test/ap/actor/1"},
			Icon:  vocab.Image{URL: "https://talk.test/logo.png"},
			Image: vocab.Image{URL: "https://talk.test/banner.png", MediaType: "image/png"},
			Keys:  []vocab.PublicKey{{ID: "https://talk.test/ap/actor/1#key"}},
		},
		"gotosocial/key_stub.json": {
			ID: "https://gts.test/users/fay", Type: "Person", PreferredUsername: "fay",
			Keys: []vocab.PublicKey{{
				ID: "https://gts.test/users/fay/main-key", Owner: "https://gts.test/users/fay",
				PEM: "-----BEGIN PUBLIC KEY-----\nBBBB\n-----END PUBLIC KEY-----\n",
			}},
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, vocab.ReadActor(fixture(t, name))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadActivity(t *testing.T) {
	t.Parallel()
	flag := fixture(t, "mastodon/flag.json")
	note := flag.Refs("object", 3)[2]
	follow := fixture(t, "hubzilla/inline_actor.json")
	like := fixture(t, "misskey/reaction.json")
	tests := map[string]struct {
		doc  vocab.Doc
		want vocab.Activity
	}{
		"several objects": {flag, vocab.Activity{
			ID: "https://masto.test/reports/7", Type: "Flag", Actor: "https://masto.test/actor", Content: "spam",
			Object:  vocab.Ref{ID: "https://acme.test/ap/actors/1"},
			Objects: []vocab.Ref{{ID: "https://acme.test/ap/actors/1"}, {ID: "https://acme.test/ap/objects/2"}, note},
			Raw:     flag,
		}},
		"inline actor, type list, to object": {follow, vocab.Activity{
			ID: "https://hub.test/follow/1", Type: "Follow", Actor: "https://hub.test/channel/dora",
			Object: follow.Object(), Objects: []vocab.Ref{follow.Object()},
			To: []string{"https://acme.test/ap/actors/1"}, Raw: follow,
		}},
		"reaction with a single tag": {like, vocab.Activity{
			ID: "https://mk.test/likes/1", Type: "Like", Actor: "https://mk.test/users/cleo", Content: ":blob_cat:",
			Object: vocab.Ref{ID: "https://acme.test/ap/objects/1"}, Objects: []vocab.Ref{{ID: "https://acme.test/ap/objects/1"}},
			Emojis: []vocab.Emoji{{Shortcode: "blob_cat", URL: "https://media.mk.test/blob.png"}}, Raw: like,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, vocab.ReadActivity(tt.doc), sameDoc); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if note.ID != "https://acme.test/ap/objects/3" || follow.Object().ID != "https://acme.test/ap/actors/1" {
		t.Errorf("embedded objects lost their ids: %q, %q", note.ID, follow.Object().ID)
	}
}
