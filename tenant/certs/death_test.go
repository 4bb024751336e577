package certs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
)

// A worker died in the middle of an order: nobody waits for what it has left behind.
func TestADeadWorkersOrderIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	w.sql(`INSERT INTO certificates (name, ordering_until) VALUES ($1, now() + interval '3 minutes')`, name)
	w.sql(`INSERT INTO cert_locks (name, owner, expires_at) VALUES ('issue_cert_' || $1::text, 'the dead', now() + interval '2 minutes'),
		('register_acme_account_ops@rookery.test', 'the dead', now() + interval '2 minutes'), ('another', 'the living', now() + interval '2 minutes')`, name)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.worker.Order(ctx, name); err != nil {
		t.Fatal(err)
	}
	if s := w.state(); s.NotAfter.IsZero() || !s.OrderingUntil.IsZero() {
		t.Errorf("after the death of a worker: %+v", s)
	}
	if n := w.count(`SELECT count(*) FROM cert_locks WHERE owner = 'the living'`); n != 1 {
		t.Error("a lock of somebody alive is gone")
	}
}

// A worker that lives is waited for, and one whose connection outlived it for a time.
func TestALivingWorkersOrderIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	release, held, err := w.db.PG.Hold(t.Context(), "order of a certificate for "+name)
	if err != nil || !held {
		t.Fatalf("the name cannot be held: %v", err)
	}
	defer release()
	w.sql(`INSERT INTO certificates (name) VALUES ($1)`, name)
	for _, until := range []string{"NULL", "now() + interval '1 minute'", "now() - interval '2 minutes'"} {
		w.sql(`UPDATE certificates SET ordering_until = ` + until)
		var snoozed *river.JobSnoozeError
		if err := w.worker.Order(t.Context(), name); !errors.As(err, &snoozed) {
			t.Errorf("until %s: %v, want a snooze", until, err)
		}
		if n := w.count(`SELECT count(*) FROM cert_orders`); n != 0 {
			t.Fatalf("until %s: %d orders", until, n)
		}
	}
	w.sql(`UPDATE certificates SET ordering_until = now() - interval '4 minutes'`)
	if s := w.order(); s.NotAfter.IsZero() {
		t.Errorf("long after any order must have ended: %+v", s)
	}
}

// The database lost sight of a worker that lives: the other's order stays announced when the
// first one's ends.
func TestAnOrderThatWasTakenOverEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pebble.Options{})
	w.sql(`INSERT INTO cert_locks (name, owner, expires_at) VALUES ('issue_cert_' || $1::text, 'slow', now() + interval '2 minutes')`, name)
	ended := make(chan error, 1)
	go func() { ended <- w.worker.Order(t.Context(), name) }()
	testkit.Eventually(t, 20*time.Second, "the order is announced", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the order ended before the storage's lock was free: %v", err)
		default:
		}
		return w.count(`SELECT count(*) FROM certificates WHERE ordering_until IS NOT NULL`) == 1
	})
	w.sql(`UPDATE certificates SET ordering_until = ordering_until + interval '1 minute'`)
	w.sql(`DELETE FROM cert_locks WHERE owner = 'slow'`)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if s := w.state(); s.NotAfter.IsZero() || s.OrderingUntil.IsZero() {
		t.Errorf("after the first of two orders: %+v", s)
	}
}
