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
	// Not ENETUNREACH: then it is we who have no way out.
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ECONNRESET)
}

// lookupTimeout is for one resolver: a few of them in a row take less time than a probe has,
// which else would seem to be the name's fault.
const lookupTimeout = probeDeadline / 4

// LookupBy resolves names through given resolvers, for the client that probes: what is
// looked at and what is dialled are then the same view of the world. That nobody could be
// asked is another error than that there is no such name.
func LookupBy(resolvers []string) func(context.Context, string) ([]netip.Addr, error) {
	l := New(Options{Resolvers: resolvers, AskTimeout: lookupTimeout})
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		answers := make(chan Records, 2)
		for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
			go func() {
				found, ok := l.first(ctx, host, kind)
				if !ok {
					found.Failure = NoAnswer
				}
				answers <- found
			}()
		}
		var out []netip.Addr
		answered := false
		for range cap(answers) {
			found := <-answers
			if found.Failure != "" {
				continue
			}
			answered = true
			for _, text := range found.Values {
				if addr, err := netip.ParseAddr(text); err == nil {
					out = append(out, addr)
				}
			}
		}
		switch {
		case len(out) > 0:
			return out, nil
		case answered:
			return nil, fmt.Errorf("look %s up: %w", host, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true})
		}
		return nil, fmt.Errorf("look %s up: %w", host, &net.DNSError{Err: "no resolver answers", Name: host, IsTemporary: true})
	}
}
