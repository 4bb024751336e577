package testkit_test

import (
	"net"
	"testing"

	"rookery/internal/testkit"
)

// Whoever asks gets a port of his own, and the kernel gives it to nobody else.
func TestFreeAddressIsNobodyElses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 300 {
		address := testkit.FreeAddress(t)
		if seen[address] {
			t.Fatalf("%s was given twice", address)
		}
		seen[address] = true
	}
	for range 300 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if t.Cleanup(func() { _ = l.Close() }); seen[l.Addr().String()] {
			t.Errorf("the kernel gave %s away", l.Addr())
		}
	}
}
