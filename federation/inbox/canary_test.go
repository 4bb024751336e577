package inbox_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"rookery/internal/social"
)

// canary listens where nothing of ours may ever connect to: loopback outside of the
// prefix that the tests' peers live in.
func newCanary(t *testing.T) (address string, touched *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	touched = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			touched.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String(), touched
}

// NET-01, NET-02: every address that a stranger can name to us, in every way to write
// loopback; NET-04: and through a redirect.
func TestNoActivityLeadsToLoopback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, touched := newCanary(t)
	_, port, _ := net.SplitHostPort(address)
	q := newPeer(t)
	redirect := func(path, to string) string {
		q.answer(path, page{status: http.StatusFound, headers: map[string]string{"Location": to}})
		return q.base + path
	}
	bases := []string{}
	for _, host := range []string{"127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1"} {
		bases = append(bases, "http://"+host+":"+port)
	}
	bases = append(bases, redirect("/away", "http://"+address), redirect("/away2", q.base+"/away"))
	p := newPeer(t).actor("p", 0)
	w.a.deliver(p, p.activity("Follow", w.a.user.URI))
	w.a.follow(p)
	mine := w.a.post("hello", social.Public)
	for n, base := range bases {
		at := func(path string) string {
			if strings.HasPrefix(base, q.base) {
				return base
			}
			return base + path
		}
		// Somebody whose document is full of it.
		a := p.peer.actor(fmt.Sprintf("u%d", n), 0)
		a.publish(func(doc map[string]any) {
			doc["icon"], doc["image"] = object{"type": "Image", "url": at("/icon.png")}, object{"type": "Image", "url": at("/image.png")}
			doc["featured"], doc["outbox"], doc["followers"], doc["movedTo"] = at("/featured"), at("/outbox"), at("/followers"), at("/moved")
			doc["alsoKnownAs"], doc["url"], doc["endpoints"] = []string{at("/other")}, at("/page"), object{"sharedInbox": at("/inbox")}
			doc["webfinger"] = "u@" + strings.TrimPrefix(at(""), "http://")
		})
		_ = w.a.send(a, a.activity("Follow", w.a.user.URI))
		// Keys and actors there.
		liar := *p
		for _, keyID := range []string{at("/users/x#main-key"), at("/key")} {
			liar.keyID, liar.id = keyID, at("/users/x")
			_ = w.a.send(&liar, liar.activity("Follow", w.a.user.URI, object{"id": nil}))
		}
		// Activities and posts that name it in every place.
		note := p.note("look", object{
			"inReplyTo": at("/note"), "url": at("/page"), "replies": at("/replies"), "likes": at("/likes"), "shares": at("/shares"), "quote": at("/quoted"), "quoteUrl": at("/quoted"),
			"attachment": []any{object{"type": "Image", "mediaType": "image/png", "url": at("/a.png")}, object{"type": "Link", "href": at("/link")}},
			"tag": []any{
				object{"type": "Mention", "href": at("/users/m"), "name": "@m"}, object{"type": "Emoji", "name": ":e:", "icon": object{"type": "Image", "url": at("/e.png")}},
				object{"type": "Hashtag", "href": at("/tag"), "name": "#x"},
			},
			"content": `<p><a href="` + at("/card") + `">card</a></p>`, "to": []string{public, w.a.user.URI, at("/users/t")},
		})
		for _, activity := range []object{
			p.create(note), p.activity("Announce", at("/note"), object{"to": public}), p.activity("Like", mine.URI, object{"target": at("/t")}), p.activity("Update", at("/note")),
			p.activity("Flag", []any{w.a.user.URI, at("/note")}), p.activity("Move", p.id, object{"target": at("/users/new")}), p.activity("Add", at("/note"), object{"target": at("/featured")}),
			p.activity("Delete", at("/note")), p.activity("Undo", at("/activity")), p.activity("Accept", at("/follow")),
		} {
			_ = w.a.send(p, activity)
		}
		// And what people search for.
		for _, query := range []string{at("/users/x"), "@u@" + strings.TrimPrefix(at(""), "http://")} {
			if found, err := w.fetcher.Search(t.Context(), w.a.tenant, query); err == nil && found.Account != nil {
				if u, err := url.Parse(found.Account.URI); err != nil || u.Hostname() == "127.0.0.1" {
					t.Errorf("%s finds %s", query, found.Account.URI)
				}
			}
		}
	}
	w.a.settle()
	if n := touched.Load(); n != 0 {
		t.Errorf("%d connections to loopback", n)
	}
}
