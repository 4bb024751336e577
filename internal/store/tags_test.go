package store_test

import (
	"strings"
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// A tag that no post could carry is the caller's mistake, not ours.
func TestFollowTagRefusesLongNames(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	alice := w.Local("alice")
	follow := func(tag string) error {
		return w.Try(func(scope *pg.Scope) error { return store.FollowTag(t.Context(), scope, alice.ID, tag) })
	}
	if err := follow(strings.Repeat("é", 255)); err != nil {
		t.Errorf("255 characters: %v", err)
	}
	if err := follow(strings.Repeat("é", 256)); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("256 characters: %v, want %s", err, fault.Invalid)
	}
}
