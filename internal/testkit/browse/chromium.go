package browse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Chromium is a real browser without a window.
type Chromium struct{ ctx context.Context }

// NeedsChromium skips the test where no browser runs, and returns the program's name.
// Ubuntu's chromium is a stub that asks for snap: to be there is not enough
// (deploy/dev/need.sh asks the same).
func NeedsChromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "google-chrome"} {
		if exec.CommandContext(t.Context(), name, "--version").Run() == nil {
			return name
		}
	}
	t.Skip("SKIPPED: no Chromium runs here, so pages are not looked at (package: chromium)")
	return ""
}

// StartChromium starts one for the length of a test, or skips the test where none is
// installed. Every host leads to address (host:port), whatever its certificate; ""
// leaves names as they are. Loopback by number is where tests have programs of their own.
func StartChromium(t testing.TB, address string) *Chromium {
	t.Helper()
	path := NeedsChromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	if address != "" {
		options = append(options, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", "MAP * "+address+", EXCLUDE 127.0.0.1"))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return &Chromium{browser}
}

// Tab is one window with cookies of its own.
type Tab struct {
	t       testing.TB
	ctx     context.Context
	width   int64
	axe     string
	screens string // a folder for pictures of what is looked at; "": none are kept
	still   string // a script that runs before each of them
	hasNoJS bool
}

const tabHeight = 844

// elementTime is how long a busy machine may take to show an element, and to go where it leads.
const elementTime = 40 * time.Second

// tabLife bounds a test that hangs. Full runs look at all pages in one window.
func tabLife() time.Duration {
	if os.Getenv("ROOKERY_E2E") == "full" {
		return 25 * time.Minute
	}
	return 4 * time.Minute
}

// watch gathers what the page's policy refuses, what its script throws, what does not load,
// and how far things moved that stood already (web.dev/cls).
const watch = `window.refused = []; window.shifts = [];
	new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push(e); }).observe({type: "layout-shift", buffered: true});
	document.addEventListener("securitypolicyviolation", e => window.refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
	for (const level of ["error", "warn"]) { const was = console[level]; console[level] = (...words) => { window.refused.push(level + ": " + words.join(" ")); was(...words); }; }
	addEventListener("error", e => window.refused.push("error: " + (e.message || e.target.src || e.target.href)), true);`

// Tab opens a window of a width, with the light scheme.
func (c *Chromium) Tab(t testing.TB, width int) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, tabLife())
	t.Cleanup(stop)
	b := &Tab{t: t, ctx: ctx, width: int64(width), axe: readAxe(t), screens: os.Getenv("SCREENS")}
	b.must(chromedp.Do(ctx, chromedp.EmulateViewport(b.width, tabHeight)))
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	b.Scheme("light")
	return b
}

// In is the window for a part of the test.
func (b *Tab) In(t testing.TB) *Tab {
	part := *b
	part.t = t
	return &part
}

// WithoutScript switches JavaScript off from the next page on. The debugger's own
// goes on, so that the other methods work.
func (b *Tab) WithoutScript() *Tab {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.hasNoJS = true
	return b
}

// Scheme chooses light or dark. Nothing moves: a colour in transition is no colour to
// measure.
func (b *Tab) Scheme(name string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

func call[P, R any](b *Tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})))
}

func (b *Tab) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Open goes to an address.
func (b *Tab) Open(address string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Navigate(address)))
}

// Fill types over what stands in the field of a name.
func (b *Tab) Fill(name, value string) {
	b.t.Helper()
	b.at(`the field "`+name+`"`, func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.SetValue(`[name="`+name+`"]`, value))
	})
}

// Press clicks what leads to another page and waits for that.
func (b *Tab) Press(selector string) {
	b.t.Helper()
	b.at(selector, func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Click(selector))
		return err
	})
}

// Click clicks what stays on the page.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.at(selector, func(ctx context.Context) error { return chromedp.Do(ctx, chromedp.Click(selector)) })
}

// at does something with an element, and says which one where it does not come.
func (b *Tab) at(what string, do func(context.Context) error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, elementTime)
	defer cancel()
	if err := do(ctx); err != nil {
		b.t.Fatalf("at %s: %s: %v", b.Path(), what, err)
	}
}

// Type sends keys to whatever has the focus, as a keyboard does.
func (b *Tab) Type(keys string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

// TypeAndGo sends keys that lead to another page and waits for that.
func (b *Tab) TypeAndGo(keys string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(keys))
	b.must(err)
}

// Evaluate runs a script in the page and returns its value.
func Evaluate[T any](b *Tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	b.must(err)
	return v
}

// Await runs a script whose value is a promise, and returns what that becomes. Where
// scripts are off no promise becomes anything.
func Await[T any](b *Tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	b.must(err)
	return v
}

// Path is where the tab is, without the host.
func (b *Tab) Path() string {
	b.t.Helper()
	return Evaluate[string](b, `location.pathname + location.search`)
}

// Text is what an element holds, or "" where there is none.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(Evaluate[string](b, fmt.Sprintf(`(document.querySelector(%q) || {textContent: ""}).textContent`, selector)))
}

// Refusals fails the test for what the policy refused, the script threw or the page
// could not load.
func (b *Tab) Refusals() {
	b.t.Helper()
	if b.hasNoJS {
		return // the watch is a script too
	}
	if refused := Evaluate[[]string](b, `window.refused`); len(refused) > 0 {
		b.t.Errorf("%s: %q", b.Path(), refused)
	}
}

// widest names what sticks out on the right, for whoever has to mend it.
const widest = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
	.slice(0, 4).map(e => e.tagName + "." + e.className).join(", ")`

// Look checks what can be seen by a script, light and dark: nothing refused, nothing
// sticking out, one heading, and the rules of accessibility where axe-core is
// installed. SCREENS=dir keeps pictures.
func (b *Tab) Look(name string) {
	b.t.Helper()
	b.Glance(name)
	b.keepScreen(fmt.Sprintf("%s-%d-light.jpg", name, b.width))
	b.Scheme("dark")
	b.holdTo(name, "dark", ColourRules)
	b.keepScreen(fmt.Sprintf("%s-%d-dark.jpg", name, b.width))
	b.Scheme("light")
}

// Glance is Look in the light scheme alone, of which no picture is kept.
func (b *Tab) Glance(name string) {
	b.t.Helper()
	b.Refusals()
	if got := Evaluate[int64](b, `document.documentElement.scrollWidth`); got > b.width {
		b.t.Errorf("%s is %d px wide at %d: %s", name, got, b.width, Evaluate[string](b, widest))
	}
	if Evaluate[int](b, `document.querySelectorAll("h1").length`) != 1 || Evaluate[int](b, `document.styleSheets.length`) == 0 {
		b.t.Errorf("%s has no heading or no style", name)
	}
	if !b.hasNoJS {
		Await[bool](b, twoFrames) // what follows the width of the page is there then
	}
	if hidden := Evaluate[string](b, hiddenTab); hidden != "" {
		b.t.Errorf("%s, %d px: the current tab %q is out of view", name, b.width, hidden)
	}
	b.holdTo(name, "light", AllRules)
}

// twoFrames waits until the page has been drawn again; one that is behind another is not drawn.
const twoFrames = `new Promise(done => {
	requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
	setTimeout(done, 50, true);
})`

// hiddenTab is the current one of some tabs, where one has to scroll to see it.
const hiddenTab = `[...document.querySelectorAll(".tabs [aria-current]")].filter(e => {
	const tab = e.getBoundingClientRect(), row = e.parentElement.getBoundingClientRect();
	return tab.left < row.left - 1 || tab.right > row.right + 1;
}).map(e => e.textContent).join()`

// AllRules are WCAG 2.2 AA and what axe-core calls best practice; ColourRules those of them
// that a scheme can change: the markup of a page is the same in both.
const (
	AllRules    = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	ColourRules = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

// holdTo fails the test for what axe-core finds on the page by some rules.
func (b *Tab) holdTo(name, scheme, rules string) {
	b.t.Helper()
	if b.axe == "" || b.hasNoJS {
		return // the rules are a script, and the markup is the same without
	}
	// Evaluated by the debugger, so that the page's policy does not apply to it.
	if !Evaluate[bool](b, `!!window.axe`) {
		Evaluate[bool](b, b.axe+"\n;true")
	}
	for _, found := range Await[[]string](b, `axe.run(document, {runOnly: `+rules+`}).then(r => r.violations.map(
		v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160) + " " + (n.any[0] ? n.any[0].message : "")).join(" | ")))`) {
		b.t.Errorf("%s, %d px, %s: %s", name, b.width, scheme, found)
	}
}

// readAxe is axe-core in full runs (make e2e-browser): it takes its time. In others who
// calls Axe or AxeIfAny has it run.
func readAxe(t testing.TB) string {
	t.Helper()
	if os.Getenv("ROOKERY_E2E") != "full" {
		return ""
	}
	return AxeSource(t)
}

// AxeSource is axe-core, or "" where it is not installed. Its version is pinned with what
// the end-to-end tests talk to (internal/e2e/peers), which `make test` installs.
func AxeSource(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		for _, modules := range []string{"internal/e2e/peers/node_modules", "node_modules"} {
			source, err := os.ReadFile(filepath.Join(dir, modules, "axe-core/axe.min.js"))
			if err == nil {
				return string(source)
			}
			if !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	t.Log("axe-core is not installed (deploy/dev/need.sh peers): accessibility rules are not run")
	return ""
}

// Axe has the rules of accessibility run at each Look from now on, whatever the run. It
// fails the test where axe-core is not installed.
func (b *Tab) Axe() {
	b.t.Helper()
	if b.AxeIfAny(); b.axe == "" {
		b.t.Fatal("without axe-core nothing is checked")
	}
}

// AxeIfAny is Axe where axe-core is installed.
func (b *Tab) AxeIfAny() { b.axe = AxeSource(b.t) }

// NoAxe ends that.
func (b *Tab) NoAxe() { b.axe = "" }

// Resize makes the window another width; the page that is open adapts.
func (b *Tab) Resize(width int) {
	b.t.Helper()
	b.width = int64(width)
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(b.width, tabHeight)))
}

// Choose puts a file into the field of a name.
func (b *Tab) Choose(selector, path string) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.SetUploadFiles(selector, []string{path})))
}

// Address is where the tab is, all of it.
func (b *Tab) Address() string {
	b.t.Helper()
	return Evaluate[string](b, `location.href`)
}

// Cookies are those that the window would send to an address.
func (b *Tab) Cookies(address string) (out []*http.Cookie) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	})
	b.must(err)
	for _, c := range got.Cookies {
		out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return out
}
