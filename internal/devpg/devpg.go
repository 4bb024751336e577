// Package devpg runs a Postgres of our own as a child process: initdb, start,
// wait until ready, stop, and recovery after everything was killed.
//
// `rookery dev` and the tests (through internal/testkit) call it. It knows
// nothing of roles, databases or migrations: it hands out the superuser's URL
// and internal/pg does the rest. It must never be used by `rookery serve`,
// which gets its database by setting, and it opens no SQL connection.
//
// The clone may lie below a folder that the Postgres user cannot enter (/root
// is 0700), so Postgres never sees a path of ours: the data and the socket
// folder are handed over as open descriptors and named by /proc/self/fd/N.
// Linux only, for that and for Pdeathsig.
package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Superuser is the one role a new cluster has.
const Superuser = "postgres"

// defaultPort names the socket file; nothing listens on TCP unless asked to.
const defaultPort = 5432

// Options says what to start.
type Options struct {
	// DataDir is the folder that holds everything: cluster, socket, lock. It is
	// made if missing. Two servers cannot share one.
	DataDir string
	// FsyncOff trades durability for speed. For tests: a crash of the machine
	// (not of Postgres) may leave the data unreadable.
	FsyncOff bool
	// Port, when not zero, also listens on 127.0.0.1:Port. Over TCP a role needs
	// a password (scram-sha-256); trust is for the socket alone.
	Port int
	// Settings are added to the server's command line, and win over ours.
	Settings map[string]string
	// Log receives what Postgres writes to its standard error; nil drops it
	// (the last lines still appear in the error of a failed start).
	Log io.Writer
}

// Server is a running Postgres.
type Server struct {
	layout  layout
	lock    *os.File
	port    int
	process *process
}

// Start runs Postgres on opt.DataDir, making the cluster first if there is
// none, and returns once it accepts connections. The server ends with Stop, or
// with the calling process, however that ends.
func Start(ctx context.Context, opt Options) (*Server, error) {
	lay, err := newLayout(opt.DataDir)
	if err != nil {
		return nil, err
	}
	lock, err := lay.acquire()
	if err != nil {
		return nil, err
	}
	srv, err := start(ctx, opt, lay)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	srv.lock = lock
	return srv, nil
}

// start does the work of Start under the lock on the data folder.
func start(ctx context.Context, opt Options, lay layout) (*Server, error) {
	who, err := chooseIdentity(lay)
	if err != nil {
		return nil, err
	}
	version, err := clusterVersion(lay)
	if err != nil {
		return nil, err
	}
	bin, err := findBinaries(version, filepath.Join(lay.root, "postgres", "bin"))
	if err != nil {
		return nil, err
	}
	if err := recoverFolder(ctx, lay); err != nil {
		return nil, err
	}
	if version == "" {
		if err := initCluster(ctx, lay, bin, who, opt.FsyncOff); err != nil {
			return nil, err
		}
	}
	port := opt.Port
	if port == 0 {
		port = defaultPort
	}
	if err := lay.makeSocketDir(who, port); err != nil {
		return nil, err
	}
	proc, err := launch(ctx, lay, bin, who, serverArgs(opt, port), opt.Log)
	if err != nil {
		return nil, err
	}
	return &Server{layout: lay, port: port, process: proc}, nil
}

// URL is the address of a database for a user, through the socket.
func (s *Server) URL(database, user string) string {
	return socketURL(s.layout.socketDir(), s.port, database, user)
}

// Pid is the process id of the postmaster.
func (s *Server) Pid() int { return s.process.pid }

// Done is closed when Postgres has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Stop ends Postgres (fast shutdown: open transactions are rolled back) and
// releases the data folder. It may be called again, and after Postgres died.
func (s *Server) Stop() error {
	s.process.stop(10 * time.Second)
	s.layout.clearSocketDir()
	if err := s.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("release %s: %w", s.layout.root, err)
	}
	return nil
}

// Running tells whether a server that Start began, in any process, is up on
// dataDir, and the superuser's URL of its database "postgres". It changes
// nothing. WithUser turns the URL into another database's or role's.
func Running(dataDir string) (string, bool) {
	lay, err := openLayout(dataDir)
	if err != nil || !lay.locked() {
		return "", false
	}
	pid, err := readPidFile(lay.pgdata())
	if err != nil || pid.status != "ready" {
		return "", false
	}
	return socketURL(lay.socketDir(), pid.port, "postgres", Superuser), true
}

// WithUser returns the URL with another database and user in it; an empty
// string keeps what is there.
func WithUser(serverURL, database, user string) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		// The parser's error would repeat the URL, which may hold a password.
		return "", errors.New("database URL cannot be parsed: expected postgres://user@host/database")
	}
	if database != "" {
		u.Path = "/" + database
	}
	if user != "" {
		query := u.Query()
		if query.Has("user") {
			query.Set("user", user)
			u.RawQuery = query.Encode()
		} else if password, ok := u.User.Password(); ok {
			u.User = url.UserPassword(user, password)
		} else {
			u.User = url.User(user)
		}
	}
	return u.String(), nil
}

// socketURL writes a URL whose host is a folder, which only a query can carry.
func socketURL(dir string, port int, database, user string) string {
	query := url.Values{"host": {dir}, "port": {strconv.Itoa(port)}, "user": {user}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: query.Encode()}
	// pgx wants the two slashes although there is no host between them.
	return "postgres://" + u.EscapedPath() + "?" + u.RawQuery
}
