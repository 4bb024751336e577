package certs

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/fault"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/tenant"

	"github.com/jackc/pgx/v5"
)

// SweepEvery is how often due names are looked for.
const SweepEvery = time.Minute

const (
	mostPerSweep = 100
	adviceEvery  = 12 * time.Hour
	advicePer    = 20 // names whose renewal the authority is asked about in one sweep
	// Every process must know of an order before the authority asks one of them.
	tellTimeout = 3 * time.Second
	tellPause   = 150 * time.Millisecond
	holdPrefix  = "order of a certificate for "
	heldPause   = 10 * time.Second // before looking whether the holder is at it still
	// An order that could not be made for no fault of the name's.
	oursPause = 5 * time.Minute
)

// Register puts the workers of this package's jobs on a queue.
func (w *Worker) Register(workers *river.Workers) {
	river.AddWorker(workers, &orderWorker{worker: w})
	river.AddWorker(workers, &sweepWorker{worker: w})
}

type orderWorker struct {
	river.WorkerDefaults[jobs.CertificateOrder]
	worker *Worker
}

// Timeout implements river.Worker.
func (*orderWorker) Timeout(*river.Job[jobs.CertificateOrder]) time.Duration {
	return orderTimeout + time.Minute
}

// Work implements river.Worker.
func (o *orderWorker) Work(ctx context.Context, job *river.Job[jobs.CertificateOrder]) error {
	return o.worker.Order(ctx, job.Args.Name)
}

type sweepWorker struct {
	river.WorkerDefaults[jobs.CertificateSweep]
	worker *Worker
}

// Timeout implements river.Worker.
func (*sweepWorker) Timeout(*river.Job[jobs.CertificateSweep]) time.Duration { return 2 * time.Minute }

// Work implements river.Worker.
func (s *sweepWorker) Work(ctx context.Context, _ *river.Job[jobs.CertificateSweep]) error {
	return s.worker.Sweep(ctx)
}

// Sweep adds the names that came to be wanted and enqueues an order for each that is due.
func (w *Worker) Sweep(ctx context.Context) error {
	var unadvised []string
	err := w.o.DB.Platform(ctx, "find certificates to order", func(tx *pg.PlatformTx) error {
		for _, name := range w.own() {
			if _, err := pg.Exec(ctx, tx, addName, pgx.NamedArgs{"name": name, "own": true}); err != nil {
				return err
			}
		}
		if _, err := pg.Exec(ctx, tx, addServed, pgx.NamedArgs{"served": served}); err != nil {
			return err
		}
		if _, err := pg.Exec(ctx, tx, dropOrders, pgx.NamedArgs{"now": w.now()}); err != nil {
			return err
		}
		if err := dropEnded(ctx, tx, w.now()); err != nil {
			return err
		}
		due, err := pg.Values[string](ctx, tx, dueNames, pgx.NamedArgs{"now": w.now(), "served": served, "most": mostPerSweep})
		if err != nil {
			return err
		}
		unadvised, err = pg.Values[string](ctx, tx, unadvisedNames, pgx.NamedArgs{
			"now": w.now(), "before": w.now().Add(-adviceEvery), "served": served, "most": advicePer,
		})
		if err != nil {
			return err
		}
		args := make([]river.JobArgs, len(due))
		for i, name := range due {
			args[i] = jobs.CertificateOrder{Name: name}
		}
		return tx.Enqueue(ctx, args...)
	})
	if err != nil {
		return fmt.Errorf("sweep the certificates: %w", err)
	}
	return w.advise(ctx, unadvised)
}

func (w *Worker) own() []string {
	if w.dns == nil {
		return w.o.Own
	}
	return append([]string{w.o.Wildcard}, w.o.Own...)
}

// advise asks the authority when certificates should be renewed: it may want one back
// earlier than planned.
func (w *Worker) advise(ctx context.Context, names []string) error {
	for _, name := range names {
		leaf, err := w.leafOf(ctx, name)
		if err != nil {
			return err
		}
		var renewal time.Time
		if leaf != nil {
			renewal = w.renewalOf(ctx, name, leaf) // asks the authority: before the transaction
		}
		if err := w.change(ctx, name, func(s *State) {
			s.AdvisedAt = w.now()
			// Not where an order failed meanwhile, or another certificate was stored.
			if leaf != nil && s.Failures == 0 && s.NotAfter.Equal(leaf.NotAfter) {
				s.NextOrderAt = renewal
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) change(ctx context.Context, name string, fn func(*State)) error {
	return w.o.DB.Platform(ctx, "note about a certificate", func(tx *pg.PlatformTx) error {
		s, err := pg.One[State](ctx, tx, lockState, pgx.NamedArgs{"name": name})
		if err != nil {
			return err
		}
		fn(s)
		return save(ctx, tx, s)
	})
}

// Order gets the certificate of a name, or the next one, and notes what came of it. What the
// authority refuses is no error of the job: the state says it, and when the next try is.
func (w *Worker) Order(ctx context.Context, name string) error {
	// Whoever orders holds the name, and a dead process holds nothing.
	release, alone, err := w.o.DB.Hold(ctx, holdPrefix+name)
	if err != nil {
		return fmt.Errorf("see whether somebody orders for %s: %w", name, err)
	}
	defer release()
	order, err := w.begin(ctx, name, alone)
	if err != nil {
		return err
	}
	if order == nil {
		if !alone {
			return river.JobSnooze(heldPause) // it is our turn once the holder ends, or dies
		}
		return nil
	}
	w.tell(ctx, name)
	failed := w.obtain(ctx, name, order.isRenewal, order.failures)
	// The job may be ending with the process: what is known is written down all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if failed != nil {
		return w.end(ctx, order, problemOf(failed, w.now()))
	}
	leaf, err := w.leafOf(ctx, name)
	if err != nil || leaf == nil {
		return w.end(ctx, order, problem{code: codeUnreachable, ours: true, signed: true, detail: map[string]string{"text": "the certificate storage does not answer"}})
	}
	return w.succeed(ctx, order, leaf)
}

// announced is an order that all processes know of.
type announced struct {
	id        int64
	name      string
	until     time.Time
	isRenewal bool
	failures  int // before it
}

// isSuperseded: another worker took the order over, since it thought that this one was dead.
func (o *announced) isSuperseded(s *State) bool { return !s.OrderingUntil.Equal(o.until) }

// begin notes that an order starts, if one is due and the authority's limits allow it.
// alone: nobody alive orders for the name. Nil: there is nothing to do.
func (w *Worker) begin(ctx context.Context, name string, alone bool) (order *announced, err error) {
	err = w.o.DB.Platform(ctx, "begin an order of a certificate", func(tx *pg.PlatformTx) error {
		// A job may have waited for long: the name may be given up by now.
		wanted, err := w.isWanted(ctx, tx, name)
		if err != nil || !wanted {
			return err
		}
		if _, err := pg.Exec(ctx, tx, addName, pgx.NamedArgs{"name": name, "own": w.isOwn(name)}); err != nil {
			return err
		}
		s, err := pg.One[State](ctx, tx, lockState, pgx.NamedArgs{"name": name})
		if err != nil {
			return err
		}
		now := w.now()
		if !alone && !isStuck(s, now) {
			return nil
		}
		if alone && now.Before(s.OrderingUntil) {
			// It died in the middle, and what it has locked in the storage would make us wait.
			if _, err := pg.Exec(ctx, tx, dropDead, pgx.NamedArgs{"lock": orderLock(name), "owner": w.storage.owner}); err != nil {
				return err
			}
		}
		order, err = w.announce(ctx, tx, s, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin the order for %s: %w", name, err)
	}
	return order, nil
}

// announce lets all processes know of an order. Nil: none is due, or allowed.
func (w *Worker) announce(ctx context.Context, tx *pg.PlatformTx, s *State, now time.Time) (*announced, error) {
	isRenewal := !s.NotAfter.IsZero()
	if isRenewal && now.Before(s.NextOrderAt) {
		return nil, w.tellHolder(ctx, tx, s.Name) // there is one: whoever waits for it may go on
	}
	allowed, err := allowedAt(ctx, tx, s.Name, isRenewal, now)
	if err != nil {
		return nil, err
	}
	if allowed.After(now) {
		s.NextOrderAt, s.ErrorCode, s.FailedAt = allowed, codeRateLimited, now
		s.ErrorDetail = map[string]string{"until": allowed.Format(time.RFC3339), "text": "what the authority allows this platform is used up"}
		return nil, w.saveAndTell(ctx, tx, s)
	}
	order := &announced{name: s.Name, until: now.Add(orderTimeout), isRenewal: isRenewal, failures: s.Failures}
	if order.id, err = addOrder(ctx, tx, s.Name, isRenewal, now); err != nil {
		return nil, err
	}
	s.OrderingUntil = order.until
	return order, save(ctx, tx, s)
}

// isStuck: somebody holds the name long after its order must have ended, on a connection
// that outlived its process (behind a pooler, say). The lock says nothing then.
func isStuck(s *State, now time.Time) bool {
	return !s.OrderingUntil.IsZero() && now.Sub(s.OrderingUntil) > orderTimeout
}

// isWanted reports whether a name is still ours to get a certificate for.
func (w *Worker) isWanted(ctx context.Context, tx *pg.PlatformTx, name string) (bool, error) {
	if w.isOwn(name) {
		return true, nil
	}
	return pg.Value[bool](ctx, tx, isWanted, pgx.NamedArgs{"name": name, "served": append(slices.Clone(served), tenant.DomainIssuing)})
}

func (w *Worker) isOwn(name string) bool { return slices.Contains(w.own(), name) }

// tell waits until this process has heard of its own order, and a moment more: the others
// hear of it at the same time.
func (w *Worker) tell(ctx context.Context, name string) {
	limited, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	for {
		if c, ok := w.o.Table.Certificate(name); ok && w.now().Before(c.OrderingUntil) {
			break
		}
		select {
		case <-limited.Done():
			return // it is tried all the same
		case <-time.After(tellPause / 10):
		}
	}
	select {
	case <-limited.Done():
	case <-time.After(tellPause):
	}
}

// succeed notes a new certificate.
func (w *Worker) succeed(ctx context.Context, order *announced, leaf *x509.Certificate) error {
	renewal := w.renewalOf(ctx, order.name, leaf)
	err := w.o.DB.Platform(ctx, "end an order of a certificate", func(tx *pg.PlatformTx) error {
		s, err := pg.One[State](ctx, tx, lockState, pgx.NamedArgs{"name": order.name})
		if err != nil {
			return err
		}
		s.NotBefore, s.NotAfter, s.NextOrderAt, s.AdvisedAt = leaf.NotBefore, leaf.NotAfter, renewal, w.now()
		if !order.isSuperseded(s) {
			s.OrderingUntil = time.Time{}
		}
		s.Failures, s.ErrorCode, s.ErrorDetail, s.FailedAt = 0, "", nil, time.Time{}
		if _, err := pg.Exec(ctx, tx, endOrder, pgx.NamedArgs{"id": order.id, "now": w.now(), "error_code": "", "pauses_until": nil}); err != nil {
			return err
		}
		return w.saveAndTell(ctx, tx, s)
	})
	if err != nil {
		return fmt.Errorf("note the certificate of %s: %w", order.name, err)
	}
	w.o.Log.InfoContext(ctx, "certificate obtained", "name", order.name, "not_after", leaf.NotAfter, "renew_at", renewal)
	return nil
}

// end notes why there is no certificate, and when the next try is.
func (w *Worker) end(ctx context.Context, order *announced, p problem) error {
	err := w.o.DB.Platform(ctx, "end an order of a certificate", func(tx *pg.PlatformTx) error {
		s, err := pg.One[State](ctx, tx, lockState, pgx.NamedArgs{"name": order.name})
		if err != nil {
			return err
		}
		now, code := w.now(), p.code
		if p.signed {
			code = "" // the authority counts it
		}
		if _, err := pg.Exec(ctx, tx, endOrder, pgx.NamedArgs{"id": order.id, "now": now, "error_code": code, "pauses_until": pg.NullTime(p.pauses)}); err != nil || order.isSuperseded(s) {
			return err
		}
		s.OrderingUntil, s.ErrorCode, s.ErrorDetail, s.FailedAt = time.Time{}, p.code, p.detail, now
		switch {
		case p.ours:
			s.NextOrderAt = now.Add(oursPause)
		case p.until.After(now):
			s.NextOrderAt = p.until
		default:
			s.Failures++
			s.NextOrderAt = now.Add(PauseAfter(s.Failures))
		}
		return w.saveAndTell(ctx, tx, s)
	})
	if err != nil {
		return fmt.Errorf("note why %s got no certificate (%s): %w", order.name, p.code, err)
	}
	w.o.Log.WarnContext(ctx, "no certificate", "name", order.name, "code", p.code, "detail", p.detail)
	return nil
}

// PauseAfter is how long to wait after so many failures in a row: what Let's Encrypt itself
// advises, whose limit is five an hour.
func PauseAfter(failures int) time.Duration {
	switch {
	case failures <= 1:
		return time.Minute
	case failures == 2:
		return 10 * time.Minute
	case failures == 3:
		return 100 * time.Minute
	}
	return 24 * time.Hour
}

func (w *Worker) saveAndTell(ctx context.Context, tx *pg.PlatformTx, s *State) error {
	if err := save(ctx, tx, s); err != nil {
		return err
	}
	return w.tellHolder(ctx, tx, s.Name)
}

// tellHolder has the claim that holds a name looked at: its state goes by this outcome.
func (w *Worker) tellHolder(ctx context.Context, tx *pg.PlatformTx, name string) error {
	id, err := pg.Value[int64](ctx, tx, holderClaim, pgx.NamedArgs{"name": name, "held": tenant.HeldDomainStates()})
	if fault.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Enqueue(ctx, jobs.DomainCheck{DomainID: id})
}

func (w *Worker) now() time.Time { return w.o.Now().UTC().Truncate(time.Microsecond) }
