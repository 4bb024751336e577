package site_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/social"
	"rookery/internal/social/status"
)

// Other sites learn how to show a post, and may frame that page and no other.
func TestOEmbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	st := w.write(t, status.Draft{Text: "Doors open at eight.\n\nBring a lamp.", Visibility: social.Public})
	b := w.server.Browser(t)
	page := b.Get(address(st))
	_, link, found := strings.Cut(page.Body, `<link rel="alternate" type="application/json+oembed" href="`)
	if !found || page.Header.Get("X-Frame-Options") != "DENY" {
		t.Fatalf("the page names no oembed, or may be framed: %v\n%s", page.Header, page.Body)
	}
	link, _, _ = strings.Cut(link, `"`)
	answer := b.Get(strings.ReplaceAll(link, "&amp;", "&") + "&maxwidth=320")
	var got struct {
		Type, Version, HTML string
		AuthorName          string `json:"author_name"`
		AuthorURL           string `json:"author_url"`
		ProviderURL         string `json:"provider_url"`
		Width, Height       int
	}
	if err := json.Unmarshal([]byte(answer.Body), &got); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%d %v\n%s", answer.Status, err, answer.Body)
	}
	if got.Type != "rich" || got.Version != "1.0" || got.AuthorName != "Acme Support" || got.AuthorURL != home+"/@support" || got.ProviderURL != home+"/" || got.Width != 320 || got.Height < 100 {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(got.HTML, `src="`+address(st)+`/embed"`) || strings.Contains(got.HTML, "allow-scripts") {
		t.Errorf("markup %s", got.HTML)
	}
	if answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("pages elsewhere cannot ask")
	}
	frame := b.Get(address(st) + "/embed")
	if frame.Status != http.StatusOK || frame.Header.Get("X-Frame-Options") != "" || !strings.Contains(frame.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Errorf("the frame: %d %v", frame.Status, frame.Header)
	}
	for _, bad := range []string{"<script", "<form", "Sign in"} {
		if strings.Contains(frame.Body, bad) {
			t.Errorf("the frame holds %s", bad)
		}
	}
	if !strings.Contains(frame.Body, "Bring a lamp.") || !strings.Contains(frame.Body, `href="`+address(st)+`"`) {
		t.Errorf("the frame:\n%s", frame.Body)
	}
}

func TestOEmbedRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := w.write(t, status.Draft{Text: "Open.", Visibility: social.Public})
	hidden := w.write(t, status.Draft{Text: "For followers.", Visibility: social.Followers})
	b := w.server.Browser(t)
	for name, tt := range map[string]struct {
		query string
		want  int
	}{
		"a followers' post": {"url=" + url.QueryEscape(address(hidden)), http.StatusNotFound},
		"another account's": {"url=" + url.QueryEscape(strings.Replace(address(open), "@support", "@alice", 1)), http.StatusNotFound},
		"another host":      {"url=" + url.QueryEscape(strings.Replace(address(open), "a.test", "b.test", 1)), http.StatusNotFound},
		"no post":           {"url=" + url.QueryEscape(home+"/about"), http.StatusNotFound},
		"nonsense":          {"url=%3A%2F%2F", http.StatusNotFound},
		"nothing":           {"", http.StatusNotFound},
		"XML":               {"format=xml&url=" + url.QueryEscape(address(open)), http.StatusNotImplemented},
		"its frame":         {"url=" + url.QueryEscape(address(open)+"/embed"), http.StatusOK},
	} {
		if got := b.Get(home + "/api/oembed?" + tt.query); got.Status != tt.want || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s\n%s", name, got.Status, got.Header.Get("Content-Type"), got.Body)
		}
	}
	if got := b.Get(address(hidden) + "/embed"); got.Status != http.StatusNotFound {
		t.Errorf("the frame of a followers' post: %d", got.Status)
	}
}

// Feeds of accounts and hashtags, at our addresses and at Mastodon's.
func TestFeedsOfTagsAndOldAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(t, status.Draft{Text: "One #fell3", Visibility: social.Public})
	w.write(t, status.Draft{Text: "Quiet #fell3", Visibility: social.Unlisted})
	b := w.server.Browser(t)
	got := b.Follow(b.Get(home + "/tags/fell3.rss"))
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/rss+xml") || !strings.Contains(got.Body, "<category>fell3</category>") || strings.Contains(got.Body, "Quiet") {
		t.Errorf("feed of a tag: %d\n%s", got.Status, got.Body)
	}
	if page := b.Get(home + "/tags/fell3"); !strings.Contains(page.Body, `href="/tags/fell3/feed.rss"`) {
		t.Error("the page of the tag names no feed")
	}
	if got := b.Follow(b.Get(home + "/@support.rss")); got.Status != http.StatusOK || !strings.Contains(got.Body, "<rss") {
		t.Errorf("feed of an account at Mastodon's address: %d", got.Status)
	}
}
