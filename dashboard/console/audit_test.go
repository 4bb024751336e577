package console_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social/plan"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
)

func auditRoom(h *fixture.Home) string { return room(h) + "/audit" }

func (w *world) record(t *testing.T, h *fixture.Home, e audit.Entry) {
	t.Helper()
	h.Do(t, func(ctx context.Context, s *pg.Scope) error { return audit.Append(ctx, s, e) })
}

// The log says in words who did what, pages by key, filters, and tells whether it is whole.
func TestTheAuditLogIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	alice := audit.Actor{Kind: audit.Person, ID: int64(w.A.Person), Name: `"><script>alert(1)</script>`, Address: "192.0.2.7"}
	for i := range 60 {
		w.record(t, w.A, audit.Entry{Actor: alice, Action: "invitation.create", Target: "invitation:1", Detail: map[string]string{"mail": fmt.Sprintf("n%d@x.test", i), "role": "member"}})
	}
	w.record(t, w.A, audit.Entry{At: time.Now().AddDate(-1, 0, 0), Actor: audit.ByOperator(), Action: "unheard.of", Target: "domain:9"})
	w.record(t, w.B, audit.Entry{Actor: alice, Action: "invitation.create", Detail: map[string]string{"mail": "secret@b.test"}})
	b := w.session(t, w.A.Person)
	page := b.Get(auditRoom(w.A))
	contains(t, "the log", page, "invited n59@x.test as member", "unheard.of", "whoever runs this server", "All 61 entries", "before=12")
	if strings.Contains(page.Body, "<script>alert") || strings.Contains(page.Body, "secret@b.test") || strings.Contains(page.Body, "n5@x.test") {
		t.Error("a name is markup, another company's entry is there, or the page has no end")
	}
	older := b.Get(auditRoom(w.A) + "?before=12")
	contains(t, "older", older, "n10@x.test", "n0@x.test")
	if strings.Contains(older.Body, "n11@x.test") {
		t.Error("the second page repeats the first")
	}
	for query, want := range map[string]int{
		"?target=domain:9": 1, "?action=invitation.": 50, "?action=domain.": 0, "?actor=" + ids.Format(int64(w.A.Person)): 50, "?actor=5": 0,
		"?from=" + time.Now().AddDate(0, 0, 2).Format("2006-01-02"): 0, "?to=" + time.Now().AddDate(0, 0, -2).Format("2006-01-02"): 1,
	} {
		if got := strings.Count(b.Get(auditRoom(w.A)+query).Body, "<dt>Number</dt>"); got != want {
			t.Errorf("%s: %d entries, want %d", query, got, want)
		}
	}
	for _, query := range []string{"?from=yesterday", "?actor=x", "?to=0000-99-99", "?target=" + strings.Repeat("x", 101), "?action=a%00"} {
		if got := b.Get(auditRoom(w.A) + query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, got.Status)
		}
	}
	w.set(t, `UPDATE audit_entries SET action = 'x' WHERE tenant_id = $1 AND seq = 7`, w.A.Tenant.ID)
	contains(t, "a changed entry", b.Get(auditRoom(w.A)), "not as it was written", "Entry 7")
}

// Who acts with an app has a name in the log, too.
func TestTheAuditLogNamesWhoUsesApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	by := plan.ByApp(w.A.Person, 0, "192.0.2.7")
	w.record(t, w.A, audit.Entry{Actor: by.Actor, Action: "status.submit", Target: "status:1"})
	if page := w.session(t, w.A.Person).Get(auditRoom(w.A)); strings.Contains(page.Body, "<b>somebody</b>") {
		t.Error("the log does not say who asked for approval")
	}
}

// Exports hold everything the filter matches, and no cell is a formula.
func TestTheAuditLogIsExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	names := []string{"=1+1", "+49", "-x", "@sum", "\tx", "fine"}
	for i := range 1003 {
		w.record(t, w.A, audit.Entry{Actor: audit.Actor{Kind: audit.Person, ID: 1, Name: names[i%len(names)]}, Action: "member.leave", Target: fmt.Sprint("person:", i)})
	}
	b := w.session(t, w.A.Person)
	got := b.Get(auditRoom(w.A) + "/export?format=csv")
	if got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", got.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(got.Body)).ReadAll()
	if err != nil || len(rows) != 1004 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprint(1003-i) {
			t.Fatalf("row %d has number %s", i, row[0])
		}
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Fatalf("a formula: %q", cell)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(b.Get(auditRoom(w.A)+"/export?format=jsonl&target=person:7").Body), "\n")
	var line struct {
		Seq   int64       `json:"seq"`
		Entry audit.Entry `json:"entry"`
	}
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil || len(lines) != 1 || line.Seq != 8 || line.Entry.Actor.Name != "+49" {
		t.Errorf("%d lines, %+v, %v", len(lines), line, err)
	}
	if got := b.Get(auditRoom(w.A) + "/export?format=xml"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown format: %d", got.Status)
	}
}

func TestAuditPagesLook(t *testing.T) {
	t.Parallel()
	browse.NeedsChromium(t)
	w := newWorld(t, "")
	for _, action := range []string{"member.send_away", "operator.grant", "domain.live"} {
		w.record(t, w.A, audit.Entry{Actor: audit.Actor{Kind: audit.Person, ID: 1, Name: "Mara Lindqvist"}, Action: action, Target: "person:117653823411401729",
			Detail: map[string]string{"who": "jonas.weber@acme-cycles.test", "account": "@support", "to": "drafter", "name": "social.acme-cycles.test"}})
	}
	w.look(t, map[string]string{"audit": auditRoom(w.A), "audit-none": auditRoom(w.A) + "?target=nothing"}, nil)
}
