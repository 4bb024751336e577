package safehttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxAddresses of one host that are tried.
const maxAddresses = 4

// guard dials only what the rule allows.
type guard struct {
	allow  []netip.Prefix
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// dial resolves the name itself, drops the addresses that are not allowed and
// tries the others in turn. The name is resolved once, so what is checked is
// what is dialled, whatever the name resolves to a moment later.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, ErrURL)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || !isAllowedPort(uint16(port)) {
		return nil, fmt.Errorf("dial %s: %w", address, ErrURL)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	addresses, err := g.addresses(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	var failures []error
	for i, addr := range addresses {
		conn, err := g.dialOne(ctx, network, netip.AddrPortFrom(addr, uint16(port)), len(addresses)-i)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// addresses of host that may be dialled: at least one, or an error.
func (g *guard) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	found, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var allowed []netip.Addr
	for _, addr := range found {
		if isAllowed(addr, g.allow) && len(allowed) < maxAddresses {
			allowed = append(allowed, addr.Unmap())
		}
	}
	if len(allowed) == 0 && len(found) > 0 {
		return nil, ErrBlocked
	}
	if len(allowed) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return allowed, nil
}

func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		// RFC 6761 section 6.3; the C library does not know it. Loopback must still be allowed.
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	return g.lookup(ctx, name)
}

// dialOne gives one address its part of the time that is left. Control checks
// once more, at the last moment there is, whatever the code above becomes.
func (g *guard) dialOne(ctx context.Context, network string, target netip.AddrPort, left int) (net.Conn, error) {
	dialer := net.Dialer{Control: g.control}
	if deadline, ok := ctx.Deadline(); ok {
		dialer.Timeout = max(time.Until(deadline)/time.Duration(left), time.Millisecond)
	}
	return dialer.DialContext(ctx, network, target.String())
}

func (g *guard) control(network, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") || !isAllowed(target.Addr(), g.allow) || !isAllowedPort(target.Port()) {
		return fmt.Errorf("dial %s %s: %w", network, address, ErrBlocked)
	}
	return nil
}
