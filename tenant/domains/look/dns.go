package look

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Failure says why a server gave no answer.
type Failure string

// The failures. A name without such records is no failure: the answer is empty.
const (
	NoAnswer Failure = "no_answer" // timed out, refused, or broken
	ServFail Failure = "servfail"
	Bogus    Failure = "bogus" // its DNSSEC signatures do not hold
)

// Records is what one server said.
type Records struct {
	Server  string  `json:"server"`
	Zone    bool    `json:"zone"` // one of the zone's own servers
	Failure Failure `json:"failure,omitempty"`
	// Values are in the order of the answer: texts, addresses, or names without a final dot.
	// A bogus answer's are what nobody should believe.
	Values []string `json:"values,omitempty"`
	// Alias is where a CNAME leads, "" if there is none.
	Alias string `json:"alias,omitempty"`
	// Exists reports whether the name exists at all, with records of whatever type.
	Exists bool `json:"exists"`
}

// Answers are the records of one name and type, by server.
type Answers []Records

// Failed reports whether nobody could be asked.
func (a Answers) Failed() bool {
	return !slices.ContainsFunc(a, func(r Records) bool { return r.Failure == "" })
}

// Any reports whether some server has the value.
func (a Answers) Any(value string) bool {
	return slices.ContainsFunc(a, func(r Records) bool { return slices.Contains(r.Values, value) })
}

// All returns every value that some server gave, once.
func (a Answers) All() []string {
	var out []string
	for _, r := range a {
		for _, v := range r.Values {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// Zone is the part that the zone's own servers said, or all where none answered.
func (a Answers) Zone() Answers {
	out := slices.DeleteFunc(slices.Clone(a), func(r Records) bool { return !r.Zone || r.Failure != "" })
	if len(out) == 0 {
		return a
	}
	return out
}

// Now is what is true by now: what the zone's own servers said, or where they only point
// at another name, what that led to.
func (a Answers) Now() Answers {
	zone := a.Zone()
	if len(zone.All()) == 0 && zone.Alias() != "" {
		return a
	}
	return zone
}

// Alias is where some server said that the name leads.
func (a Answers) Alias() string {
	for _, r := range a {
		if r.Alias != "" && r.Failure == "" {
			return r.Alias
		}
	}
	return ""
}

const (
	askTimeout     = 3 * time.Second
	mostServers    = 3 // of a zone
	mostDepth      = 8 // labels above a name that are asked for its zone
	answerMaxBytes = 4096
)

// servers are whom to ask about a name.
type servers struct {
	resolvers []string
	zone      []string // addresses of the zone's own servers
	apex      string   // the zone's name, "" if nobody knows
}

// serversOf finds the zone's own servers: their answer is the truth of now, a resolver's
// may be some hours old.
func (l *Looker) serversOf(ctx context.Context, name string) servers {
	out := servers{resolvers: l.Resolvers}
	labels := dns.SplitDomainName(name)
	for i := 0; i < len(labels) && i < mostDepth; i++ {
		zone := strings.Join(labels[i:], ".")
		found, ok := l.first(ctx, zone, dns.TypeNS)
		if !ok {
			return out // the zone is broken, or nobody answers: the one above it says nothing of the name
		}
		if len(found.Values) == 0 || found.Alias != "" {
			continue // no zone begins here; an alias would show the zone of what it leads to
		}
		out.apex = zone
		for _, host := range found.Values {
			if len(out.zone) == mostServers {
				break
			}
			if at, ok := l.addressOf(ctx, host); ok {
				out.zone = append(out.zone, at)
			}
		}
		return out
	}
	return out
}

// first is the first resolver's answer that is one. What a resolver refuses for its
// signatures is taken too, to find out whom else to ask; believe it only if Failure is empty.
func (l *Looker) first(ctx context.Context, name string, kind uint16) (Records, bool) {
	for _, server := range l.Resolvers {
		if r := l.ask(ctx, server, name, kind, false); r.Failure == "" || r.Failure == Bogus {
			return r, true
		}
	}
	return Records{}, false
}

// addressOf is where a zone's server answers, if that is a public address: the zone is a
// stranger's, and could name our own network.
func (l *Looker) addressOf(ctx context.Context, host string) (string, bool) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		found, _ := l.first(ctx, host, kind)
		for _, text := range found.Values {
			if addr, err := netip.ParseAddr(text); err == nil && l.HTTP.Allows(addr) {
				return net.JoinHostPort(text, l.ZonePort), true
			}
		}
	}
	return "", false
}

// records asks everybody for one type, side by side.
func (l *Looker) records(ctx context.Context, s servers, name string, kind uint16) Answers {
	out := make(Answers, len(s.zone)+len(s.resolvers))
	done := make(chan struct{}, len(out))
	for i := range out {
		go func() {
			defer func() { done <- struct{}{} }()
			if i < len(s.zone) {
				out[i] = l.ask(ctx, s.zone[i], name, kind, true)
			} else {
				out[i] = l.ask(ctx, s.resolvers[i-len(s.zone)], name, kind, false)
			}
		}()
	}
	for range out {
		<-done
	}
	return out
}

// ask sends one question to one server, and the same without validation where it fails: a
// resolver that then knows an answer has refused it for its signatures (RFC 4035 section 3.2.2).
func (l *Looker) ask(ctx context.Context, server, name string, kind uint16, zone bool) Records {
	out := Records{Server: server, Zone: zone}
	answer, err := l.exchange(ctx, server, question(name, kind, zone, false))
	if err != nil {
		out.Failure = NoAnswer
		return out
	}
	if answer.Rcode == dns.RcodeServerFailure && !zone {
		again, err := l.exchange(ctx, server, question(name, kind, zone, true))
		out.Failure = ServFail
		if err == nil && again.Rcode == dns.RcodeSuccess {
			out.Failure = Bogus
			out.read(again, kind)
		}
		return out
	}
	switch answer.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		out.Exists = answer.Rcode == dns.RcodeSuccess
		if zone && !answer.Authoritative {
			out.Failure = NoAnswer // it was named as the zone's server and does not have the zone
			return out
		}
	case dns.RcodeServerFailure:
		out.Failure = ServFail
	default:
		out.Failure = NoAnswer
	}
	out.read(answer, kind)
	return out
}

func question(name string, kind uint16, zone, unchecked bool) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), kind)
	m.RecursionDesired, m.CheckingDisabled = !zone, unchecked
	m.SetEdns0(answerMaxBytes, false)
	return m
}

// exchange uses UDP, and TCP where the answer does not fit.
func (l *Looker) exchange(ctx context.Context, server string, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, l.AskTimeout)
	defer cancel()
	answer, _, err := (&dns.Client{Timeout: l.AskTimeout}).ExchangeContext(ctx, m, server)
	if err == nil && answer.Truncated {
		answer, _, err = (&dns.Client{Net: "tcp", Timeout: l.AskTimeout}).ExchangeContext(ctx, m, server)
	}
	if err != nil {
		return nil, err
	}
	if answer == nil {
		return nil, errors.New("no answer")
	}
	return answer, nil
}

func (r *Records) read(answer *dns.Msg, kind uint16) {
	for _, rr := range answer.Answer {
		if alias, ok := rr.(*dns.CNAME); ok {
			r.Alias = plain(alias.Target) // of a chain, where it ends
			if kind != dns.TypeCNAME {
				continue
			}
		}
		if rr.Header().Rrtype == kind {
			r.Values = append(r.Values, valueOf(rr))
		}
	}
}

func valueOf(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT:
		return strings.Join(rr.Txt, "")
	case *dns.A:
		return rr.A.String()
	case *dns.AAAA:
		return rr.AAAA.String()
	case *dns.CNAME:
		return plain(rr.Target)
	case *dns.NS:
		return plain(rr.Ns)
	case *dns.CAA:
		return rr.Tag + " " + rr.Value
	}
	return ""
}

func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
