package certs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"
)

// DNSUpdates writes records by dynamic updates (RFC 2136), signed with a shared key (TSIG,
// RFC 8945). BIND, Knot, PowerDNS and most hidden primaries take them; it is what the
// wildcard of the platform's own names is proven with.
type DNSUpdates struct {
	Server    string // address and port of the zone's primary
	KeyName   string
	Algorithm string // hmac-sha256, hmac-sha384 or hmac-sha512
	Secret    string // base64
	// Resolvers see whether a record has spread; empty: the system's.
	Resolvers []string
}

const updateTimeout = 10 * time.Second

// AppendRecords implements libdns.RecordAppender.
func (u *DNSUpdates) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, u.update(ctx, zone, records, (*dns.Msg).Insert)
}

// DeleteRecords implements libdns.RecordDeleter.
func (u *DNSUpdates) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, u.update(ctx, zone, records, (*dns.Msg).Remove)
}

func (u *DNSUpdates) update(ctx context.Context, zone string, records []libdns.Record, change func(*dns.Msg, []dns.RR)) error {
	list := make([]dns.RR, 0, len(records))
	for _, record := range records {
		r := record.RR()
		name := dns.Fqdn(libdns.AbsoluteName(r.Name, zone))
		list = append(list, &dns.TXT{
			Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: uint32(r.TTL / time.Second)}, //nolint:gosec // a minute
			Txt: []string{r.Data},
		})
	}
	m := new(dns.Msg)
	m.SetUpdate(dns.Fqdn(zone))
	change(m, list)
	client := &dns.Client{Net: "tcp", Timeout: updateTimeout}
	if u.KeyName != "" {
		key := dns.Fqdn(u.KeyName)
		m.SetTsig(key, u.algorithm(), 300, time.Now().Unix())
		client.TsigSecret = map[string]string{key: u.Secret}
	}
	answer, _, err := client.ExchangeContext(ctx, m, u.Server)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("update the zone %s: %s does not answer: %w", zone, u.Server, err)
	case err != nil:
		return fmt.Errorf("update the zone %s at %s: %w", zone, u.Server, err)
	case answer.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("update the zone %s: %s answers %s", zone, u.Server, dns.RcodeToString[answer.Rcode])
	}
	return nil
}

func (u *DNSUpdates) algorithm() string {
	if u.Algorithm == "" {
		return dns.HmacSHA256
	}
	return dns.Fqdn(u.Algorithm)
}
