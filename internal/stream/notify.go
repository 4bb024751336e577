package stream

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	channel     = "rookery_stream"
	sendTimeout = 5 * time.Second
	// A silent connection is asked whether it is alive: a firewall may have dropped
	// it without a word.
	silence    = 30 * time.Second
	firstPause = 100 * time.Millisecond
	longPause  = 10 * time.Second
	batchSize  = 512
)

// One statement for a batch: a committing transaction that has notified holds a lock
// of the whole server, so that a NOTIFY in every transaction would make them wait in line.
const sendPayloads = `SELECT pg_notify($1, p) IS NULL FROM unnest($2::text[]) AS p`

// send carries what Publish queued to the other processes. While one batch travels
// the next one gathers.
func (b *Bus) send(ctx context.Context) {
	for {
		select {
		case e := <-b.outgoing:
			b.sendBatch(ctx, b.gather(e))
		case <-ctx.Done():
			for len(b.outgoing) > 0 {
				if !b.sendBatch(context.WithoutCancel(ctx), b.gather(<-b.outgoing)) {
					return
				}
			}
			return
		}
	}
}

func (b *Bus) gather(first Event) []Event {
	batch := []Event{first}
	for len(batch) < batchSize {
		select {
		case e := <-b.outgoing:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

func (b *Bus) sendBatch(ctx context.Context, batch []Event) bool {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if _, err := b.db.Pool().Exec(ctx, sendPayloads, channel, pack(b.process, batch)); err != nil {
		b.dropped.Add(int64(len(batch)))
		b.log.Warn("stream events were not sent to other processes", "events", len(batch), "error", err)
		return false
	}
	return true
}

// listen hears the other processes and connects again whenever that breaks.
func (b *Bus) listen(ctx context.Context) {
	pause := firstPause
	for {
		began := time.Now()
		err := b.hear(ctx)
		b.lost()
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > longPause {
			pause = firstPause
		}
		b.log.Warn("stream connection broke", "retry", pause, "error", err)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, longPause)
	}
}

// hear is one life of the listening connection. It is not one of the pool's: it would
// be lent out for good.
func (b *Bus) hear(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, b.db.Pool().Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	for _, name := range append(slices.Collect(maps.Keys(b.handlers)), channel) {
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	b.heard()
	for {
		if err := b.take(ctx, conn); err != nil {
			return err
		}
	}
}

// take handles one notification, or makes sure that silence is not the end.
func (b *Bus) take(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	n, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil && n.Channel == channel:
		events, err := unpack(b.process, n.Payload)
		if err != nil {
			b.log.Warn("unreadable stream event", "error", err)
		}
		b.dispatch(events)
		return nil
	case err == nil:
		b.handlers[n.Channel](n.Payload)
		return nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		pinging, cancel := context.WithTimeout(ctx, sendTimeout)
		defer cancel()
		return conn.Ping(pinging)
	}
	return err
}
