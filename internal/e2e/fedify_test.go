package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// fediverse is one of our tenants behind TLS and one Fedify server.
type fediverse struct {
	t      *testing.T
	server *server
	tls    *terminator
	alice  *account
	bob    *peer
}

func newFediverse(t *testing.T) *fediverse { return newFediverseWith(t, nil) }

// newFediverseWith is newFediverse with settings of the product's own.
func newFediverseWith(t *testing.T, settings map[string]string) *fediverse {
	t.Helper()
	needsNode(t)
	ca := testkit.NewCA(t)
	tls := newTerminator(t, ca, "acme.localhost", "globex.localhost", "rookery.localhost", "media.localhost")
	all := map[string]string{
		"PUBLIC_SCHEME": "https", "PLATFORM_HOST": "rookery.localhost:" + tls.Port, "MEDIA_HOST": "media.localhost:" + tls.Port,
		"TRUSTED_PROXIES":    "127.0.0.0/8",
		"FEDERATION_CA_FILE": ca.PEMPath(), "FEDERATION_ALLOW_HTTP": "false",
	}
	maps.Copy(all, settings)
	srv := newServer(t, all)
	tls.forward(srv.address)
	srv.start()
	host := "acme.localhost:" + tls.Port
	srv.tenant("https", host)
	f := &fediverse{t: t, server: srv, tls: tls, alice: srv.account(tls.client(t), "https", host, "support")}
	cert, key := ca.IssueFiles("fedify.localhost")
	f.bob = startPeer(t, "fedify.mjs", "PEER_HOST=fedify.localhost", "PEER_CERT="+cert, "PEER_KEY="+key, "NODE_EXTRA_CA_CERTS="+ca.PEMPath())
	return f
}

// in is the same for a part of the test.
func (f *fediverse) in(t *testing.T) *fediverse {
	part, alice, bob := *f, *f.alice, *f.bob
	part.t, alice.t, bob.t, part.alice, part.bob = t, t, t, &alice, &bob
	return &part
}

// document is JSON as a peer of ours keeps it.
type document map[string]any

func (d document) text(name string) string { s, _ := d[name].(string); return s }

// object is the id of the activity's object, embedded or not.
func (d document) object() string {
	if embedded, ok := d["object"].(map[string]any); ok {
		return document(embedded).text("id")
	}
	return d.text("object")
}

func (d document) embedded() document {
	embedded, _ := d["object"].(map[string]any)
	return embedded
}

// awaitReceived waits until Fedify has verified and taken an activity of ours.
func (f *fediverse) awaitReceived(what string, ok func(document) bool) document {
	f.t.Helper()
	var found document
	var all []document
	f.t.Cleanup(func() {
		if f.t.Failed() && found == nil {
			text, _ := json.MarshalIndent(all, "", " ")
			f.t.Logf("Fedify received until then: %s", text)
		}
	})
	testkit.Eventually(f.t, 2*time.Minute, "Fedify receives "+what, func() bool {
		all = nil
		f.bob.do("received", nil, &all)
		for _, d := range all {
			if ok(d) {
				found = d
				return true
			}
		}
		return false
	})
	return found
}

// bobFollows makes Fedify follow our account and waits for both sides to know.
func (f *fediverse) bobFollows() {
	f.t.Helper()
	var follow struct{ ID string }
	f.bob.do("follow", map[string]any{"actor": f.alice.Handle()}, &follow)
	f.alice.awaitNotification("follow", f.bob.Acct())
	f.awaitReceived("our Accept of its Follow", func(d document) bool {
		return d.text("type") == "Accept" && d.object() == follow.ID && d.text("actor") == f.alice.URI
	})
}

// aliceFollows makes our account follow Fedify's by its handle.
func (f *fediverse) aliceFollows() accountEntity {
	f.t.Helper()
	bob := f.alice.resolve(f.bob.Handle)
	if bob.Acct != f.bob.Acct() || bob.DisplayName != "Bob of Fedify" {
		f.t.Errorf("resolved %s to %+v", f.bob.Handle, bob)
	}
	f.alice.must(http.MethodPost, "/api/v1/accounts/"+bob.ID+"/follow", nil, nil)
	testkit.Eventually(f.t, 2*time.Minute, "Fedify's Accept makes us followers", func() bool {
		r := f.alice.relationship(bob.ID)
		return r.Following && !r.Requested
	})
	return bob
}

func TestE2EFedify(t *testing.T) {
	t.Parallel()
	f := newFediverse(t)
	t.Run("finds us", func(t *testing.T) { f.in(t).finds() })
	t.Run("follows and hears", func(t *testing.T) { f.in(t).follows() })
	t.Run("is followed and heard", func(t *testing.T) { f.in(t).isFollowed() })
	t.Run("signatures", func(t *testing.T) { f.in(t).signatures() })
	t.Run("changes its handle and keys", func(t *testing.T) { f.in(t).changesIdentity() })
	f.server.stop()
}

// finds: WebFinger over https, the actor by its handle.
func (f *fediverse) finds() {
	var jrd struct {
		Subject string
		Links   []struct{ Rel, Type, Href string }
	}
	f.bob.do("webfinger", map[string]any{"resource": "acct:" + strings.TrimPrefix(f.alice.Handle(), "@")}, &jrd)
	if want := "acct:support@" + f.alice.Host; jrd.Subject != want {
		f.t.Errorf("WebFinger subject %q, want %q", jrd.Subject, want)
	}
	self := ""
	for _, link := range jrd.Links {
		if link.Rel == "self" && link.Type == "application/activity+json" {
			self = link.Href
		}
	}
	if self != f.alice.URI {
		f.t.Errorf("WebFinger's self link is %q, want %q", self, f.alice.URI)
	}
	var actor document
	f.bob.do("find", map[string]any{"what": f.alice.Handle()}, &actor)
	if actor.text("id") != f.alice.URI || actor.text("preferredUsername") != "support" || actor.text("name") != "The support" {
		f.t.Errorf("Fedify reads our actor as %v", actor)
	}
}

// follows: a follower there gets our post and answers it in every way.
func (f *fediverse) follows() {
	f.bobFollows()
	post := f.alice.post(map[string]any{"status": "Hello from the rookery", "visibility": "public"})
	create := f.awaitReceived("our Create", func(d document) bool { return d.text("type") == "Create" && d.object() == post.URI })
	if content := create.embedded().text("content"); !strings.Contains(content, "Hello from the rookery") {
		f.t.Errorf("Fedify received the content %q", content)
	}
	var found document
	f.bob.do("find", map[string]any{"what": post.URI}, &found)
	if found.text("type") != "Note" || found.text("attributedTo") != f.alice.URI {
		f.t.Errorf("Fedify fetches our post as %v", found)
	}

	var like, boost, reply struct{ ID, Note string }
	f.bob.do("like", map[string]any{"object": post.URI}, &like)
	if n := f.alice.awaitNotification("favourite", f.bob.Acct()); n.Status == nil || n.Status.ID != post.ID {
		f.t.Errorf("the favourite's notification is about %+v, want %s", n.Status, post.ID)
	}
	f.bob.do("note", map[string]any{
		"content": "<p>An answer from afar</p>", "inReplyTo": post.URI, "mentions": []string{f.alice.Handle()},
	}, &reply)
	mention := f.alice.awaitNotification("mention", f.bob.Acct())
	if s := mention.Status; s == nil || s.URI != reply.Note || s.InReplyToID == nil || *s.InReplyToID != post.ID || !strings.Contains(s.Content, "An answer from afar") {
		f.t.Errorf("the mention's status is %+v", mention.Status)
	}
	var thread struct{ Descendants []statusEntity }
	f.alice.must(http.MethodGet, "/api/v1/statuses/"+post.ID+"/context", nil, &thread)
	if len(thread.Descendants) != 1 || thread.Descendants[0].URI != reply.Note {
		f.t.Errorf("the thread below our post: %+v", thread.Descendants)
	}
	f.bob.do("boost", map[string]any{"object": post.URI}, &boost)
	f.alice.awaitNotification("reblog", f.bob.Acct())
	f.awaitCounts(post.ID, 1, 1)
	f.bob.do("undo", map[string]any{"activity": like.ID}, nil)
	f.bob.do("undo", map[string]any{"activity": boost.ID}, nil)
	f.awaitCounts(post.ID, 0, 0)
	f.changesTravel(post)
}

func (f *fediverse) awaitCounts(id string, favourites, boosts int) {
	f.t.Helper()
	testkit.Eventually(f.t, 2*time.Minute, fmt.Sprintf("%d favourites and %d boosts", favourites, boosts), func() bool {
		var s statusEntity
		f.alice.must(http.MethodGet, "/api/v1/statuses/"+id, nil, &s)
		return s.FavouritesCount == favourites && s.ReblogsCount == boosts
	})
}

// changesTravel: our edit and our deletion reach the follower.
func (f *fediverse) changesTravel(post statusEntity) {
	f.t.Helper()
	f.alice.must(http.MethodPut, "/api/v1/statuses/"+post.ID, map[string]any{"status": "Hello once more"}, nil)
	f.awaitReceived("our Update", func(d document) bool {
		return d.text("type") == "Update" && d.object() == post.URI && strings.Contains(d.embedded().text("content"), "Hello once more")
	})
	f.alice.must(http.MethodDelete, "/api/v1/statuses/"+post.ID, nil, nil)
	f.awaitReceived("our Delete", func(d document) bool { return d.text("type") == "Delete" && d.object() == post.URI })
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, post.URI, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/activity+json")
	answer, err := f.tls.client(f.t).Do(request)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusGone {
		f.t.Errorf("a deleted post answers %s, want 410", answer.Status)
	}
}

// isFollowed: what somebody there writes comes to us, and what we do about it
// goes back.
func (f *fediverse) isFollowed() {
	bob := f.aliceFollows()
	var note, other struct{ ID, Note string }
	f.bob.do("note", map[string]any{"content": "<p>News from Fedify<script>alert(1)</script></p>"}, &note)
	seen := f.alice.awaitHome("Fedify's post", func(s statusEntity) bool { return s.URI == note.Note })
	if !strings.Contains(seen.Content, "News from Fedify") || strings.Contains(seen.Content, "<script") || seen.Account.ID != bob.ID {
		f.t.Errorf("Fedify's post shows as %+v", seen)
	}
	f.alice.must(http.MethodPost, "/api/v1/statuses/"+seen.ID+"/favourite", nil, nil)
	f.awaitReceived("our Like", func(d document) bool { return d.text("type") == "Like" && d.object() == note.Note })
	f.alice.must(http.MethodPost, "/api/v1/statuses/"+seen.ID+"/reblog", nil, nil)
	f.awaitReceived("our Announce", func(d document) bool { return d.text("type") == "Announce" && d.object() == note.Note })
	f.alice.must(http.MethodPost, "/api/v1/statuses/"+seen.ID+"/unfavourite", nil, nil)
	f.awaitReceived("our Undo of the Like", func(d document) bool {
		return d.text("type") == "Undo" && d.embedded().text("type") == "Like"
	})
	answer := f.alice.post(map[string]any{"status": f.bob.Handle + " welcome", "in_reply_to_id": seen.ID})
	f.awaitReceived("our answer", func(d document) bool {
		return d.text("type") == "Create" && d.object() == answer.URI && d.embedded().text("inReplyTo") == note.Note
	})

	f.bob.do("edit", map[string]any{"note": note.Note, "content": "<p>News, corrected</p>"}, nil)
	f.alice.awaitHome("the edited post", func(s statusEntity) bool {
		return s.URI == note.Note && strings.Contains(s.Content, "News, corrected") && s.EditedAt != nil
	})
	f.bob.do("note", map[string]any{"content": "<p>Short-lived</p>"}, &other)
	gone := f.alice.awaitHome("another post", func(s statusEntity) bool { return s.URI == other.Note })
	f.bob.do("remove", map[string]any{"note": other.Note}, nil)
	testkit.Eventually(f.t, 2*time.Minute, "the deleted post is gone", func() bool {
		status, _ := f.alice.call(http.MethodGet, "/api/v1/statuses/"+gone.ID, nil, nil)
		return status == http.StatusNotFound
	})
}

// signatures: Fedify knocks with RFC 9421, which we take; if one is wrong we answer
// 401, on which it falls back to the draft, and nothing is lost.
func (f *fediverse) signatures() {
	for _, k := range f.tls.knocks() {
		if !k.RFC9421 || k.Status != http.StatusAccepted {
			f.t.Errorf("a delivery of Fedify's was %+v; want RFC 9421 and 202", k)
		}
	}
	before := len(f.tls.knocks())
	f.tls.spoilNext(isRFC9421)
	var note struct{ ID, Note string }
	f.bob.do("note", map[string]any{"content": "<p>Signed twice</p>", "mentions": []string{f.alice.Handle()}}, &note)
	f.alice.awaitHome("the post signed twice", func(s statusEntity) bool { return s.URI == note.Note })
	var refused, fellBack bool
	for _, k := range f.tls.knocks()[before:] {
		switch {
		case k.Spoilt:
			refused = k.RFC9421 && k.Status == http.StatusUnauthorized
		case refused:
			fellBack = !k.RFC9421 && k.Status == http.StatusAccepted
		}
	}
	if !refused || !fellBack {
		f.t.Errorf("after a wrong RFC 9421 signature: %+v; want 401, then the draft and 202", f.tls.knocks()[before:])
	}
}
