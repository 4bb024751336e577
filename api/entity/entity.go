// Package entity holds the JSON documents of Mastodon's client API as Go types.
//
// Package api/render fills them, the handlers of api/v1, api/v2 and
// api/streaming send them. It is a leaf of plain data: it must not know the
// domain (internal/social), HTTP or the database.
//
// Apps reject documents that lack a field they need, and many of them declare
// more fields as needed than Mastodon's documentation does. So every field is
// always sent: nothing is "omitempty" except where Mastodon itself leaves a
// field out and apps read its presence (the comment says so), and a list is
// never null.
package entity

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Array is a list that is written as [] when it is nil: Moshi, Kotlin's
// serialisation and Swift's Codable refuse null where they expect a list.
type Array[T any] []T

// emptyList is shared: encoding/json copies what MarshalJSON returns. A status has
// ten lists, most of them empty.
var emptyList = []byte("[]")

// MarshalJSON writes the list, [] for a nil one.
func (a Array[T]) MarshalJSON() ([]byte, error) {
	if len(a) == 0 {
		return emptyList, nil
	}
	return json.Marshal([]T(a))
}

// Object is a map that is written as {} when it is nil.
type Object[T any] map[string]T

// MarshalJSON writes the map, {} for a nil one.
func (o Object[T]) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]T(o))
}

// ID is an id as apps see it: a decimal number in a JSON string, because
// JavaScript's numbers lose the last digits of 64 bits.
type ID int64

// OptionalID returns nil, which is written as null, for the zero id.
func OptionalID[T ~int64](id T) *ID {
	if id == 0 {
		return nil
	}
	out := ID(id)
	return &out
}

// IDs converts ids of any kind.
func IDs[T ~int64](in []T) Array[ID] {
	out := make(Array[ID], len(in))
	for i, id := range in {
		out[i] = ID(id)
	}
	return out
}

// String is the decimal form.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalJSON writes "123".
func (id ID) MarshalJSON() ([]byte, error) { return []byte(`"` + id.String() + `"`), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (id *ID) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("read id: %w", err)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("read id: %w", err)
	}
	*id = ID(n)
	return nil
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is a moment: ISO 8601 in UTC with milliseconds and Z, the only form that
// all apps parse.
type Time time.Time

// OptionalTime returns nil, which is written as null, for no time.
func OptionalTime(t *time.Time) *Time {
	if t == nil || t.IsZero() {
		return nil
	}
	out := Time(*t)
	return &out
}

// MarshalJSON writes "2026-11-20T10:42:00.123Z".
func (t Time) MarshalJSON() ([]byte, error) { return formatTime(time.Time(t), timeLayout), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Time) UnmarshalJSON(raw []byte) error { return (*time.Time)(t).UnmarshalJSON(raw) }

// Midnight is the created_at of an account, cut to the day as Mastodon does:
// the exact moment of joining is nobody's business.
type Midnight time.Time

// MarshalJSON writes "2026-11-20T00:00:00.000Z".
func (m Midnight) MarshalJSON() ([]byte, error) {
	// Truncate counts from year 1 in UTC, so its days are UTC's days.
	return formatTime(time.Time(m).Truncate(24*time.Hour), timeLayout), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Midnight) UnmarshalJSON(raw []byte) error { return (*time.Time)(m).UnmarshalJSON(raw) }

// Date is a day without a time: last_status_at of accounts and featured tags.
type Date time.Time

// OptionalDate returns nil, which is written as null, for no time.
func OptionalDate(t *time.Time) *Date {
	if t == nil || t.IsZero() {
		return nil
	}
	out := Date(*t)
	return &out
}

// MarshalJSON writes "2026-11-20".
func (d Date) MarshalJSON() ([]byte, error) { return formatTime(time.Time(d), time.DateOnly), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Date) UnmarshalJSON(raw []byte) error {
	t, err := time.Parse(`"`+time.DateOnly+`"`, string(raw))
	if err != nil {
		return fmt.Errorf("read date: %w", err)
	}
	*d = Date(t)
	return nil
}

func formatTime(t time.Time, layout string) []byte {
	return []byte(`"` + t.UTC().Format(layout) + `"`)
}
