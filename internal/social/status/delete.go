package status

import (
	"context"
	"fmt"

	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/internal/stream"
)

// Delete removes a post for ever: its URI becomes a tombstone, boosts of it go
// with it, counters follow. The caller has proved that the author wants it. For a
// local post the event names everybody elsewhere who has heard of it; an event
// about a boost carries the boosted post and its author (TargetID is not 0), one
// about a post does not.
func (s *Service) Delete(ctx context.Context, scope *pg.Scope, st *social.Status) error {
	if err := store.LockStatus(ctx, scope, st.ID); err != nil {
		return err
	}
	st, err := store.StatusByID(ctx, scope, st.ID) // its parent may have been found since
	if err != nil {
		return err
	}
	event, err := farewell(ctx, scope, st)
	if err != nil {
		return err
	}
	homes, err := store.HomesOf(ctx, scope, st.ID)
	if err != nil {
		return err
	}
	if err := uncount(ctx, scope, st); err != nil {
		return fmt.Errorf("uncount status %d: %w", st.ID, err)
	}
	if err := store.UnindexStatuses(ctx, scope, []social.StatusID{st.ID}); err != nil {
		return err
	}
	if err := store.DeleteStatus(ctx, scope, st.ID); err != nil {
		return fmt.Errorf("delete status %d: %w", st.ID, err)
	}
	if err := store.BuryStatus(ctx, scope, st.URI, st.AccountID); err != nil {
		return err
	}
	s.publishGone(scope, st, homes)
	if event == nil {
		return nil
	}
	return store.AddEvent(ctx, scope, event)
}

// farewell is the event of a deletion, made while it is still known who has
// heard of the post. nil: nobody elsewhere has.
func farewell(ctx context.Context, scope *pg.Scope, st *social.Status) (*social.Event, error) {
	if !st.IsLocal {
		return nil, nil
	}
	event := &social.Event{
		Kind: social.EventStatusDeleted, AccountID: st.AccountID, StatusID: st.ID, ObjectURI: st.URI, Visibility: st.Visibility,
	}
	if st.BoostOfID != 0 {
		original, err := store.StatusByID(ctx, scope, st.BoostOfID)
		if err != nil {
			return nil, err
		}
		event.StatusID, event.TargetID = original.ID, original.AccountID
		if !original.IsLocal {
			event.RecipientIDs = []social.AccountID{original.AccountID}
		}
		return event, nil
	}
	recipients, err := store.StatusReach(ctx, scope, st.ID)
	if err != nil {
		return nil, err
	}
	event.RecipientIDs = recipients
	if st.Visibility == social.Direct && len(recipients) == 0 {
		return nil, nil
	}
	return event, nil
}

// uncount takes a post off the counters, those of posts before those of accounts:
// add locks them in that order, and two batches must not wait for each other.
func uncount(ctx context.Context, scope *pg.Scope, st *social.Status) error {
	authors, err := store.CountedAuthors(ctx, scope, st.ID)
	if err != nil {
		return err
	}
	if st.BoostOfID != 0 {
		if err := store.WithdrawBoostNotification(ctx, scope, st.AccountID, st.BoostOfID); err != nil {
			return err
		}
	}
	// Posts are counted at the end of their transaction. What came and went in one, a boost
	// with its undoing, must be counted and uncounted in this order.
	scope.Last(func(end *pg.Batch) {
		if st.InReplyToID != 0 && st.Visibility.IsOpen() {
			store.QueueUncountReply(end, st.InReplyToID)
		}
		if st.BoostOfID != 0 {
			store.QueueUncountBoost(end, st.BoostOfID)
		}
		store.QueueUncountStatuses(end, authors)
	})
	return nil
}

// publishGone tells open streams that a post, and the boosts of it, are gone.
func (s *Service) publishGone(scope *pg.Scope, st *social.Status, homes []*store.TimelineEntry) {
	gone := newFarewells(scope)
	*gone.of(st.ID) = streamEvent(scope, stream.Delete, st)
	gone.homes(homes)
	gone.publish(s.streams)
}
