package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"rookery/api/streaming"
)

func serveCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the public and work the queues",
		Long: `Serve the public and work the queues, as ROOKERY_ROLES says. Any number of
processes may run against one database. Bring the schema up to date first:
rookery migrate up.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := g.load(nil)
			if err != nil {
				return err
			}
			if cfg.String("database_url") == "" {
				return wrongUse("ROOKERY_DATABASE_URL is not set; `rookery config` lists the settings, `rookery dev` needs none")
			}
			d, err := g.findDatabase(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			s, err := newSystem(cmd.Context(), cfg, d)
			if err != nil {
				return err
			}
			defer s.close()
			return s.run(cmd.Context(), nil)
		},
	}
}

// run serves until ctx ends, then lets requests and jobs in flight finish. ready is
// called once the public can be served.
func (s *system) run(ctx context.Context, ready func(context.Context, *parts) error) error {
	log.SetFlags(0)
	log.SetOutput(&fewLines{log: s.log}) // libraries that write there
	if err := s.registry.Load(ctx); err != nil {
		// Postgres may be away at boot: the registry keeps trying, /readyz says so
		s.log.Warn("the list of tenants cannot be read yet", "error", err)
	}
	p, err := s.newParts()
	if err != nil {
		return err
	}
	if err := p.servers.Load(ctx); err != nil {
		s.log.Warn("the rules about other servers cannot be read yet", "error", err)
	}
	if err := p.barred.Load(ctx); err != nil {
		s.log.Warn("who is barred cannot be read yet", "error", err)
	}
	handler, err := s.newWeb(p)
	if err != nil {
		return err
	}
	s.local = handler
	if err := s.readyBilling(ctx); err != nil {
		return err
	}
	entrances, err := s.openEntrances(ctx, p, handler)
	if err != nil {
		return err
	}
	defer entrances.close()
	admin, err := s.listenAdmin(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(ctx)
	defer context.AfterFunc(running, p.console.Close)() // open pages would keep the server from ending
	group.Go(func() error { return s.registry.Run(running) })
	group.Go(func() error { return p.bus.Run(running) })
	group.Go(func() error { return p.servers.Run(running) })
	group.Go(func() error { return p.barred.Run(running) })
	for _, e := range entrances.list {
		group.Go(func() error { return s.serveHTTP(running, e, p.streams) })
	}
	if entrances.follow != nil {
		group.Go(func() error { return entrances.follow(running) })
	}
	if admin != nil {
		group.Go(func() error { return s.serveHTTP(running, entrance{Listener: admin, handler: s.adminHandler(p)}, nil) })
	}
	if s.money != nil {
		group.Go(func() error {
			s.tally.Run(running, s.db, s.money.now, s.log)
			return nil
		})
	}
	if slices.Contains(s.cfg.List("roles"), "worker") {
		group.Go(func() error { return s.runWorkers(running, p) })
	}
	if ready != nil {
		if err := ready(running, p); err != nil && running.Err() == nil {
			stop() // what has started ends first: it needs the database that the caller closes
			return errors.Join(err, group.Wait())
		}
	}
	s.log.Info("serving", "listen", entrances.list[0].Addr().String(), "roles", s.cfg.String("roles"), "tls", s.cfg.String("tls"))
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return err
}

// forPublic is what a process shows on its public address: everything, or, where it only
// works the queues, whether it is healthy.
func (s *system) forPublic(handler http.Handler) http.Handler {
	if slices.Contains(s.cfg.List("roles"), "web") {
		return handler
	}
	return s.answerHealth(http.NotFoundHandler())
}

// grace is how long requests and jobs in flight get at shutdown.
func (s *system) grace() time.Duration {
	return time.Duration(s.cfg.Int("shutdown_grace")) * time.Second
}

// newServer has no WriteTimeout: it would cut what somebody downloads over a slow line, such
// as an archive.
func newServer(e entrance, errorLog *log.Logger) *http.Server {
	return &http.Server{
		Handler:           cutIdleReaders(readerTime, e.handler),
		TLSConfig:         e.tls,
		ErrorLog:          errorLog,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // forms over slow lines; large bodies have longer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// serveHTTP serves until ctx ends: then the listener closes first, open streams are told
// to come back, and requests in flight get their time.
func (s *system) serveHTTP(ctx context.Context, e entrance, streams *streaming.Server) error {
	server := newServer(e, log.New(&fewLines{log: s.log}, "", 0))
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace())
		defer cancel()
		if streams != nil {
			_ = streams.Shutdown(stop) // they would keep the server from ending
		}
		done <- server.Shutdown(stop)
	}()
	serve := server.Serve
	if e.tls != nil {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := serve(e.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-done; err != nil {
		s.log.Warn("requests were cut off at shutdown", "error", err)
	}
	return nil
}
