// Package ids makes the 64-bit identifiers of every row that can appear in a URI.
//
// Anybody may call it. Ids grow with time (milliseconds since 1970 in the upper
// 48 bits, a counter with a random start in the lower 16), which is what
// Mastodon's apps sort by. They are never bare sequences, so they cannot be
// guessed from a neighbour. It must not know what an id stands for.
package ids

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"time"
)

const tailBits = 16

var tail = randomStart()

func randomStart() *atomic.Uint32 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails (Go 1.24)
	c := new(atomic.Uint32)
	c.Store(uint32(binary.BigEndian.Uint16(b[:])))
	return c
}

// New returns an id for now.
func New() int64 { return At(time.Now()) }

// At returns an id for the given time. Remote posts get theirs from published, so
// that late arrivals sort where they belong. Times before 1970 count as 1970.
func At(t time.Time) int64 {
	ms := max(t.UnixMilli(), 0)
	return ms<<tailBits | int64(tail.Add(1)&(1<<tailBits-1))
}

// Time returns the time that an id was made for, to the millisecond.
func Time(id int64) time.Time { return time.UnixMilli(id >> tailBits).UTC() }

// Floor returns the smallest id of a time: for "everything since".
func Floor(t time.Time) int64 { return max(t.UnixMilli(), 0) << tailBits }

// Parse reads a decimal id strictly: no sign, no spaces, no leading plus. ok is
// false for anything that cannot be an id, which callers treat as "not found".
func Parse(s string) (id int64, ok bool) {
	if s == "" || len(s) > 19 || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil
}

// Format writes an id as the decimal string that APIs show.
func Format(id int64) string { return strconv.FormatInt(id, 10) }

// Secret returns n random bytes as unpadded base64url: for tokens, codes and media names.
func Secret(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (Go 1.24)
	return base64.RawURLEncoding.EncodeToString(b)
}
