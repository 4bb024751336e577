package browse

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	screenQuality = 42
	// screenHeight is how much of a long page a picture shows.
	screenHeight = 5 * tabHeight / 2
	// Pictures of wide windows are made smaller: they are for looking, not for measuring.
	wideWindow, wideScale = 1000, 0.75
	// Below this share of pixels that look different a picture stays as it is: times, names
	// made up by chance and the colours that follow them change at every run.
	sameShare = 0.03
	sameLevel = 40
)

// KeepScreens has pictures of what is looked at kept in a folder. The script still takes
// away beforehand what chance chooses, so that the next run's look the same.
func (b *Tab) KeepScreens(dir, still string) { b.screens, b.still = dir, still }

func (b *Tab) keepScreen(name string) {
	b.t.Helper()
	if b.screens == "" {
		return
	}
	// As on the design sheets: Inter, where the system has it.
	Evaluate[string](b, `(document.documentElement.style.setProperty("--font", "Inter, system-ui, sans-serif"), scrollTo(0, 0), "")`)
	if b.still != "" {
		Evaluate[bool](b, b.still+"\n;true")
	}
	// A window as high as the page: what is fixed to its edge stands there once.
	height := max(min(Evaluate[int64](b, `document.documentElement.scrollHeight`), screenHeight), tabHeight)
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(b.width, height)))
	scale := 1.0
	if b.width >= wideWindow {
		scale = wideScale
	}
	picture, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) ([]byte, error) {
		got, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatJpeg, Quality: new(int64(screenQuality)),
			Clip: &page.Viewport{Width: float64(b.width), Height: float64(height), Scale: scale},
		})
		return got.Data, err
	})
	b.must(err)
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(b.width, tabHeight)))
	path := filepath.Join(b.screens, name)
	if old, err := os.ReadFile(path); err == nil && looksSame(old, picture) {
		return
	}
	b.must(os.MkdirAll(b.screens, 0o755))
	b.must(os.WriteFile(path, picture, 0o644))
}

// looksSame compares two pictures as somebody does who looks at both.
func looksSame(one, other []byte) bool {
	a, err := jpeg.Decode(bytes.NewReader(one))
	if err != nil {
		return false
	}
	b, err := jpeg.Decode(bytes.NewReader(other))
	if err != nil || a.Bounds() != b.Bounds() {
		return false
	}
	x, isX := a.(*image.YCbCr)
	y, isY := b.(*image.YCbCr)
	if !isX || !isY || len(x.Y) != len(y.Y) {
		return false
	}
	different := 0
	for i := range x.Y {
		if d := int(x.Y[i]) - int(y.Y[i]); d > sameLevel || d < -sameLevel {
			different++
		}
	}
	return float64(different) < sameShare*float64(len(x.Y))
}

// Cost fails the test for a page that is heavier than a number of bytes, as they come over
// the wire and without its pictures, or that moved what stood already. Ask it before
// anything is pressed.
func (b *Tab) Cost(name string, most int, mostShift float64) {
	b.t.Helper()
	cost := Await[struct {
		Bytes int     `json:"bytes"`
		Shift float64 `json:"shift"`
		Moved string  `json:"moved"`
		Parts string  `json:"parts"`
	}](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
		const media = ["img", "image", "video", "audio", "fetch", "xmlhttprequest"];
		const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource").filter(e => !media.includes(e.initiatorType))];
		done({
			bytes: parts.reduce((sum, e) => sum + e.encodedBodySize, 0),
			parts: parts.map(e => new URL(e.name).pathname + " " + e.encodedBodySize).join(", "),
			shift: window.shifts.reduce((sum, e) => sum + e.value, 0),
			moved: window.shifts.flatMap(e => e.sources).map(s => s.node && (s.node.nodeType === 1 ? s.node : s.node.parentElement)).filter(Boolean).map(e => e.tagName + "." + e.className).join(", "),
		});
	})))`)
	if cost.Bytes > most || cost.Bytes == 0 {
		b.t.Errorf("%s weighs %d bytes, want at most %d: %s", name, cost.Bytes, most, cost.Parts)
	}
	if cost.Shift > mostShift {
		b.t.Errorf("%s shifts by %.3f, want at most %.3f: %s", name, cost.Shift, mostShift, cost.Moved)
	}
}

// stops marks what the keyboard has to reach: one of a set of radio buttons stands for all.
const stops = `(() => {
	const groups = new Set();
	let n = 0;
	for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")) {
		delete e.dataset.stop;
		if (e.disabled || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) continue;
		if (e.type === "radio") {
			const name = (e.form ? e.form.id + e.form.action : "") + " " + e.name;
			if (groups.has(name) || document.querySelector('input[type=radio][name="' + CSS.escape(e.name) + '"]:checked') && !e.checked) continue;
			groups.add(name);
		}
		e.dataset.stop = "wanted";
		n++;
	}
	document.body.tabIndex = -1;
	document.body.focus();
	document.body.removeAttribute("tabindex");
	return n;
})()`

// stop tells what has the focus: "" nothing any more, else whether it was seen before and
// what is wrong with how it looks.
const stop = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body || e === document.documentElement) return {end: true};
	const again = e.dataset.stop === "reached" && e !== window.lastStop;
	window.lastStop = e;
	e.dataset.stop = "reached";
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	const around = [e, e.parentElement, e.closest("label")].filter(Boolean).some(one => getComputedStyle(one).outlineStyle !== "none" || getComputedStyle(one).boxShadow !== "none");
	const parts = ["date", "time", "datetime-local", "file"].includes(e.type); // the browser's own, which it marks itself
	const wrong = parts ? "" : !e.matches(":focus-visible") ? "is not shown as focused" : !around ? "has no ring" : box.width === 0 ? "has no size" : "";
	return {end: again, wrong: wrong && wrong + ": " + e.outerHTML.slice(0, 140)};
})()`

// Keyboard goes through the page by Tab alone: everything that can be used is reached, and
// what has the focus can be seen.
func (b *Tab) Keyboard(name string) {
	b.t.Helper()
	wanted := Evaluate[int](b, stops)
	for range wanted*4 + 10 { // a field for a date is several stops
		b.Type("\t")
		at := Evaluate[struct {
			End   bool   `json:"end"`
			Wrong string `json:"wrong"`
		}](b, stop)
		if at.Wrong != "" {
			b.t.Errorf("%s: the focus %s", name, at.Wrong)
		}
		if at.End {
			break
		}
	}
	missed := Evaluate[[]string](b, `[...document.querySelectorAll("[data-stop=wanted]")].map(e => e.outerHTML.slice(0, 140))`)
	if len(missed) > 0 {
		b.t.Errorf("%s: %d of %d are not reached by Tab: %s", name, len(missed), wanted, fmt.Sprint(missed[:min(len(missed), 5)]))
	}
	Evaluate[bool](b, `(document.activeElement && document.activeElement.blur(),
		document.querySelectorAll("input[readonly]").forEach(e => e.setSelectionRange(0, 0)), getSelection().removeAllRanges(),
		document.querySelectorAll("[data-stop]").forEach(e => delete e.dataset.stop), true)`)
}
