package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/tenant"
	"rookery/tenant/deletion"
	"rookery/tenant/people"
)

// An owner deletes the company by typing its name, and takes it back.
func TestAnOwnerDeletesTheCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/deletion"
	contains(t, "the room", b.Get(room(w.A)), "/deletion\"")
	page := b.Get(at)
	contains(t, "the page", page, "Delete Tenant a.test", "Accounts", "30 days", "a.test")
	wrong := b.Submit(page, formTo(t, page, "/deletion"), "name", `"><script>`)
	if wrong.Status != http.StatusUnprocessableEntity || strings.Contains(wrong.Body, "<script>") {
		t.Errorf("another name: %d", wrong.Status)
	}
	contains(t, "another name", wrong, "This is not the name", `aria-invalid="true"`)
	gone := b.Follow(b.Submit(page, formTo(t, page, "/deletion"), "name", "tenant A.test"))
	contains(t, "the right name", gone, "is being deleted", "Keep Tenant a.test")
	if got, _ := w.Registry.ByID(w.A.Tenant.ID); got.State != tenant.Deleting {
		t.Fatalf("it is %s", got.State)
	}
	contains(t, "the room", b.Get(room(w.A)), "is being deleted", "how to keep it")
	if got := b.Submit(page, formTo(t, page, "/deletion"), "name", "Tenant a.test"); got.Status != http.StatusConflict {
		t.Errorf("asked twice: %d", got.Status)
	}
	undo := formTo(t, gone, "/undo")
	b.Follow(b.Submit(gone, undo))
	if got, _ := w.Registry.ByID(w.A.Tenant.ID); got.State != tenant.Active {
		t.Errorf("taken back, it is %s", got.State)
	}
	if got := b.Submit(gone, undo); got.Status != http.StatusConflict {
		t.Errorf("taken back twice: %d", got.Status)
	}
	if report, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || report.Broken != 0 {
		t.Errorf("the audit log: %+v, %v", report, err)
	}
	// What the operator began is not an owner's to take back.
	if _, err := w.deletion.Begin(t.Context(), audit.ByOperator(), w.A.Tenant.ID, deletion.UndoFor); err != nil {
		t.Fatal(err)
	}
	theirs := b.Get(at)
	contains(t, "what the operator began", theirs, "they alone can take it back")
	if got := b.Submit(gone, undo); strings.Contains(theirs.Body, "/undo") || got.Status != http.StatusForbidden {
		t.Errorf("an owner takes it back: %d", got.Status)
	}
}

// TEN-31: nobody but an owner sees the page, and no form is taken from elsewhere.
func TestWhoMayDeleteTheCompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	owner := w.session(t, w.A.Person)
	at := room(w.A) + "/deletion"
	form := formTo(t, owner.Get(at), "/deletion").Values
	form.Set("name", "Tenant a.test")
	for name, values := range map[string]url.Values{"without a token": {"name": {"Tenant a.test"}}, "another session's": {"name": {"Tenant a.test"}, "authenticity_token": formTo(t, w.session(t, w.A.Person).Get(at), "/deletion").Values["authenticity_token"]}} {
		for _, path := range []string{at, at + "/undo"} {
			if got := owner.Post(path, values, "Origin", home); got.Status != http.StatusForbidden {
				t.Errorf("%s to %s: %d", name, path, got.Status)
			}
		}
	}
	if got := owner.Post(at, form, "Origin", "https://evil.test"); got.Status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.Status)
	}
	for _, role := range []people.Membership{people.MemberAdmin, people.MemberBilling, people.MemberModerator} {
		w.set(t, `UPDATE memberships SET role = $2 WHERE person_id = $1`, w.A.Person, string(role))
		if strings.Contains(owner.Get(room(w.A)).Body, "/deletion\"") || owner.Get(at).Status != http.StatusForbidden {
			t.Errorf("%s sees the page", role)
		}
		for _, path := range []string{at, at + "/undo"} {
			if got := owner.Post(path, form, "Origin", home); got.Status != http.StatusForbidden {
				t.Errorf("%s posts to %s: %d", role, path, got.Status)
			}
		}
	}
	stranger := w.session(t, w.B.Person)
	for _, path := range []string{at, at + "/undo"} {
		if got := stranger.Post(path, form, "Origin", home); got.Status != http.StatusNotFound {
			t.Errorf("another company's owner: %d", got.Status)
		}
	}
	w.set(t, `UPDATE memberships SET role = 'owner' WHERE person_id = $1`, w.A.Person)
	if err := w.Registry.SetState(t.Context(), w.A.Tenant.ID, tenant.Suspended); err != nil {
		t.Fatal(err)
	}
	contains(t, "of a suspended company", owner.Get(at), "is suspended")
	if got := owner.Post(at, form, "Origin", home); got.Status != http.StatusConflict {
		t.Errorf("a suspended company: %d", got.Status)
	}
}
