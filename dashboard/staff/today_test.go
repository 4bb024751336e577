package staff_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/internal/pg"
	"rookery/internal/testkit/browse"
	"rookery/tenant/access"
)

// glance is what the first screen says of a place: its number.
func glance(p *browse.Page, path string) string {
	_, rest, _ := strings.Cut(p.Body, `<a class="fig" href="/staff`+path+`">`)
	cell, _, _ := strings.Cut(rest, "</a>")
	_, number, _ := strings.Cut(cell, `<p class="fig__n`)
	number, _, _ = strings.Cut(number, "</p>")
	return number[strings.LastIndex(number, ">")+1:]
}

// The first screen says how much waits for who looks at it, and each page counts it in the
// navigation.
func TestTheFirstScreenSaysWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.buy(t, w.A, "team")
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	quiet := b.Get(home + "/tenants")
	contains(t, "before", quiet, "Nothing to decide", "None waits", "Everybody has paid", "All are looked at")
	lacks(t, "before", quiet, `class="count"`)

	w.do(t, func(ctx context.Context, tx *pg.PlatformTx) error {
		for _, key := range []string{"a", "b"} {
			if _, err := store.AddTask(ctx, tx, store.Task{Key: key, Kind: ledger.GivenBack}); err != nil {
				return err
			}
		}
		return nil
	})
	w.set(t, `UPDATE domains SET state = 'needs_review' WHERE name = 'b.test'`)
	w.set(t, `UPDATE tenant_entitlements SET standing = 'grace'`)
	w.set(t, `INSERT INTO billing_events (event_id, type, livemode, payload, created_at, received_at, source)
		SELECT 'evt_' || n, 'x', false, '{}', now(), now() - n * interval '4 minutes', 'webhook' FROM generate_series(0, 3) n`)
	page := b.Get(home + "/tenants")
	for path, want := range map[string]string{"/matters": "2", "/matters#names": "1", "/dunning": "1", "/events?outcome=waiting": "2"} {
		if got := glance(page, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	contains(t, "another room", b.Get(home+"/dunning"), `<span class="count">3</span>`)
	lacks(t, "a search", b.Get(home+"/tenants?q=a.test"), "staff-today")
	helper, _ := w.session(t, w.hire(t, "jon@rookery.test", access.StaffSupport), 2)
	lacks(t, "the first screen of support", helper.Get(home+"/tenants"), "Events that wait")
}

// Without billing it speaks of names alone, and only where one waits.
func TestTheFirstScreenWithoutBilling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffAdmin), 2)
	lacks(t, "before", b.Get(home+"/tenants"), "staff-today")
	w.set(t, `UPDATE domains SET state = 'disputed' WHERE name = 'b.test'`)
	page := b.Get(home + "/tenants")
	if got := glance(page, "/matters#names"); got != "1" {
		t.Errorf("names: %q", got)
	}
	lacks(t, "the first screen", page, "Unpaid", "Events that wait")
}

// A decision until a day holds to the end of it, and every page says that day.
func TestADecisionSaysItsLastDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.buy(t, w.A, "solo")
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffBilling), 2)
	at := home + "/tenants/" + w.A.Tenant.ID.String()
	last := time.Now().UTC().AddDate(0, 2, 0)
	day, next := last.Format("2 January 2006"), last.AddDate(0, 0, 1).Format("2 January 2006")
	page := b.Get(at + "/decisions/new")
	preview := b.Submit(page, formTo(t, page, "/decisions"), "plan", "team", "until", last.Format(time.DateOnly), "reason", "By bank transfer.")
	contains(t, "the preview", preview, ">"+day+"<")
	made := b.Follow(b.Submit(preview, formTo(t, preview, "/decisions"), "confirmed", "1"))
	lacks(t, "the preview", preview, ">"+next+"<")
	_, list, _ := strings.Cut(made.Body, `id="decisions"`)
	if list, _, _ = strings.Cut(list, "</section>"); !strings.Contains(list, ">"+day+"<") || strings.Contains(list, next) {
		t.Errorf("the list of decisions says\n%s", list)
	}
}

// River's pages stand in a frame of ours; what its address names is in the frame.
func TestQueuesStandInOurPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	b, _ := w.session(t, w.hire(t, "mara@rookery.test", access.StaffAdmin), 2)
	for path, want := range map[string]string{"/queues": `src="/staff/queues/"`, "/queues/jobs?state=retryable": `src="/staff/queues/jobs?state=retryable"`} {
		got := b.Get(home+path, "Sec-Fetch-Dest", "document")
		contains(t, path, got, want, `href="/staff/tenants"`)
		if policy := got.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, policy)
		}
	}
	framed := b.Get(home+"/queues/jobs", "Sec-Fetch-Dest", "iframe", "Accept", "text/html")
	contains(t, "in the frame", framed, `id="root"`)
	if policy := framed.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self'") || framed.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("in the frame: %s", policy)
	}
}
