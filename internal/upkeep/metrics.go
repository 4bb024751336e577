package upkeep

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics say what upkeep does in this process; one round at a time runs on the whole
// platform, so that only sums over all processes tell something.
type Metrics struct {
	rows    *prometheus.CounterVec
	seconds prometheus.Histogram
	success prometheus.Gauge
}

// NewMetrics makes Metrics, for somebody to register.
func NewMetrics() *Metrics {
	return &Metrics{
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "rookery", Name: "upkeep_removed_rows_total", Help: "Rows that upkeep removed, by class of data.",
		}, []string{"kind"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "rookery", Name: "upkeep_round_seconds", Help: "Time of a round of upkeep.", Buckets: []float64{.1, .5, 1, 5, 15, 60, 180, 360, 480},
		}),
		success: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "rookery", Name: "upkeep_last_success_timestamp_seconds", Help: "When a round of upkeep last ended without an error.",
		}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.rows.Describe(ch)
	m.seconds.Describe(ch)
	m.success.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.rows.Collect(ch)
	m.seconds.Collect(ch)
	m.success.Collect(ch)
}

func (m *Metrics) removed(kind string, rows int64) {
	if m != nil && rows > 0 {
		m.rows.WithLabelValues(kind).Add(float64(rows))
	}
}

func (m *Metrics) done(took time.Duration, ok bool) {
	if m == nil {
		return
	}
	m.seconds.Observe(took.Seconds())
	if ok {
		m.success.SetToCurrentTime()
	}
}
