package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
)

// FreeAddress returns a port of 127.0.0.1 for a program that cannot say which one it was
// given. Nobody else has it until the test ends, also while the program is stopped: it lies
// below the ports that the kernel hands out, to listeners on port 0 and to connections, and
// a socket of its number keeps the tests of other processes away.
func FreeAddress(t testing.TB) string {
	t.Helper()
	const tries = 1000
	from, to := 11_000, firstEphemeral()
	for range tries {
		port := strconv.Itoa(from + rand.IntN(to-from)) //nolint:gosec // no secret
		// An abstract name (unix(7)): it goes with the process, and lives where its ports do.
		mark, err := net.Listen("unix", "@rookery-test-port-"+port) //nolint:noctx // at once
		if err != nil {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", port)
		if isFree(address) {
			t.Cleanup(func() { _ = mark.Close() })
			return address
		}
		_ = mark.Close()
	}
	t.Fatalf("no free port from %d to %d in %d tries", from, to-1, tries)
	return ""
}

// isFree looks at both kinds of ports: a name server has both.
func isFree(address string) bool {
	tcp, err := net.Listen("tcp", address) //nolint:noctx // at once
	if err != nil {
		return false
	}
	defer func() { _ = tcp.Close() }()
	udp, err := net.ListenPacket("udp", address) //nolint:noctx // at once
	if err != nil {
		return false
	}
	_ = udp.Close()
	return true
}

// firstEphemeral is the first port that the kernel hands out by itself.
func firstEphemeral() int {
	const usual, least = 32_768, 12_000
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	var first, last int
	if n, _ := fmt.Sscan(string(text), &first, &last); n != 2 || first < least {
		return usual
	}
	return first
}
