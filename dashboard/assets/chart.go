package assets

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Chart is numbers over time, drawn on the server. A page shows it with the template part
// "chart"; nothing in it needs a script.
type Chart struct {
	ID      string // unique in the page, letters and digits
	Title   string // what is counted, and when
	Finding string // what stands out, in one sentence
	Numbers []int  // for each %d of Finding, which then is their format
	Days    []time.Time
	Series  []Series // at most three besides the one of the period before; more are not drawn
	Minutes bool     // the values are lengths of time
	Months  bool     // each day stands for its month
}

// Series is one line of a chart, with a value for each of the chart's days.
type Series struct {
	Name     string
	Values   []int
	IsBefore bool // the period before: grey and dashed
}

// Missing is a value that is not known: the line has a gap there, and does not fall to zero.
const Missing = -1

const (
	chartWidth, chartHeight = 600, 200
	maxSeries               = 3
	gridLines               = 4 // above the zero line
	timeLabels              = 4
)

// ChartLine is a series as it is drawn. Lines differ by dash as well as by hue.
type ChartLine struct {
	Series
	Path, Stroke, Dash, Width string
	Area                      string // what lies under the only line of a chart; "" for others
	Dots                      string // values between two gaps
}

// Lines are the series in the order of drawing; the period before lies beneath.
func (c Chart) Lines() []ChartLine {
	strokes := []string{"var(--c1)", "var(--c2)", "var(--c3)"}
	dashes := []string{"", "8 4", "2 4"}
	var before, out []ChartLine
	for _, s := range c.Series {
		line := ChartLine{Series: s, Width: "2"}
		line.Path, line.Dots, line.Area = c.draw(s.Values)
		switch {
		case s.IsBefore:
			line.Stroke, line.Dash, line.Width = "var(--ink-3)", "3 4", "1.5"
			before = append(before, line)
		case len(out) < maxSeries:
			line.Stroke, line.Dash = strokes[len(out)], dashes[len(out)]
			out = append(out, line)
		}
	}
	for _, lines := range [][]ChartLine{before, out} {
		for i := range lines {
			if lines[i].IsBefore || len(out) > 1 {
				lines[i].Area = ""
			}
		}
	}
	return append(before, out...)
}

// HasKey says whether the lines need names: a single one is what the heading says.
func (c Chart) HasKey() bool { return len(c.Series) > 1 }

// draw makes the path through values, that of those which stand alone, and that around
// what lies beneath.
func (c Chart) draw(values []int) (path, dots, area string) {
	var line, lone, under strings.Builder
	values = values[:min(len(values), len(c.Days))]
	for start := 0; start < len(values); start++ {
		if values[start] < 0 {
			continue
		}
		end := start
		for end+1 < len(values) && values[end+1] >= 0 {
			end++
		}
		if start == end {
			lone.WriteString("M" + c.point(start, values[start]) + "h0")
			continue
		}
		part := "M"
		for i := start; i <= end; i++ {
			if i > start {
				part += "L"
			}
			part += c.point(i, values[i])
		}
		line.WriteString(part)
		under.WriteString(part + "V" + strconv.Itoa(chartHeight) + "H" + coordinate(c.x(start)) + "Z")
		start = end
	}
	return line.String(), lone.String(), under.String()
}

func (c Chart) point(i, value int) string {
	return coordinate(c.x(i)) + " " + coordinate(chartHeight*(1-float64(value)/float64(c.Top())))
}

// x is where a label stands; a single one stands in the middle.
func (c Chart) x(i int) float64 {
	if len(c.Days) < 2 {
		return chartWidth / 2
	}
	return chartWidth * float64(i) / float64(len(c.Days)-1)
}

func coordinate(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// ChartValue is a number as it is written: Text, or where that is empty the number with the
// separators of the language.
type ChartValue struct {
	N    int
	Text string
}

func (c Chart) value(n int) ChartValue {
	switch {
	case n < 0:
		return ChartValue{Text: "–"}
	case c.Minutes:
		return ChartValue{N: n, Text: Minutes(n)}
	}
	return ChartValue{N: n}
}

// Minutes is a length of time: "52 min", "2 h 10 min", "3 d".
func Minutes(n int) string {
	switch hours := strconv.Itoa(n/60) + " h"; {
	case n == 0:
		return "0"
	case n < 60:
		return strconv.Itoa(n) + " min"
	case n >= 48*60:
		return strconv.Itoa(n/60/24) + " d"
	case n%60 == 0:
		return hours
	default:
		return hours + " " + strconv.Itoa(n%60) + " min"
	}
}

// roundMinutes are the ends of scales of time whose quarters are round, too.
var roundMinutes = []int{4, 8, 20, 40, 60, 120, 240, 480, 720, 1440, 2880, 4 * 1440}

// Top is the value of the highest grid line: the first round one above all values.
func (c Chart) Top() int {
	most := 0
	for _, s := range c.Series {
		for _, v := range s.Values {
			most = max(most, v)
		}
	}
	if c.Minutes {
		for _, top := range roundMinutes {
			if top >= most {
				return top
			}
		}
		day := gridLines * 1440
		return (most + day - 1) / day * day
	}
	for ten := 1; ; ten *= 10 {
		for _, tenths := range roundTenths {
			if ten*tenths%10 != 0 {
				continue // nobody counts halves
			}
			if top := ten * tenths / 10 * gridLines; top >= most {
				return top
			}
		}
	}
}

// roundTenths are ten times what a step of a scale may be, but for zeros behind.
var roundTenths = []int{10, 15, 20, 25, 50}

// ChartLevel is a horizontal line of the grid.
type ChartLevel struct {
	ChartValue
	At     string // in the drawing's units, from the top
	IsZero bool
}

// Grid are the lines from the top down; the last one is zero.
func (c Chart) Grid() []ChartLevel {
	top := c.Top()
	out := make([]ChartLevel, gridLines+1)
	for i := range out {
		out[i] = ChartLevel{c.value(top - top*i/gridLines), coordinate(chartHeight * float64(i) / gridLines), i == gridLines}
	}
	return out
}

// ChartTick is a mark of the axis of time.
type ChartTick struct {
	At  string // of the axis' length
	Day time.Time
	// Anchor of the text, so that the first and the last one stay inside.
	Anchor string
}

// Times are a few of the days, evenly chosen, the first and the last one among them.
func (c Chart) Times() []ChartTick {
	n := min(timeLabels, len(c.Days))
	out := make([]ChartTick, n)
	for k := range out {
		i, anchor := 0, "start"
		if n > 1 {
			i = k * (len(c.Days) - 1) / (n - 1)
		}
		if k > 0 || n == 1 {
			anchor = "middle"
		}
		if k > 0 && k == n-1 {
			anchor = "end"
		}
		out[k] = ChartTick{At: coordinate(c.x(i)/chartWidth*100) + "%", Day: c.Days[i], Anchor: anchor}
	}
	return out
}

// ChartCell is the value of a series on a day.
type ChartCell struct {
	ChartValue
	Name string
}

// ChartRow is a day with the value of each series, for the table.
type ChartRow struct {
	Day         time.Time
	Cells       []ChartCell
	Left, Width string // of the strip in which a pointer finds it
}

// Rows are the values by day.
func (c Chart) Rows() []ChartRow {
	half := chartWidth / 2.0 / float64(max(len(c.Days)-1, 1))
	out := make([]ChartRow, len(c.Days))
	for i, day := range c.Days {
		left, right := max(c.x(i)-half, 0), min(c.x(i)+half, chartWidth)
		out[i] = ChartRow{Day: day, Left: coordinate(left), Width: coordinate(right - left)}
		for _, s := range c.Series {
			n := Missing
			if i < len(s.Values) {
				n = s.Values[i]
			}
			out[i].Cells = append(out[i].Cells, ChartCell{c.value(n), s.Name})
		}
	}
	return out
}
