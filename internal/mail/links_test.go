package mail_test

import (
	"testing"

	"rookery/internal/mail"
)

func TestWhatMailAppsMakeLinksOf(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://evil.test", "HTTP://evil", "see ftp://x", "hxxp://evil.test", "www.evil", "WWW.evil.test", "evil.com", "Evil.Com/x", "go to evil.com.", "(evil.com)", "evil.co.uk",
		"x@evil.com", "mailto:x", "tel:+491234567", "javascript:alert(1)", "data:text/html,x", "sub.evil.shop?x", "evil.test/login", "evil.test:8080", "192.0.2.1/login", "192.0.2.1:8080",
		"evil．com", "evil。com", "evil․com", "ｅｖｉｌ.ｃｏｍ", "ev\u200bil.c\u200dom", "evil.\u202ecom", "evil.c\ufe0fom", "räder.de", "пример.рф", "例え.みんな", "xn--e1afmkfd.xn--p1ai",
		"evil.github.io", "evil.zip", "line\nevil.com\nline", "//evil.com/x", "user:pass@evil.org", "a_b.evil.net", "evil.com,then", "“evil.com”",
	} {
		if !mail.HasLink(text) {
			t.Errorf("%q passes", text)
		}
	}
	for _, text := range []string{
		"", "It is for our new accounts. Mara", "Frist: 20.11.2026, 10:42 Uhr", "z.B. heute, e.g. now, i.e. soon", "Ring me: 0123 456789", "It costs 1.50/month", "version 1.2.3",
		"Acme Räder GmbH & Co. KG", "J. R. R. Tolkien", "Note: it is urgent", "either/or", "… and so on", "our server is 192.0.2.1", "nginx.conf is in place", "A.C.M.E.", "St. Gallen",
	} {
		if mail.HasLink(text) {
			t.Errorf("%q is taken for a link", text)
		}
	}
}
