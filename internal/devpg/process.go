package devpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a started postmaster.
type process struct {
	pid  int
	done chan struct{} // closed after Wait
	err  error         // set before done is closed
	stop func(patience time.Duration)
}

// launch starts postgres and waits until it accepts connections.
func launch(ctx context.Context, lay layout, bin string, who identity, args []string, log io.Writer) (*process, error) {
	files, err := lay.openForChild()
	if err != nil {
		return nil, err
	}
	// Postgres holds its own copies now; ours must go, or the lock on the third
	// would say for ever that children are left.
	defer closeAll(files)

	tail := &tailWriter{next: log}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	prepare(cmd, who, syscall.SIGINT, files...) // SIGINT: fast shutdown
	cmd.Stderr = tail
	cmd.WaitDelay = 500 * time.Millisecond // a busy backend may keep the pipe of stderr open

	proc := &process{done: make(chan struct{})}
	proc.stop = func(patience time.Duration) { proc.end(cmd.Process, patience) }
	started := make(chan error, 1)
	go func() {
		// Pdeathsig fires when the *thread* that started the child ends, so this
		// goroutine keeps its thread until Postgres is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		proc.pid = cmd.Process.Pid
		started <- nil
		proc.err = cmd.Wait()
		close(proc.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	if err := proc.awaitReady(ctx, lay); err != nil {
		proc.stop(time.Second)
		return nil, fmt.Errorf("start Postgres: %w\n%s", err, tail)
	}
	return proc, nil
}

// openForChild opens what the child inherits, in the order of dataFD, socketFD.
func (l layout) openForChild() (files []*os.File, err error) {
	defer func() {
		if err != nil {
			closeAll(files)
		}
	}()
	for _, path := range []string{l.pgdata(), l.socketDir()} {
		dir, err := os.Open(path)
		if err != nil {
			return files, fmt.Errorf("open for Postgres: %w", err)
		}
		files = append(files, dir)
	}
	children, err := os.OpenFile(l.childrenFile(), os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return files, fmt.Errorf("open for Postgres: %w", err)
	}
	files = append(files, children)
	if err := flockSoon(children); err != nil {
		return files, fmt.Errorf("another Postgres still runs in %s: %w", l.root, err)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}

// awaitReady watches the pid file: its status turns "ready" once connections
// are accepted, after any crash recovery.
func (p *process) awaitReady(ctx context.Context, lay layout) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return fmt.Errorf("it ended at once: %w", errors.Join(p.err, errors.New("see its last words")))
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", ctx.Err())
		case <-tick.C:
			file, err := readPidFile(lay.pgdata())
			if err == nil && file.pid == p.pid && file.status == "ready" {
				return nil
			}
		}
	}
}

// end asks nicely, then less so: fast shutdown, immediate shutdown, kill.
func (p *process) end(postmaster *os.Process, patience time.Duration) {
	for _, step := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		// An error means that it is gone; done tells the same.
		_ = postmaster.Signal(step)
		select {
		case <-p.done:
			return
		case <-time.After(patience):
		}
	}
	<-p.done
}

// runLocked runs a short command on a thread of its own, for Pdeathsig.
func runLocked(cmd *exec.Cmd) (out []byte, err error) {
	var wait sync.WaitGroup
	wait.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		out, err = cmd.CombinedOutput()
	})
	wait.Wait()
	return out, err
}

// tailWriter passes on what it gets and remembers the end of it.
type tailWriter struct {
	mu   sync.Mutex
	next io.Writer
	last []byte
}

func (t *tailWriter) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const keep = 4096
	t.last = append(t.last, text...)
	if extra := len(t.last) - keep; extra > 0 {
		t.last = bytes.Clone(t.last[extra:])
	}
	if t.next != nil {
		// Postgres must not stop because the log cannot be written.
		_, _ = t.next.Write(text)
	}
	return len(text), nil
}

func (t *tailWriter) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}
