package checkout

import (
	"context"
	"strconv"
	"time"

	"rookery/billing"
	"rookery/billing/store"
	"rookery/internal/audit"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/tenant"
)

// order is a change of a subscription as it is written down before the provider is asked.
type order struct {
	By       audit.Actor        `json:"by"`
	Customer string             `json:"customer"`
	Change   billing.PlanChange `json:"change"`
	From     billing.Choice     `json:"from"`
	To       billing.Choice     `json:"to"`
	Had      int                `json:"had"`            // accounts besides the plan's
	At       time.Time          `json:"at"`             // from when on; zero: at once
	Then     *order             `json:"then,omitempty"` // accounts: what the provider has to be told once more after it
}

// order asks the provider for a change and reads what became of it.
func (s *Service) order(ctx context.Context, id tenant.ID, st *state, kind, what string, o order) error {
	in, err := s.begin(ctx, id, st.asked, kind, what, o)
	if err != nil {
		return err
	}
	if isEarlier := number(in) < st.asked; isEarlier {
		if s.Now().Sub(in.CreatedAt) < inFlight {
			return errBusy
		}
		return s.look(ctx, in)
	}
	st.asked = max(st.asked, number(in)+2) // once it is done
	if o, err = decode[order](in); err != nil {
		return err
	}
	if err := s.ask(ctx, in, o); err != nil {
		if fault.CodeOf(err) == fault.Unavailable && kind != kindQuantity {
			_ = s.failed(ctx, in, err)
			return fault.Wrap(err, fault.Unavailable, errUnsure.Text)
		}
		return s.failed(ctx, in, err)
	}
	if err := s.done(ctx, in, o.Change.Subscription, s.record(in, o)); err != nil {
		return err
	}
	s.refresh(ctx, o.Customer)
	return nil
}

func (s *Service) ask(ctx context.Context, in *store.Intent, o order) error {
	switch in.Kind {
	case kindKeep:
		return s.Till.KeepPlan(ctx, in.IdempotencyKey, o.Change.Subscription)
	case kindCancel, kindResume:
		return s.Till.CancelAtEnd(ctx, in.IdempotencyKey, o.Change.Subscription, in.Kind == kindCancel)
	}
	return s.Till.ChangePlan(ctx, in.IdempotencyKey, o.Change)
}

// look reads what became of a change that nobody saw the end of. It is not asked for again:
// it may charge something, and whoever wanted it may have thought better of it since. Accounts
// that count later charge nothing, and nobody but the system wants them.
func (s *Service) look(ctx context.Context, in *store.Intent) error {
	o, err := decode[order](in)
	if err != nil {
		return err
	}
	if err := s.Ledger.Sync(ctx, o.Customer); err != nil {
		return fault.Wrap(err, fault.Unavailable, errAway.Text)
	}
	st, err := s.read(ctx, in.TenantID)
	if err != nil {
		return err
	}
	if !came(in.Kind, o, st.live) {
		isFree := in.Kind == kindQuantity && o.Change.AtPeriodEnd && st.live != nil && st.live.ID == o.Change.Subscription && st.live.CancelAt.IsZero()
		if !isFree || s.Now().Sub(in.CreatedAt) > keyLife {
			return s.giveUp(ctx, in, errLapsed)
		}
		if err := s.ask(ctx, in, o); err != nil {
			return s.failed(ctx, in, err)
		}
		defer s.refresh(ctx, o.Customer)
	}
	return s.done(ctx, in, o.Change.Subscription, s.record(in, o))
}

// came reports whether a subscription is what an order wanted of it.
func came(kind string, o order, is *store.Subscription) bool {
	if is == nil || is.ID != o.Change.Subscription {
		return false
	}
	switch kind {
	case kindKeep:
		return is.NextAt.IsZero()
	case kindCancel, kindResume:
		return is.CancelAt.IsZero() == (kind == kindResume)
	}
	if o.Change.AtPeriodEnd {
		return is.NextPlan == o.To.Plan && is.NextEvery == o.To.Every && is.NextExtra == o.Change.Extra
	}
	return !is.PendingUntil.IsZero() || is.Plan == o.To.Plan && is.Every == o.To.Every && is.Extra == o.Change.Extra
}

// record writes what was done into the tenant's log.
func (s *Service) record(in *store.Intent, o order) func(context.Context, *pg.PlatformTx) error {
	target := "subscription:" + o.Change.Subscription
	from, to := s.label(o.From), s.label(o.To)
	var e audit.Entry
	switch {
	case in.Kind == kindKeep:
		e = audit.Entry{Action: "billing.keep", Detail: map[string]string{"from": from, "to": to}}
	case in.Kind == kindCancel:
		e = audit.Entry{Action: "billing.cancel", Detail: map[string]string{"plan": from, "at": day(o.At)}}
	case in.Kind == kindResume:
		e = audit.Entry{Action: "billing.resume", Detail: map[string]string{"plan": from}}
	case in.Kind == kindEnd:
		e = audit.Entry{Action: "billing.end", Detail: map[string]string{"plan": from}}
	case in.Kind == kindQuantity:
		e = audit.Entry{Action: "billing.quantity", Detail: map[string]string{"from": strconv.Itoa(o.Had), "to": strconv.Itoa(o.Change.Extra)}}
	case o.At.IsZero():
		e = audit.Entry{Action: "billing.change", Detail: map[string]string{"from": from, "to": to}}
	default:
		e = audit.Entry{Action: "billing.change_later", Detail: map[string]string{"from": from, "to": to, "at": day(o.At)}}
	}
	e.Actor, e.Target = o.By, target
	return func(ctx context.Context, tx *pg.PlatformTx) error {
		if err := audit.AppendFor(ctx, tx, in.TenantID, e); err != nil || o.Then == nil {
			return err
		}
		// Whoever dies now must not lose it.
		n, err := store.CountIntents(ctx, tx, in.TenantID)
		if err == nil {
			_, err = store.BeginIntent(ctx, tx, in.TenantID, keyOf(in.TenantID, in.Kind, counted(*o.Then), n), in.Kind, o.Then)
		}
		return err
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
