package assets

import (
	"math"
	"strconv"
	"strings"

	"rookery/dashboard/words"
)

// Size is a number of bytes. Pages write it with the template function "size": 4.2 GB, and
// 4,2 GB in German.
type Size int64

var sizeUnits = []string{"kB", "MB", "GB", "TB", "PB"}

func (c calendar) size(s Size) string {
	const step = 1000
	if s < step {
		return c.count(int(s)) + noBreak + c.language.Say(plural(int(s), "byte", "bytes"))
	}
	value, unit := float64(s)/step, 0
	for value >= step && unit < len(sizeUnits)-1 {
		value, unit = value/step, unit+1
	}
	digits := 0
	if tenths := math.Round(10 * value); tenths < 100 && math.Mod(tenths, 10) != 0 {
		digits = 1 // 4.2 GB, but 5 GB
	}
	return c.decimal(value, digits) + noBreak + sizeUnits[unit]
}

// decimal writes a number with so many digits after the language's point.
func (c calendar) decimal(f float64, digits int) string {
	text := strconv.FormatFloat(f, 'f', digits, 64)
	if c.language.Tag() != words.English {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}
