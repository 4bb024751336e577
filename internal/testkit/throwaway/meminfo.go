package throwaway

import (
	"os"
	"strconv"
	"strings"
)

// available is how many bytes of memory can be had without swapping, by what the machine has
// left and by what a container may take; 0 where that cannot be told.
func available() uint64 {
	left := ofMachine()
	limit, isLimited := number("/sys/fs/cgroup/memory.max") // "max": none
	used, isKnown := number("/sys/fs/cgroup/memory.current")
	if isLimited && isKnown {
		left = min(left, limit-min(limit, used))
	}
	return left
}

func ofMachine() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "MemAvailable" {
			kilobytes, _ := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

func number(path string) (n uint64, ok bool) {
	text, err := os.ReadFile(path) //nolint:gosec // a path of the kernel's
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}
