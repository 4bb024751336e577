package dnstest

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// longestChain ends aliases that lead in a circle.
const longestChain = 8

func (f *Face) answerUDP(w dns.ResponseWriter, q *dns.Msg) { f.answer(w, q, true) }
func (f *Face) answerTCP(w dns.ResponseWriter, q *dns.Msg) { f.answer(w, q, false) }

func (f *Face) answer(w dns.ResponseWriter, q *dns.Msg, isUDP bool) {
	if len(q.Question) != 1 {
		return
	}
	name, kind := canonical(q.Question[0].Name), q.Question[0].Qtype
	f.mu.Lock()
	f.asked[key{name, kind}]++
	f.mu.Unlock()
	reply := new(dns.Msg)
	reply.SetReply(q)
	reply.RecursionAvailable = !f.zones
	switch f.faultOf(name, kind) {
	case Drop:
		return
	case ServFail:
		reply.Rcode = dns.RcodeServerFailure
	case Refused:
		reply.Rcode = dns.RcodeRefused
	case Lame:
	case Bogus:
		if !f.zones && !q.CheckingDisabled {
			reply.Rcode = dns.RcodeServerFailure
			break
		}
		f.find(reply, name, kind)
	case Truncated:
		if isUDP {
			reply.Truncated = true
			break
		}
		f.find(reply, name, kind)
	case None:
		f.find(reply, name, kind)
	}
	_ = w.WriteMsg(reply)
}

// faultOf is the fault of the nearest name above that has one.
func (f *Face) faultOf(name string, kind uint16) Fault {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for at, ok := name, true; ok; at, ok = parent(at) {
		for _, of := range []uint16{kind, dns.TypeNone} {
			if how, found := f.faults[fault{at, of}]; found {
				return how
			}
		}
	}
	return None
}

// parent is the name above, and false above the root.
func parent(name string) (string, bool) {
	if name == "." {
		return "", false
	}
	_, rest, _ := strings.Cut(name, ".")
	if rest == "" {
		return ".", true
	}
	return rest, true
}

// find answers from what there is.
func (f *Face) find(reply *dns.Msg, name string, kind uint16) {
	f.server.mu.RLock()
	defer f.server.mu.RUnlock()
	if f.zones {
		f.server.authoritative(reply, name, kind)
		return
	}
	f.resolve(reply, name, kind)
}

// resolve follows aliases wherever they lead.
func (f *Face) resolve(reply *dns.Msg, name string, kind uint16) {
	for range longestChain {
		set, exists := f.recall(name, kind)
		reply.Answer = append(reply.Answer, set...)
		if len(set) > 0 {
			return
		}
		alias, _ := f.recall(name, dns.TypeCNAME)
		if len(alias) == 0 {
			if !exists {
				reply.Rcode = dns.RcodeNameError
			}
			return
		}
		reply.Answer = append(reply.Answer, alias...)
		name = canonical(alias[0].(*dns.CNAME).Target)
		if how := f.faultOf(name, kind); how != None && how != Truncated {
			reply.Answer, reply.Rcode = nil, dns.RcodeServerFailure
			return
		}
	}
	reply.Answer, reply.Rcode = nil, dns.RcodeServerFailure
}

// recall is what a resolver says of a name: from memory, or as the zone has it.
func (f *Face) recall(name string, kind uint16) (set []dns.RR, exists bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if set, ok := f.memories[key{name, kind}]; ok {
		return set, true
	}
	if _, ok := f.memories[key{name, dns.TypeCNAME}]; ok && kind != dns.TypeCNAME {
		return nil, true
	}
	return f.server.lookup(name, kind)
}

// authoritative answers for the zones that are here, and refuses others.
func (s *Server) authoritative(reply *dns.Msg, name string, kind uint16) {
	zone, ok := s.zoneOf(name)
	if !ok {
		reply.Rcode = dns.RcodeRefused
		return
	}
	if cut, ns := s.cutOf(name, zone); cut != "" {
		reply.Ns = append(reply.Ns, ns...) // a referral: no authority over what is below
		return
	}
	reply.Authoritative = true
	for range longestChain {
		set, exists := s.lookup(name, kind)
		reply.Answer = append(reply.Answer, set...)
		if len(set) > 0 {
			return
		}
		alias, _ := s.lookup(name, dns.TypeCNAME)
		if len(alias) == 0 {
			reply.Ns = append(reply.Ns, s.records[key{zone, dns.TypeSOA}]...)
			if !exists {
				reply.Rcode = dns.RcodeNameError
			}
			return
		}
		reply.Answer = append(reply.Answer, alias...)
		name = canonical(alias[0].(*dns.CNAME).Target)
		if next, ok := s.zoneOf(name); !ok || next != zone {
			return // whoever asked follows it
		}
	}
}

func (s *Server) zoneOf(name string) (string, bool) {
	for at, ok := name, true; ok; at, ok = parent(at) {
		if len(s.records[key{at, dns.TypeSOA}]) > 0 {
			return at, true
		}
	}
	return "", false
}

// cutOf finds a delegation below the zone to servers that are not here.
func (s *Server) cutOf(name, zone string) (string, []dns.RR) {
	for at, ok := name, true; ok && at != zone; at, ok = parent(at) {
		if ns := s.records[key{at, dns.TypeNS}]; len(ns) > 0 {
			return at, ns
		}
	}
	return "", nil
}

// lookup finds a set, also through a wildcard, and whether the name exists at all.
func (s *Server) lookup(name string, kind uint16) (set []dns.RR, exists bool) {
	if s.has(name) {
		return s.records[key{name, kind}], true
	}
	for at, ok := parent(name); ok; at, ok = parent(at) {
		star := "*." + at
		if at == "." {
			star = "*."
		}
		if s.has(star) {
			return renamed(s.records[key{star, kind}], name), true
		}
		if s.has(at) {
			break // the closest name that exists decides (RFC 4592 section 3.3.1)
		}
	}
	return nil, false
}

// has reports whether a name exists: with records, or above a name that has some.
func (s *Server) has(name string) bool {
	for k := range s.records {
		if k.name == name || strings.HasSuffix(k.name, "."+strings.TrimPrefix(name, ".")) {
			return true
		}
	}
	return false
}

func renamed(set []dns.RR, name string) []dns.RR {
	out := slices.Clone(set)
	for i := range out {
		out[i] = dns.Copy(out[i])
		out[i].Header().Name = name
	}
	return out
}
