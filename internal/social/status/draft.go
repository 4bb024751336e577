package status

import (
	"context"

	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
)

// draft is a Draft on its way to a post.
type draft struct {
	Draft
	id      social.StatusID
	post    *social.Status
	text    *written
	outcome *Created
	same    *draft // an earlier draft of the same call with the same key
}

func (d *draft) isOpen() bool {
	return d.outcome.Status == nil && d.outcome.Err == nil && d.same == nil
}

// claim binds Idempotency-Keys to the new posts and settles those drafts whose key
// made a post earlier.
func claim(ctx context.Context, scope *pg.Scope, author social.AccountID, drafts []*draft) error {
	byKey := make(map[string]*draft)
	var keys []string
	var wanted []social.StatusID
	for _, d := range drafts {
		switch key := d.IdempotencyKey; {
		case !d.isOpen() || key == "":
		case len(key) > 255:
			d.outcome.Err = fault.New(fault.Invalid, "The Idempotency-Key is longer than 255 characters.")
		case byKey[key] != nil:
			d.same = byKey[key]
		default:
			byKey[key] = d
			keys, wanted = append(keys, key), append(wanted, d.id)
		}
	}
	bound, err := store.ClaimKeys(ctx, scope, author, keys, wanted)
	if err != nil {
		return err
	}
	var taken []social.StatusID
	for key, id := range bound {
		if id != byKey[key].id {
			taken = append(taken, id)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	earlier, err := store.StatusesByIDs(ctx, scope, taken)
	if err != nil {
		return err
	}
	for key, d := range byKey {
		if bound[key] == d.id {
			continue
		}
		if d.outcome.Status = earlier[bound[key]]; d.outcome.Status != nil {
			continue
		}
		// deleted since: the key is free again, which happens once in a long while
		if err := store.RebindKey(ctx, scope, author, key, d.id); err != nil {
			return err
		}
	}
	return nil
}

// answer links posts to those they answer, which the author must be able to see.
func answer(ctx context.Context, scope *pg.Scope, author social.AccountID, drafts []*draft) error {
	parents, err := answered(ctx, scope, author, drafts)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if !d.isOpen() {
			continue
		}
		d.post = &social.Status{}
		if d.InReplyToID == 0 {
			continue
		}
		parent := parents[d.InReplyToID]
		if parent != nil && parent.BoostOfID != 0 { // one answers what was boosted
			parent = parents[parent.BoostOfID]
		}
		if parent == nil {
			d.outcome.Err = errNotFound
			continue
		}
		st := d.post
		st.InReplyToID, st.InReplyToURI, st.ConversationID = parent.ID, parent.URI, parent.ConversationID
		st.InReplyToAccountID = answeredAccount(author, parent.AccountID, parent.InReplyToAccountID)
	}
	return nil
}

// answered loads what the drafts answer, as far as the author may see it, and what is
// boosted there.
func answered(ctx context.Context, scope *pg.Scope, author social.AccountID, drafts []*draft) (map[social.StatusID]*social.Status, error) {
	var wanted []social.StatusID
	for _, d := range drafts {
		if d.isOpen() {
			wanted = append(wanted, d.InReplyToID)
		}
	}
	found := make(map[social.StatusID]*social.Status)
	for range 2 { // the parents, then what those of them that are boosts repeat
		rows, err := store.VisibleStatusesByIDs(ctx, scope, author, wanted)
		if err != nil {
			return nil, err
		}
		wanted = wanted[:0]
		for _, st := range rows {
			found[st.ID] = st
			wanted = append(wanted, st.BoostOfID)
		}
	}
	return found, nil
}
