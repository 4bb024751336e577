package console_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rookery/internal/audit"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/browse"
	"rookery/tenant"
	"rookery/tenant/people"
)

func (w *world) tenantA(t *testing.T) *tenant.Tenant {
	t.Helper()
	got, ok := w.Registry.ByID(w.A.Tenant.ID)
	if !ok {
		t.Fatal("the tenant is gone")
	}
	return got
}

// Words are stored, read from memory by every page, and what is wrong is shown with what
// was typed.
func TestACompanySaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/branding"
	contains(t, "the navigation", b.Get(room(w.A)), at[len(home):])
	page := b.Get(at)
	form := formTo(t, page, "/branding")
	wrong := b.Submit(page, form, "name", "Acme", "short", `A "<script>" shop`, "mail", "hello at acme", "colour", "c8501e")
	if wrong.Status != http.StatusUnprocessableEntity || strings.Contains(wrong.Body, "<script>\"") {
		t.Errorf("a bad mail: %d", wrong.Status)
	}
	contains(t, "a bad mail", wrong, "This is no mail address", "&lt;script&gt;", `value="hello at acme"`)
	saved := b.Follow(b.Submit(page, form, "name", "Acme Cycles", "short", "Bikes since 1899.", "long", "Many bikes.", "mail", "hello@acme.test", "colour", "c8501e"))
	contains(t, "the page", saved, "Acme Cycles", "#C8501E", "#BF4813", "#FA7D4F", "hard to read")
	got := w.tenantA(t)
	if got.Name != "Acme Cycles" || got.Summary() != "Bikes since 1899." || got.Description != "Many bikes." || got.BrandColour != "#c8501e" || got.BrandVersion == 0 {
		t.Errorf("in memory: %+v", got)
	}
	if report, err := audit.Verify(t.Context(), w.PG, got.ID); err != nil || report.Broken != 0 || report.Entries == 0 {
		t.Errorf("the audit log: %+v, %v", report, err)
	}
}

// Rules are added, changed, moved and removed by forms alone.
func TestRulesOfACompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/branding"
	add := func(text string) *browse.Page {
		page := b.Get(at)
		return b.Follow(b.Submit(page, formTo(t, page, "/rules"), "text", text, "hint", "because "+text))
	}
	add("One")
	add("Two")
	page := add("Three")
	if got := b.Submit(page, formTo(t, page, "/rules"), "text", strings.Repeat("x", 501)); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a rule that is too long: %d", got.Status)
	}
	rules := w.rules(t)
	if len(rules) != 3 || rules[2].Text != "Three" || rules[2].Hint != "because Three" {
		t.Fatalf("rules %+v", rules)
	}
	three := rules[2].ID
	move := formTo(t, page, "/move") // of the first
	b.Submit(page, move, "to", "down")
	if got := w.texts(t); got != "Two One Three" {
		t.Errorf("after moving: %s", got)
	}
	b.Submit(page, move, "to", "down")
	b.Submit(page, move, "to", "down") // it is the last: nothing happens
	if got := w.texts(t); got != "Two Three One" {
		t.Errorf("after moving to the end: %s", got)
	}
	one := w.rules(t)[2]
	edit := b.Get(at + "/rules/" + ids.Format(one.ID))
	contains(t, "the form", edit, "Rule 3", "because One")
	b.Submit(edit, formTo(t, edit, "/rules/"+ids.Format(one.ID)), "text", "Uno", "hint", "")
	b.Submit(edit, formTo(t, b.Get(at+"/rules/"+ids.Format(three)), "/remove"))
	if got := w.rules(t); len(got) != 2 || got[1].Text != "Uno" || got[1].ID != one.ID {
		t.Errorf("in the end: %+v", got)
	}
	if got := b.Get(at + "/rules/" + ids.Format(three)); got.Status != http.StatusNotFound {
		t.Errorf("a rule that is gone: %d", got.Status)
	}
}

func (w *world) rules(t *testing.T) (out []*store.Rule) {
	t.Helper()
	w.A.Do(t, func(ctx context.Context, scope *pg.Scope) (err error) {
		out, err = store.Rules(ctx, scope)
		return err
	})
	return out
}

func (w *world) texts(t *testing.T) string {
	t.Helper()
	var out []string
	for _, r := range w.rules(t) {
		out = append(out, r.Text)
	}
	return strings.Join(out, " ")
}

// A picture goes through the rules of uploads, a long text through a form of its own.
func TestPictureAndTextsOfACompany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/branding"
	token := formTo(t, b.Get(at), "/branding").Values.Get("authenticity_token")
	drawn := image.NewRGBA(image.Rect(0, 0, 300, 200))
	drawn.Set(1, 1, color.RGBA{R: 200, A: 255})
	var picture bytes.Buffer
	if err := png.Encode(&picture, drawn); err != nil {
		t.Fatal(err)
	}
	if got := send(t, b, at+"/picture", token, "file", "not a picture"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("no picture: %d", got.Status)
	}
	if got := send(t, b, at+"/picture", token, "file", picture.String()); got.Status != http.StatusSeeOther {
		t.Fatalf("a picture: %d\n%s", got.Status, got.Body)
	}
	if got := w.tenantA(t); got.ThumbnailKey == "" || got.ThumbnailBlurhash == "" {
		t.Errorf("in memory: %+v", got)
	}
	contains(t, "the page", b.Get(at), "https://media.test/"+w.A.Tenant.ID.String()+"/"+w.tenantA(t).ThumbnailKey)
	ask := b.Get(at + "/picture/remove")
	b.Submit(ask, formTo(t, ask, "/remove"))
	if got := w.tenantA(t); got.ThumbnailKey != "" {
		t.Error("the picture stays")
	}
	if got := send(t, b, at+"/texts/privacy", token, "text", "We keep\r\n\r\nnothing."); got.Status != http.StatusSeeOther {
		t.Fatalf("a text: %d\n%s", got.Status, got.Body)
	}
	if got := w.tenantA(t); !got.HasPrivacy || got.HasTerms {
		t.Errorf("in memory: %+v", got)
	}
	contains(t, "the form", b.Get(at+"/texts/privacy"), "We keep\n\nnothing.")
	if got := send(t, b, at+"/texts/privacy", token, "text", strings.Repeat("x", 20_001)); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a text that is too long: %d", got.Status)
	}
	if got := b.Get(at + "/texts/other"); got.Status != http.StatusNotFound {
		t.Errorf("another text: %d", got.Status)
	}
}

// Nobody but owners and admins is in the room, and no form is taken from elsewhere.
func TestWhoMayChangeTheBrand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	b := w.session(t, w.A.Person)
	at := room(w.A) + "/branding"
	values := formTo(t, b.Get(at), "/branding").Values
	if got := b.Post(at, url.Values{"name": {"Stolen"}}, "Origin", home); got.Status != http.StatusForbidden {
		t.Errorf("without a token: %d", got.Status)
	}
	for _, role := range []people.Membership{people.MemberPlain, people.MemberBilling, people.MemberModerator} {
		w.set(t, `UPDATE memberships SET role = $2 WHERE person_id = $1`, w.A.Person, string(role))
		if got := b.Get(at); got.Status != http.StatusForbidden || strings.Contains(b.Get(room(w.A)).Body, "/branding\"") {
			t.Errorf("%s sees it: %d", role, got.Status)
		}
		if got := b.Post(at, values, "Origin", home); got.Status != http.StatusForbidden {
			t.Errorf("%s changes it: %d", role, got.Status)
		}
	}
	if got := w.session(t, w.B.Person).Get(at); got.Status != http.StatusNotFound {
		t.Errorf("somebody of another company: %d", got.Status)
	}
}

// send posts a form with one field and the token, as browsers send files.
func send(t *testing.T, b *browse.Browser, address, token, field, content string) *browse.Page {
	t.Helper()
	return sendAll(t, b, address, url.Values{"authenticity_token": {token}, field: {content}})
}

// sendAll posts fields as a form that has a file does; the field called file is one.
func sendAll(t *testing.T, b *browse.Browser, address string, fields url.Values) *browse.Page {
	t.Helper()
	body := &bytes.Buffer{}
	m := multipart.NewWriter(body)
	for field := range fields {
		if field != "file" {
			_ = m.WriteField(field, fields.Get(field))
			continue
		}
		part, err := m.CreateFormFile(field, "a.png")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(fields.Get(field)))
	}
	_ = m.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Origin", home)
	return b.Do(r)
}
