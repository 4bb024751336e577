package look

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/miekg/dns"
)

func isTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	return errors.As(err, &unknown) || errors.As(err, &wrongName) || errors.As(err, &invalid) ||
		errors.As(err, &verify) || errors.As(err, &alert) || errors.As(err, &record)
}

func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.ECONNRESET)
}

// LookupBy resolves names through given resolvers, for the client that probes: what is
// looked at and what is dialled are then the same view of the world.
func LookupBy(resolvers []string) func(context.Context, string) ([]netip.Addr, error) {
	l := &Looker{Options{Resolvers: resolvers}}
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
			for _, text := range l.first(ctx, host, kind) {
				if addr, err := netip.ParseAddr(text); err == nil {
					out = append(out, addr)
				}
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("look %s up: %w", host, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true})
		}
		return out, nil
	}
}
