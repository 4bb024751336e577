package inbox

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"rookery/internal/fault"
	"rookery/internal/safehttp"
	"rookery/internal/store"
)

// Looks inside: two processes that make the same id at the same moment cannot be arranged.
func TestWhatBecomesOfAnActivity(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		state store.InboxState // "": tried again
	}{
		"no error":                           {nil, store.InboxApplied},
		"not allowed":                        {fault.New(fault.Forbidden, "no"), store.InboxIgnored},
		"nothing there":                      {fault.New(fault.NotFound, "no"), store.InboxIgnored},
		"a busy database":                    {fault.New(fault.Unavailable, "later"), ""},
		"nobody foresaw it":                  {errors.New("oh"), ""},
		"an actor that was removed just now": {fault.Wrap(&pgconn.PgError{Code: "23503"}, fault.NotFound, "Record not found"), ""},
		"an id that is used":                 {fault.New(fault.Conflict, "This exists already."), ""},
	} {
		it := &item{id: 7}
		it.judge(tt.err)
		if it.verdict.State != tt.state || (it.retry != nil) != (tt.state == "") {
			t.Errorf("%s: %q, tried again for %v; want %q", name, it.verdict.State, it.retry, tt.state)
		}
	}
}

// Looks inside, for the same reason. A post was lost over each of the last two.
func TestWhatBecomesOfAFailedLookUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		again bool
	}{
		"not there":                  {fault.New(fault.NotFound, "no"), false},
		"not understood":             {fault.New(fault.Invalid, "no"), false},
		"an address inside":          {safehttp.ErrBlocked, false},
		"a budget that is used up":   {safehttp.ErrBudget, false},
		"its time is used up":        {fmt.Errorf("get: %w", safehttp.ErrLate), true},
		"a server that is away":      {fault.New(fault.Unavailable, "later"), true},
		"too many at once":           {safehttp.ErrBusy, true},
		"nobody foresaw it":          {errors.New("oh"), true},
		"stored by somebody else":    {fault.New(fault.Conflict, "This exists already."), true},
		"this process is going away": {fmt.Errorf("begin: %w", context.Canceled), true},
	} {
		it := &item{id: 7}
		it.cannot("read the actor", tt.err)
		if (it.retry != nil) != tt.again || it.isSettled() == tt.again {
			t.Errorf("%s: %+v, tried again for %v", name, it.verdict, it.retry)
		}
	}
}

// What a peer was told is taken is not given up because our own database is busy.
func TestWhenAnActivityIsGivenUp(t *testing.T) {
	t.Parallel()
	busy, strange := fault.New(fault.Unavailable, "busy"), errors.New("oh")
	for name, tt := range map[string]struct {
		item item
		try  int
		over bool
	}{
		"their server is away, at first": {item{retry: busy, lacking: true}, patience - 1, false},
		"their server stays away":        {item{retry: busy, lacking: true}, patience, true},
		"nobody foresaw it, at first":    {item{retry: strange}, patience - 1, false},
		"nobody foresaw it":              {item{retry: strange}, patience, true},
		"our database is busy":           {item{retry: busy}, patience, false},
		"our database stays busy":        {item{retry: busy}, ownPatience, true},
	} {
		if got := tt.item.isEnough(tt.try); got != tt.over {
			t.Errorf("%s: given up %v", name, got)
		}
	}
}
