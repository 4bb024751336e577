package main_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// module is a project whose tests pass, fail, or wait for ever, by name.
var module = map[string]string{
	"go.mod": "module sample\n\ngo 1.26\n",
	"sample_test.go": `package sample

import (
	"fmt"
	"os"
	"testing"
)

func TestPass(t *testing.T) {
	if os.Getenv("ROOKERY_TEST_DATABASE_URL") == "" {
		t.Fatal("no database")
	}
}

func TestFail(t *testing.T) { t.Fatal("on purpose") }

func TestHang(t *testing.T) {
	fmt.Println("hanging", os.Getpid())
	select {}
}
`}

func TestExitCodeAndClosingLines(t *testing.T) {
	t.Parallel()
	testrun, dir := build(t), sample(t)
	tests := map[string]struct {
		code int
		last string
	}{
		"TestPass": {0, "ok  \tsample\t"},
		"TestFail": {1, "FAIL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := shortTemp(t)
			cmd := command(testrun, dir, temp, "-run", name, "./...")
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d (%v), want %d\n%s", code, err, tt.code, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, tt.last) {
				t.Errorf("last line %q, want go test's %q", last, tt.last)
			}
			nothingLeft(t, temp)
		})
	}
}

func TestSignalsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	testrun, dir := build(t), sample(t)
	for name, sig := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "TERM": syscall.SIGTERM, "kill -9": syscall.SIGKILL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := shortTemp(t)
			cmd := command(testrun, dir, temp, "-v", "-run", "TestHang", "./...")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			hanging := 0
			for lines := bufio.NewScanner(stdout); hanging == 0 && lines.Scan(); {
				if _, pid, ok := strings.Cut(lines.Text(), "hanging "); ok {
					if hanging, err = strconv.Atoi(pid); err != nil {
						t.Fatal(err)
					}
				}
			}
			if hanging == 0 {
				t.Fatal("the test did not start")
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			testkit.Eventually(t, time.Minute, "the test binary ends", func() bool {
				return errors.Is(syscall.Kill(hanging, 0), syscall.ESRCH) || isZombie(hanging)
			})
			nothingLeft(t, temp)
		})
	}
}

// nothingLeft waits for the janitor: the data, the socket, and with them the
// Postgres that could not run without.
func nothingLeft(t *testing.T, temp string) {
	t.Helper()
	var left []string
	testkit.Eventually(t, time.Minute, "the janitor removes the data", func() bool {
		left, _ = filepath.Glob(filepath.Join(temp, "rookery-*"))
		return len(left) == 0
	})
	processes, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range processes {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, temp) {
			pid := filepath.Base(filepath.Dir(link))
			testkit.Eventually(t, time.Minute, "process "+pid+" ends", func() bool {
				_, err := os.Readlink(link)
				return err != nil
			})
		}
	}
}

func isZombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func command(testrun, dir, temp string, args ...string) *exec.Cmd {
	cmd := exec.Command(testrun, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "GOFLAGS=-mod=mod")
	// go test reports an error when the output pipe of a killed test stays open.
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "testrun")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return program
}

func sample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range module {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shortTemp is a temporary folder of the run, whose path leaves room for a
// socket below it.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tr-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
