package entity

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A status or account that many readers see is written once: Keep stores the members of
// its JSON object that are the same for all of them, and each reading writes nothing but
// the others. Whoever copies a kept value may change the other members alone.

// kept are the members that Keep has written: `"id":"1","uri":…`; nil before.
type kept []byte

// The members that each reading brings anew.
var (
	liveOfStatus = []string{
		"account", "reblog", "replies_count", "reblogs_count", "favourites_count",
		"favourited", "reblogged", "muted", "bookmarked", "pinned", "text",
	}
	liveOfAccount = []string{"last_status_at", "statuses_count", "followers_count", "following_count", "moved"}
)

// plainStatus and plainAccount are written field by field.
type (
	plainStatus  Status
	plainAccount Account
)

// Keep writes what is the same for all readers. The value must not change afterwards.
func (s *Status) Keep() (err error) {
	s.kept, err = fixedMembers((*plainStatus)(s), liveOfStatus)
	return err
}

// Keep writes what is the same for all readers. The value must not change afterwards.
func (a *Account) Keep() (err error) {
	a.kept, err = fixedMembers((*plainAccount)(a), liveOfAccount)
	return err
}

// Size is about how much memory a kept status holds.
func (s *Status) Size() int { return sizeOfStatus + 2*len(s.kept) }

// Size is about how much memory a kept account holds.
func (a *Account) Size() int { return sizeOfAccount + 2*len(a.kept) }

// The structs themselves, and what stands around them in a cache. Texts count twice: in
// the struct and in what was written.
const (
	sizeOfStatus  = 1200
	sizeOfAccount = 900
)

func fixedMembers(document any, live []string) (kept, error) {
	raw, err := json.Marshal(document, encoding)
	if err != nil {
		return nil, fmt.Errorf("write what is kept: %w", err)
	}
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	out := kept{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		member := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if slices.Contains(live, member) {
			continue
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), member...), `":`...)
		out = append(out, value...)
	}
	return slices.Clip(out), nil
}

// appendStatus writes a status; nil is null.
func appendStatus(b []byte, s *Status) ([]byte, error) {
	if s == nil {
		return append(b, "null"...), nil
	}
	if s.kept == nil || s.Account == nil {
		return appendPlain(b, (*plainStatus)(s))
	}
	b = append(append(b, '{'), s.kept...)
	var err error
	if b, err = appendAccount(append(b, `,"account":`...), s.Account); err != nil {
		return b, err
	}
	if b, err = appendStatus(append(b, `,"reblog":`...), s.Reblog); err != nil {
		return b, err
	}
	b = strconv.AppendInt(append(b, `,"replies_count":`...), int64(s.RepliesCount), 10)
	b = strconv.AppendInt(append(b, `,"reblogs_count":`...), int64(s.ReblogsCount), 10)
	b = strconv.AppendInt(append(b, `,"favourites_count":`...), int64(s.FavouritesCount), 10)
	b = strconv.AppendBool(append(b, `,"favourited":`...), s.Favourited)
	b = strconv.AppendBool(append(b, `,"reblogged":`...), s.Reblogged)
	b = strconv.AppendBool(append(b, `,"muted":`...), s.Muted)
	b = strconv.AppendBool(append(b, `,"bookmarked":`...), s.Bookmarked)
	b = strconv.AppendBool(append(b, `,"pinned":`...), s.Pinned)
	if s.Text != nil {
		if b, err = jsontext.AppendQuote(append(b, `,"text":`...), *s.Text); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendAccount writes an account; nil is null.
func appendAccount(b []byte, a *Account) ([]byte, error) {
	if a == nil {
		return append(b, "null"...), nil
	}
	if a.kept == nil {
		return appendPlain(b, (*plainAccount)(a))
	}
	b, err := appendLive(append(append(b, '{'), a.kept...), a)
	return append(b, '}'), err
}

func appendLive(b []byte, a *Account) ([]byte, error) {
	if a.LastStatusAt == nil {
		b = append(b, `,"last_status_at":null`...)
	} else {
		b = append(time.Time(*a.LastStatusAt).UTC().AppendFormat(append(b, `,"last_status_at":"`...), time.DateOnly), '"')
	}
	b = strconv.AppendInt(append(b, `,"statuses_count":`...), int64(a.StatusesCount), 10)
	b = strconv.AppendInt(append(b, `,"followers_count":`...), int64(a.FollowersCount), 10)
	b = strconv.AppendInt(append(b, `,"following_count":`...), int64(a.FollowingCount), 10)
	if a.Moved == nil {
		return b, nil
	}
	return appendAccount(append(b, `,"moved":`...), a.Moved)
}

func appendPlain(b []byte, document any) ([]byte, error) {
	raw, err := json.Marshal(document, encoding)
	return append(b, raw...), err
}

// appendStatuses writes a list, [] for a nil one.
func appendStatuses(b []byte, list []*Status) (_ []byte, err error) {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendStatus(b, s); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// keptParts writes what was kept wherever it stands in a document.
var keptParts = json.WithMarshalers(json.JoinMarshalers(
	json.MarshalToFunc(func(e *jsontext.Encoder, s *Status) error {
		if s == nil || s.kept == nil {
			return json.SkipFunc
		}
		b, err := appendStatus(e.AvailableBuffer(), s)
		if err != nil {
			return err
		}
		return e.WriteValue(b)
	}),
	json.MarshalToFunc(func(e *jsontext.Encoder, a *Account) error {
		if a == nil || a.kept == nil {
			return json.SkipFunc
		}
		b, err := appendAccount(e.AvailableBuffer(), a)
		if err != nil {
			return err
		}
		return e.WriteValue(b)
	}),
))
