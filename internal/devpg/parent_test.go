package devpg_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rookery/internal/devpg"
)

// childDir, when set, turns this test binary into a program that starts
// Postgres there, prints its pid and URL, and waits.
const childDir = "DEVPG_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		beParent(dir)
	}
	os.Exit(m.Run())
}

func beParent(dir string) {
	srv, err := devpg.Start(context.Background(), devpg.Options{DataDir: dir, FsyncOff: true})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(srv.Pid(), srv.URL("postgres", devpg.Superuser))
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := srv.Stop(); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func TestPostgresEndsWithItsParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := startParent(t, os.Args[0], dir, nil)
	if !alive(parent.postgres) {
		t.Fatal("Postgres does not run")
	}
	parent.kill(t)
	eventually(t, func() bool { return !alive(parent.postgres) })
	start(t, dir)
}

// After a kill -9 of both, nothing has cleaned up: pid file, socket and shared
// memory are still there.
func TestStartAfterEverythingWasKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := startParent(t, os.Args[0], dir, nil)
	if err := syscall.Kill(parent.postgres, syscall.SIGSTOP); err != nil { // so that Pdeathsig's SIGINT comes too late
		t.Fatal(err)
	}
	parent.kill(t)
	if err := syscall.Kill(parent.postgres, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pgdata", "postmaster.pid")); err != nil {
		t.Fatalf("the pid file should have been left: %v", err)
	}
	if url, ok := devpg.Running(dir); ok {
		t.Errorf("Running = %q although all was killed", url)
	}
	begun := time.Now()
	start(t, dir)
	t.Logf("started again after %v", time.Since(begun).Round(time.Millisecond))
}

// An orphan that ignores its parent's death is ended by the next start.
func TestStartEndsAnOrphan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent := startParent(t, os.Args[0], dir, nil)
	if err := syscall.Kill(parent.postgres, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	parent.kill(t)
	start(t, dir)
	if alive(parent.postgres) {
		t.Error("the orphan still runs beside the new server")
	}
}

func TestAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("we are one already: the other tests show it")
	}
	const uid = 65534
	home, err := os.MkdirTemp("", "devpg-user-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if err := os.Chown(home, uid, uid); err != nil {
		t.Fatal(err)
	}
	// go test builds below a folder that only root can enter. Another process copies: were
	// the file open for writing here, a child that a parallel test forks meanwhile would
	// hold it, and starting it fail with "text file busy" (golang/go#22315).
	program := filepath.Join(home, "program")
	if out, err := osexec.Command("cp", "--", os.Args[0], program).CombinedOutput(); err != nil {
		t.Fatalf("copy the program: %v: %s", err, out)
	}
	parent := startParent(t, program, filepath.Join(home, "data"), &syscall.Credential{Uid: uid, Gid: uid})
	info, err := os.Stat(filepath.Join(home, "data", "pgdata"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != uid {
		t.Errorf("the cluster belongs to %d, want %d", owner, uid)
	}
	if err := parent.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := parent.cmd.Wait(); err != nil {
		t.Errorf("orderly end: %v", err)
	}
	if alive(parent.postgres) {
		t.Error("Postgres is still there")
	}
	// Root may go on with the user's data: Postgres then runs as that user.
	srv := start(t, filepath.Join(home, "data"))
	query(t, srv.URL("postgres", devpg.Superuser), "SELECT '1'")
}

type parent struct {
	cmd      *osexec.Cmd
	stdin    io.WriteCloser
	postgres int
}

// startParent runs program as the parent of a Postgres in dir.
func startParent(t *testing.T, program, dir string, who *syscall.Credential) *parent {
	t.Helper()
	cmd := osexec.Command(program)
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent said nothing: %v", err)
	}
	first, _, _ := strings.Cut(line, " ")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}
	return &parent{cmd: cmd, stdin: stdin, postgres: pid}
}

func (p *parent) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
}
