package site_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rookery/internal/htmlsafe"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/store"
)

// INP-18, 20 and 23: what strangers write stands on our pages as words, pictures and
// links, and as nothing else.
func TestStrangersOnOurPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := w.write(t, status.Draft{Text: "Questions?", Visibility: social.Public})
	mallory := &social.Account{
		ID: social.AccountID(ids.New()), URI: "https://far.test/users/mallory", Username: "mallory", Domain: "far.test", ActorType: "Person",
		URL: "javascript:alert(1)", AvatarURL: "data:text/html,<script>", DisplayName: "Mal\u202elory \u200b<b>", CreatedAt: w.support.CreatedAt,
	}
	const markup = `<p onclick="x()">Fine <a href="java&#x09;script:alert(1)">link</a><script>alert(1)</script><svg onload=x><style>a{}</style></svg><form action="/oauth/authorize"><input name=a></form><iframe src="//evil.test"></iframe><base href="//evil.test"><meta http-equiv=refresh></p>`
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		if err := store.UpsertRemoteAccount(ctx, scope, mallory); err != nil {
			return err
		}
		answer, _, err := w.posts.Receive(ctx, scope, status.Incoming{
			Author: mallory, URI: "https://far.test/posts/1", URL: "javascript:alert(2)", Body: htmlsafe.Remote(markup), SpoilerText: "", Visibility: social.Public,
			InReplyToURI: post.URI, Published: time.Now(), Media: []social.Media{
				{Kind: social.MediaImage, RemoteURL: "javascript:alert(3)"},
				{Kind: social.MediaImage, RemoteURL: "https://far.test/a.png", Description: `"><script>alert(4)</script>`},
			},
		})
		if err != nil {
			return err
		}
		_, err = w.posts.Boost(ctx, scope, w.A.Tenant, w.support, answer, social.Public, "")
		return err
	})
	b := w.server.Browser(t)
	for _, at := range []string{address(post), home + "/@support", home + "/@support/with_replies", home + "/@support/feed.rss"} {
		page := b.Get(at)
		low := strings.ToLower(page.Body)
		for _, bad := range []string{"javascript:", "script:alert", "<script>", "onclick", "onload", "<svg onload", "<style", "<iframe", "<base", "http-equiv", "data:text", "\u202e", "\u200b", `action="/oauth`, "zgotmplz"} {
			if strings.Contains(low, bad) {
				t.Errorf("%s holds %q", at, bad)
			}
		}
		if strings.HasSuffix(at, ".rss") {
			continue
		}
		for _, want := range []string{"Fine ", "Mallory", `href="https://far.test/posts/1"`, "Read on far.test", `src="https://far.test/a.png"`} {
			if !strings.Contains(page.Body, want) {
				t.Errorf("%s lacks %s", at, want)
			}
		}
	}
	if page := b.Get(home + "/@support"); !strings.Contains(page.Body, "Acme Support boosted") {
		t.Error("the profile does not show the boost")
	}
	if page := b.Get(home + "/@mallory@far.test/" + ids.Format(int64(post.ID))); page.Status == 200 {
		t.Error("a post of ours is shown under a stranger's name")
	}
}
