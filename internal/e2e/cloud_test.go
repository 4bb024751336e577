package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
)

// cloud is the platform as it runs in earnest: processes that end TLS on the ports of the
// web, others that work the queues, a certificate authority and a DNS server.
type cloud struct {
	*server
	t         *testing.T
	dns       *pebble.DNS
	authority *pebble.Server
	ips       []string // one for each edge
	trusted   string   // the authorities that peers' certificates are checked with, as a file
	edges     []*process
	worker    *process
}

// platform is the platform's own host in these tests.
const platform = "rookery.test"

var clouds atomic.Int32

// newCloud starts two edges and a worker. It skips where the ports of the web are root's.
func newCloud(t *testing.T, o pebble.Options, settings map[string]string, alsoTrusted ...string) *cloud {
	t.Helper()
	block := clouds.Add(1)
	c := &cloud{t: t, ips: []string{fmt.Sprintf("127.88.%d.1", block), fmt.Sprintf("127.88.%d.2", block)}}
	for _, ip := range c.ips {
		l, err := net.Listen("tcp", ip+":443")
		if err != nil {
			t.Skipf("port 443 is not ours to open (be root, or set net.ipv4.ip_unprivileged_port_start to 80): %v", err)
		}
		_ = l.Close()
	}
	c.dns = pebble.StartDNS(t)
	o.DNS = c.dns
	c.authority = pebble.Start(t, o)
	c.dns.A(platform, c.ips[0])
	c.dns.A("media."+platform, c.ips[1])
	c.trust(alsoTrusted)
	env := map[string]string{
		"TLS": "acme", "PUBLIC_SCHEME": "https", "PLATFORM_HOST": platform, "MEDIA_HOST": "media." + platform,
		"ACME_CA": c.authority.Directory(), "ACME_CA_FILE": c.authority.CAFile(), "ACME_EMAIL": "ops@" + platform, "ACME_PROFILE": "",
		"DNS_RESOLVERS": c.dns.Address, "EDGE_ADDRESSES": strings.Join(c.ips, ","), "FEDERATION_ALLOW_HTTP": "false",
		"FEDERATION_CA_FILE": c.trusted, "QUEUES": "inbox=4,deliver=8,fanout=2,fetch=4,domains=4,upkeep=1", "LOG_LEVEL": "info",
	}
	maps.Copy(env, settings)
	c.server = newServer(t, env)
	plain := "80"
	if o.HTTPPort != 0 { // where the authority asks, and finds nobody
		plain = "8080"
	}
	for _, ip := range c.ips {
		at := net.JoinHostPort(ip, plain)
		c.edges = append(c.edges, c.process("edge "+ip, map[string]string{"ROLES": "web", "LISTEN": ip + ":443", "LISTEN_HTTP": at}, "http://"+at))
	}
	c.startWorker()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("how the names stand:\n%s", c.rookery("domain", "list", "--json"))
		}
	})
	return c
}

func (c *cloud) startWorker() {
	c.t.Helper()
	c.worker = c.process("worker", map[string]string{"ROLES": "worker", "LISTEN": c.address}, "http://"+c.address)
}

// trust writes the authority's root and others to a file.
func (c *cloud) trust(others []string) {
	c.t.Helper()
	roots := slices.Clone(c.authority.Roots())
	for _, path := range others {
		more, err := os.ReadFile(path)
		if err != nil {
			c.t.Fatal(err)
		}
		roots = append(roots, more...)
	}
	c.trusted = filepath.Join(c.t.TempDir(), "roots.pem")
	if err := os.WriteFile(c.trusted, roots, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// process starts `rookery serve` with settings of its own and waits until it is ready.
func (c *cloud) process(name string, settings map[string]string, base string) *process {
	c.t.Helper()
	cmd := exec.Command(c.binary, "serve")
	cmd.Env = c.environ()
	for key, value := range settings {
		cmd.Env = append(cmd.Env, "ROOKERY_"+key+"="+value)
	}
	cmd.Dir = c.t.TempDir()
	p := spawn(c.t, "rookery "+name, cmd)
	client := &http.Client{Timeout: 2 * time.Second}
	testkit.Eventually(c.t, time.Minute, name+" is ready", func() bool {
		if p.isGone() {
			c.t.Fatalf("%s ended at once: %v", name, p.err)
		}
		answer, err := client.Get(base + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return p
}

// client reaches every host at one edge, whatever DNS says, and trusts the authority.
func (c *cloud) client(edge int) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.authority.Roots())
	ip := c.ips[edge]
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, _ := net.SplitHostPort(address)
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(ip, port))
		},
	}}
}

// get asks an edge and returns the answer with its body read.
func (c *cloud) get(edge int, url string, header ...string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	client := c.client(edge)
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return answer, string(body), err
}

// serial is the certificate's that an edge serves for a host; empty: none.
func (c *cloud) serial(edge int, host string) string {
	answer, _, err := c.get(edge, "https://"+host+"/.well-known/nodeinfo")
	if err != nil {
		return ""
	}
	return answer.TLS.PeerCertificates[0].SerialNumber.Text(16)
}

// standing is a line of `rookery domain list --json`.
type standing struct {
	ID, Name, Role, State, Reason, Advice string
	Proof                                 struct{ Record, Value string }
}

// domain is how a name stands.
func (c *cloud) domain(name string) standing {
	c.t.Helper()
	var all []standing
	if err := json.Unmarshal([]byte(c.rookery("domain", "list", "--json")), &all); err != nil {
		c.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(d standing) bool { return d.Name == name && d.State != "released" })
	if i < 0 {
		c.t.Fatalf("%s is no name here", name)
	}
	return all[i]
}

// awaitState waits until a name has one of the states.
func (c *cloud) awaitState(name string, deadline time.Duration, states ...string) standing {
	c.t.Helper()
	var now standing
	testkit.Eventually(c.t, deadline, fmt.Sprintf("%s is %v", name, states), func() bool {
		now = c.domain(name)
		return slices.Contains(states, now.State)
	})
	return now
}

// look has a name looked at now, however short ago it was.
func (c *cloud) look(name string) {
	c.t.Helper()
	c.sql(`UPDATE domains SET retry_after = NULL WHERE name = $1`, name)
	c.rookery("domain", "retry", name)
}

// sql moves clocks that turn in days.
func (c *cloud) sql(text string, args ...any) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.db.SuperURL)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) }()
	if _, err := conn.Exec(c.t.Context(), text, args...); err != nil {
		c.t.Fatal(err)
	}
}

// count is for what no command tells.
func (c *cloud) count(text string, args ...any) (n int) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.db.SuperURL)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) }()
	if err := conn.QueryRow(c.t.Context(), text, args...).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

// claim brings a name up to its proof: a tenant in trial asks for it, and publishes the record.
func (c *cloud) claim(owner, mode, name string) {
	c.t.Helper()
	c.rookery("domain", "add", "--tenant", owner, "--mode", mode, name)
	d := c.domain(name)
	if d.State != "pending_ownership" || d.Proof.Value == "" {
		c.t.Fatalf("a new claim: %+v", d)
	}
	c.dns.TXT(d.Proof.Record, d.Proof.Value)
}
