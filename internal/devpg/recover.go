package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// recoverFolder makes a data folder startable after everything was killed: it
// ends Postgres processes that outlived their parent and removes the pid file,
// which would make Postgres refuse when the pid in it is a zombie (usual in
// containers without an init) or was given to another process.
//
// The caller holds the lock of the folder, so whatever still runs is an orphan.
func recoverFolder(ctx context.Context, lay layout) error {
	if isHeld(lay.childrenFile()) {
		if err := endOrphans(ctx, lay); err != nil {
			return err
		}
	}
	err := os.Remove(pidFileName(lay.pgdata()))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the old pid file: %w", err)
	}
	return nil
}

// endOrphans signals what is left until the last one has let go of the lock
// that they all inherited. Backends of a killed postmaster end by themselves,
// but not one that is busy with a long query.
func endOrphans(ctx context.Context, lay layout) error {
	pgdata := lay.pgdata()
	steps := []struct {
		patience time.Duration
		send     func()
	}{
		{5 * time.Second, func() {
			signalAll(postmaster(pgdata), syscall.SIGINT)  // fast shutdown
			signalAll(postmaster(pgdata), syscall.SIGCONT) // in case it was stopped
		}},
		{2 * time.Second, func() { signalAll(workersIn(pgdata), syscall.SIGQUIT) }}, // each quits at once
		{5 * time.Second, func() { signalAll(workersIn(pgdata), syscall.SIGKILL) }},
	}
	if len(postmaster(pgdata)) == 0 {
		steps[0].patience = 500 * time.Millisecond
	}
	for _, step := range steps {
		step.send()
		gone, err := awaitRelease(ctx, lay, step.patience)
		if err != nil {
			return err
		}
		if gone {
			return nil
		}
	}
	return fmt.Errorf("an earlier Postgres still runs on %s and could not be stopped: end it by hand", lay.root)
}

// awaitRelease waits until no Postgres process of the folder is left.
func awaitRelease(ctx context.Context, lay layout, patience time.Duration) (bool, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for isHeld(lay.childrenFile()) {
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for an earlier Postgres to end: %w", ctx.Err())
		case <-late.C:
			return false, nil
		case <-tick.C:
		}
	}
	return true, nil
}

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		// It may have ended meanwhile.
		_ = syscall.Kill(pid, sig)
	}
}

// postmaster is the process that the pid file names, if it is ours.
func postmaster(pgdata string) []int {
	file, err := readPidFile(pgdata)
	if err != nil || !isPostgres(file.pid) {
		return nil
	}
	// Where we may look (not in a container without CAP_SYS_PTRACE), make sure
	// that the pid was not given to another cluster's Postgres.
	if in, known := worksIn(file.pid, pgdata); known && !in {
		return nil
	}
	return []int{file.pid}
}

// workersIn lists all Postgres processes of the cluster: the postmaster and
// whatever works in the folder, for Postgres changes into it.
func workersIn(pgdata string) []int {
	found := postmaster(pgdata)
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || !isPostgres(pid) {
			continue
		}
		if in, _ := worksIn(pid, pgdata); in {
			found = append(found, pid)
		}
	}
	return found
}

// worksIn tells whether a process has the folder as its working directory, and
// whether we are allowed to know.
func worksIn(pid int, dir string) (in, known bool) {
	here, err := os.Stat(dir)
	if err != nil {
		return false, false
	}
	there, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false, false
	}
	return os.SameFile(here, there), true
}

// isPostgres keeps us from ending a shell that stands in the folder, or a
// stranger that was given an old pid.
func isPostgres(pid int) bool {
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && pid > 1 && strings.TrimSpace(string(comm)) == "postgres"
}
