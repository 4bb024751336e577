package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"rookery/api/render"
)

// requestMetrics counts what the public asks. Labels are route patterns, never paths, so
// that their number is bounded.
type requestMetrics struct {
	seconds *prometheus.HistogramVec
}

func newRequestMetrics() *requestMetrics {
	return &requestMetrics{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "rookery", Name: "http_request_seconds", Help: "Time to answer a request.",
		Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})}
}

// Describe implements prometheus.Collector.
func (m *requestMetrics) Describe(ch chan<- *prometheus.Desc) { m.seconds.Describe(ch) }

// Collect implements prometheus.Collector.
func (m *requestMetrics) Collect(ch chan<- prometheus.Metric) { m.seconds.Collect(ch) }

func (m *requestMetrics) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err) // so that the status below is the one that goes out
		}
		status := c.Response().Status
		if status == http.StatusSwitchingProtocols {
			return nil // a stream's length is no answer time
		}
		method := c.Request().Method
		if !knownMethods[method] {
			method = "other"
		}
		m.seconds.WithLabelValues(method, c.Path(), strconv.Itoa(status)).Observe(time.Since(start).Seconds())
		return nil
	}
}

var knownMethods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true,
}

// renderMetrics are the numbers of the cache of renderings.
func renderMetrics(stats func() render.CacheStats) []prometheus.Collector {
	counter := func(result string, value func(render.CacheStats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "rookery", Name: "render_cache_total", Help: "Posts and profiles that were looked for in the cache of renderings.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(value(stats())) })
	}
	return []prometheus.Collector{
		counter("hit", func(s render.CacheStats) uint64 { return s.Hits }),
		counter("miss", func(s render.CacheStats) uint64 { return s.Misses }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "rookery", Name: "render_cache_bytes", Help: "About how much memory the cache of renderings holds."},
			func() float64 { return float64(stats().Bytes) }),
	}
}
