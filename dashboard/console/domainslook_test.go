package console_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/domains"
)

// stages are what a name's page must show in each state, with the rows that bring it there.
// $1 is the service host's claim, $2 the one on what handles end in.
var stages = []struct {
	name string
	sql  []string
	want string
}{
	{"waiting", []string{check("$1", "ownership", "OWNERSHIP_TXT_MISSING", `{}`), check("$2", "ownership", "OWNERSHIP_TXT_MISSING", `{}`)}, "Add two records"},
	{"proof-wrong", []string{check("$1", "ownership", "OWNERSHIP_TXT_OTHER", `{"seen": "rookery-verify=OLD"}`), check("$2", "ownership", "ZONE_DOUBLED", `{"record": "_rookery-challenge.acme-cycles.test", "seen": "_rookery-challenge.acme-cycles.test.acme-cycles.test", "zone": "acme-cycles.test"}`)}, "Change two records"},
	{"no-address", []string{state("$1", "pending_routing", "NO_RECORDS"), state("$2", "pending_routing", ""), well("$1", "ownership"), well("$2", "ownership"), check("$1", "routing", "NO_RECORDS", `{}`)}, "Add one record"},
	{"change", []string{check("$1", "routing", "WRONG_CNAME", `{"record": "social.acme-cycles.test", "seen": "web7.oldhost.test", "want": "t-1.edge.rookery.test"}`), state("$1", "pending_routing", "WRONG_CNAME")}, "Change one record"},
	{"issuing", []string{state("$1", "issuing", ""), well("$1", "routing"), check("$2", "webfinger", "WEBFINGER_UNREACHABLE", `{"record": "https://acme-cycles.test/.well-known/webfinger", "status": "404", "target": "https://social.acme-cycles.test/.well-known/webfinger"}`), state("$2", "pending_routing", "WEBFINGER_UNREACHABLE")}, "Redirect two addresses"},
	{"refused", []string{state("$2", "live", ""), well("$2", "webfinger"), state("$1", "issue_failed", "CERTIFICATE_REFUSED"), check("$1", "certificate", "CERTIFICATE_REFUSED", `{"text": "policy forbids issuing for this name"}`)}, "policy forbids"},
	{"live", []string{state("$1", "live", ""), well("$1", "certificate"), `INSERT INTO certificates (name, not_after) SELECT name, now() + interval '60 days' FROM domains WHERE id = $1 AND $2::bigint > 0`}, "It works."},
	{"degraded", []string{`UPDATE domains SET state = 'degraded', reason = 'WRONG_A', failures = 4, failing_since = now() - interval '9 hours' WHERE id = $1 AND $2::bigint > 0`, check("$1", "routing", "WRONG_A", `{"record": "social.acme-cycles.test", "seen": "203.0.113.7", "want": "t-1.edge.rookery.test", "want_addresses": "127.77.99.9"}`)}, "no longer leads to us"},
	{"parked", []string{state("$1", "parked", "WRONG_A")}, "is parked"},
	{"disputed", []string{well("$1", "routing"), `UPDATE domains SET state = 'disputed', reason = 'CONTESTED', failures = 0, failing_since = NULL, deadline_at = now() + interval '70 hours' WHERE id = $1 AND $2::bigint > 0`}, "proved social.acme-cycles.test too"},
	{"releasing", []string{`UPDATE domains SET state = 'releasing', reason = '', deadline_at = now() + interval '6 days', next_check_at = now() + interval '6 days' WHERE id = $1 AND $2::bigint > 0`}, "is being removed"},
	{"suspended", []string{state("$1", "suspended", "")}, "is suspended"},
	{"expired", []string{state("$1", "expired", "NO_RECORDS"), state("$2", "expired", "OWNERSHIP_TXT_MISSING")}, "We stopped looking"},
	{"review", []string{state("$1", "needs_review", "LOOKS_LIKE"), state("$2", "needs_review", "LOOKS_LIKE")}, "We look at this name by hand"},
	{"released", []string{state("$1", "released", "TRANSFERRED")}, "was removed"},
}

func state(id, to, reason string) string {
	return fmt.Sprintf(`UPDATE domains SET state = '%s', reason = '%s', next_check_at = now() + interval '42 seconds', retry_after = NULL WHERE id = %s AND $1::bigint + $2::bigint > 0`, to, reason, id)
}

func check(id, kind, code, detail string) string {
	return fmt.Sprintf(`INSERT INTO domain_checks (domain_id, kind, last_checked_at, last_ok_at, error_code, error_detail, failures)
SELECT %s, '%s', now() - interval '18 seconds', NULL, '%s', '%s', 1 WHERE $1::bigint + $2::bigint > 0
ON CONFLICT (domain_id, kind) DO UPDATE SET last_checked_at = EXCLUDED.last_checked_at, error_code = EXCLUDED.error_code, error_detail = EXCLUDED.error_detail`, id, kind, code, detail)
}

func well(id, kind string) string {
	return fmt.Sprintf(`INSERT INTO domain_checks (domain_id, kind, last_checked_at, last_ok_at, error_code, error_detail, failures)
SELECT %s, '%s', now() - interval '3 minutes', now() - interval '3 minutes', '', '{}', 0 WHERE $1::bigint + $2::bigint > 0
ON CONFLICT (domain_id, kind) DO UPDATE SET last_checked_at = EXCLUDED.last_checked_at, last_ok_at = EXCLUDED.last_ok_at, error_code = '', error_detail = '{}'`, id, kind)
}

// Each state of a name has a page that says it, fits the screen and obeys the policy.
// SCREENS=dir keeps pictures.
func TestDomainPagesLook(t *testing.T) {
	t.Parallel()
	browse.NeedsChromium(t)
	w := newWorld(t, "")
	w.onTrial(t)
	if err := w.People.SetPassword(t.Context(), w.A.Person, password); err != nil {
		t.Fatal(err)
	}
	chromium := browse.StartChromium(t, w.server.Listener.Addr().String())
	widths := []int{390}
	if os.Getenv("ROOKERY_E2E") == "full" {
		widths = []int{390, 1280}
	}
	var tabs []*browse.Tab
	for _, width := range widths {
		tab := chromium.Tab(t, width)
		tab.Open(room(w.A) + "/domains")
		tab.Fill("email", "alice@a.test")
		tab.Fill("password", password)
		tab.Press("main form:not([hidden]) button")
		tab.Look("domains-empty")
		tabs = append(tabs, tab)
	}
	claims := w.claim(t, w.A, domains.Wish{Mode: tenant.SplitDomain, Name: "acme-cycles.test"})
	for _, stage := range stages {
		for _, sql := range stage.sql {
			w.set(t, sql, claims[0].ID, claims[1].ID)
		}
		for _, tab := range tabs {
			tab.Open(domainURL(w.A, claims[0]))
			tab.Look("domain-" + stage.name)
			if got := tab.Text("main"); !strings.Contains(got, stage.want) {
				t.Errorf("%s does not say %q:\n%s", stage.name, stage.want, got)
			}
			tab.Open(room(w.A) + "/domains")
			tab.Look("domains-" + stage.name)
		}
	}
}
