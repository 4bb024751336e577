package devpg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/devpg"
	"rookery/internal/testkit"
)

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if url, ok := devpg.Running(dir); ok {
		t.Fatalf("Running before the first start = %q", url)
	}
	srv := start(t, dir)
	if got := query(t, srv.URL("postgres", devpg.Superuser), "SHOW server_encoding"); got != "UTF8" {
		t.Errorf("server_encoding = %q", got)
	}
	if got := query(t, srv.URL("postgres", devpg.Superuser), "SHOW listen_addresses"); got != "" {
		t.Errorf("listens on TCP: %q", got)
	}
	if got := query(t, srv.URL("postgres", devpg.Superuser), "SELECT lower('ÄÉ')"); got != "äé" {
		t.Errorf("lower of non-ASCII letters = %q", got)
	}
	found, ok := devpg.Running(dir)
	if !ok || found != srv.URL("postgres", devpg.Superuser) {
		t.Errorf("Running = %q, %t; want %q", found, ok, srv.URL("postgres", devpg.Superuser))
	}
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := srv.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	if url, ok := devpg.Running(dir); ok {
		t.Errorf("Running after Stop = %q", url)
	}
	if alive(srv.Pid()) {
		t.Error("Postgres is still there after Stop")
	}
}

func TestDataSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := start(t, dir)
	exec(t, srv, "CREATE TABLE kept (n int)")
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	srv = start(t, dir)
	if got := query(t, srv.URL("postgres", devpg.Superuser), "SELECT count(*)::text FROM kept"); got != "0" {
		t.Errorf("count = %s", got)
	}
}

func TestStartAfterPostgresWasKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := start(t, dir)
	exec(t, srv, "CREATE TABLE kept (n int)")

	// A backend in a long query notices the postmaster's death late: the next
	// start has to end it.
	busy := connect(t, srv.URL("postgres", devpg.Superuser))
	go func() {
		_, _ = busy.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 1000000000000)")
	}()
	eventually(t, func() bool {
		return query(t, srv.URL("postgres", devpg.Superuser),
			"SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1,%' AND pid <> pg_backend_pid()") == "1"
	})
	if err := syscall.Kill(srv.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, srv.Done())
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	srv = start(t, dir)
	if got := query(t, srv.URL("postgres", devpg.Superuser), "SELECT count(*)::text FROM kept"); got != "0" {
		t.Errorf("count = %s", got)
	}
}

func TestTwoStartsOnOneFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir)
	_, err := devpg.Start(t.Context(), devpg.Options{DataDir: dir})
	if err == nil {
		t.Fatal("the second start succeeded")
	}
	for _, want := range []string{dir, fmt.Sprint(os.Getpid()), "stop that one"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not contain %q", err, want)
		}
	}
}

func TestLongPathsGetAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 25))
	srv := start(t, dir)
	query(t, srv.URL("postgres", devpg.Superuser), "SELECT '1'")
	found, ok := devpg.Running(dir)
	if !ok || found != srv.URL("postgres", devpg.Superuser) {
		t.Errorf("Running = %q, %t", found, ok)
	}
	u, err := url.Parse(found)
	if err != nil {
		t.Fatal(err)
	}
	socket := u.Query().Get("host")
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("socket folder: %v, %v; want mode 0700", info, err)
	}
	if err := srv.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket folder %s was left behind: %v", socket, err)
	}
}

func TestFolderThatOthersCannotEnter(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	srv := start(t, filepath.Join(closed, "data"))
	query(t, srv.URL("postgres", devpg.Superuser), "SELECT '1'")
}

func TestTCPAsksForAPassword(t *testing.T) {
	t.Parallel()
	_, text, _ := net.SplitHostPort(testkit.FreeAddress(t))
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := devpg.Start(t.Context(), devpg.Options{DataDir: t.TempDir(), FsyncOff: true, Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, srv) })
	exec(t, srv, "CREATE ROLE visitor LOGIN PASSWORD 'open sesame'")
	if got := query(t, fmt.Sprintf("postgres://visitor:open%%20sesame@127.0.0.1:%d/postgres?sslmode=disable", port), "SELECT current_user::text"); got != "visitor" {
		t.Errorf("user over TCP = %q", got)
	}
	if conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the superuser was let in over TCP without a password")
	}
}

func TestFailedStartShowsWhatPostgresSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := devpg.Start(t.Context(), devpg.Options{DataDir: dir, FsyncOff: true, Settings: map[string]string{"shared_buffers": "many"}})
	if err == nil || !strings.Contains(err.Error(), `"shared_buffers"`) {
		t.Fatalf("error = %v; want Postgres's own words", err)
	}
	// The folder is free again.
	start(t, dir)
}

func TestMissingProgramsNameThePackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	// The cluster's version is one that nobody has, so no folder can match.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pgdata"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pgdata", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := devpg.Start(t.Context(), devpg.Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "install the package postgresql") {
		t.Fatalf("error = %v; want the package's name", err)
	}
}

func TestWithUser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, database, user, want string }{
		"socket":        {"postgres:///postgres?host=%2Ftmp&user=postgres", "rookery", "rookery_app", "postgres:///rookery?host=%2Ftmp&user=rookery_app"},
		"authority":     {"postgres://postgres@db:5432/postgres", "rookery", "rookery_app", "postgres://rookery_app@db:5432/rookery"},
		"with password": {"postgres://postgres:pw@db/postgres", "", "rookery_app", "postgres://rookery_app:pw@db/postgres"},
		"database only": {"postgres://postgres@db/postgres", "other", "", "postgres://postgres@db/other"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := devpg.WithUser(tt.in, tt.database, tt.user)
			if err != nil || got != tt.want {
				t.Errorf("WithUser(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
		})
	}
	if _, err := devpg.WithUser("postgres://u:secret@%zz/", "a", "b"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error of a bad URL = %v; want one without the password", err)
	}
}

func start(t *testing.T, dir string) *devpg.Server {
	t.Helper()
	var log bytes.Buffer
	srv, err := devpg.Start(t.Context(), devpg.Options{DataDir: dir, FsyncOff: true, Log: &log})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { stop(t, srv) })
	return srv
}

func stop(t *testing.T, srv *devpg.Server) {
	t.Helper()
	if err := srv.Stop(); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return conn
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn := connect(t, url)
	defer func() { _ = conn.Close(context.Background()) }()
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

func exec(t *testing.T, srv *devpg.Server, sql string) {
	t.Helper()
	conn := connect(t, srv.URL("postgres", devpg.Superuser))
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// alive is false for a process that is gone and for a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("waited a minute in vain")
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for !ok() {
		select {
		case <-late:
			t.Fatal("waited a minute in vain")
		case <-tick.C:
		}
	}
}
