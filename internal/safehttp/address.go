package safehttp

import (
	"net/netip"
	"slices"
)

// What of the global ranges is set apart (IANA special-purpose registries).
// IPv4 has no range that is "global", so the rule is all but these; IPv6 has:
// only 2000::/3 is, and of that all but these. A range that IANA opens one day
// is refused until it is added, which is the right way round.
var (
	specialIPv4 = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	)
	globalIPv6  = netip.MustParsePrefix("2000::/3")
	specialIPv6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// isAllowed is the ALLOW rule: whether addr may be dialled.
func isAllowed(addr netip.Addr, extra []netip.Prefix) bool {
	addr = addr.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	if contains(extra, addr) {
		return true
	}
	if addr.Is4() {
		return !contains(specialIPv4, addr)
	}
	return globalIPv6.Contains(addr) && !contains(specialIPv6, addr)
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// servicePorts above 1023 belong to databases, queues and control planes, which
// can be made to do things by a request they half understand.
var servicePorts = []uint16{
	1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 4369, 5060, 5061, 5432, 5433, 5672, 5900, 5984, 5985,
	6379, 6380, 6432, 6443, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000, 7001, 8086, 8500,
	9042, 9092, 9160, 9200, 9300, 10250, 10255, 11211, 15672, 25672, 27017, 27018, 27019,
}

// isAllowedPort admits the ports of the web and the unprivileged ones nothing else owns.
func isAllowedPort(port uint16) bool {
	return port == 80 || port == 443 || (port >= 1024 && !slices.Contains(servicePorts, port))
}

// Allows reports whether the client may dial an address: for callers that speak something
// else than HTTP to strangers, such as DNS.
func (c *Client) Allows(addr netip.Addr) bool { return isAllowed(addr, c.options.AllowPrefixes) }
