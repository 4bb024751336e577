package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// listenAdmin opens the private listener. In development a taken port is no reason not to
// start: the public listener is what counts there.
func (s *system) listenAdmin(ctx context.Context) (net.Listener, error) {
	address := s.cfg.String("admin_listen")
	if address == "" || address == "off" {
		return nil, nil //nolint:nilnil // no listener, and that is fine
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		if s.cfg.String("public_scheme") == "http" {
			s.log.Warn("no metrics: the admin address is taken", "address", address)
			return nil, nil //nolint:nilnil // see above
		}
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	return l, nil
}

// adminHandler serves metrics and profiles. It is never mounted on the public listener.
func (s *system) adminHandler(p *parts) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics(p), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func (s *system) metrics(p *parts) *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "rookery", Name: name, Help: help}, value)
	}
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("tenants", "Tenants in the registry.", func() float64 { return float64(len(s.registry.All())) }),
		gauge("database_connections_in_use", "Connections of the app pool at work.", func() float64 { return float64(s.db.Stats().AcquiredConns()) }),
		gauge("database_connections", "Connections of the app pool.", func() float64 { return float64(s.db.Stats().TotalConns()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "rookery", Name: "database_waits_total", Help: "Times that somebody waited for a connection."},
			func() float64 { return float64(s.db.Stats().EmptyAcquireCount()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "rookery", Name: "inbox_dropped_total", Help: "Activities for tenants whose pages are closed for want of payment, which take in relations alone."},
			func() float64 { return float64(p.inbox.Dropped()) }),
		s.requests, s.upkeep,
	)
	r.MustRegister(renderMetrics(p.render.CacheStats)...)
	r.MustRegister(s.certificateMetrics()...)
	if s.money != nil {
		r.MustRegister(s.money.ledger.Collectors()...)
	}
	return r
}
