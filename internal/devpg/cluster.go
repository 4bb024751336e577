package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Descriptors as the child sees them: ExtraFiles begin at 3.
const (
	dataFD   = "/proc/self/fd/3"
	socketFD = "/proc/self/fd/4"
)

// initCluster makes the cluster beside its final place and renames it, so that
// an interrupted initdb leaves nothing that looks like a cluster.
func initCluster(ctx context.Context, lay layout, bin string, who identity, fsyncOff bool) error {
	fresh := lay.pgdata() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	if err := who.makePrivate(fresh); err != nil {
		return err
	}
	dir, err := os.Open(fresh)
	if err != nil {
		return fmt.Errorf("open the new cluster: %w", err)
	}
	defer func() { _ = dir.Close() }()

	args := []string{"-D", dataFD, "-U", Superuser, "--encoding=UTF8", "--locale=C.UTF-8",
		"--auth-local=trust", "--auth-host=scram-sha-256"}
	if fsyncOff {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	prepare(cmd, who, syscall.SIGKILL, dir)
	out, err := runLocked(cmd)
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, lay.pgdata()); err != nil {
		return errors.Join(fmt.Errorf("put the new cluster in place: %w", err), os.RemoveAll(fresh))
	}
	return nil
}

// prepare sets what both initdb and postgres need: no inherited settings, no
// path of ours, the right user, and an end when we end.
func prepare(cmd *exec.Cmd, who identity, onParentDeath syscall.Signal, files ...*os.File) {
	cmd.Dir = "/"
	cmd.Env = childEnv()
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: who.credential,
		Setpgid:    true, // Ctrl-C in a terminal is ours to handle
		Pdeathsig:  onParentDeath,
	}
}

// childEnv drops every PG… variable: PGDATA, PGPORT or PGOPTIONS of the
// caller's shell would redirect our server.
func childEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "PG") || strings.HasPrefix(name, "LC_") ||
			slices.Contains([]string{"LANG", "LANGUAGE", "TZ", "HOME"}, name)
	})
	return append(env, "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/")
}

// serverArgs is the command line of the server. Later ones win.
func serverArgs(opt Options, port int) []string {
	listen := ""
	if opt.Port != 0 {
		listen = "127.0.0.1"
	}
	settings := [][2]string{
		{"listen_addresses", listen},
		{"port", strconv.Itoa(port)},
		{"unix_socket_directories", socketFD},
		{"unix_socket_permissions", "0700"},
		{"max_connections", "200"},
		{"timezone", "UTC"},
		{"log_timezone", "UTC"},
		{"log_min_messages", "warning"},
		{"jit", "off"}, // our queries are short: compiling them costs more than it saves
	}
	if opt.FsyncOff {
		// synchronous_commit stays on: it costs little without fsync, and a commit
		// then survives a kill of Postgres, which tests rely on.
		settings = append(settings, [][2]string{
			{"fsync", "off"}, {"full_page_writes", "off"},
			{"checkpoint_timeout", "1h"}, {"max_wal_size", "2GB"},
		}...)
	}
	args := []string{"-D", dataFD}
	for _, pair := range settings {
		args = append(args, "-c", pair[0]+"="+pair[1])
	}
	names := make([]string, 0, len(opt.Settings))
	for name := range opt.Settings {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		args = append(args, "-c", name+"="+opt.Settings[name])
	}
	return args
}
