package assets

import (
	"math"
	"strconv"
	"strings"
)

// Chart is numbers over time, drawn on the server. A page shows it with the template part
// "chart"; nothing in it needs a script.
type Chart struct {
	ID      string // unique in the page, letters and digits
	Title   string // what is counted, and when
	Finding string // what stands out, in one sentence
	Labels  []string
	Series  []Series // at most three besides the one of the period before; more are not drawn
}

// Series is one line of a chart, with a value for each of the chart's labels.
type Series struct {
	Name     string
	Values   []int
	IsBefore bool // the period before: grey and dashed
}

const (
	chartWidth, chartHeight = 600, 200
	maxSeries               = 3
	gridLines               = 4 // above the zero line
	timeLabels              = 5
)

// ChartLine is a series as it is drawn. Lines differ by dash as well as by hue.
type ChartLine struct {
	Series
	Points, Stroke, Dash, Width string
}

// Lines are the series in the order of drawing; the period before lies beneath.
func (c Chart) Lines() []ChartLine {
	strokes := []string{"var(--c1)", "var(--c2)", "var(--c3)"}
	dashes := []string{"", "8 4", "2 4"}
	var before, out []ChartLine
	for _, s := range c.Series {
		line := ChartLine{Series: s, Points: c.points(s.Values), Width: "2.5"}
		switch {
		case s.IsBefore:
			line.Stroke, line.Dash, line.Width = "var(--ink-3)", "3 4", "2"
			before = append(before, line)
		case len(out) < maxSeries:
			line.Stroke, line.Dash = strokes[len(out)], dashes[len(out)]
			out = append(out, line)
		}
	}
	return append(before, out...)
}

func (c Chart) points(values []int) string {
	var out strings.Builder
	top := float64(c.Top())
	for i, v := range values[:min(len(values), len(c.Labels))] {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(coordinate(c.x(i)) + "," + coordinate(chartHeight*(1-float64(max(v, 0))/top)))
	}
	return out.String()
}

// x is where a label stands; a single one stands in the middle.
func (c Chart) x(i int) float64 {
	if len(c.Labels) < 2 {
		return chartWidth / 2
	}
	return chartWidth * float64(i) / float64(len(c.Labels)-1)
}

func coordinate(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// Top is the value of the highest grid line: the first round one above all values.
func (c Chart) Top() int {
	most := 0
	for _, s := range c.Series {
		for _, v := range s.Values {
			most = max(most, v)
		}
	}
	for step := 1; ; step *= 10 {
		for _, f := range []int{1, 2, 5} {
			if top := step * f * gridLines; top >= most {
				return top
			}
		}
	}
}

// ChartTick is a mark of an axis.
type ChartTick struct {
	At   string // in the drawing's units, along the axis
	Text string
	// Anchor of the text, so that the first and the last one stay inside.
	Anchor string
}

// Grid are the lines from the top down; the last one is zero.
func (c Chart) Grid() []ChartTick {
	top := c.Top()
	out := make([]ChartTick, gridLines+1)
	for i := range out {
		out[i] = ChartTick{At: coordinate(chartHeight * float64(i) / gridLines), Text: Count(top - top*i/gridLines)}
	}
	return out
}

// Times are a few of the labels, evenly chosen, the first and the last one among them.
func (c Chart) Times() []ChartTick {
	n := min(timeLabels, len(c.Labels))
	out := make([]ChartTick, n)
	for k := range out {
		i, anchor := 0, "start"
		if n > 1 {
			i = k * (len(c.Labels) - 1) / (n - 1)
		}
		if k > 0 {
			anchor = "middle"
		}
		if k > 0 && k == n-1 {
			anchor = "end"
		}
		out[k] = ChartTick{At: coordinate(c.x(i)/chartWidth*100) + "%", Text: c.Labels[i], Anchor: anchor}
	}
	return out
}

// ChartRow is a label with the value of each series, for the table.
type ChartRow struct {
	Label       string
	Values      []int
	Left, Width string // of the strip in which a pointer finds it
}

// Rows are the values by label.
func (c Chart) Rows() []ChartRow {
	half := chartWidth / 2.0 / float64(max(len(c.Labels)-1, 1))
	out := make([]ChartRow, len(c.Labels))
	for i, label := range c.Labels {
		left, right := max(c.x(i)-half, 0), min(c.x(i)+half, chartWidth)
		out[i] = ChartRow{Label: label, Left: coordinate(left), Width: coordinate(right - left)}
		for _, s := range c.Series {
			v := 0
			if i < len(s.Values) {
				v = s.Values[i]
			}
			out[i].Values = append(out[i].Values, v)
		}
	}
	return out
}
