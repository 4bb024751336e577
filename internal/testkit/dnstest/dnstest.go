// Package dnstest is a small but real DNS: the servers of zones, and resolvers that ask
// them, on loopback, over UDP and TCP, with the faults that names of strangers have.
//
// Tests alone import it. It answers as RFC 1034 section 4.3.2 says (authority, referrals,
// aliases, wildcards, NXDOMAIN apart from NODATA); it keeps no time and signs nothing.
package dnstest

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// Server is one world's DNS: the servers of all its zones on one address, and resolvers.
type Server struct {
	t    testing.TB
	port string
	// Zones answers for the zones; its address is the glue of their name servers.
	Zones *Face
	// Resolvers ask it, and remember what a test tells them to.
	Resolvers []*Face

	mu      sync.RWMutex
	records map[key][]dns.RR
}

type key struct {
	name string // lower case, with the final dot
	kind uint16
}

// fault is where something goes wrong; kind 0 is every type.
type fault = key

// Face is one address that answers.
type Face struct {
	Addr netip.AddrPort

	server *Server
	zones  bool // it answers with authority, and does not resolve

	mu       sync.RWMutex
	faults   map[fault]Fault
	memories map[key][]dns.RR
	asked    map[key]int
}

// Fault is what goes wrong.
type Fault int

// The faults.
const (
	None     Fault = iota
	ServFail       // the zone is broken, or its servers are gone
	Bogus          // a validating resolver refuses, unless told not to validate (the CD bit)
	Drop           // no answer at all
	Refused
	Truncated // over UDP: the answer comes by TCP alone
	Lame      // answers without authority, as a server that does not have the zone
)

// instances keeps the addresses of one process's servers apart.
var instances atomic.Uint32

// NameServer is what the zones' own server is called.
const NameServer = "ns.dnstest.test."

// Start makes a DNS that ends with the test: one server for zones and two resolvers.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, records: make(map[key][]dns.RR)}
	n := byte(instances.Add(1)%80) * 3
	addresses := []netip.Addr{
		netip.AddrFrom4([4]byte{127, 77, 53, n + 1}), netip.AddrFrom4([4]byte{127, 77, 53, n + 2}), netip.AddrFrom4([4]byte{127, 77, 53, n + 3}),
	}
	faces := s.listen(addresses)
	s.Zones, s.Resolvers = faces[0], faces[1:]
	s.Zones.zones = true
	s.Zone("test")
	s.Set("ns.dnstest.test 300 A " + s.Zones.Addr.Addr().String())
	return s
}

// listen puts all addresses on one port, since a zone's servers are all asked on the same.
func (s *Server) listen(addresses []netip.Addr) []*Face {
	s.t.Helper()
	for range 20 {
		if faces := s.tryPort(addresses); faces != nil {
			return faces
		}
	}
	s.t.Fatal("no port is free on all addresses of the test's DNS")
	return nil
}

func (s *Server) tryPort(addresses []netip.Addr) []*Face {
	port := "0"
	var faces []*Face
	var ready []func()
	var sockets []interface{ Close() error }
	for _, addr := range addresses {
		udp, err := net.ListenPacket("udp", net.JoinHostPort(addr.String(), port)) //nolint:noctx // for the test's time
		if err == nil {
			sockets = append(sockets, udp)
			_, port, _ = net.SplitHostPort(udp.LocalAddr().String())
			var tcp net.Listener
			if tcp, err = net.Listen("tcp", net.JoinHostPort(addr.String(), port)); err == nil { //nolint:noctx // for the test's time
				sockets = append(sockets, tcp)
				face := &Face{
					Addr: netip.MustParseAddrPort(udp.LocalAddr().String()), server: s,
					faults: make(map[fault]Fault), memories: make(map[key][]dns.RR), asked: make(map[key]int),
				}
				faces = append(faces, face)
				ready = append(ready, func() { face.serve(s.t, udp, tcp) })
			}
		}
		if err != nil {
			for _, socket := range sockets {
				_ = socket.Close()
			}
			return nil
		}
	}
	for _, start := range ready {
		start()
	}
	s.port = port
	return faces
}

func (f *Face) serve(t testing.TB, udp net.PacketConn, tcp net.Listener) {
	for _, server := range []*dns.Server{
		{PacketConn: udp, Handler: dns.HandlerFunc(f.answerUDP)}, {Listener: tcp, Handler: dns.HandlerFunc(f.answerTCP)},
	} {
		started, ended := make(chan struct{}), make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() {
			defer close(ended)
			_ = server.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-ended
		})
	}
}

// Port is the one that all addresses listen on.
func (s *Server) Port() string { return s.port }

// ResolverAddresses are the resolvers as settings name them: "127.77.53.2:4153".
func (s *Server) ResolverAddresses() []string {
	out := make([]string, len(s.Resolvers))
	for i, r := range s.Resolvers {
		out[i] = r.Addr.String()
	}
	return out
}

// Zone makes names the apex of zones of their own, served by this server.
func (s *Server) Zone(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.Set(name+" 300 SOA "+NameServer+" hostmaster."+NameServer+" 1 3600 600 86400 60", name+" 300 NS "+NameServer)
	}
}

// Set replaces records, each line one: "acme.test 300 A 203.0.113.7". Lines of one name
// and type are one set, which replaces the set that was there.
func (s *Server) Set(lines ...string) {
	s.t.Helper()
	sets := parse(s.t, lines)
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, set := range sets {
		s.records[k] = set
	}
}

// Remove takes away the records of a name: of some types, or all.
func (s *Server) Remove(name string, types ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.records {
		if k.name == canonical(name) && (len(types) == 0 || slices.Contains(types, dns.TypeToString[k.kind])) {
			delete(s.records, k)
		}
	}
}

// Fail makes every server fail for a name and what is below it; None mends it.
func (s *Server) Fail(name string, how Fault) {
	for _, f := range append(slices.Clone(s.Resolvers), s.Zones) {
		f.Fail(name, how)
	}
}

// Fail makes one server fail for a name and what is below it; "" is everything.
func (f *Face) Fail(name string, how Fault) { f.setFault(fault{canonical(name), dns.TypeNone}, how) }

// FailType is Fail for questions of one type.
func (f *Face) FailType(name, kind string, how Fault) {
	f.setFault(fault{canonical(name), dns.StringToType[kind]}, how)
}

func (f *Face) setFault(at fault, how Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if how == None {
		delete(f.faults, at)
		return
	}
	f.faults[at] = how
}

// Remember makes a resolver answer from its memory, whatever the zone says by now.
func (f *Face) Remember(lines ...string) {
	f.server.t.Helper()
	sets := parse(f.server.t, lines)
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, set := range sets {
		f.memories[k] = set
	}
}

// RememberNone makes a resolver answer that there is no such record.
func (f *Face) RememberNone(name, kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.memories[key{canonical(name), dns.StringToType[kind]}] = nil
}

// Forget makes a resolver ask the zone again.
func (f *Face) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.memories)
}

// Asked is how often a server was asked a question.
func (f *Face) Asked(name, kind string) int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.asked[key{canonical(name), dns.StringToType[kind]}]
}

func parse(t testing.TB, lines []string) map[key][]dns.RR {
	t.Helper()
	out := make(map[key][]dns.RR)
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil || rr == nil {
			t.Fatal(fmt.Errorf("read the record %q: %w", line, err))
		}
		k := key{canonical(rr.Header().Name), rr.Header().Rrtype}
		out[k] = append(out[k], rr)
	}
	return out
}

func canonical(name string) string { return strings.ToLower(dns.Fqdn(name)) }
