package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// binary builds the product once for all tests. ROOKERY_E2E_BINARY names another
// one to test: one that was built for a package or an image.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("ROOKERY_E2E_BINARY"); path != "" {
		return path, nil
	}
	// Not t.TempDir, which ends with one test; the folder goes in TestMain.
	dir, err := os.MkdirTemp("", "rookery-e2e-")
	if err != nil {
		return "", err
	}
	buildDir = dir
	path := filepath.Join(dir, "rookery")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "rookery/cmd/rookery")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build cmd/rookery: %w\n%s", err, out)
	}
	return path, nil
})

var buildDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(code)
}

// server is the product on a database of its own: it can be stopped, killed and
// started again, and its operator's commands run at any time.
type server struct {
	t       *testing.T
	db      *testkit.Database
	binary  string
	address string // where it listens, host:port
	env     map[string]string
	process *process
}

const masterKey = "the master key of end-to-end tests: 32 characters and more"

// graceSeconds is what the product gets to finish at SIGTERM in these tests.
const graceSeconds = 5

// newServer prepares a server without starting it. Settings are by name without
// the prefix ROOKERY_, and win over those that all tests share.
func newServer(t *testing.T, settings map[string]string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, db: testkit.DB(t), binary: path, address: testkit.FreeAddress(t)}
	_, port, _ := net.SplitHostPort(s.address)
	s.env = map[string]string{
		"DATABASE_URL": s.db.AppURL, "DATABASE_PLATFORM_URL": s.db.PlatformURL, "DATABASE_OWNER_URL": s.db.OwnerURL,
		"MASTER_KEY": masterKey,
		"LISTEN":     s.address, "ADMIN_LISTEN": "off",
		"PUBLIC_SCHEME": "http", "PLATFORM_HOST": "rookery.localhost:" + port, "MEDIA_HOST": "media.localhost:" + port,
		"LIMITS": "off", "SHUTDOWN_GRACE": fmt.Sprint(graceSeconds), "DATABASE_CONNS": "8",
		"QUEUES": "inbox=4,deliver=16,fanout=2,fetch=4,upkeep=1",
		// Everything of these tests is on loopback.
		"FEDERATION_ALLOW_PREFIXES": "127.0.0.0/8", "FEDERATION_ALLOW_HTTP": "true",
	}
	maps.Copy(s.env, settings)
	return s
}

// startServer prepares and starts one.
func startServer(t *testing.T, settings map[string]string) *server {
	t.Helper()
	s := newServer(t, settings)
	s.start()
	return s
}

// environ is what the product sees: our settings and nothing of the caller's.
func (s *server) environ() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir()}
	for name, value := range s.env {
		env = append(env, "ROOKERY_"+name+"="+value)
	}
	return env
}

// port is the public one.
func (s *server) port() string {
	_, port, _ := net.SplitHostPort(s.address)
	return port
}

// start runs `rookery serve` until it says that it is ready.
func (s *server) start() {
	s.t.Helper()
	cmd := exec.Command(s.binary, "serve")
	cmd.Env = s.environ()
	cmd.Dir = s.t.TempDir()
	s.process = spawn(s.t, "rookery serve", cmd)
	client := &http.Client{Timeout: 2 * time.Second}
	testkit.Eventually(s.t, time.Minute, "rookery serve is ready", func() bool {
		if s.process.isGone() {
			s.t.Fatalf("rookery serve ended at once: %v", s.process.err)
		}
		answer, err := client.Get("http://" + s.address + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// stop ends it the way an init system does, and holds it to its promise: exit code
// 0, within the grace and a little.
func (s *server) stop() {
	s.t.Helper()
	s.process.signal(s.t, syscall.SIGTERM)
	if err := s.process.wait((graceSeconds + 10) * time.Second); err != nil {
		s.t.Errorf("rookery serve after SIGTERM: %v", err)
	}
}

// kill ends it the way a power cut does.
func (s *server) kill() {
	s.t.Helper()
	s.process.signal(s.t, syscall.SIGKILL)
	<-s.process.exited
}

// rookery runs an operator's command and returns what it printed on stdout.
func (s *server) rookery(arguments ...string) string {
	s.t.Helper()
	cmd := exec.Command(s.binary, arguments...)
	cmd.Env = s.environ()
	cmd.Dir = s.t.TempDir()
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("rookery %s: %v\n%s%s", strings.Join(arguments, " "), err, out.String(), problems.String())
	}
	return strings.TrimSpace(out.String())
}
