package console_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rookery/internal/ids"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/export"
	"rookery/tenant/people"
)

// A clock is asked for, shown with what goes, and set; what is wrong comes back as typed.
func TestACompanySetsItsClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/data"
	w.set(t, `INSERT INTO inbox_activities (tenant_id, id, dedup, actor_uri, raw, state, received_at)
		SELECT $1, n, n::text::bytea, 'u', 'x', 'applied', now() - interval '6 days' FROM generate_series(1, 12) n`, w.A.Tenant.ID)
	contains(t, "the room", b.Get(at), "Messages that came in", "12 now", "7 days", "as everywhere here", "Write an archive")
	contains(t, "the question", b.Get(at+"/clocks/received"), "4 to 7 days", `value="7"`)
	for _, typed := range []string{"1", "8", "many", "-1", "99999999999999999999"} {
		got := b.Get(at + "/clocks/received?days=" + typed)
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s days: %d", typed, got.Status)
		}
		contains(t, typed, got, `value="`+typed+`"`)
	}
	sure := b.Get(at + "/clocks/received?days=5")
	contains(t, "what goes", sure, "12 messages that came in go at the next cleaning")
	saved := b.Follow(b.Submit(sure, formTo(t, sure, "/clocks/received")))
	contains(t, "the room", saved, "5 days", "set by you")
	contains(t, "the log", b.Get(room(w.A)+"/audit"), "changed how long a class of data is kept from 7 days to 5 days")
	// The platform's own number takes the clock away.
	sure = b.Get(at + "/clocks/received?days=7")
	b.Follow(b.Submit(sure, formTo(t, sure, "/clocks/received")))
	if n := w.count(t, `SELECT count(*) FROM tenant_clocks`); n != 0 {
		t.Errorf("%d clocks", n)
	}
	if got := b.Get(at + "/clocks/nothing"); got.Status != http.StatusNotFound {
		t.Errorf("no such class: %d", got.Status)
	}
}

// TEN-09: an archive is written, downloaded whole and in ranges by its company, and does not
// exist for another one: not under its own address, nor under the other company's.
func TestAnArchiveIsOfOneCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b, stranger := w.session(t, w.A.Person), w.session(t, w.B.Person)
	w.join(t, w.B, w.B.Person, people.MemberOwner)
	at := room(w.A) + "/data"
	page := b.Get(at)
	page = b.Follow(b.Submit(page, formTo(t, page, "/exports")))
	contains(t, "while it is written", page, "An archive is being written", "Stop it")
	token := b.Form(page, "authenticity_token", "").Values
	if again := b.Post(at+"/exports", token, "Origin", home); again.Status != http.StatusConflict {
		t.Errorf("a second one: %d", again.Status)
	}
	var e *store.Export
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) error {
		list, err := store.Exports(ctx, scope, 1)
		e = list[0]
		return err
	})
	file := at + "/exports/" + ids.Format(e.ID)
	if got := b.Get(file); got.Status != http.StatusNotFound {
		t.Errorf("half an archive: %d", got.Status)
	}
	args := jobs.ExportTenant{ExportID: e.ID}
	args.TenantID = w.A.Tenant.ID
	worker := &export.Worker{Service: &export.Service{DB: w.PG, Tenants: w.Registry, Console: home}}
	for range 2 { // safe to run twice
		if err := worker.Work(t.Context(), &river.Job[jobs.ExportTenant]{JobRow: &rivertype.JobRow{Attempt: 1, MaxAttempts: 10}, Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(t, `SELECT count(*) FROM mails WHERE template = 'export_ready'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	whole := b.Get(file)
	sum := sha256.Sum256([]byte(whole.Body))
	contains(t, "the room", b.Get(at), "Your archive is ready", hex.EncodeToString(sum[:]))
	if _, err := zip.NewReader(bytes.NewReader([]byte(whole.Body)), int64(len(whole.Body))); err != nil || whole.Status != http.StatusOK || whole.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("the archive: %d, %d bytes, %v", whole.Status, len(whole.Body), err)
	}
	part := b.Get(file, "Range", "bytes=100-199", "If-Range", whole.Header.Get("ETag"))
	if part.Status != http.StatusPartialContent || part.Body != whole.Body[100:200] {
		t.Errorf("a range: %d, %d bytes", part.Status, len(part.Body))
	}
	b.Get(file, "Range", "bytes=200-299")
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE action = 'export.download'`); n != 2 {
		t.Errorf("%d entries in the log: one for the whole, one for all parts", n)
	}
	never := stranger.Get(room(w.B) + "/data/exports/1")
	for _, address := range []string{file, room(w.B) + "/data/exports/" + ids.Format(e.ID)} {
		if got := stranger.Get(address); got.Status != http.StatusNotFound || got.Body != never.Body {
			t.Errorf("%s for somebody else: %d", address, got.Status)
		}
	}
	own := stranger.Get(room(w.B) + "/data")
	form := stranger.Form(own, "authenticity_token", "").Values
	if got := stranger.Post(room(w.B)+"/data/exports/"+ids.Format(e.ID)+"/remove", url.Values{"authenticity_token": form["authenticity_token"]}, "Origin", home); got.Status != http.StatusNotFound {
		t.Errorf("somebody else removes it: %d", got.Status)
	}
	page = b.Get(at)
	contains(t, "after its removal", b.Follow(b.Submit(page, formTo(t, page, "/remove"))), "Removed")
	if got := b.Get(file); got.Status != http.StatusNotFound {
		t.Errorf("a removed archive: %d", got.Status)
	}
}
