package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"rookery/internal/social"
	"rookery/internal/stream"
	"rookery/internal/testkit"
	"rookery/tenant"
)

const deadline = 20 * time.Second

// processes are buses on one database, as two processes would have them.
func processes(t *testing.T) (db *testkit.Database, one, two *stream.Bus) {
	t.Helper()
	db = testkit.DB(t)
	return db, start(t, db, nil), start(t, db, nil)
}

func start(t *testing.T, db *testkit.Database, before func(*stream.Bus)) *stream.Bus {
	t.Helper()
	bus := stream.New(db.PG, slog.New(slog.DiscardHandler))
	if before != nil {
		before(bus)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- bus.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	ready(t, bus)
	return bus
}

func ready(t *testing.T, bus *stream.Bus) {
	t.Helper()
	select {
	case <-bus.Ready():
	case <-time.After(deadline):
		t.Fatal("the bus does not listen")
	}
}

func subscribe(t *testing.T, bus *stream.Bus, id tenant.ID) *stream.Subscription {
	t.Helper()
	s, err := bus.Subscribe(id)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// next returns the next event, or ok=false when the subscription has ended.
func next(t *testing.T, s *stream.Subscription) (stream.Event, bool) {
	t.Helper()
	select {
	case e, ok := <-s.Events():
		return e, ok
	case <-time.After(deadline):
		t.Fatal("no event came")
		return stream.Event{}, false
	}
}

func TestEventsReachEveryProcessOnce(t *testing.T) {
	t.Parallel()
	_, one, two := processes(t)
	near, far := subscribe(t, one, 1), subscribe(t, two, 1)
	sent := []stream.Event{
		{Tenant: 1, Kind: stream.Update, StatusID: 7, Owners: []social.AccountID{1, 2}, Public: true, Local: true, Media: true, Tags: []string{"räder"}},
		{Tenant: 1, Kind: stream.Notification, NotificationID: 9, Owners: []social.AccountID{1}},
		{Tenant: 1, Kind: stream.Delete, StatusID: 7},
	}
	one.Publish(sent...)
	// The echo of another process's event comes after our own: whatever came twice
	// would come before it.
	two.Publish(stream.Event{Tenant: 1, Kind: stream.Delete, StatusID: 8})
	for name, s := range map[string]*stream.Subscription{"same process": near, "another process": far} {
		got := make(map[stream.Kind][]stream.Event)
		for range 4 {
			e, _ := next(t, s)
			got[e.Kind] = append(got[e.Kind], e)
		}
		if len(got[stream.Update]) != 1 || len(got[stream.Delete]) != 2 || !cmp.Equal(got[stream.Update][0], sent[0]) || !cmp.Equal(got[stream.Notification], sent[1:2]) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	two.Publish(stream.Event{Tenant: 1, Kind: stream.Delete, StatusID: 99})
	if e, _ := next(t, near); e.StatusID != 99 {
		t.Errorf("an event came twice: %+v", e)
	}
	if n := one.Dropped() + two.Dropped(); n != 0 {
		t.Errorf("%d events were dropped", n)
	}
}

func TestTenantsDoNotHearEachOther(t *testing.T) {
	t.Parallel()
	_, one, two := processes(t)
	for name, s := range map[string]*stream.Subscription{"same process": subscribe(t, one, 2), "another process": subscribe(t, two, 2)} {
		one.Publish(stream.Event{Tenant: 1, Kind: stream.Update, StatusID: 1, Public: true}, stream.Event{Tenant: 2, Kind: stream.Update, StatusID: 2})
		if e, _ := next(t, s); e.Tenant != 2 {
			t.Errorf("%s: a subscriber of tenant 2 hears %+v", name, e)
		}
	}
}

// One post can have more followers than a payload has bytes.
func TestLongEventsAreDivided(t *testing.T) {
	t.Parallel()
	_, one, two := processes(t)
	far := subscribe(t, two, 1)
	long := stream.Event{Tenant: 1, Kind: stream.Update, StatusID: 5, Public: true, Local: true}
	for i := range 5000 {
		long.Owners = append(long.Owners, social.AccountID(1<<60+i))
	}
	for i := range 100 {
		long.Tags = append(long.Tags, fmt.Sprint(i, strings.Repeat("ü", 100)))
	}
	one.Publish(long, stream.Event{Tenant: 1, Kind: stream.Delete, StatusID: 6})
	var owners []social.AccountID
	var tags []string
	public := 0
	for {
		e, ok := next(t, far)
		if !ok {
			t.Fatal("the subscription ended")
		}
		if e.Kind == stream.Delete {
			break
		}
		if e.StatusID != 5 || !e.Local {
			t.Errorf("a part lost its subject: %+v", e)
		}
		owners, tags = append(owners, e.Owners...), append(tags, e.Tags...)
		if e.Public {
			public++
		}
	}
	if !slices.Equal(owners, long.Owners) || !slices.Equal(tags, long.Tags) || public != 1 {
		t.Errorf("got %d owners, %d tags, %d times public", len(owners), len(tags), public)
	}
}

func TestSlowSubscriberIsClosed(t *testing.T) {
	t.Parallel()
	_, one, _ := processes(t)
	slow, other := subscribe(t, one, 1), subscribe(t, one, 2)
	for i := range 5000 {
		one.Publish(stream.Event{Tenant: 1, Kind: stream.Update, StatusID: social.StatusID(i + 1)})
	}
	n := 0
	for range slow.Events() {
		n++
	}
	if n == 0 || n >= 5000 || !errors.Is(slow.Err(), stream.ErrSlow) {
		t.Errorf("the slow subscriber took %d events and ended with %v", n, slow.Err())
	}
	if other.Err() != nil {
		t.Errorf("another subscriber ended with %v", other.Err())
	}
	slow.Close() // once more is no harm
}

func TestOtherChannels(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	heard := make(chan string, 1)
	start(t, db, func(b *stream.Bus) { b.Listen("Odd \"channel", func(payload string) { heard <- payload }) })
	if _, err := db.PG.Pool().Exec(t.Context(), `SELECT pg_notify('Odd "channel', '1/2')`); err != nil {
		t.Fatal(err)
	}
	select {
	case payload := <-heard:
		if payload != "1/2" {
			t.Errorf("heard %q", payload)
		}
	case <-time.After(deadline):
		t.Fatal("heard nothing")
	}
}

// A stream that goes on after the link broke would hide what it missed.
func TestLostConnectionEndsSubscriptions(t *testing.T) {
	t.Parallel()
	db, one, two := processes(t)
	before := subscribe(t, two, 1)
	super, err := pgx.Connect(t.Context(), db.SuperURL)
	if err != nil {
		t.Fatal(err)
	}
	defer super.Close(context.WithoutCancel(t.Context()))
	tag, err := super.Exec(t.Context(),
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	if err != nil || tag.RowsAffected() != 2 {
		t.Fatalf("end the listeners: %v, %v", tag, err)
	}
	if e, ok := next(t, before); ok {
		t.Fatalf("got %+v instead of the end", e)
	}
	if !errors.Is(before.Err(), stream.ErrLost) {
		t.Errorf("ended with %v", before.Err())
	}
	var after *stream.Subscription
	testkit.Eventually(t, deadline, "the bus to listen again", func() bool {
		if after == nil {
			after, _ = two.Subscribe(1)
		}
		return after != nil
	})
	ready(t, one)
	one.Publish(stream.Event{Tenant: 1, Kind: stream.Update, StatusID: 3})
	if e, _ := next(t, after); e.StatusID != 3 {
		t.Errorf("after the repair came %+v", e)
	}
}

// Nobody may believe to hear everything before the bus does.
func TestNoSubscriptionBeforeListening(t *testing.T) {
	t.Parallel()
	bus := stream.New(testkit.DB(t).PG, slog.New(slog.DiscardHandler))
	if _, err := bus.Subscribe(1); !errors.Is(err, stream.ErrLost) {
		t.Errorf("Subscribe: %v", err)
	}
	for range 10000 { // more than it holds: Publish must not block
		bus.Publish(stream.Event{Tenant: 1, Kind: stream.Update, StatusID: 1})
	}
	if bus.Dropped() == 0 {
		t.Error("nothing was counted as dropped")
	}
}
