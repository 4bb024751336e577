package main

import (
	"github.com/riverqueue/river"

	"rookery/federation/deliver"
	"rookery/federation/outbox"
	"rookery/internal/upkeep"
)

// registerWorkers says who works which kind of job.
func (s *system) registerWorkers(workers *river.Workers, p *parts) {
	outbox.NewWorker(outbox.Options{
		DB: s.db, Tenants: s.registry, Resolver: p.fetcher, Media: s.urls, Log: s.log, Changed: p.actors.Changed,
	}).Register(workers)
	deliver.NewWorker(deliver.Options{DB: s.db, HTTP: s.http, Keys: s.keyring, Health: p.health, Log: s.log}).Register(workers)
	p.inbox.Register(workers)
	p.fetcher.Register(workers)
	river.AddWorker(workers, &upkeep.Worker{DB: s.db, Tenants: s.registry, Access: s.judge, Log: s.log})
}
