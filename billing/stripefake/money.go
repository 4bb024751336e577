package stripefake

import (
	"math/bits"
	"strconv"
	"time"
)

const (
	hour = int64(60 * 60)
	day  = 24 * hour
)

// share is amount*part/whole in integers, rounded half away from zero. The
// product needs more than 64 bits (an amount in cents times a year's seconds).
func share(amount, part, whole int64) int64 {
	if whole <= 0 || part <= 0 || amount == 0 {
		return 0
	}
	negative := amount < 0
	if negative {
		amount = -amount
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(part))
	lo, carry := bits.Add64(lo, uint64(whole)/2, 0)
	quotient, _ := bits.Div64(hi+carry, lo, uint64(whole))
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}

func decimal(v int64) string { return strconv.FormatInt(v, 10) }

// addInterval moves a moment by n intervals; a day that a month does not have
// becomes its last one.
func addInterval(at int64, interval string, n int64) int64 {
	t := time.Unix(at, 0).UTC()
	switch interval {
	case "day":
		return at + n*day
	case "week":
		return at + 7*n*day
	case "year":
		n *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).Unix()
}

// nextTurn is the first end of a period, counted from the anchor, that is
// after a moment.
func nextTurn(anchor, after int64, interval string, count int64) int64 {
	for n := int64(0); ; n++ {
		if at := addInterval(anchor, interval, n*count); at > after {
			return at
		}
	}
}
