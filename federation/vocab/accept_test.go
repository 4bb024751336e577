package vocab_test

import (
	"strings"
	"testing"

	"rookery/federation/vocab"
)

func TestAccept(t *testing.T) {
	t.Parallel()
	const mastodon = `application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"`
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	tests := map[string]struct {
		accept         string
		activity, page bool
		media          string
	}{
		"empty":             {"", false, false, vocab.MediaType},
		"anything":          {"*/*", false, false, vocab.MediaType},
		"browser":           {browser, false, true, vocab.MediaType},
		"mastodon":          {mastodon, true, false, vocab.MediaType},
		"ld alone":          {`application/ld+json; profile="https://www.w3.org/ns/activitystreams"`, true, false, vocab.LDMediaType},
		"activity refused":  {"application/activity+json;q=0, text/html", false, true, vocab.MediaType},
		"page refused":      {"text/html;q=0, application/activity+json;q=0.1", true, false, vocab.MediaType},
		"both, page first":  {"text/html, application/activity+json", false, true, vocab.MediaType},
		"both, page second": {"application/activity+json, text/html", true, false, vocab.MediaType},
		"lower page":        {"text/html;q=0.8, application/activity+json", true, false, vocab.MediaType},
		"lower activity":    {"application/activity+json; q=0.8, text/html", false, true, vocab.MediaType},
		"upper case":        {"APPLICATION/ACTIVITY+JSON;Q=0.5", true, false, vocab.MediaType},
		"nonsense weight":   {"application/activity+json;q=much", false, false, vocab.MediaType},
		"long":              {strings.Repeat("text/plain,", 1000) + "application/activity+json", false, false, vocab.MediaType},
		"plain json":        {"application/json", false, false, vocab.MediaType},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := vocab.PrefersActivity(tt.accept); got != tt.activity {
				t.Errorf("PrefersActivity = %v", got)
			}
			if got := vocab.PrefersPage(tt.accept); got != tt.page {
				t.Errorf("PrefersPage = %v", got)
			}
			if got := vocab.AcceptedMediaType(tt.accept); got != tt.media {
				t.Errorf("AcceptedMediaType = %q", got)
			}
		})
	}
}
