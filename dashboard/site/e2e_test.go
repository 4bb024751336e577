package site_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"testing"

	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/social/media"
	"rookery/internal/social/status"
	"rookery/internal/testkit/browse"
)

// A real browser goes the way of a person with an app, and looks at every page, on a
// phone and on a desk.
func TestE2EBrowser(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.setPassword(t, o.A.Person)
	parent := o.furnish(t)
	browser := browse.StartChromium(t, o.server.Listener.Addr().String())
	for _, width := range []int{390, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			tab := browser.Tab(t, width)
			for _, p := range publicPages(parent) {
				tab.Open(home + p.path)
				tab.Look("site-" + p.name)
			}
			goThroughConsent(t, tab, o)
			lookAtSettings(t, tab, o)
		})
	}
}

// Without JavaScript every page says the same and every form works.
func TestE2EBrowserWithoutScript(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.setPassword(t, o.A.Person)
	parent := o.furnish(t)
	tab := browse.StartChromium(t, o.server.Listener.Addr().String()).Tab(t, 390).WithoutScript()
	for _, p := range publicPages(parent) {
		tab.Open(home + p.path)
		tab.Look("noscript-" + p.name)
		if browse.Evaluate[bool](tab, `[...document.querySelectorAll("[data-copy]")].some(b => b.checkVisibility())`) {
			t.Errorf("%s shows a button that does nothing without script", p.name)
		}
	}
	tab.Open(address(parent))
	tab.Click("details.more summary")
	if !browse.Evaluate[bool](tab, `document.getElementById("embed").checkVisibility()`) {
		t.Error("the HTML to embed stays folded")
	}
	tab.Open(o.at("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"))
	tab.Fill("email", "alice@a.test")
	tab.Fill("password", password)
	tab.Press("main form:not([hidden]) button")
	tab.Look("noscript-consent")
	tab.Press("#allow .btn--go")
	tab.Look("noscript-code")
	o.letIn(t, "Heron", o.support.ID, "read")
	tab.Open(home + "/")
	tab.Click(".me summary")
	tab.Press(`.me__menu a[href="/settings/apps"]`)
	tab.Look("noscript-apps")
	tab.Press("main form:not([hidden]) button")
	if got := tab.Text(".note"); got == "" {
		t.Error("nothing says that the access ended")
	}
	tab.Click(".me summary")
	tab.Press(".me__menu form button")
	tab.Look("noscript-signed-out")
}

type publicPage struct{ name, path string }

func publicPages(post *social.Status) []publicPage {
	at := "/@support/" + ids.Format(int64(post.ID))
	return []publicPage{
		{"front", "/"}, {"profile", "/@support"}, {"replies", "/@support/with_replies"}, {"media", "/@support/media"}, {"profile-about", "/@support/about"},
		{"empty", "/@alice"}, {"post", at}, {"embed", at + "/embed"}, {"tag", "/tags/fell3"}, {"tag-empty", "/tags/nothing"}, {"about", "/about"},
		{"follow", "/@support/follow?handle=nobody"}, {"nobody", "/@nobody"},
	}
}

// furnish writes posts as they come: long words, warnings, answers, pictures.
func (w *world) furnish(t testing.TB) *social.Status {
	t.Helper()
	parent := w.write(t, status.Draft{Text: "The workshop in Leeds opens at eight tomorrow.\n\nNo appointment needed, see https://acme.test/leeds/and/a/long/way/to/the/door/of/the/workshop #fell3", Visibility: social.Public})
	w.write(t, status.Draft{Text: "And there is coffee. Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.", Visibility: social.Public, InReplyToID: parent.ID})
	w.write(t, status.Draft{Text: "A longer story about brakes.", SpoilerText: "Brakes", Visibility: social.Public})
	w.write(t, status.Draft{Text: "Two views of the hub.", Visibility: social.Public, MediaIDs: w.pictures(t, "A hub from the left", "")})
	w.write(t, status.Draft{Text: "Not for the squeamish.", Visibility: social.Public, Sensitive: true, MediaIDs: w.pictures(t, "A very old chain")})
	return parent
}

// goThroughConsent signs in, chooses an account, and ends at the app.
func goThroughConsent(t *testing.T, b *browse.Tab, o *oauth) {
	t.Helper()
	b.Open(o.at())
	b.Look("site-sign-in")
	b.Fill("email", "alice@a.test")
	b.Fill("password", "not my password")
	b.Press("main form:not([hidden]) button")
	b.Look("site-sign-in-wrong")
	b.Fill("password", password)
	b.Press("main form:not([hidden]) button")
	b.Look("site-consent")
	chosen := ids.Format(int64(o.support.ID))
	browse.Evaluate[bool](b, `document.querySelector('input[name=account_id][value="`+chosen+`"]').click(); true`)
	if got := b.Text("#allow .btn--go"); got != "Allow as @support" {
		t.Errorf("the button says %q", got)
	}
	b.Refusals()
	// The app's address is on this server too: whatever host is asked for leads there.
	b.Press("#allow .btn--go")
	at, err := url.Parse(browse.Evaluate[string](b, `location.href`))
	if err != nil || at.Host != "app.test" || at.Query().Get("state") != "a b&c=d/ü" {
		t.Fatalf("the app's page is %s, %v", at, err)
	}
	if viewer := o.token(t, at.Query().Get("code"), callback); viewer.Account != o.support.ID {
		t.Errorf("the token speaks for %+v", viewer)
	}
	b.Open(o.at("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"))
	b.Press("#allow .btn--go")
	b.Look("site-code")
}

// lookAtSettings goes from the menu to what people see of themselves, and out.
func lookAtSettings(t *testing.T, b *browse.Tab, o *oauth) {
	t.Helper()
	b.Open(home + "/@support")
	b.Click(".me summary")
	b.Look("site-menu")
	b.Press(`.me__menu a[href="/settings/apps"]`)
	b.Look("site-apps")
	b.Press("main form:not([hidden]) button")
	b.Look("site-apps-ended")
	b.Press(`.tabs a[href="/settings/password"]`)
	b.Look("site-password")
	b.Fill("old_password", "not it")
	b.Fill("new_password", "another horse")
	b.Fill("new_password_again", "another horse")
	b.Press("main form:not([hidden]) button")
	b.Look("site-password-wrong")
	b.Fill("old_password", password)
	b.Fill("new_password", password+"!")
	b.Fill("new_password_again", password+"!")
	b.Press("main form:not([hidden]) button")
	b.Look("site-password-changed")
	o.setPasswordKeeping(t, nil) // for the other width
	b.Open(home + "/auth/sign_out")
	b.Open(home + "/auth/sign_in?again=1")
	b.Fill("email", "alice@a.test")
	b.Fill("password", password)
	b.Press("main form:not([hidden]) button")
	b.Open(home + "/auth/sign_out")
	b.Look("site-sign-out")
	b.Press("main form:not([hidden]) button")
	b.Look("site-signed-out")
}

// pictures uploads one for each description.
func (w *world) pictures(t testing.TB, descriptions ...string) []social.MediaID {
	t.Helper()
	var out []social.MediaID
	for _, d := range descriptions {
		m, err := media.New(w.PG).Add(t.Context(), w.A.Tenant, w.support.ID, media.Upload{Bytes: drawing, Description: d})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m.ID)
	}
	return out
}

// drawing is a picture, and what the media host of these tests answers with.
var drawing = func() []byte {
	canvas := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for x := range 640 {
		for y := range 400 {
			canvas.Set(x, y, color.RGBA{R: uint8(60 + x/6), G: uint8(90 + y/8), B: 120, A: 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		panic(err) // a canvas in memory can always be written
	}
	return out.Bytes()
}()

func serveDrawing(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(drawing)
}
