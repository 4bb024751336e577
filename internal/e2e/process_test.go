package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child that does not outlive the test.
type process struct {
	name   string
	cmd    *exec.Cmd
	out    *output
	exited chan struct{} // closed when err is set
	err    error
}

// spawn starts cmd. What it prints is shown if the test fails.
func spawn(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: name, cmd: cmd, out: &output{}, exited: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.out
	}
	cmd.Stderr = p.out
	// The child goes even when the test binary is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		// Pdeathsig fires when the thread that started the child ends: keep it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		if !p.isGone() {
			p.signal(t, syscall.SIGKILL)
			<-p.exited
		}
		if t.Failed() {
			t.Logf("what %s printed (it ended with %v):\n%s", name, p.err, p.out.tail(300))
		}
	})
	return p
}

// talking starts cmd with what it prints on stdout to read from: for programs that
// are answered.
func talking(t *testing.T, name string, cmd *exec.Cmd) (*process, *bufio.Scanner) {
	t.Helper()
	// Not StdoutPipe, which Wait closes while lines may still be in it.
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	cmd.Stdout = writer
	p := spawn(t, name, cmd)
	_ = writer.Close() // the child has its own
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, 1<<20)
	return p, scanner
}

func (p *process) isGone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !p.isGone() {
		t.Errorf("signal %s: %v", p.name, err)
	}
}

// wait returns how the process ended.
func (p *process) wait(deadline time.Duration) error {
	select {
	case <-p.exited:
		return p.err
	case <-time.After(deadline):
		return fmt.Errorf("%s still runs after %v", p.name, deadline)
	}
}

// output keeps what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String returns all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// tail is the end of it, without the requests that went well: tests poll.
func (o *output) tail(lines int) string {
	all := slices.DeleteFunc(strings.Split(o.String(), "\n"), func(line string) bool {
		return strings.Contains(line, "msg=request ") && strings.Contains(line, "status=200")
	})
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
