package assets_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"rookery/dashboard/assets"
)

func TestChartIsDrawnFromItsNumbers(t *testing.T) {
	t.Parallel()
	c := assets.Chart{
		ID: "likes", Title: "Likes a day", Finding: "Most on <2 Nov>.", Labels: []string{"1 Nov", "2 Nov", "3 Nov"},
		Series: []assets.Series{{Name: "This week", Values: []int{0, 150, 75}}, {Name: "Before", Values: []int{10, 20}, IsBefore: true}},
	}
	if top := c.Top(); top != 200 {
		t.Errorf("the highest line is %d, want 200", top)
	}
	lines := c.Lines()
	if len(lines) != 2 || lines[0].Name != "Before" || lines[0].Dash == "" || lines[1].Points != "0,200 300,50 600,125" {
		t.Errorf("lines %+v", lines)
	}
	if times := c.Times(); len(times) != 3 || times[0].Anchor != "start" || times[2].Anchor != "end" || times[1].At != "50%" {
		t.Errorf("times %+v", times)
	}
	if rows := c.Rows(); rows[2].Values[1] != 0 || rows[1].Values[0] != 150 || rows[0].Width != "150" || rows[1].Left != "150" || rows[1].Width != "300" {
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

// Lines are told apart by dash as well as by hue, and no more than three are drawn.
func TestChartAtItsLimits(t *testing.T) {
	t.Parallel()
	four := assets.Chart{Labels: []string{"now"}, Series: make([]assets.Series, 4)}
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
	one := assets.Chart{Labels: []string{"now"}, Series: []assets.Series{{Values: []int{1_234_567, 9}}}}
	if one.Top() < 1_234_567 || strings.Contains(one.Lines()[0].Points, " ") {
		t.Errorf("one value: %d, %q", one.Top(), one.Lines()[0].Points)
	}
}
