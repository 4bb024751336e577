package outbox_test

import (
	"testing"

	"rookery/federation/vocab"
	"rookery/internal/pg"
	"rookery/internal/social/relate"
	"rookery/internal/social/status"
	"rookery/tenant"
)

// TEN-20: what is on its way goes out, and so does whatever is taken back or answered
// afterwards.
func TestWhoOwesStillTakesBackAndAnswers(t *testing.T) {
	t.Parallel()
	for _, standing := range []tenant.Standing{tenant.Restricted, tenant.Unpaid, tenant.Closing} {
		t.Run(string(standing), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			st := b.create(t, status.Draft{Text: "on its way"})
			b.Tx(t, func(s *pg.Scope) error {
				_, err := b.rel.Follow(t.Context(), s, b.Tenant, b.alice, b.bea, relate.FollowOptions{})
				return err
			})
			b.Stand(t, standing)
			b.wantSent(t, b.publish(t), vocab.TypeFollow, b.bea.InboxURL)
			b.Tx(t, func(s *pg.Scope) error { return b.rel.Unfollow(t.Context(), s, b.alice, b.bea) })
			b.wantSent(t, b.publish(t), vocab.TypeUndo, b.bea.InboxURL)
			b.Tx(t, func(s *pg.Scope) error { return b.posts.Delete(t.Context(), s, st) })
			b.wantSent(t, b.publish(t), vocab.TypeDelete, b.shared(b.masto))
			b.Tx(t, func(s *pg.Scope) error {
				_, err := b.rel.Follow(t.Context(), s, b.Tenant, b.bea, b.alice, relate.FollowOptions{URI: b.bea.URI + "/follow"})
				return err
			})
			b.wantSent(t, b.publish(t), vocab.TypeAccept, b.bea.InboxURL)
			b.Tx(t, func(s *pg.Scope) error { return b.rel.RemoveFollower(t.Context(), s, b.alice, b.bea.ID) })
			b.wantSent(t, b.publish(t), vocab.TypeReject, b.bea.InboxURL)
		})
	}
}
