package devpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxSocketPath is what fits into sockaddr_un.sun_path with its closing zero.
const maxSocketPath = 107

// layout names what lies below a data folder:
//
//	lock      held (flock) by the process that called Start; holds its pid
//	children  held by Postgres and each of its processes, so that one can tell
//	          whether any is left without looking into other users' processes
//	pgdata/   the cluster
//	socket    the folder of the socket, or a link to one with a shorter path
type layout struct{ root string }

// newLayout makes the data folder if it is missing.
func newLayout(dataDir string) (layout, error) {
	lay, err := openLayout(dataDir)
	if err != nil {
		return layout{}, err
	}
	// Private: beside the cluster, `rookery dev` keeps its keys here.
	if err := os.MkdirAll(lay.root, 0o700); err != nil {
		return layout{}, fmt.Errorf("make the data folder: %w", err)
	}
	return lay, nil
}

func openLayout(dataDir string) (layout, error) {
	if dataDir == "" {
		return layout{}, errors.New("no data folder given for Postgres")
	}
	root, err := filepath.Abs(dataDir)
	if err != nil {
		return layout{}, fmt.Errorf("data folder %s: %w", dataDir, err)
	}
	return layout{root: root}, nil
}

func (l layout) pgdata() string       { return filepath.Join(l.root, "pgdata") }
func (l layout) lockFile() string     { return filepath.Join(l.root, "lock") }
func (l layout) childrenFile() string { return filepath.Join(l.root, "children") }
func (l layout) socketLink() string   { return filepath.Join(l.root, "socket") }

// acquire takes the lock on the data folder for as long as the file stays
// open. The kernel drops it when we die, so nothing stale can be left.
func (l layout) acquire() (*os.File, error) {
	file, err := os.OpenFile(l.lockFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	if err := flockSoon(file); err != nil {
		holder, _ := os.ReadFile(l.lockFile())
		_ = file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data folder %s: %w", l.root, err)
		}
		return nil, fmt.Errorf("the data folder %s is in use by process %s: stop that one first, or choose another data folder",
			l.root, strings.TrimSpace(string(holder)))
	}
	if err := errors.Join(file.Truncate(0), writeAt(file, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(fmt.Errorf("note our pid in the lock: %w", err), file.Close())
	}
	return file, nil
}

// locked tells whether some process, perhaps this one, holds the lock.
func (l layout) locked() bool { return isHeld(l.lockFile()) }

// isHeld tries the lock of a file and lets go of it again. It tries a shared
// one, so that two who look at once do not take each other for the holder.
func isHeld(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return errors.Is(flock(file, syscall.LOCK_SH), syscall.EWOULDBLOCK)
}

func flock(file *os.File, how int) error {
	return syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
}

// flockSoon takes the lock alone. It tries for a moment, because isHeld in
// another process holds it for some microseconds.
func flockSoon(file *os.File) error {
	err := flock(file, syscall.LOCK_EX)
	for try := 0; try < 10 && errors.Is(err, syscall.EWOULDBLOCK); try++ {
		time.Sleep(10 * time.Millisecond)
		err = flock(file, syscall.LOCK_EX)
	}
	return err
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// socketDir is where clients find the socket.
func (l layout) socketDir() string {
	if target, err := os.Readlink(l.socketLink()); err == nil {
		return target
	}
	return l.socketLink()
}

// makeSocketDir makes the folder of the socket. A path that does not fit into
// a socket address is replaced by a random folder below the temporary one,
// with a link to it so that Running finds it.
func (l layout) makeSocketDir(who identity, port int) error {
	l.clearSocketDir()
	if len(filepath.Join(l.socketLink(), socketName(port))) < maxSocketPath {
		return who.makePrivate(l.socketLink())
	}
	short, err := os.MkdirTemp("", "rookery-pg-")
	if err != nil {
		return fmt.Errorf("make a folder for the socket: %w", err)
	}
	if path := filepath.Join(short, socketName(port)); len(path) >= maxSocketPath {
		return errors.Join(os.Remove(short), fmt.Errorf("the socket's path %s is too long: point TMPDIR to a shorter folder", path))
	}
	if err := who.makePrivate(short); err != nil {
		return err
	}
	if err := os.Symlink(short, l.socketLink()); err != nil {
		return fmt.Errorf("link the socket folder: %w", err)
	}
	return nil
}

// clearSocketDir removes the socket folder and what a crash left in it. Only
// names that Postgres makes are removed, in case the link was tampered with.
func (l layout) clearSocketDir() {
	dir := l.socketDir()
	left, _ := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*"))
	for _, file := range left {
		_ = os.Remove(file)
	}
	_ = os.Remove(dir)
	_ = os.Remove(l.socketLink())
}

func socketName(port int) string { return fmt.Sprintf(".s.PGSQL.%d", port) }

// clusterVersion reads the major version of the cluster; "" when there is none.
func clusterVersion(lay layout) (string, error) {
	text, err := os.ReadFile(filepath.Join(lay.pgdata(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the version of the cluster: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
