package throwaway

import (
	"os"
	"path/filepath"
	"syscall"
	"time"

	"rookery/internal/devpg"
)

// memory is where files are kept in memory. Each test has a copy of the template database, which
// is some eight hundred files: copying them takes 30 ms there and ten times as long on a disk
// (docs/performance.md).
const memory = "/dev/shm"

// What a run of all tests needs is a quarter of it.
const (
	needFree      = 4 << 30 // bytes that the folder must have left
	needAvailable = 6 << 30 // bytes that the machine must have left, of memory
)

// place is the folder below which the data goes: in memory where there is plenty of it, unless
// TMPDIR names another.
func place() string {
	if os.Getenv("TMPDIR") == "" && hasRoom(memory) {
		return memory
	}
	return os.TempDir()
}

func hasRoom(dir string) bool {
	const tmpfs, write = 0x01021994, 2 // TMPFS_MAGIC and W_OK of Linux
	var of syscall.Statfs_t
	if syscall.Statfs(dir, &of) != nil || of.Type != tmpfs || of.Bavail*uint64(of.Bsize) < needFree {
		return false
	}
	return syscall.Access(dir, write) == nil && available() >= needAvailable
}

// sweep removes folders whose janitor was killed too (a machine going down).
func sweep() {
	for _, base := range []string{memory, os.TempDir()} {
		old, _ := filepath.Glob(filepath.Join(base, prefix+"*"))
		for _, dir := range old {
			info, err := os.Stat(dir)
			if err != nil || time.Since(info.ModTime()) < time.Hour {
				continue
			}
			if _, running := devpg.Running(filepath.Join(dir, "data")); !running {
				// Best effort: it may belong to another user.
				_ = os.RemoveAll(dir)
			}
		}
	}
}
