package relate

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/social/notify"
	"rookery/internal/store"
)

// atOnce is how many requests one statement accepts; mostAtOnce how many a change of
// the profile does. The rest stays with the owner, who has a list of them.
const atOnce, mostAtOnce = 500, 5000

// AcceptAll accepts everybody who asked to follow a local owner: who stops asking
// followers to ask has agreed to those who did (Mastodon does so, too). Call it in the
// transaction that unlocks the account.
func (s *Service) AcceptAll(ctx context.Context, scope *pg.Scope, owner social.AccountID) error {
	for done := 0; done < mostAtOnce; done += atOnce {
		n, err := s.acceptSome(ctx, scope, owner)
		if err != nil || n < atOnce {
			return err
		}
	}
	return nil
}

func (s *Service) acceptSome(ctx context.Context, scope *pg.Scope, owner social.AccountID) (int, error) {
	list, err := store.AcceptFollows(ctx, scope, owner, atOnce)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	if err := store.SettleAccepted(ctx, scope, owner, list, backfill); err != nil {
		return 0, fmt.Errorf("settle %d accepted requests: %w", len(list), err)
	}
	told := make([]social.Notification, len(list))
	for i, f := range list {
		told[i] = notify.New(owner, f.AccountID, social.NotifyFollow, 0)
	}
	if err := notify.Tell(ctx, scope, s.streams, told...); err != nil {
		return 0, err
	}
	return len(list), store.AddAcceptEvents(ctx, scope, owner, list)
}
