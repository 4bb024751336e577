package checkout

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rookery/billing/store"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// The kinds of what is asked of the provider. Who asks for a customer or a page twice by one
// key gets the same one, and who ends something twice ends it once; nothing is charged by it:
// those are asked for again when nobody knows what became of them. Changes may charge something: they are looked at instead.
const (
	kindCustomer = "customer"
	kindPage     = "checkout"
	kindChange   = "change"
	kindKeep     = "keep"
	kindCancel   = "cancel"
	kindResume   = "resume"
	kindQuantity = "quantity"
	kindEnd      = "end"
	kindFraud    = "fraud"
)

const (
	// inFlight is how long somebody may still be waiting for the provider's answer.
	inFlight = time.Minute
	// keyLife is how long the provider knows a key: 24 hours, by
	// https://docs.stripe.com/api/idempotent_requests.
	keyLife = 23 * time.Hour
)

// begin writes down what the provider is about to be asked, or returns the same thing if it
// was asked before and nobody has seen the answer. One thing a tenant is asked at a time, and
// only on the ground of what is still so: errStale, where somebody asked since it was read.
func (s *Service) begin(ctx context.Context, id tenant.ID, asked int, kind, what string, params any) (*store.Intent, error) {
	for range 2 {
		in, left, err := s.tryBegin(ctx, id, asked, kind, what, params)
		if err != nil || in != nil {
			return in, err
		}
		for _, old := range left {
			if err := s.settle(ctx, old); err != nil {
				return nil, err
			}
			asked++ // it has ended
		}
	}
	return nil, errBusy
}

func (s *Service) tryBegin(ctx context.Context, id tenant.ID, asked int, kind, what string, params any) (in *store.Intent, left []*store.Intent, err error) {
	prefix := keyOf(id, kind, what, -1)
	err = s.DB.Platform(ctx, "write down what the payment provider is asked", func(tx *pg.PlatformTx) error {
		if err := store.LockPurchases(ctx, tx, id); err != nil {
			return err
		}
		open, err := store.OpenIntents(ctx, tx, id)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(open, func(o *store.Intent) bool { return strings.HasPrefix(o.IdempotencyKey, prefix) }); i >= 0 {
			in = open[i]
			return nil
		}
		for _, o := range open {
			if s.Now().Sub(o.CreatedAt) < inFlight {
				return errBusy
			}
		}
		if left = open; len(left) > 0 {
			return nil
		}
		n, err := store.CountIntents(ctx, tx, id)
		if err != nil {
			return err
		}
		if n != asked {
			return errStale
		}
		in, err = store.BeginIntent(ctx, tx, id, keyOf(id, kind, what, n), kind, params)
		return err
	})
	return in, left, err
}

// keyOf is under which key the provider is asked for something; with no number, how those for
// the same thing begin.
func keyOf(id tenant.ID, kind, what string, n int) string {
	prefix := id.String() + "/" + kind + "/" + what + "/"
	if n < 0 {
		return prefix
	}
	return prefix + strconv.Itoa(n)
}

// number is what store.CountIntents was right before an intent; it is two more once it has ended.
func number(in *store.Intent) int {
	n, _ := strconv.Atoi(in.IdempotencyKey[strings.LastIndexByte(in.IdempotencyKey, '/')+1:]) // begin wrote it
	return n
}

// decode reads what was written down.
func decode[P any](in *store.Intent) (p P, err error) {
	if err := json.Unmarshal(in.Params, &p); err != nil {
		return p, fmt.Errorf("read the intent %s: %w", in.IdempotencyKey, err)
	}
	return p, nil
}

// done says what came of an intent, with what follows from it in the same transaction. Of
// two who asked for the same thing at once the first one writes.
func (s *Service) done(ctx context.Context, in *store.Intent, object string, follows func(ctx context.Context, tx *pg.PlatformTx) error) error {
	ctx = context.WithoutCancel(ctx) // the provider has done it, whoever still waits
	return s.DB.Platform(ctx, "write down what the payment provider did", func(tx *pg.PlatformTx) error {
		isFirst, err := store.EndIntent(ctx, tx, in.TenantID, in.IdempotencyKey, object, nil)
		if err != nil || !isFirst {
			return err
		}
		return follows(ctx, tx)
	})
}

// failed says that the provider refused. Where it gave no answer the intent stays open.
func (s *Service) failed(ctx context.Context, in *store.Intent, failure error) error {
	if fault.CodeOf(failure) == fault.Unavailable {
		s.Log.WarnContext(ctx, "the payment provider does not answer", "asked", in.IdempotencyKey, "error", failure)
		return failure
	}
	s.Log.WarnContext(ctx, "the payment provider refuses", "asked", in.IdempotencyKey, "error", failure)
	return s.giveUp(ctx, in, failure)
}

// giveUp ends an intent without its thing, and returns why.
func (s *Service) giveUp(ctx context.Context, in *store.Intent, why error) error {
	ctx = context.WithoutCancel(ctx)
	err := s.DB.Platform(ctx, "write down what the payment provider refused", func(tx *pg.PlatformTx) error {
		_, err := store.EndIntent(ctx, tx, in.TenantID, in.IdempotencyKey, "", why)
		return err
	})
	if err != nil {
		return err
	}
	return why
}

// settle finds out what became of an intent that nobody waits for any more.
func (s *Service) settle(ctx context.Context, in *store.Intent) error {
	var err error
	switch in.Kind {
	case kindCustomer, kindPage:
		if s.Now().Sub(in.CreatedAt) > keyLife {
			s.Log.WarnContext(ctx, "nobody knows what became of something that the payment provider was asked for", "asked", in.IdempotencyKey)
			return lapsed(s.giveUp(ctx, in, errLapsed))
		}
		if in.Kind == kindCustomer {
			_, err = s.makeCustomer(ctx, in)
		} else {
			_, err = s.makePage(ctx, in)
		}
	case kindEnd:
		err = s.end(ctx, in)
	case kindFraud:
		err = s.fraud(ctx, in)
	default:
		err = s.look(ctx, in)
	}
	return lapsed(err)
}

// lapsed passes on what keeps an intent open. One that is closed says why by itself.
func lapsed(err error) error {
	switch fault.CodeOf(err) {
	case fault.Conflict, fault.Invalid, fault.NotFound, fault.Unauthorized:
		return nil
	}
	return err
}
