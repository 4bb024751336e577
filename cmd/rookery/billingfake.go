package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"rookery/billing/ledger"
	"rookery/billing/store"
	"rookery/billing/stripefake"
	"rookery/billing/stripegw"
	"rookery/billing/webhook"
	"rookery/internal/ids"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
)

// fakeStripe is the stand-in for the payment provider: its API, its pages and its memory,
// all in this process. It works with one process alone.
type fakeStripe struct {
	server *stripefake.Server
	key    string // also opens its controls, below /_fake
}

const (
	// fakePath is where it is on the platform's host.
	fakePath     = "/stripe-fake"
	fakeTries    = 10
	fakeTax      = 1900 // basis points
	fakeKeyBytes = 16
	// fakeSweepEvery is how late its clock may be.
	fakeSweepEvery = 2 * time.Second
)

func (s *system) newFakeStripe() *fakeStripe {
	f := &fakeStripe{key: cmp.Or(s.cfg.String("stripe_key"), "sk_test_"+ids.Secret(fakeKeyBytes))}
	f.server = stripefake.New(stripefake.Options{
		Secret: f.key, Run: strconv.FormatInt(time.Now().Unix(), 36), Tick: time.Second, TaxBasisPoints: fakeTax,
		BaseURL: func() string { return s.console() + fakePath },
		Client:  safehttp.InMemory(func() http.Handler { return s.local }, stripeTimeout),
		Retry:   func(n int) time.Duration { return time.Duration(n) * time.Second }, Tries: fakeTries,
	})
	return f
}

// options lead the library to it, in memory.
func (f *fakeStripe) options(log *slog.Logger) stripegw.Options {
	return stripegw.Options{Key: f.key, URL: "http://localhost", Client: safehttp.InMemory(func() http.Handler { return f.server }, stripeTimeout), Log: log}
}

// pages are what browsers see of it.
func (f *fakeStripe) pages() http.Handler { return http.StripPrefix(fakePath, f.server) }

// startFake sets the stand-in up. What companies bought from the last one went with its
// memory.
func (s *system) startFake(ctx context.Context) error {
	s.log.Warn("billing is a stand-in: no money moves, and what is bought is forgotten when this process ends", "controls", s.console()+fakePath+"/_fake/")
	if err := s.db.Platform(ctx, "forget the last stand-in for the payment provider", func(tx *pg.PlatformTx) error { return store.ForgetTrials(ctx, tx) }); err != nil {
		return err
	}
	return s.setUpProvider(ctx, s.console()+webhook.Path)
}

// setUpProvider makes prices and the endpoint for events at the provider, and keeps what
// they are called. Secrets of earlier endpoints are good for another day.
func (s *system) setUpProvider(ctx context.Context, door string) error {
	prices, err := s.money.gateway.EnsurePrices(ctx, s.money.plans)
	if err != nil {
		return fmt.Errorf("make the prices: %w", err)
	}
	if err := s.money.ledger.On(s.db).KeepPrices(ctx, prices); err != nil {
		return err
	}
	id, secret, version, err := s.money.gateway.NewEndpoint(ctx, door, ledger.Doorbells())
	if err != nil {
		return fmt.Errorf("make the endpoint for events: %w", err)
	}
	return s.db.Platform(ctx, "keep the secret of the payment provider's events", func(tx *pg.PlatformTx) error {
		e := &store.Endpoint{EndpointID: id, Secret: s.key.Seal([]byte(secret), endpointPurpose), APIVersion: version, Livemode: s.money.gateway.Livemode()}
		return store.AddEndpoint(ctx, tx, e, time.Now().Add(24*time.Hour))
	})
}
