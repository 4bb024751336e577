package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rookery/internal/testkit"
)

// The names in the examples of deploy/proxy, which the tests keep.
const (
	proxyPlatform = "rookery.example"
	proxyMedia    = "media.rookery.example"
	proxyTenant   = "social.acme.example"
	proxyNobody   = "social.globex.example" // the proxy knows it, Rookery does not
)

// front is a running proxy of somebody else's with the example of deploy/proxy.
type front struct {
	plain, secure string // where it listens
	process       *process
}

// proxyProgram starts one of them.
type proxyProgram struct {
	name  string
	start func(t *testing.T, program string, f *front, backend string, ca *testkit.CA) *exec.Cmd
	paths []string // where the program may be besides PATH
}

var proxyPrograms = []proxyProgram{
	{"nginx", nginx, []string{"/usr/sbin/nginx", "../../.rookery/proxies/usr/sbin/nginx"}},
	{"apache2", apache, []string{"/usr/sbin/apache2"}},
	{"caddy", caddy, []string{"../../.rookery/proxies/usr/bin/caddy"}},
}

func (p proxyProgram) find() (string, bool) {
	if path, err := exec.LookPath(p.name); err == nil {
		return path, true
	}
	for _, path := range p.paths {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			absolute, err := filepath.Abs(path)
			return absolute, err == nil
		}
	}
	return "", false
}

// run starts the proxy in front of backend until the test ends.
func (p proxyProgram) run(t *testing.T, backend string) (*front, *testkit.CA) {
	t.Helper()
	program, ok := p.find()
	if !ok {
		t.Skipf("no %s here: deploy/dev/need.sh %s installs it", p.name, strings.TrimSuffix(p.name, "2"))
	}
	ca := testkit.NewCA(t)
	f := &front{plain: testkit.FreeAddress(t), secure: testkit.FreeAddress(t)}
	f.process = spawn(t, p.name, p.start(t, program, f, backend, ca))
	testkit.Eventually(t, time.Minute, p.name+" listens", func() bool {
		if f.process.isGone() {
			t.Fatalf("%s ended at once: %v", p.name, f.process.err)
		}
		conn, err := net.Dial("tcp", f.secure)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return f, ca
}

// example reads a file of deploy/proxy and replaces what a test cannot have: ports of the
// web and paths of the system. Each thing to replace must be there.
func example(t *testing.T, name string, replacements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../deploy/proxy", name))
	if err != nil {
		t.Fatal(err)
	}
	out := string(text)
	for i := 0; i+1 < len(replacements); i += 2 {
		if !strings.Contains(out, replacements[i]) {
			t.Fatalf("deploy/proxy/%s has no %q to replace", name, replacements[i])
		}
		out = strings.ReplaceAll(out, replacements[i], replacements[i+1])
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// letsEncrypt is a folder like /etc/letsencrypt/live with certificates for the names.
func letsEncrypt(t *testing.T, ca *testkit.CA, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		cert, key := ca.IssueFiles(name, proxyMedia)
		for file, from := range map[string]string{"fullchain.pem": cert, "privkey.pem": key} {
			text, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name, file), string(text))
		}
	}
	return dir
}

// nginx runs in one process, so that nothing of it outlives the test.
func nginx(t *testing.T, program string, f *front, backend string, ca *testkit.CA) *exec.Cmd {
	dir := t.TempDir()
	pass := write(t, filepath.Join(dir, "rookery-pass.conf"), example(t, "nginx/rookery-pass.conf"))
	// IPv6 may be missing where tests run.
	site := write(t, filepath.Join(dir, "rookery.conf"), example(t, "nginx/rookery.conf",
		"[::]:80", testkit.FreeAddress(t), "[::]:443", testkit.FreeAddress(t), "listen 80", "listen "+f.plain, "listen 443", "listen "+f.secure,
		"127.0.0.1:8080", backend, "/etc/nginx/snippets/rookery-pass.conf", pass, "/var/www/letsencrypt", acmeFolder(t),
		"/etc/letsencrypt/live", letsEncrypt(t, ca, proxyPlatform, proxyTenant, proxyNobody)))
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	main := write(t, filepath.Join(dir, "nginx.conf"), "daemon off;\nmaster_process off;\npid "+dir+"/pid;\nerror_log stderr warn;\n"+
		"events {}\nhttp {\naccess_log off;\n"+temporary.String()+"include "+site+";\n}\n")
	return exec.Command(program, "-p", dir, "-e", "stderr", "-c", main)
}

// apache runs in one process, too. What a2enmod does by links is written out.
func apache(t *testing.T, program string, f *front, backend string, ca *testkit.CA) *exec.Cmd {
	dir := t.TempDir()
	_, plain, _ := net.SplitHostPort(f.plain)
	_, secure, _ := net.SplitHostPort(f.secure)
	live := letsEncrypt(t, ca, proxyPlatform, proxyMedia, proxyTenant, proxyNobody)
	site := write(t, filepath.Join(dir, "rookery.conf"), example(t, "apache/rookery.conf",
		"*:80", "*:"+plain, "*:443", "*:"+secure, "127.0.0.1:8080", backend, "/etc/letsencrypt/live", live,
		"/var/www/letsencrypt", acmeFolder(t)))
	var main strings.Builder
	for _, module := range []string{
		"mpm_event", "authz_core", "alias", "socache_shmcb", "reqtimeout", // Debian's usual
		"ssl", "http2", "proxy", "proxy_http", "headers", "rewrite", "macro", // the example's head
	} {
		fmt.Fprintf(&main, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", module, module)
	}
	fmt.Fprintf(&main, "ServerName localhost\nServerRoot %s\nPidFile %s/pid\nDefaultRuntimeDir %s\nErrorLog /dev/stderr\nMutex file:%s default\n",
		dir, dir, dir, dir)
	if os.Getuid() == 0 {
		main.WriteString("User nobody\nGroup nogroup\n")
	}
	fmt.Fprintf(&main, "Listen %s\nListen %s https\nInclude %s\n", f.plain, f.secure, site)
	return exec.Command(program, "-X", "-f", write(t, filepath.Join(dir, "apache2.conf"), main.String()))
}

func caddy(t *testing.T, program string, f *front, backend string, ca *testkit.CA) *exec.Cmd {
	dir := t.TempDir()
	_, plain, _ := net.SplitHostPort(f.plain)
	_, secure, _ := net.SplitHostPort(f.secure)
	cert, key := ca.IssueFiles(proxyPlatform, proxyMedia, proxyTenant, proxyNobody)
	file := write(t, filepath.Join(dir, "Caddyfile"), example(t, "caddy/Caddyfile",
		// Its interface for commands has one port for all.
		"http_port 80", "http_port "+plain+"\n\tdefault_bind 127.0.0.1\n\tadmin off", "https_port 443", "https_port "+secure,
		"127.0.0.1:8080", backend, "#tls /etc/rookery/tls/fullchain.pem /etc/rookery/tls/privkey.pem", "tls "+cert+" "+key))
	cmd := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	return cmd
}

// acmeProof is what certbot would have put where its authority asks.
const acmeProof = "a proof of certbot's"

func acmeFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// Below a folder that only we may enter, which Apache is not.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".well-known/acme-challenge/token"), acmeProof)
	return dir
}

// tap forwards connections and keeps the heads of the requests as they came, byte for byte.
type tap struct {
	address string
	mu      sync.Mutex
	heard   []byte
}

// newTap listens and forwards to backend until the test ends.
func newTap(t *testing.T, backend string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p := &tap{address: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.forward(conn, backend)
		}
	}()
	return p
}

func (p *tap) forward(in net.Conn, backend string) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(in, out)
		_ = in.(*net.TCPConn).CloseWrite()
	}()
	defer func() { _ = out.Close() }()
	const head = 8 << 10 // of what is read at once: requests begin where a read does
	buffer := make([]byte, 64<<10)
	for {
		n, err := in.Read(buffer)
		p.mu.Lock()
		p.heard = append(p.heard, buffer[:min(n, head)]...)
		p.mu.Unlock()
		if _, failed := out.Write(buffer[:n]); failed != nil {
			<-answered // what the product said before it closed has come through
			return     // and what it has not read is refused, as without us
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				_ = out.(*net.TCPConn).CloseWrite()
			}
			return
		}
	}
}

// head is the head of the latest request that has the marker in its first line.
func (p *tap) head(marker string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := string(p.heard)
	at := strings.LastIndex(text, marker)
	if at < 0 {
		return ""
	}
	begin := strings.LastIndex(text[:at], "\n") + 1
	for _, method := range []string{"GET ", "POST "} { // after a body, a request begins in the middle of a line
		if i := strings.LastIndex(text[begin:at], method); i > 0 {
			begin += i
		}
	}
	head, _, _ := strings.Cut(text[begin:], "\r\n\r\n")
	return head
}
