// Command testrun wraps `go test`: it runs one Postgres for all packages and
// hands its arguments on. Its exit code is go test's.
//
//	testrun -timeout 12m ./...
//
// `make test` calls it. It leaves nothing behind: on Ctrl-C it passes the
// signal on and cleans up; after a kill -9 the janitor of package throwaway
// ends go test and Postgres and removes the data.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"rookery/internal/testkit/throwaway"
)

// grace is how long go test may take to end after a signal.
const grace = 10 * time.Second

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)

	srv, err := throwaway.Start(context.Background(), os.Stderr)
	if err != nil {
		return 1, err
	}
	code, err := goTest(srv, args, signals)
	if closeErr := srv.Close(); closeErr != nil {
		err = errors.Join(err, closeErr)
	}
	if err != nil && code == 0 {
		code = 1
	}
	return code, err
}

// goTest runs `go test` in a process group of its own, so that one signal
// reaches it and all test binaries.
func goTest(srv *throwaway.Server, args []string, signals <-chan os.Signal) (int, error) {
	// Pdeathsig fires when the thread that started the child ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.Command("go", append([]string{"test"}, args...)...)
	cmd.Env = append(os.Environ(), throwaway.EnvURL+"="+srv.URL())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start go test: %w", err)
	}
	group := cmd.Process.Pid
	if err := srv.Watch(group); err != nil {
		_ = syscall.Kill(-group, syscall.SIGKILL)
		return 1, errors.Join(err, cmd.Wait())
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	code, err := await(done, group, signals)
	return code, errors.Join(err, srv.Unwatch())
}

// await returns go test's exit code, or 128 and the number of the signal that
// ended the run, as shells do.
func await(done <-chan error, group int, signals <-chan os.Signal) (int, error) {
	var (
		kill     <-chan time.Time
		received syscall.Signal
	)
	for {
		select {
		case err := <-done:
			// Test binaries may outlive go test when a signal ended it.
			_ = syscall.Kill(-group, syscall.SIGKILL)
			var exit *exec.ExitError
			switch {
			case received != 0:
				return 128 + int(received), nil
			case err == nil:
				return 0, nil
			case errors.As(err, &exit) && exit.ExitCode() > 0:
				return exit.ExitCode(), nil
			}
			return 1, err
		case sig := <-signals:
			if number, ok := sig.(syscall.Signal); ok {
				received = number
				_ = syscall.Kill(-group, number)
			}
			if kill == nil {
				kill = time.After(grace)
			}
		case <-kill:
			_ = syscall.Kill(-group, syscall.SIGKILL)
		}
	}
}
