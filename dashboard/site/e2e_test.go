package site_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"rookery/internal/ids"
	"rookery/internal/social"
	"rookery/internal/social/status"
	"rookery/internal/testkit/browse"
)

// A real browser goes the way of a person with an app, and looks at the public pages,
// on a phone and on a desk. Nothing may be refused by the policy, thrown by the script
// or stick out. SCREENS=dir keeps pictures.
func TestE2EBrowser(t *testing.T) {
	t.Parallel()
	o := newOAuth(t)
	o.setPassword(t, o.A.Person)
	parent := o.write(t, status.Draft{Text: "The workshop in Leeds opens at eight tomorrow.\n\nNo appointment needed, see https://acme.test/leeds #fell3", Visibility: social.Public})
	o.write(t, status.Draft{Text: "And there is coffee.", Visibility: social.Public, InReplyToID: parent.ID})
	o.write(t, status.Draft{Text: "A longer story about brakes.", SpoilerText: "Brakes", Visibility: social.Public})
	browser := startBrowser(t, o.server)
	for _, width := range []int64{390, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			tab := newTab(t, browser, width)
			tab.open(home + "/")
			tab.look("front")
			tab.open(home + "/@support")
			tab.look("profile")
			tab.open(address(parent))
			tab.look("post")
			tab.open(home + "/tags/fell3")
			tab.look("tag")
			tab.open(home + "/about")
			tab.look("about")
			tab.open(home + "/@nobody")
			tab.look("nobody")
			tab.goThroughConsent(o)
		})
	}
}

// goThroughConsent signs in, chooses an account, and ends at the app.
func (b *tab) goThroughConsent(o *oauth) {
	b.t.Helper()
	b.open(o.at())
	b.look("sign-in")
	b.fill("email", "alice@a.test")
	b.fill("password", "not my password")
	b.press("main form button")
	b.look("sign-in-wrong")
	b.fill("password", password)
	b.press("main form button")
	b.look("consent")
	chosen := ids.Format(int64(o.support.ID))
	b.run(`document.querySelector('input[name=account_id][value="` + chosen + `"]').click(); true`)
	if got := text(b, "#allow .btn--go"); got != "Allow as @support" {
		b.t.Errorf("the button says %q", got)
	}
	b.refusals()
	// The app's address is on this server too: whatever host is asked for leads there.
	b.press("#allow .btn--go")
	at, err := url.Parse(evaluate[string](b, `location.href`))
	if err != nil || at.Host != "app.test" || at.Query().Get("state") != "a b&c=d/ü" {
		b.t.Fatalf("the app's page is %s, %v", at, err)
	}
	if viewer := o.token(b.t, at.Query().Get("code"), callback); viewer.Account != o.support.ID {
		b.t.Errorf("the token speaks for %+v", viewer)
	}
	b.open(o.at("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"))
	b.press("#allow .btn--go")
	b.look("code")
	b.open(home + "/auth/sign_out")
	b.look("sign-out")
	b.press("main form button")
	b.look("signed-out")
}

type tab struct {
	t     *testing.T
	ctx   context.Context
	width int64
}

func newTab(t *testing.T, browser context.Context, width int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, width: width}
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.refused = [];
		document.addEventListener("securitypolicyviolation", e => window.refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
		for (const level of ["error", "warn"]) { const was = console[level]; console[level] = (...words) => { window.refused.push(level + ": " + words.join(" ")); was(...words); }; }
		addEventListener("error", e => window.refused.push("error: " + (e.message || e.target.src || e.target.href)), true);`}
	b.must(chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, watch)
		return err
	})))
	b.must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 844), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}},
		})
		return err
	})))
	return b
}

func (b *tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Navigate(address)))
}

func (b *tab) fill(name, value string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.SetValue(`[name="`+name+`"]`, value)))
}

// press clicks what leads to another page and waits for that.
func (b *tab) press(selector string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b.ctx, chromedp.Click(selector))
	b.must(err)
}

func (b *tab) run(script string) {
	b.t.Helper()
	evaluate[bool](b, script)
}

func evaluate[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	b.must(err)
	return v
}

func text(b *tab, selector string) string {
	b.t.Helper()
	return strings.TrimSpace(evaluate[string](b, `document.querySelector("`+selector+`").textContent`))
}

func (b *tab) refusals() {
	b.t.Helper()
	if refused := evaluate[[]string](b, `window.refused`); len(refused) > 0 {
		b.t.Errorf("%s: %q", evaluate[string](b, `location.pathname`), refused)
	}
}

// look checks what can be seen by a script, and keeps a picture.
func (b *tab) look(name string) {
	b.t.Helper()
	b.refusals()
	if got := evaluate[int64](b, `document.documentElement.scrollWidth`); got > b.width {
		b.t.Errorf("%s is %d px wide", name, got)
	}
	if evaluate[int](b, `document.querySelectorAll("h1").length`) != 1 || evaluate[int](b, `document.styleSheets.length`) == 0 {
		b.t.Errorf("%s has no heading or no style", name)
	}
	dir := os.Getenv("SCREENS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	b.must(os.MkdirAll(dir, 0o755))
	b.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("e2e-%s-%d.png", name, b.width)), picture, 0o644))
}

// startBrowser starts Chromium, for which every host is the test's server.
func startBrowser(t *testing.T, server *browse.Server) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: pages are not looked at")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", "MAP * "+server.Listener.Addr().String()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}
