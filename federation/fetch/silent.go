package fetch

import (
	"time"

	"github.com/maypok86/otter/v2"
)

// silentHosts remembers servers that did not answer, so that a flood of activities
// signed with keys on such a server costs one wait and not one each.
type silentHosts struct {
	until *otter.Cache[string, struct{}]
}

const (
	maxSilent  = 10_000
	silentTime = time.Minute
)

func newSilentHosts() *silentHosts {
	return &silentHosts{until: otter.Must(&otter.Options[string, struct{}]{
		MaximumSize: maxSilent, ExpiryCalculator: otter.ExpiryWriting[string, struct{}](silentTime),
	})}
}

func (s *silentHosts) has(host string) bool {
	_, ok := s.until.GetIfPresent(host)
	return ok
}

func (s *silentHosts) add(host string) { s.until.Set(host, struct{}{}) }
