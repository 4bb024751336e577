package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"rookery/internal/mail"
	"rookery/tenant/domains/doctor"
)

// Every finding that a mail hands on is said in the mail's language.
func TestMailsSayFindingsInTheirLanguage(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../tenant/domains/doctor/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`Code = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(codes) < 40 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	details := []map[string]string{
		{"record": "_rookery.acme.example", "want": "edge.rookery.example", "seen": "192.0.2.7", "failure": "timeout", "why": "timeout"},
		{"at_apex": "yes", "want_addresses": "192.0.2.1", "failure": "no_address"}, {"leads_here": "yes"}, nil,
	}
	letters := mail.Templates{Home: "https://rookery.example", Say: said}
	for _, code := range codes {
		for _, detail := range details {
			advice := doctor.Sentence(doctor.Code(code[1]), "acme.example", detail)
			data := map[string]string{"name": "acme.example", "advice": advice, "since": "2026-11-20T08:00:00Z", "organisation": "Acme"}
			for locale, isGerman := range map[string]bool{"de": true, "de-AT": true, "en": false} {
				letter, err := letters.Render("domain_degraded_24h", locale, data)
				if err != nil {
					t.Fatal(err)
				}
				text := strings.Join(strings.Fields(letter.Text), " ")
				if strings.Contains(text, advice) == isGerman {
					t.Errorf("%s in %s:\n%s", code[1], locale, letter.Text)
				}
			}
		}
	}
}
