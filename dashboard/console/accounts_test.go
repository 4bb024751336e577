package console_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/internal/testkit/fixture"
	"rookery/tenant/people"
)

func accountPage(h *fixture.Home) string {
	return room(h) + "/accounts/" + ids.Format(int64(h.Account.ID))
}

func (w *world) account(t *testing.T) (a *social.Account) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, s *pg.Scope) (err error) {
		a, err = store.AccountByID(ctx, s, w.A.Account.ID)
		return err
	})
	return a
}

// A profile changes by the same rule as in apps: others hear of it, and it is recorded.
func TestAProfileIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	page := b.Get(accountPage(w.A) + "/profile")
	contains(t, "the page", page, "Who may act as it", "alice@a.test", "Delete the account")
	saved := b.Follow(b.Submit(page, formTo(t, page, "/profile"), "display_name", "Alice & Co", "note", "Hello #owls", "field_name_0", "Site", "field_value_0", "https://a.test", "bot", "1", "locked", "1"))
	contains(t, "saved", saved, "Alice &amp; Co", "Hello #owls", `value="https://a.test"`)
	if a := w.account(t); a.DisplayName != "Alice & Co" || !a.Locked || a.ActorType != "Service" || len(a.Fields) != 1 || !strings.Contains(a.Note, "/tags/") {
		t.Errorf("%+v", a)
	}
	if n := w.count(t, `SELECT count(*) FROM events WHERE tenant_id = $1 AND kind = 'account_updated'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d events for other servers", n)
	}
	long := b.Submit(page, formTo(t, page, "/profile"), "display_name", strings.Repeat("x", 31), "note", "kept")
	if long.Status != http.StatusUnprocessableEntity || !strings.Contains(long.Body, "kept") || !strings.Contains(long.Body, "too long") {
		t.Errorf("a long name: %d", long.Status)
	}
	if r, err := audit.Verify(t.Context(), w.PG, w.A.Tenant.ID); err != nil || r.Entries != 1 {
		t.Errorf("the audit log: %+v, %v", r, err)
	}
}

// Pictures are taken in, described, and removed; what is no picture is refused.
func TestPicturesOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	token := formTo(t, b.Get(accountPage(w.A)+"/profile"), "/profile").Values.Get("authenticity_token")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	send := func(which string, file []byte, fields ...string) int {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("authenticity_token", token)
		for i := 0; i < len(fields); i += 2 {
			_ = form.WriteField(fields[i], fields[i+1])
		}
		if file != nil {
			part, _ := form.CreateFormFile("file", "x.png")
			_, _ = part.Write(file)
		}
		_ = form.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, accountPage(w.A)+"/"+which, &body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("Origin", home)
		return b.Do(r).Status
	}
	if got := send("avatar", picture.Bytes(), "alt", "a grey square"); got != http.StatusSeeOther {
		t.Fatalf("avatar: %d", got)
	}
	if got := send("header", picture.Bytes(), "alt", "grey"); got != http.StatusSeeOther {
		t.Fatalf("header: %d", got)
	}
	a := w.account(t)
	if a.AvatarKey == "" || a.AvatarAlt != "a grey square" || a.HeaderKey == "" || a.HeaderAlt != "grey" {
		t.Errorf("%+v", a)
	}
	if got := send("avatar", nil, "alt", "a square"); got != http.StatusSeeOther || w.account(t).AvatarKey != a.AvatarKey || w.account(t).AvatarAlt != "a square" {
		t.Errorf("another description: %d", got)
	}
	if got := send("avatar", []byte("no picture")); got != http.StatusUnprocessableEntity {
		t.Errorf("no picture: %d", got)
	}
	if got := send("avatar", nil, "remove", "1"); got != http.StatusSeeOther || w.account(t).AvatarKey != "" {
		t.Errorf("removed: %d", got)
	}
}

// Whoever may neither look after accounts nor owns this one only looks.
func TestWhoChangesAProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.join(t, w.A, w.B.Person, people.MemberPlain)
	b, bob := w.session(t, w.A.Person), w.session(t, w.B.Person)
	form := formTo(t, b.Get(accountPage(w.A)+"/profile"), "/profile")
	look := bob.Get(accountPage(w.A) + "/profile")
	if strings.Contains(look.Body, "Save the profile") || strings.Contains(look.Body, "Delete the account") {
		t.Error("a member is offered what they may not")
	}
	form.Values.Set("authenticity_token", formTo(t, look, "/sign_out").Values.Get("authenticity_token"))
	if got := bob.Post(accountPage(w.A)+"/profile", form.Values, "Origin", home); got.Status != http.StatusForbidden {
		t.Errorf("a member: %d", got.Status)
	}
	w.A.Grant(t, w.A.Account.ID, w.B.Person, people.Owner)
	if got := bob.Post(accountPage(w.A)+"/profile", form.Values, "Origin", home); got.Status != http.StatusSeeOther {
		t.Errorf("an owner of the account: %d", got.Status)
	}
	if got := bob.Get(accountPage(w.A) + "/delete"); got.Status != http.StatusForbidden {
		t.Errorf("an owner of the account asks for its end: %d", got.Status)
	}
}

func TestAnAccountIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	page := b.Get(accountPage(w.A) + "/delete")
	contains(t, "the question", page, "Delete @alice?", "@alice@a.test", "Followers")
	if got := b.Submit(page, formTo(t, page, "/delete"), "name", "alic"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "not its name") {
		t.Errorf("another name: %d", got.Status)
	}
	list := b.Follow(b.Submit(page, formTo(t, page, "/delete"), "name", "@Alice@a.test"))
	contains(t, "afterwards", list, "No accounts yet")
	if got := b.Get(accountPage(w.A) + "/profile"); got.Status != http.StatusNotFound {
		t.Errorf("its page: %d", got.Status)
	}
	if n := w.count(t, `SELECT count(*) FROM audit_entries WHERE tenant_id = $1 AND action = 'account.delete'`, w.A.Tenant.ID); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestAccountPagesLook(t *testing.T) {
	t.Parallel()
	browse.NeedsChromium(t)
	w := newWorld(t, "")
	w.look(t, map[string]string{"profile-edit": accountPage(w.A) + "/profile", "account-delete": accountPage(w.A) + "/delete", "account-handle": accountPage(w.A) + "/handle"}, nil)
}
