package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"rookery/federation/deliver"
	"rookery/federation/outbox"
	"rookery/internal/jobs"
	"rookery/internal/pg"
	"rookery/internal/social/insight"
	"rookery/internal/social/moderate"
	"rookery/internal/social/plan"
	"rookery/internal/social/relate"
	"rookery/internal/upkeep"
	"rookery/tenant/certs"
	"rookery/tenant/deletion"
	"rookery/tenant/domains"
	"rookery/tenant/export"
)

const upkeepEvery = 10 * time.Minute

// runWorkers works the queues that this process was given.
func (s *system) runWorkers(ctx context.Context, p *parts) error {
	workers := s.workers(p)
	queues, err := s.queues(workers)
	if err != nil {
		return err
	}
	periodic := []*river.PeriodicJob{every(upkeepEvery, jobs.Upkeep{}), every(domains.SweepEvery, jobs.DomainSweep{}), every(deletion.SweepEvery, jobs.TenantSweep{}), every(plan.SweepEvery, jobs.PlanSweep{}), every(insight.CountEvery, jobs.CountDays{})}
	periodic = append(periodic, s.billingWork(p, workers)...)
	certificates, err := s.newCertificates(s.jobs)
	if err != nil {
		return err
	}
	if certificates != nil {
		certificates.Register(workers)
		periodic = append(periodic, every(certs.SweepEvery, jobs.CertificateSweep{}))
	}
	return s.jobs.Run(ctx, pg.Work{
		Workers:  workers,
		Queues:   queues,
		Periodic: periodic,
		Errors:   jobErrors{s.log},
		Log:      slog.New(quieter{s.log.Handler()}),
		Grace:    s.grace(),
	})
}

// every enqueues a job now and again, the first time at the start.
func every(interval time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(interval), func() (river.JobArgs, *river.InsertOpts) { return args, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// workers says who works which kind of job.
func (s *system) workers(p *parts) *river.Workers {
	w := river.NewWorkers()
	outbox.NewWorker(outbox.Options{
		DB: s.jobs, Tenants: s.registry, Resolver: p.fetcher, Posts: p.statuses, Media: s.urls, Log: s.log, Changed: p.actors.Changed,
	}).Register(w)
	deliver.NewWorker(deliver.Options{DB: s.jobs, Tenants: s.registry, HTTP: s.http, Keys: s.keyring, Health: p.health, Servers: p.servers, Sent: s.tally.Delivered, Log: s.log}).Register(w)
	p.inbox.Register(w)
	p.fetcher.Register(w)
	s.newDomains(s.jobs).Register(w)
	(&plan.Worker{DB: s.jobs, Tenants: s.registry, Plans: plan.New(p.statuses), Console: s.console(), Log: s.log}).Register(w)
	keeper := s.keeper(s.jobs)
	keeper.Streams = p.bus
	river.AddWorker(w, keeper)
	river.AddWorker(w, &deletion.Worker{Service: s.newDeletion(s.jobs)})
	river.AddWorker(w, &insight.Counter{DB: s.jobs})
	river.AddWorker(w, &export.Worker{Service: &export.Service{DB: s.jobs, Tenants: s.registry, Console: s.console(), Log: s.log}})
	river.AddWorker(w, &moderate.Walker{DB: s.jobs})
	river.AddWorker(w, &relate.DomainParter{DB: s.jobs})
	river.AddWorker(w, &upkeep.Remover{DB: s.jobs, Streams: p.bus, Log: s.log})
	return w
}
