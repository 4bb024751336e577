package moderate

import (
	"rookery/internal/servername"
	"rookery/internal/store"
)

// Severity is how much of a server a tenant does without; the words are Mastodon's.
type Severity string

// The severities.
const (
	Noop    Severity = "noop"    // nothing but media, where the rule says so
	Silence Severity = "silence" // seen by followers alone
	Suspend Severity = "suspend" // nothing comes in, nothing goes out
)

// rank sorts severities by how much they take.
func (s Severity) rank() int {
	switch s {
	case Suspend:
		return 2
	case Silence:
		return 1
	}
	return 0
}

// Verdict is what holds for one server.
type Verdict struct {
	Severity    Severity // "": no rule
	RejectMedia bool
	// NotAllowed: the tenant has an allow-list and the server is not on it.
	NotAllowed bool
	// ByPlatform: the rule is the platform's, and the tenant cannot change it.
	ByPlatform bool
}

// IsRefused reports whether nothing may come from the server, nor go to it.
func (v Verdict) IsRefused() bool { return v.Severity == Suspend }

// mark is what accounts of the server get.
func (v Verdict) mark() (rule string, noMedia bool) {
	if v.Severity.rank() > 0 {
		rule = string(v.Severity)
	}
	return rule, v.RejectMedia
}

// rules are domains with what holds for each and for everything below it. They are never
// changed once they are made.
type rules struct {
	of        map[string]Verdict
	allowed   map[string]struct{}
	allowOnly bool
	version   int64
}

func compile(lines []*store.RuleLine, mode string, version int64) *rules {
	r := &rules{of: make(map[string]Verdict, len(lines)), allowOnly: mode == AllowList, version: version}
	for _, l := range lines {
		if l.Severity != "allow" {
			r.of[l.Domain] = Verdict{Severity: Severity(l.Severity), RejectMedia: l.RejectMedia, ByPlatform: l.TenantID == 0}
			continue
		}
		if r.allowed == nil {
			r.allowed = map[string]struct{}{}
		}
		r.allowed[l.Domain] = struct{}{}
	}
	return r
}

// verdict looks a host up, and then what stands above it: the most specific rule counts,
// as in Mastodon. It allocates nothing: it is asked for every activity and delivery.
func (r *rules) verdict(host string) Verdict {
	if r == nil || len(r.of) == 0 && !r.allowOnly {
		return Verdict{}
	}
	var found Verdict
	isFound, isAllowed := len(r.of) == 0, !r.allowOnly
	for name := range servername.Upwards(host) {
		if !isFound {
			found, isFound = r.of[name]
		}
		if !isAllowed {
			_, isAllowed = r.allowed[name]
		}
		if isFound && isAllowed {
			break
		}
	}
	if !isAllowed {
		return Verdict{Severity: Suspend, NotAllowed: true}
	}
	return found
}

// stronger joins what the platform and the tenant say about a server.
func stronger(platform, own Verdict) Verdict {
	out := own
	if platform.Severity.rank() > own.Severity.rank() || own.Severity == "" {
		out = platform
	}
	out.RejectMedia = platform.RejectMedia || own.RejectMedia
	return out
}

// List is an allow-list that is not in force yet.
type List struct{ rules *rules }

// NewList makes one.
func NewList(allowed []*store.ServerAllow) List {
	r := &rules{allowOnly: true, allowed: make(map[string]struct{}, len(allowed))}
	for _, a := range allowed {
		r.allowed[a.Domain] = struct{}{}
	}
	return List{r}
}

// Covers reports whether a domain is on the list, or one above it.
func (l List) Covers(domain string) bool { return !l.rules.verdict(servername.Of(domain)).NotAllowed }
