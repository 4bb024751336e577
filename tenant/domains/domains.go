// Package domains leads a name from a company's first wish to a working address, watches
// over it while it works, and lets it go.
//
// The console, the operator's commands and the jobs call it. Its heart is Advance, a state
// machine that knows neither clock nor database; around it are the claims (claim.go), the
// checks that feed it (check.go) and what happens when a name goes live or is given up.
// What the world looks like is package look's to find and package doctor's to explain. It
// must not order certificates (package certs does) nor render pages.
package domains

import (
	"log/slog"
	"time"

	"rookery/internal/pg"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// Options say what a Service works with.
type Options struct {
	DB      *pg.DB
	Tenants *registry.Registry
	Looker  *look.Looker
	// Needs is what this platform asks of a name.
	Needs Needs
	// Suffix is where the platform's own names are: "acme" is served on acme.<Suffix>.
	Suffix string
	// Protected are names that nobody may look like without staff's consent.
	Protected []string
	// Scheme of the addresses that names get when they go live; empty: https.
	Scheme string
	// Console is the address below which the console is, for links in mails.
	Console string
	Log     *slog.Logger     // nil: silent
	Now     func() time.Time // nil: time.Now
}

// Service does what people, commands and jobs ask about names. It is safe for concurrent use.
type Service struct {
	Options
}

// New makes a Service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Scheme == "" {
		o.Scheme = "https"
	}
	return &Service{o}
}

// now is to the microsecond, which is what the database keeps.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
