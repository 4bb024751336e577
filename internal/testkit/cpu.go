package testkit

import (
	"runtime"
	"syscall"
	"time"
)

// Work says how much of a processor fn took, however busy the machine is and whatever else
// the process does: for what must stay cheap. What fn leaves to other goroutines is not in it.
func Work(fn func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	fn()
	return threadTime() - before
}

func threadTime() time.Duration {
	var used syscall.Rusage
	// It fails for a wrong argument alone (getrusage(2)).
	_ = syscall.Getrusage(syscall.RUSAGE_THREAD, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
