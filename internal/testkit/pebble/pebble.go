// Package pebble starts Let's Encrypt's test authority and its test DNS server for tests.
//
// Tests that order certificates use it: a real ACME server, whose roots nobody trusts but
// who is told to. It must be imported by tests alone.
package pebble

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// Options are faults that Pebble knows how to play.
type Options struct {
	// RejectNonces is the share, in percent, of good nonces that are refused.
	RejectNonces int
	// Validity of the certificates in seconds; 0: 90 days.
	Validity int
	// HTTPPort and TLSPort are where names are validated; 0: 80 and 443.
	HTTPPort, TLSPort int
	DNS               *DNS // whom Pebble asks
}

// Server is a running Pebble.
type Server struct {
	t          testing.TB
	o          Options
	dir        string
	listen     string
	management string
	ca         *testkit.CA
	roots      []byte // of each start
	process    *exec.Cmd
	exited     chan struct{}
}

// Find returns the path of a program of Pebble's, or skips the test: deploy/dev/need.sh
// pebble installs both.
func Find(t testing.TB, program string) string {
	t.Helper()
	if path := filepath.Join(checkout(t), ".rookery", "bin", program); isProgram(path) {
		return path
	}
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("no %s here: deploy/dev/need.sh pebble installs it", program)
	}
	return path
}

// checkout is the folder of go.mod, above the one that a test runs in.
func checkout(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above the test: %v", err)
	return ""
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// Start runs Pebble until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.HTTPPort == 0 {
		o.HTTPPort = 80
	}
	if o.TLSPort == 0 {
		o.TLSPort = 443
	}
	s := &Server{t: t, o: o, dir: t.TempDir(), listen: testkit.FreeAddress(t), management: testkit.FreeAddress(t), ca: testkit.NewCA(t)}
	s.Run()
	return s
}

// Run starts it again after Stop, at the same address. It has forgotten everything.
func (s *Server) Run() {
	s.t.Helper()
	cert, key := s.ca.IssueFiles("127.0.0.1", "localhost")
	profiles := map[string]any{"default": map[string]any{"description": "as usual", "validityPeriod": s.validity()}}
	config := map[string]any{"pebble": map[string]any{
		"listenAddress": s.listen, "managementListenAddress": s.management, "certificate": cert, "privateKey": key,
		"httpPort": s.o.HTTPPort, "tlsPort": s.o.TLSPort, "ocspResponderURL": "", "externalAccountBindingRequired": false,
		"profiles": profiles, "retryAfter": map[string]int{"authz": 1, "order": 1},
	}}
	text, err := json.Marshal(config)
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.dir, "pebble.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	args := []string{"-config", file, "-strict"}
	if s.o.DNS != nil {
		args = append(args, "-dnsserver", s.o.DNS.Address)
	}
	cmd := exec.Command(Find(s.t, "pebble"), args...) //nolint:gosec,noctx // a program of the tests, ended by Stop
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", fmt.Sprintf("PEBBLE_WFE_NONCEREJECT=%d", s.o.RejectNonces), "PEBBLE_AUTHZREUSE=0")
	s.process, s.exited = run(s.t, cmd)
	testkit.Eventually(s.t, time.Minute, "Pebble answers", func() bool {
		_, err := s.get("https://" + s.listen + "/dir")
		return err == nil
	})
	root, err := s.get("https://" + s.management + "/roots/0")
	if err != nil {
		s.t.Fatal(err)
	}
	if block, _ := pem.Decode(root); block == nil {
		s.t.Fatalf("Pebble's root is no PEM: %s", root)
	}
	s.roots = append(s.roots, root...)
}

func (s *Server) validity() int {
	if s.o.Validity > 0 {
		return s.o.Validity
	}
	return 90 * 24 * 3600
}

// Stop ends it: the authority is down.
func (s *Server) Stop() { end(s.process, s.exited) }

// Directory is what ROOKERY_ACME_CA says.
func (s *Server) Directory() string { return "https://" + s.listen + "/dir" }

// Pool is what to trust when talking to the authority.
func (s *Server) Pool() *x509.CertPool { return s.ca.Pool() }

// CAFile is what to trust when talking to the authority (ROOKERY_ACME_CA_FILE).
func (s *Server) CAFile() string { return s.ca.PEMPath() }

// Roots are the certificates at the end of all chains that Pebble signs, as PEM: it makes a
// new one at each start.
func (s *Server) Roots() []byte { return s.roots }

func (s *Server) get(url string) ([]byte, error) {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12}}}
	answer, err := client.Get(url) //nolint:noctx // it has a timeout
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// DNS is a running pebble-challtestsrv: a DNS server whose records are set over HTTP.
type DNS struct {
	Address string // for resolvers
	t       testing.TB
	control string
}

// StartDNS runs the DNS server until the test ends. It knows no name yet.
func StartDNS(t testing.TB) *DNS {
	t.Helper()
	d := &DNS{t: t, Address: testkit.FreeAddress(t), control: testkit.FreeAddress(t)}
	cmd := exec.Command(Find(t, "pebble-challtestsrv"), //nolint:gosec,noctx // a program of the tests, ended below
		"-dnsserver", d.Address, "-management", d.control, "-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
	run(t, cmd)
	testkit.Eventually(t, time.Minute, "the DNS server answers", func() bool {
		conn, err := net.Dial("tcp", d.control) //nolint:noctx // loopback
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return d
}

// A sets the addresses of a name; none: it has none.
func (d *DNS) A(name string, addresses ...string) {
	d.t.Helper()
	d.do("clear-a", map[string]any{"host": name + "."})
	if len(addresses) > 0 {
		d.do("add-a", map[string]any{"host": name + ".", "addresses": addresses})
	}
}

// TXT sets the text of a name; empty: it has none.
func (d *DNS) TXT(name, value string) {
	d.t.Helper()
	d.do("clear-txt", map[string]any{"host": name + "."})
	if value != "" {
		d.do("set-txt", map[string]any{"host": name + ".", "value": value})
	}
}

// CNAME makes a name an alias of another.
func (d *DNS) CNAME(name, target string) {
	d.t.Helper()
	d.do("set-cname", map[string]any{"host": name + ".", "target": target + "."})
}

// Fail lets every question about a name fail.
func (d *DNS) Fail(name string) {
	d.t.Helper()
	d.do("set-servfail", map[string]any{"host": name + "."})
}

// Mend undoes Fail.
func (d *DNS) Mend(name string) {
	d.t.Helper()
	d.do("clear-servfail", map[string]any{"host": name + "."})
}

func (d *DNS) do(what string, body map[string]any) {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	client := &http.Client{Timeout: 5 * time.Second}
	answer, err := client.Post("http://"+d.control+"/"+what, "application/json", bytes.NewReader(text)) //nolint:noctx // it has a timeout
	if err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s", what, answer.Status)
	}
}

// run starts a process that goes with the test's, and shows what it printed if that fails.
func run(t testing.TB, cmd *exec.Cmd) (*exec.Cmd, chan struct{}) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, exited := make(chan error, 1), make(chan struct{})
	go func() {
		// Pdeathsig fires when the thread that started the child ends: keep it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		end(cmd, exited)
		if t.Failed() {
			t.Logf("what %s printed:\n%s", filepath.Base(cmd.Path), out.String())
		}
	})
	return cmd, exited
}

func end(cmd *exec.Cmd, exited chan struct{}) {
	_ = cmd.Process.Kill()
	<-exited
}
