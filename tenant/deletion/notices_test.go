package deletion_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/mail"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/tenant/deletion"
)

// mails are what waits for owners, by template, in the language of each.
func (w *world) mails() (out []string) {
	w.t.Helper()
	err := w.PG.Platform(w.t.Context(), "test", func(tx *pg.PlatformTx) error {
		all, err := store.UnsentMails(w.t.Context(), tx, 50)
		for _, m := range all {
			if !strings.HasPrefix(m.Template, "tenant_") {
				continue
			}
			out = append(out, m.Template+" "+m.Recipient)
			for _, locale := range mail.Locales() {
				if _, err := (mail.Templates{Home: "https://rookery.test"}).Render(m.Template, locale, m.Data); err != nil {
					w.t.Error(err)
				}
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// Owners hear when a deletion is asked for, once more before its end, and when it is taken
// back; nobody else does, and nobody hears twice.
func TestOwnersHearOfADeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO persons (id, email, locale) VALUES (71, 'owner@x.test', 'de'), (72, 'admin@x.test', 'en')`)
	w.exec(`INSERT INTO memberships (tenant_id, person_id, role) VALUES (%d, 71, 'owner'), (%d, 72, 'admin')`, w.Tenant.ID, w.Tenant.ID)
	by := audit.Actor{Kind: audit.Person, ID: 71, Name: "Mara"}
	want := func(when string, list ...string) {
		t.Helper()
		if got := w.mails(); !slices.Equal(got, list) {
			t.Errorf("%s: %v", when, got)
		}
	}
	begin := func(by audit.Actor) {
		t.Helper()
		for range 2 {
			if _, err := w.service.Begin(t.Context(), by, w.Tenant.ID, deletion.UndoFor); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin(by)
	w.sweep()
	want("asked for", "tenant_ends owner@x.test")
	w.late = deletion.UndoFor - 2*24*time.Hour
	w.sweep()
	w.sweep()
	want("two days before", "tenant_ends owner@x.test", "tenant_ends_soon owner@x.test")
	if err := w.service.Undo(t.Context(), by, w.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	want("taken back", "tenant_ends owner@x.test", "tenant_ends_soon owner@x.test", "tenant_stays owner@x.test")
	// What the operator began is not an owner's to take back.
	w.late = 0
	begin(audit.ByOperator())
	if err := w.service.Undo(t.Context(), by, w.Tenant.ID); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("an owner takes back what the operator began: %v", err)
	}
	if err := w.service.Undo(t.Context(), audit.ByOperator(), w.Tenant.ID); err != nil {
		t.Error(err)
	}
}
