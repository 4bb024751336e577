package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rookery/internal/pg"
	"rookery/internal/store"
	"rookery/internal/testkit/socialtest"
)

// What a company says about itself is written whole, and no other tenant reads it.
func TestBrandStaysInsideTheTenant(t *testing.T) {
	t.Parallel()
	w := socialtest.New(t)
	at := time.Date(2026, 11, 20, 10, 42, 0, 0, time.UTC)
	want := &store.Brand{ShortDescription: "Bikes", ThumbnailKey: "key", ThumbnailBlurhash: "LKO2", ContactAccountID: 7, About: "About", AboutAt: at, Terms: "Terms", TermsAt: at}
	rules := []*store.Rule{{ID: 9, Text: "first", Hint: "why"}, {ID: 4, Position: 1, Text: "second"}}
	err := w.DB.Platform(t.Context(), "test", func(tx *pg.PlatformTx) error {
		if _, _, err := store.LockBrand(t.Context(), tx, w.Tenant.ID); err != nil {
			return err
		}
		if err := store.SaveRules(t.Context(), tx, w.Tenant.ID, rules); err != nil {
			return err
		}
		return store.SaveBrand(t.Context(), tx, w.Tenant.ID, want)
	})
	if err != nil {
		t.Fatal(err)
	}
	read := func(ctx context.Context, scope *pg.Scope) (*store.Brand, []*store.Rule) {
		b, err := store.BrandOf(ctx, scope)
		if err != nil {
			t.Fatal(err)
		}
		list, err := store.Rules(ctx, scope)
		if err != nil {
			t.Fatal(err)
		}
		return b, list
	}
	w.Do(func(scope *pg.Scope) error {
		b, list := read(t.Context(), scope)
		if diff := cmp.Diff(want, b) + cmp.Diff(rules, list); diff != "" {
			t.Error(diff)
		}
		return nil
	})
	w.Other().Do(func(scope *pg.Scope) error {
		if b, list := read(t.Context(), scope); *b != (store.Brand{}) || len(list) != 0 {
			t.Errorf("another tenant reads %+v, %+v", b, list)
		}
		return nil
	})
}
