package ledger

import (
	"github.com/prometheus/client_golang/prometheus"

	"rookery/internal/fault"
)

// metrics are what an operator watches.
type metrics struct {
	failures *prometheus.CounterVec
	tasks    *prometheus.CounterVec
	drift    *prometheus.CounterVec
	refused  prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rookery_billing_read_failures_total", Help: "Readings of customers that failed, by kind of error."}, []string{"code"}),
		tasks:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rookery_billing_tasks_total", Help: "Matters left to the platform's staff, by kind."}, []string{"kind"}),
		drift:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "billing_drift_total", Help: "What the nightly comparison with the payment provider had to put right, by field."}, []string{"field"}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "rookery_billing_refused_total", Help: "Requests that claimed to be the payment provider and were not believed."}),
	}
}

// Refused counts who was turned away at the webhook's door.
func (l *Ledger) Refused() prometheus.Counter { return l.metrics.refused }

// Collectors returns what /metrics shows.
func (l *Ledger) Collectors() []prometheus.Collector {
	return []prometheus.Collector{l.metrics.failures, l.metrics.tasks, l.metrics.drift, l.metrics.refused}
}

func (m *metrics) failed(code fault.Code) { m.failures.WithLabelValues(string(code)).Inc() }
func (m *metrics) task(kind string)       { m.tasks.WithLabelValues(kind).Inc() }
func (m *metrics) drifted(field string)   { m.drift.WithLabelValues(field).Inc() }
