package convert_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/federation/convert"
	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/social"
	"rookery/tenant"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	acme = &tenant.Tenant{ID: 1, Name: "Acme", Host: "social.acme.test", HandleDomain: "acme.test", Scheme: "https", CreatedAt: noon}
	noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
)

func alice() *social.Account {
	uri := acme.URL("/ap/actors/7")
	return &social.Account{
		ID: 7, URI: uri, Username: "alice", ActorType: "Service", DisplayName: "Alice & co", Note: "<p>We <b>help</b></p>",
		Fields:   []social.Field{{Name: "Web", Value: `<a href="https://acme.test" rel="me">acme.test</a>`}},
		InboxURL: uri + "/inbox", OutboxURL: uri + "/outbox", FollowersURL: uri + "/followers", FollowingURL: uri + "/following",
		FeaturedURL: uri + "/collections/featured", AvatarKey: "abc", AvatarAlt: "our logo", Locked: true, Discoverable: true,
		AlsoKnownAs: []string{"https://old.test/users/alice"}, CreatedAt: noon, UpdatedAt: noon.Add(time.Hour),
	}
}

func note() *vocab.NoteDocument {
	edited := noon.Add(time.Minute)
	post := convert.Post{
		Status: &social.Status{
			ID: 9, URI: acme.URL("/ap/objects/9"), URL: acme.URL("/@alice/9"), Body: "<p>Hoo &amp; hoo</p>", SpoilerText: "birds",
			Visibility: social.Unlisted, Sensitive: true, Language: "en", InReplyToURI: "https://masto.test/notes/1", Tags: []string{"Owls"},
			CreatedAt: noon, EditedAt: &edited,
		},
		Author: alice(),
		Mentions: []*social.Mention{
			{Username: "bea", Domain: "masto.test", URI: "https://masto.test/users/bea"}, {Username: "bob", URI: acme.URL("/ap/actors/8")},
		},
		Media: []*social.Media{{Key: "k", MIME: "image/jpeg", Description: "an owl", Blurhash: "LEHV", Width: 640, Height: 480, FocusY: -0.5}},
	}
	return convert.NoteDocument(acme, post, func(m *social.Media) string { return "https://media.test/" + m.Key + ".jpg" })
}

func TestWhatIsServed(t *testing.T) {
	t.Parallel()
	parts := convert.ActorOf(alice(), social.PublicKey{ID: alice().KeyID(1), PEM: "PEM"}, func(key string) convert.Picture {
		return convert.Picture{URL: "https://media.test/" + key, MIME: "image/png"}
	})
	actor := convert.ActorDocument(acme, parts)
	if foreign := actor.Foreign(); foreign != "" {
		t.Errorf("%s is on another host: Misskey would refuse the actor", foreign)
	}
	instance := convert.InstanceDocument(acme, "PEM")
	if foreign := instance.Foreign(); foreign != "" {
		t.Errorf("%s is on another host", foreign)
	}
	boost := &social.Status{URI: acme.URL("/ap/activities/10"), Visibility: social.Public, CreatedAt: noon}
	documents := map[string]vocab.Document{
		"actor": actor, "instance": instance, "note": note(),
		"announce": convert.AnnounceDocument(boost, alice(), "https://masto.test/notes/1", "https://masto.test/users/bea"),
	}
	for name, doc := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := vocab.Write(doc)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func remoteActor() vocab.Actor {
	return vocab.Actor{
		ID: "https://masto.test/users/bea", Type: "Person", PreferredUsername: "bea", Name: "Bea\u202e", Summary: `<p onclick="x">hi</p><script>x</script>`,
		URL: "https://masto.test/@bea", Inbox: "https://masto.test/users/bea/inbox", SharedInbox: "https://masto.test/inbox",
		Followers: "https://masto.test/users/bea/followers", Icon: vocab.Image{URL: "https://cdn.test/a.png"},
	}
}

func TestRemoteAccount(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*vocab.Actor)
		code   fault.Code
		check  func(*social.Account) bool
	}{
		"plain": {func(*vocab.Actor) {}, "", func(a *social.Account) bool {
			return a.Domain == "masto.test" && a.DisplayName == "Bea" && a.Note == "<p>hi</p>"
		}},
		"other shared":     {func(a *vocab.Actor) { a.SharedInbox = "https://victim.test/inbox" }, "", func(a *social.Account) bool { return a.DeliveryInbox() == a.InboxURL }},
		"other page":       {func(a *vocab.Actor) { a.URL = "https://phish.test/@bea" }, "", func(a *social.Account) bool { return a.URL == "" }},
		"script page":      {func(a *vocab.Actor) { a.URL = "javascript:alert(1)" }, "", func(a *social.Account) bool { return a.URL == "" }},
		"script icon":      {func(a *vocab.Actor) { a.Icon.URL = "data:text/html,x" }, "", func(a *social.Account) bool { return a.AvatarURL == "" }},
		"other followers":  {func(a *vocab.Actor) { a.Followers = "https://victim.test/f" }, "", func(a *social.Account) bool { return a.FollowersURL == "" }},
		"port":             {func(a *vocab.Actor) { a.ID, a.Inbox = "https://masto.test:8443/u", "https://masto.test:8443/i" }, "", func(a *social.Account) bool { return a.Domain == "masto.test:8443" }},
		"other inbox":      {func(a *vocab.Actor) { a.Inbox = "https://victim.test/inbox" }, fault.Invalid, nil},
		"our inbox":        {func(a *vocab.Actor) { a.Inbox = "https://social.acme.test/inbox" }, fault.Invalid, nil},
		"no inbox":         {func(a *vocab.Actor) { a.Inbox = "" }, fault.Invalid, nil},
		"relative inbox":   {func(a *vocab.Actor) { a.Inbox = "/inbox" }, fault.Invalid, nil},
		"ours":             {func(a *vocab.Actor) { a.ID, a.Inbox = acme.URL("/ap/actors/9"), acme.URL("/inbox") }, fault.Invalid, nil},
		"ours, upper case": {func(a *vocab.Actor) { a.ID, a.Inbox = "https://SOCIAL.acme.test/x", "https://social.ACME.test/x/inbox" }, fault.Invalid, nil},
		"user info":        {func(a *vocab.Actor) { a.ID = "https://v.test@masto.test/u" }, fault.Invalid, nil},
		"final dot":        {func(a *vocab.Actor) { a.ID = "https://masto.test./u" }, fault.Invalid, nil},
		"no name":          {func(a *vocab.Actor) { a.PreferredUsername = "" }, fault.Invalid, nil},
		"name with host":   {func(a *vocab.Actor) { a.PreferredUsername = "bea@v.test" }, fault.Invalid, nil},
		"Cyrillic name":    {func(a *vocab.Actor) { a.PreferredUsername = "bеa" }, fault.Invalid, nil},
		"no actor":         {func(a *vocab.Actor) { a.Type = "Note" }, fault.Invalid, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			actor := remoteActor()
			tt.change(&actor)
			got, err := convert.RemoteAccount(acme, actor)
			if fault.CodeOf(err) != tt.code {
				t.Fatalf("error %v, want code %q", err, tt.code)
			}
			if tt.check != nil && !tt.check(got) {
				t.Errorf("account %+v", got)
			}
		})
	}
}

func TestRemoteNote(t *testing.T) {
	t.Parallel()
	author := &social.Account{URI: "https://masto.test/users/bea", FollowersURL: "https://masto.test/users/bea/followers"}
	base := func() vocab.Note {
		return vocab.Note{ID: "https://masto.test/notes/1", Type: "Note", AttributedTo: author.URI, Content: `<p>hi<script>x</script></p>`, Published: noon, Updated: noon, To: []string{vocab.Public}}
	}
	tests := map[string]struct {
		change func(*vocab.Note)
		code   fault.Code
		check  func(convert.Note) bool
	}{
		"plain": {func(*vocab.Note) {}, "", func(n convert.Note) bool {
			return n.Body == "<p>hi</p>" && n.Visibility == social.Public && n.Edited == nil
		}},
		"unlisted":  {func(n *vocab.Note) { n.To, n.CC = nil, []string{vocab.Public} }, "", func(n convert.Note) bool { return n.Visibility == social.Unlisted }},
		"followers": {func(n *vocab.Note) { n.To = []string{author.FollowersURL} }, "", func(n convert.Note) bool { return n.Visibility == social.Followers && len(n.Addressees) == 0 }},
		"direct":    {func(n *vocab.Note) { n.To = []string{"https://social.acme.test/ap/actors/7"} }, "", func(n convert.Note) bool { return n.Visibility == social.Direct && len(n.Addressees) == 1 }},
		"edited":    {func(n *vocab.Note) { n.Updated = noon.Add(time.Hour) }, "", func(n convert.Note) bool { return n.Edited != nil }},
		"warning":   {func(n *vocab.Note) { n.Summary = "<b>spiders</b>" }, "", func(n convert.Note) bool { return n.SpoilerText == "spiders" }},
		"article": {func(n *vocab.Note) {
			n.Type, n.Name, n.Summary, n.URL = "Article", "A <b>title</b>", "In short", "https://masto.test/a/1"
		}, "", func(n convert.Note) bool {
			return strings.Contains(n.Body, "<strong>A title</strong>") && strings.Contains(n.Body, "In short") && strings.Contains(n.Body, `href="https://masto.test/a/1"`) &&
				!strings.Contains(n.Body, "hi") && n.SpoilerText == ""
		}},
		"review": {func(n *vocab.Note) { n.Type, n.Name = "Review", "Of a book" }, "", func(n convert.Note) bool {
			return strings.Contains(n.Body, "hi") && strings.Contains(n.Body, "Of a book")
		}},
		"media": {func(n *vocab.Note) {
			n.Attachments = []vocab.Attachment{{Type: "Document", URL: "https://cdn.test/a.jpg", MediaType: "image/jpeg", Name: "alt"}, {Type: "Link", URL: "https://x.test"}, {Type: "Document", URL: "javascript:x"}}
		}, "", func(n convert.Note) bool {
			return len(n.Media) == 1 && n.Media[0].Kind == social.MediaImage && n.Media[0].Description == "alt"
		}},
		"other page":   {func(n *vocab.Note) { n.URL = "https://phish.test/1" }, "", func(n convert.Note) bool { return n.URL == "" }},
		"other host":   {func(n *vocab.Note) { n.ID = "https://other.test/notes/1" }, fault.Forbidden, nil},
		"other author": {func(n *vocab.Note) { n.AttributedTo = "https://masto.test/users/cleo" }, fault.Forbidden, nil},
		"no id":        {func(n *vocab.Note) { n.ID = "" }, fault.Invalid, nil},
		"not a post":   {func(n *vocab.Note) { n.Type = "Person" }, fault.Invalid, nil},
		"emoji, script": {func(n *vocab.Note) {
			n.Emojis = []vocab.Emoji{{Shortcode: "a", URL: "javascript:x"}, {Shortcode: "owl", URL: "https://cdn.test/o.png"}, {Shortcode: `"><b`, URL: "https://cdn.test/o.png"}}
		}, "", func(n convert.Note) bool { return len(n.Emojis) == 1 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := base()
			tt.change(&n)
			got, err := convert.RemoteNote(n, author)
			if fault.CodeOf(err) != tt.code {
				t.Fatalf("error %v, want code %q", err, tt.code)
			}
			if tt.check != nil && !tt.check(got) {
				t.Errorf("note %+v", got)
			}
		})
	}
}
