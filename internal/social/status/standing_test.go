package status_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social/status"
	"rookery/tenant"
)

// TEN-20: who may publish nothing new says nothing by any entrance, and takes back whatever
// they like. What others do is not theirs to be kept from.
func TestWhoMayNotPublishTakesBackAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, alice, far := t.Context(), b.Local("alice"), b.Remote("far", "far.test")
	mine, more := b.post(alice, status.Draft{Text: "mine"}), b.post(alice, status.Draft{Text: "more"})
	b.Do(func(s *pg.Scope) error {
		if err := b.statuses.Favourite(ctx, s, b.Tenant, alice, more, ""); err != nil {
			return err
		}
		if err := b.statuses.Pin(ctx, s, b.Tenant, alice, more); err != nil {
			return err
		}
		_, err := b.statuses.Boost(ctx, s, b.Tenant, alice, more, "", "")
		return err
	})
	owing := *b.Tenant
	owing.Entitlement.Standing = tenant.Restricted
	for name, do := range map[string]func(*pg.Scope) error{
		"write": func(s *pg.Scope) error {
			_, err := b.statuses.Create(ctx, s, &owing, alice, status.Draft{Text: "new"})
			return err
		},
		"write several": func(s *pg.Scope) error {
			_, err := b.statuses.CreateMany(ctx, s, &owing, alice, []status.Draft{{Text: "a"}, {Text: "b"}})
			return err
		},
		"edit": func(s *pg.Scope) error {
			_, err := b.statuses.Edit(ctx, s, &owing, alice, mine, status.Draft{Text: "changed"})
			return err
		},
		"favourite": func(s *pg.Scope) error { return b.statuses.Favourite(ctx, s, &owing, alice, mine, "") },
		"boost": func(s *pg.Scope) error {
			_, err := b.statuses.Boost(ctx, s, &owing, alice, mine, "", "")
			return err
		},
		"pin": func(s *pg.Scope) error { return b.statuses.Pin(ctx, s, &owing, alice, mine) },
	} {
		before := len(b.Events())
		if err := b.Try(do); fault.CodeOf(err) != fault.Forbidden || fault.TextOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(b.Events()) - before; n != 0 {
			t.Errorf("%s left %d events", name, n)
		}
	}
	for name, do := range map[string]func(*pg.Scope) error{
		"unfavourite": func(s *pg.Scope) error { return b.statuses.Unfavourite(ctx, s, alice, more) },
		"unboost":     func(s *pg.Scope) error { return b.statuses.Unboost(ctx, s, alice, more) },
		"unpin":       func(s *pg.Scope) error { return b.statuses.Unpin(ctx, s, alice, more) },
		"somebody else's like": func(s *pg.Scope) error {
			return b.statuses.Favourite(ctx, s, &owing, far, mine, "https://far.test/likes/1")
		},
		"somebody else's boost": func(s *pg.Scope) error {
			_, err := b.statuses.Boost(ctx, s, &owing, far, mine, "", "https://far.test/boosts/1")
			return err
		},
	} {
		if err := b.Try(do); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.Try(func(s *pg.Scope) error { return b.statuses.Delete(ctx, s, mine) }); err != nil {
		t.Errorf("delete: %v", err)
	}
}
