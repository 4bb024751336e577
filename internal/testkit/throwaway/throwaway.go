// Package throwaway runs a Postgres that leaves nothing behind, even after a
// kill -9 of everything that started it.
//
// internal/testkit uses it for a package tested alone, cmd/testrun for a whole
// run. It is for tests: fsync is off and the data is deleted at the end.
package throwaway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"rookery/internal/devpg"
)

// EnvURL names the variable with the superuser's URL of a running server. The
// server must trust its clients: the roles that tests make have no password.
const EnvURL = "ROOKERY_TEST_DATABASE_URL"

// prefix of the folders.
const prefix = "rookery-test-"

// janitorScript waits until its standard input closes, which happens when the
// starter ends, however it ends. Then it ends the watched process group and
// Postgres, and removes the folder ($0).
const janitorScript = `cat >/dev/null
if group=$(cat "$0/group" 2>/dev/null); then kill -s KILL -- "-$group"; fi
n=0
while [ $n -lt 50 ]; do
	pid=$(head -n 1 "$0/data/pgdata/postmaster.pid") || break
	[ "$(cat "/proc/$pid/comm")" = postgres ] || break
	kill -QUIT "$pid" || break
	sleep 0.1; n=$((n+1))
done
socket=$(readlink "$0/data/socket") && case "$socket" in */rookery-pg-*) rm -rf "$socket" ;; esac
rm -rf "$0"`

// Server is a Postgres with its janitor. Keep it referenced: when the garbage
// collector closes the janitor's pipe, the server goes.
type Server struct {
	dir      string
	postgres *devpg.Server
	janitor  *exec.Cmd
	leash    io.Closer // the janitor's standard input
}

// Start makes a folder, in memory where there is room, and runs Postgres there.
func Start(ctx context.Context, log io.Writer) (*Server, error) {
	sweep()
	dir, err := os.MkdirTemp(place(), prefix)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the test database: %w", err)
	}
	srv := &Server{dir: dir}
	if err := srv.startJanitor(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	srv.postgres, err = devpg.Start(ctx, devpg.Options{
		DataDir:  filepath.Join(dir, "data"),
		FsyncOff: true,
		Settings: map[string]string{
			"max_connections": "500", // parallel tests of parallel packages, each with its pools
			"autovacuum":      "off", // no table lives long enough
			"max_wal_size":    "512MB",
			// A crash of a backend must show in the log, what tests provoke need not.
			"log_min_messages":        "panic",
			"log_min_error_statement": "panic",
		},
		Log: log,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the test database: %w", err), srv.dismissJanitor())
	}
	return srv, nil
}

// URL is the superuser's URL of the database "postgres".
func (s *Server) URL() string { return s.postgres.URL("postgres", devpg.Superuser) }

// Watch makes the janitor also end a process group, until Unwatch.
func (s *Server) Watch(group int) error {
	if err := os.WriteFile(s.groupFile(), []byte(strconv.Itoa(group)), 0o600); err != nil {
		return fmt.Errorf("note the process group for the janitor: %w", err)
	}
	return nil
}

// Unwatch is called when the group has ended, since its number may be reused.
func (s *Server) Unwatch() error {
	if err := os.Remove(s.groupFile()); err != nil {
		return fmt.Errorf("withdraw the process group from the janitor: %w", err)
	}
	return nil
}

// Close stops Postgres and returns when everything is removed.
func (s *Server) Close() error {
	return errors.Join(s.postgres.Stop(), s.dismissJanitor())
}

func (s *Server) groupFile() string { return filepath.Join(s.dir, "group") }

// startJanitor runs before Postgres does, so that there is no gap. It has a
// session of its own: Ctrl-C must not end it, and its output goes nowhere, or
// `go test` would wait for it.
func (s *Server) startJanitor() error {
	s.janitor = exec.Command("/bin/sh", "-c", janitorScript, s.dir)
	s.janitor.Dir = "/"
	s.janitor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	leash, err := s.janitor.StdinPipe()
	if err != nil {
		return fmt.Errorf("make the janitor's pipe: %w", err)
	}
	s.leash = leash
	if err := s.janitor.Start(); err != nil {
		return fmt.Errorf("start the janitor: %w", err)
	}
	return nil
}

func (s *Server) dismissJanitor() error {
	err := s.leash.Close()
	// Its exit status says nothing: the last command decides it.
	_ = s.janitor.Wait()
	return err
}
