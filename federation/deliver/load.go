package deliver

import (
	"context"
	"fmt"
	"math"
	"time"

	"rookery/federation/signature"
	"rookery/internal/pg"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// mail is an activity on its way.
type mail struct {
	tenant   tenant.ID
	activity int64
	body     []byte
	signer   *signature.Signer
	// former, if set, signs first: whoever knows it believes what it signs, and whoever does
	// not finds the other one in the actor's document.
	former *signature.Signer
}

// letter is an activity on its way to one inbox.
type letter struct {
	*mail
	row *store.Delivery
}

// part names deliveries of a job.
type part struct {
	activities  []int64
	first, last int64
	retries     bool
}

// all are every number that a delivery may have.
func all(activities []int64) part { return part{activities: activities, first: 1, last: math.MaxInt64} }

// load reads what waits of a part: whose it is, its bytes as they are now and, anew
// each time, whether the posts still exist. What is not to be sent any more is dropped.
func (w *Worker) load(ctx context.Context, t tenant.ID, p part, limit int) ([]letter, error) {
	var activities []*store.Outgoing
	var rows []*store.Delivery
	err := w.DB.Read(ctx, t, func(scope *pg.Scope) (err error) {
		scope.ByKey()
		activities, rows, err = store.WaitingDeliveries(ctx, scope, store.WhichDeliveries{
			Activities: p.activities, First: p.first, Last: p.last, Limit: limit, Retries: p.retries, Soon: w.Now().Add(dueSoon),
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the deliveries of %d activities: %w", len(p.activities), err)
	}
	if err := w.drop(ctx, t, p, activities); err != nil {
		return nil, err
	}
	return w.letters(ctx, t, activities, rows)
}

func (w *Worker) drop(ctx context.Context, t tenant.ID, p part, activities []*store.Outgoing) error {
	reasons := make(map[int64]string)
	for _, a := range activities {
		if reason := w.reasonToDrop(a); reason != "" {
			reasons[a.ID] = reason
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	err := w.DB.TenantByKey(ctx, t, func(scope *pg.Scope) error {
		b := pg.NewBatch(scope)
		for id, reason := range reasons {
			store.QueueDropDeliveries(b, id, p.first, p.last, reason)
		}
		return b.Send(ctx)
	})
	if err != nil {
		return fmt.Errorf("drop the deliveries of %d activities: %w", len(reasons), err)
	}
	return nil
}

// letters puts rows and activities together, without those that were dropped.
func (w *Worker) letters(ctx context.Context, t tenant.ID, activities []*store.Outgoing, rows []*store.Delivery) ([]letter, error) {
	mails := make(map[int64]*mail, len(activities))
	for _, a := range activities {
		if w.reasonToDrop(a) != "" {
			continue
		}
		author := &social.Account{ID: a.AccountID, URI: a.AuthorURI}
		signer, err := w.Keys.ForAccount(ctx, t, author)
		if err != nil {
			return nil, fmt.Errorf("open the key of account %d: %w", a.AccountID, err)
		}
		m := &mail{tenant: t, activity: a.ID, body: a.Body, signer: signer}
		if a.ByFormer {
			if m.former, err = w.Keys.FormerOf(ctx, t, author); err != nil {
				return nil, fmt.Errorf("open the former key of account %d: %w", a.AccountID, err)
			}
		}
		mails[a.ID] = m
	}
	out := make([]letter, 0, len(rows))
	for _, row := range rows {
		if m := mails[row.ActivityID]; m != nil {
			out = append(out, letter{m, row})
		}
	}
	return out, nil
}

// maxAge is when an activity is given up for those it has not reached: some three
// days, like Mastodon.
const maxAge = 72 * time.Hour

func (w *Worker) reasonToDrop(a *store.Outgoing) string {
	switch {
	case a.Withdrawn:
		return "the post or its author was deleted"
	case a.AuthorURI == "":
		return "the account and its key are gone"
	case w.Now().Sub(a.CreatedAt) > maxAge:
		return "not delivered in three days"
	}
	return ""
}
