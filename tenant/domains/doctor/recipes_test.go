package doctor_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"rookery/tenant/domains/doctor"
)

var names = doctor.Names{
	Handle: "acme.test", Service: "social.acme.test", Edge: edge, Addresses: []string{ourIPv4, ourIPv6},
	Proofs: []doctor.Proof{{"_rookery-challenge.social.acme.test", "rookery-verify=ONE"}, {"_rookery-challenge.acme.test", "rookery-verify=TWO"}},
}

func TestRecipes(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, r := range doctor.Recipes(names) {
		ids[r.ID] = true
		if r.Title == "" || r.Where == "" || strings.Contains(r.Text, "%!") {
			t.Errorf("%+v", r)
		}
		for _, want := range []string{"well-known/webfinger", "well-known/host-meta", "social.acme.test"} {
			if !strings.Contains(r.Text, want) {
				t.Errorf("%s does not say %q:\n%s", r.ID, want, r.Text)
			}
		}
		if !strings.Contains(r.Where+r.Text, "acme.test") || strings.Contains(r.Text, "/api") {
			t.Errorf("%s:\n%s", r.ID, r.Text)
		}
		// Whatever loses the query by itself must add it.
		keeps := map[string]string{"nginx": "$is_args$args", "caddy": "{uri}", "cloudflare": "query string: on", "wordpress": "REQUEST_URI", "cloudfront": "querystring"}
		if want := keeps[r.ID]; !strings.Contains(r.Text, want) {
			t.Errorf("%s drops the query:\n%s", r.ID, r.Text)
		}
		if r.ID == "vercel" && !json.Valid([]byte(r.Text)) {
			t.Errorf("not JSON:\n%s", r.Text)
		}
	}
	for _, id := range []string{"nginx", "apache", "caddy", "cloudflare", "netlify", "vercel", "wordpress", "cloudfront"} {
		if !ids[id] {
			t.Errorf("no recipe for %s", id)
		}
	}
}

// The lines are what a zone file takes.
func TestZoneLines(t *testing.T) {
	t.Parallel()
	apex := doctor.Names{Service: "acme.test", Edge: edge, Addresses: names.Addresses, Proofs: names.Proofs[1:]}
	for _, tt := range []struct {
		n    doctor.Names
		want []string
	}{
		{names, []string{"_rookery-challenge.social.acme.test.\t300\tIN\tTXT\t\"rookery-verify=ONE\"", "_rookery-challenge.acme.test.\t300\tIN\tTXT\t\"rookery-verify=TWO\"",
			"social.acme.test.\t300\tIN\tCNAME\t" + edge + "."}},
		{apex, []string{"_rookery-challenge.acme.test.\t300\tIN\tTXT\t\"rookery-verify=TWO\"", "acme.test.\t300\tIN\tA\t" + ourIPv4, "acme.test.\t300\tIN\tAAAA\t" + ourIPv6}},
	} {
		lines := doctor.ZoneLines(tt.n)
		if len(lines) != len(tt.want) {
			t.Errorf("%q", lines)
			continue
		}
		for i, line := range lines {
			if rr, err := dns.NewRR(line); err != nil || rr.String() != tt.want[i] {
				t.Errorf("%q is %v (%v), want %q", line, rr, err, tt.want[i])
			}
		}
	}
}

func TestMailToIT(t *testing.T) {
	t.Parallel()
	text := doctor.MailToIT(names)
	for _, line := range doctor.ZoneLines(names) {
		if !strings.Contains(text, line) {
			t.Errorf("it does not ask for %q", line)
		}
	}
	for _, r := range doctor.Recipes(names) {
		if !strings.Contains(text, r.Text) {
			t.Errorf("it has no rule for %s", r.ID)
		}
	}
	one := doctor.MailToIT(names, "nginx")
	if !strings.Contains(one, "$is_args$args") || strings.Contains(one, "RewriteEngine") || !strings.Contains(one, "curl") {
		t.Errorf("for nginx alone:\n%s", one)
	}
	whole := doctor.MailToIT(doctor.Names{Handle: "social.acme.test", Service: "social.acme.test", Edge: edge, Proofs: names.Proofs[:1]})
	if strings.Contains(whole, "website") || !strings.Contains(whole, "CNAME "+edge) {
		t.Errorf("without a second name:\n%s", whole)
	}
}
