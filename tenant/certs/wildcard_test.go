package certs_test

import (
	"encoding/base64"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
	"rookery/tenant/certs"
	"rookery/tenant/registry"
)

// primary is the DNS server of a zone that takes signed updates (RFC 2136), as BIND does.
type primary struct {
	address string
	zone    string

	mu      sync.Mutex
	texts   map[string][]string
	refused int
}

const (
	updateKey    = "rookery."
	updateSecret = "bm90IG11Y2ggb2YgYSBzZWNyZXQsIHJlYWxseQ=="
)

func newPrimary(t *testing.T, zone string) *primary {
	t.Helper()
	p := &primary{zone: dns.Fqdn(zone), texts: map[string][]string{}}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = tcp.Addr().String()
	udp, err := net.ListenPacket("udp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{Listener: tcp}, {PacketConn: udp}} {
		server.Handler, server.TsigSecret = dns.HandlerFunc(p.serve), map[string]string{updateKey: updateSecret}
		server.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept } // updates too
		go func() { _ = server.ActivateAndServe() }()
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return p
}

func (p *primary) serve(w dns.ResponseWriter, q *dns.Msg) {
	answer := new(dns.Msg).SetReply(q)
	answer.Authoritative = true
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.Opcode == dns.OpcodeUpdate {
		p.update(w, q, answer)
	} else {
		p.find(q, answer)
	}
	_ = w.WriteMsg(answer)
}

func (p *primary) update(w dns.ResponseWriter, q, answer *dns.Msg) {
	signed := q.IsTsig()
	if signed == nil || w.TsigStatus() != nil || q.Question[0].Name != p.zone {
		p.refused++
		answer.Rcode = dns.RcodeRefused
		return
	}
	for _, rr := range q.Ns {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			continue
		}
		name, text := strings.ToLower(txt.Hdr.Name), strings.Join(txt.Txt, "")
		if txt.Hdr.Class == dns.ClassNONE {
			p.texts[name] = slices.DeleteFunc(p.texts[name], func(s string) bool { return s == text })
		} else {
			p.texts[name] = append(p.texts[name], text)
		}
	}
	answer.SetTsig(signed.Hdr.Name, signed.Algorithm, 300, time.Now().Unix())
}

func (p *primary) find(q, answer *dns.Msg) {
	name := strings.ToLower(q.Question[0].Name)
	header := func(kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: q.Question[0].Name, Rrtype: kind, Class: dns.ClassINET, Ttl: 1}
	}
	soa := &dns.SOA{Hdr: header(dns.TypeSOA), Ns: "ns." + p.zone, Mbox: "hostmaster." + p.zone, Serial: 1, Refresh: 1, Retry: 1, Expire: 1, Minttl: 1}
	soa.Hdr.Name = p.zone
	switch kind := q.Question[0].Qtype; {
	case kind == dns.TypeSOA && name == p.zone:
		answer.Answer = append(answer.Answer, soa)
	case kind == dns.TypeNS && name == p.zone:
		answer.Answer = append(answer.Answer, &dns.NS{Hdr: header(dns.TypeNS), Ns: "ns." + p.zone})
	case kind == dns.TypeA && name == "ns."+p.zone:
		answer.Answer = append(answer.Answer, &dns.A{Hdr: header(dns.TypeA), A: net.IPv4(127, 0, 0, 1)})
	case kind == dns.TypeTXT:
		for _, text := range p.texts[name] {
			answer.Answer = append(answer.Answer, &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{text}})
		}
	}
	if len(answer.Answer) == 0 {
		answer.Ns = append(answer.Ns, soa)
	}
}

// Trials are served under one wildcard, which is proven by updates of the platform's own zone.
func TestWildcardOverTrials(t *testing.T) {
	t.Parallel()
	if _, err := base64.StdEncoding.DecodeString(updateSecret); err != nil {
		t.Fatal(err)
	}
	const suffix, wildcard = "rookery.test", "*.rookery.test"
	zone := newPrimary(t, suffix)
	w := newWorldOn(t, &pebble.DNS{Address: zone.address}, pebble.Options{}, func(o *certs.WorkerOptions) {
		o.Wildcard = wildcard
		o.DNS = &certs.DNSUpdates{Server: zone.address, KeyName: "rookery", Secret: updateSecret, Resolvers: []string{zone.address}}
	})
	w.newEdge(suffix)
	if _, err := w.registry.Create(t.Context(), registry.NewTenant{Name: "Acme", Host: "acme." + suffix, Trial: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.worker.Order(t.Context(), wildcard); err != nil {
		t.Fatal(err)
	}
	if s := w.stateOf(wildcard); s.ErrorCode != "" || s.NotAfter.IsZero() || !s.Own {
		t.Fatalf("the wildcard: %+v", s)
	}
	testkit.Eventually(t, 30*time.Second, "the trial is served under the wildcard", func() bool {
		leaf, err := w.handshake("acme." + suffix)
		return err == nil && slices.Equal(leaf.DNSNames, []string{wildcard})
	})
	for _, stranger := range []string{"other." + suffix, "x.acme." + suffix, suffix} {
		if _, err := w.handshake(stranger); err == nil {
			t.Errorf("%s is served", stranger)
		}
	}
	zone.mu.Lock()
	defer zone.mu.Unlock()
	for name, left := range zone.texts {
		if len(left) > 0 {
			t.Errorf("%d records are left at %s", len(left), name)
		}
	}
}

// A primary that refuses us says so, in the state of the name.
func TestWildcardWithAWrongKey(t *testing.T) {
	t.Parallel()
	zone := newPrimary(t, "rookery.test")
	w := newWorldOn(t, &pebble.DNS{Address: zone.address}, pebble.Options{}, func(o *certs.WorkerOptions) {
		o.Wildcard = "*.rookery.test"
		o.DNS = &certs.DNSUpdates{Server: zone.address, KeyName: "rookery", Secret: "d3Jvbmc=", Resolvers: []string{zone.address}}
	})
	if err := w.worker.Order(t.Context(), "*.rookery.test"); err != nil {
		t.Fatal(err)
	}
	if s := w.stateOf("*.rookery.test"); s.ErrorCode == "" || s.ErrorDetail["text"] == "" || !s.NotAfter.IsZero() || zone.refused == 0 {
		t.Errorf("with a wrong key: %+v, %d refused", s, zone.refused)
	}
}
