package assets_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"rookery/dashboard/assets"
)

// days are the first ones of November.
func days(n int) (out []time.Time) {
	for i := range n {
		out = append(out, time.Date(2026, 11, i+1, 0, 0, 0, 0, time.UTC))
	}
	return out
}

func TestChartIsDrawnFromItsNumbers(t *testing.T) {
	t.Parallel()
	c := assets.Chart{
		ID: "likes", Title: "Likes a day", Finding: "Most on <2 Nov>.", Days: days(3),
		Series: []assets.Series{{Name: "This week", Values: []int{0, 150, 75}}, {Name: "Before", Values: []int{10, 20}, IsBefore: true}},
	}
	if top := c.Top(); top != 200 {
		t.Errorf("the highest line is %d, want 200", top)
	}
	lines := c.Lines()
	if len(lines) != 2 || lines[0].Name != "Before" || lines[0].Dash == "" || lines[1].Path != "M0 200L300 50L600 125" || lines[0].Area != "" || lines[1].Area != "M0 200L300 50L600 125V200H0Z" {
		t.Errorf("lines %+v", lines)
	}
	if times := c.Times(); len(times) != 3 || times[0].Anchor != "start" || times[2].Anchor != "end" || times[1].At != "50%" {
		t.Errorf("times %+v", times)
	}
	if rows := c.Rows(); rows[2].Cells[1].Text != "–" || rows[1].Cells[0].N != 150 || rows[0].Width != "150" || rows[1].Left != "150" || rows[1].Width != "300" {
		t.Errorf("rows %+v", rows)
	}
	var page bytes.Buffer
	own := assets.Parse(fstest.MapFS{"x.html": {Data: []byte(`{{define "x"}}{{template "chart" .}}{{end}}`)}}, "x.html")
	if err := own.Render(&page, assets.Page{Title: "x"}, "x", c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<title id="likest">Likes a day</title>`, "Most on &lt;2 Nov&gt;.", "<title>2 Nov, This week: 150, Before: 20</title>", "Show as table", `stroke-dasharray="3 4"`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the chart lacks %q", want)
		}
	}
	if strings.Contains(page.String(), "style=") {
		t.Error("the chart has a style of its own, which the policy refuses")
	}
}

// Numbers in the sentence below a chart, and its days, are written as the language does.
func TestChartSpeaksTheLanguage(t *testing.T) {
	t.Parallel()
	c := assets.Chart{
		ID: "followers", Title: "Followers at the end of each day", Finding: "From %d to %d.", Numbers: []int{12_480, 1_012_906},
		Days: []time.Time{time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC)}, Series: []assets.Series{{Name: "The time before", Values: []int{12_480}}},
	}
	own := assets.Parse(fstest.MapFS{"x.html": {Data: []byte(`{{define "x"}}{{template "chart" .}}{{end}}`)}}, "x.html")
	for lang, wants := range map[string][]string{
		"en": {"From 12,480 to 1,012,906.", "3 Oct<", "3 Oct, The time before: 12,480<"},
		"de": {"Von 12.480 auf 1.012.906.", "3. Okt.<", "3. Okt., Die Zeit davor: 12.480<", "Follower am Ende jedes Tages"},
	} {
		var page bytes.Buffer
		if err := own.Render(assets.In(&page, lang), assets.Page{Title: "x"}, "x", c); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%s: the chart lacks %q:\n%s", lang, want, page.String())
			}
		}
	}
}

// Lines are told apart by dash as well as by hue, and no more than three are drawn.
func TestChartAtItsLimits(t *testing.T) {
	t.Parallel()
	four := assets.Chart{Days: days(1), Series: make([]assets.Series, 4)}
	dashes := map[string]bool{}
	for _, l := range four.Lines() {
		dashes[l.Dash] = true
	}
	if len(dashes) != 3 {
		t.Errorf("%d lines can be told apart, want 3", len(dashes))
	}
	var none assets.Chart
	if none.Top() != 4 || len(none.Times()) != 0 || len(none.Rows()) != 0 || len(none.Grid()) != 5 {
		t.Errorf("without numbers: %d, %v", none.Top(), none.Grid())
	}
	one := assets.Chart{Days: days(1), Series: []assets.Series{{Values: []int{1_234_567, 9}}}}
	if one.Top() < 1_234_567 || one.Lines()[0].Path != "" || !strings.HasPrefix(one.Lines()[0].Dots, "M300 ") {
		t.Errorf("one value: %d, %+v", one.Top(), one.Lines()[0])
	}
}

// What is not known is a gap, a value between two gaps a dot, and a time is written as one.
func TestChartWithGaps(t *testing.T) {
	t.Parallel()
	c := assets.Chart{Days: days(5), Minutes: true, Series: []assets.Series{{Values: []int{100, 40, assets.Missing, 240, assets.Missing}}}}
	l := c.Lines()[0]
	if l.Path != "M0 116.7L150 166.7" || l.Dots != "M450 0h0" || l.Area != "M0 116.7L150 166.7V200H0Z" {
		t.Errorf("%+v", l)
	}
	grid := c.Grid()
	if c.Top() != 240 || grid[0].Text != "4 h" || grid[4].Text != "0" || !grid[4].IsZero || c.Rows()[2].Cells[0].Text != "–" || assets.Minutes(130) != "2 h 10 min" {
		t.Errorf("%d, %+v", c.Top(), grid)
	}
	for most, want := range map[int]int{3: 4, 5: 8, 13: 20, 41: 60, 411: 600, 801: 1000} {
		counts := assets.Chart{Series: []assets.Series{{Values: []int{most}}}}
		if got := counts.Top(); got != want {
			t.Errorf("%d: %d, want %d", most, got, want)
		}
	}
	for most, want := range map[int]int{0: 4, 13: 20, 61: 120, 2000: 2880, 7000: 11520, 200_000: 201_600} {
		c.Series[0].Values = []int{most}
		if got := c.Top(); got != want {
			t.Errorf("%d minutes: %d, want %d", most, got, want)
		}
	}
}
