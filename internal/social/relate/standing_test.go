package relate_test

import (
	"testing"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/tenant"
)

// TEN-20: who may publish nothing new follows nobody new; being followed, parting and
// protecting oneself go on.
func TestWhoMayNotPublishFollowsNobodyNew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, alice, bob := t.Context(), b.Local("alice", func(a *social.Account) { a.Locked = true }), b.Local("bob")
	far, shy, foe := b.Remote("far", "far.test"), b.Remote("shy", "shy.test"), b.Remote("foe", "foe.test")
	b.follow(alice, bob)
	owing := *b.Tenant
	owing.Entitlement.Standing = tenant.Restricted
	b.Tenant = &owing
	if _, err := b.tryFollow(alice, far, ""); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("a new follow: %v", err)
	}
	b.follow(far, alice)
	b.follow(shy, alice)
	b.follow(foe, alice)
	for name, do := range map[string]func(*pg.Scope) error{
		"accept":   func(s *pg.Scope) error { return b.relate.Accept(ctx, s, alice, far.ID) },
		"reject":   func(s *pg.Scope) error { return b.relate.Reject(ctx, s, alice, shy.ID) },
		"unfollow": func(s *pg.Scope) error { return b.relate.Unfollow(ctx, s, alice, bob) },
		"block":    func(s *pg.Scope) error { return b.relate.Block(ctx, s, b.Tenant, alice, foe, "") },
		"mute":     func(s *pg.Scope) error { return b.relate.Mute(ctx, s, alice, bob, true, 0) },
	} {
		if err := b.Try(do); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
