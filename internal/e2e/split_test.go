package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
)

// A company keeps its website and says @support@company.test all the same: its own nginx,
// with the rules that we hand out, sends discovery to us. A foreign server finds, follows
// and answers the account by that handle.
func TestE2ETLSSplitDomain(t *testing.T) {
	t.Parallel()
	needsNode(t)
	nginx := findProxy(t, "nginx")
	ca := testkit.NewCA(t)
	c := newCloud(t, pebble.Options{}, nil, ca.PEMPath())
	const trial, apex, host = "acme." + platform, "company.test", "social.company.test"
	website := strings.TrimSuffix(c.ips[0], ".1") + ".9"
	c.dns.A(apex, website)
	c.dns.A(host, c.ips...)
	c.rookery("tenant", "create", "--trial", "acme", "--name", "Acme")
	c.rookery("account", "create", "--tenant", trial, "--username", "support", "--display-name", "The support",
		"--person-email", "support@people.test", "--password", password)
	c.rookery("domain", "add", "--tenant", trial, "--mode", "split", "--service", host, apex)
	for _, name := range []string{apex, host} {
		proof := c.domain(name).Proof
		c.dns.TXT(proof.Record, proof.Value)
	}

	site := c.startWebsite(nginx, website, ca, "")
	for _, name := range []string{host, apex} {
		c.look(name)
	}
	c.awaitState(host, time.Minute, "live")
	if d := c.awaitState(apex, 30*time.Second, "pending_routing"); !strings.HasPrefix(d.Reason, "WEBFINGER_") || d.Advice == "" {
		t.Errorf("before the website redirects: %+v", d)
	}
	site.signal(t, syscall.SIGKILL)
	<-site.exited
	c.startWebsite(nginx, website, ca, c.rookery("domain", "recipe", apex, "--for", "nginx"))
	c.look(apex)
	c.awaitState(apex, 30*time.Second, "live")

	// The trial's account has its lasting addresses now.
	alice := &account{t: t, client: c.client(0), Base: "https://" + host, Host: apex, Name: "support"}
	alice.Token = c.rookery("token", "create", "--tenant", host, "--account", "support", "--scopes", "read write follow")
	var self struct{ ID, URI, Acct string }
	testkit.Eventually(t, time.Minute, "the account's lasting address", func() bool {
		alice.must(http.MethodGet, "/api/v1/accounts/verify_credentials", nil, &self)
		return strings.HasPrefix(self.URI, "https://"+host+"/ap/actors/")
	})
	alice.ID, alice.URI = self.ID, self.URI
	if answer, body, err := c.get(0, "https://"+host+"/@support"); err != nil || !strings.Contains(body, "@support@"+apex) {
		t.Errorf("the profile does not show the company's handle: %v %v", err, answer)
	}

	cert, key := ca.IssueFiles("fedify.localhost")
	f := &fediverse{t: t, server: c.server, alice: alice}
	f.bob = startPeer(t, "fedify.mjs", "PEER_HOST=fedify.localhost", "PEER_CERT="+cert, "PEER_KEY="+key,
		"NODE_EXTRA_CA_CERTS="+c.trusted, fmt.Sprintf("PEER_HOSTS=%s=%s,%s=%s", apex, website, host, c.ips[1]))
	f.bobFollows()
	post := alice.post(map[string]any{"status": "Hello from the company", "visibility": "public"})
	f.awaitReceived("our Create", func(d document) bool { return d.text("type") == "Create" && d.object() == post.URI })
	var reply struct{ ID, Note string }
	f.bob.do("note", map[string]any{"content": "<p>An answer</p>", "inReplyTo": post.URI, "mentions": []string{alice.Handle()}}, &reply)
	if mention := alice.awaitNotification("mention", f.bob.Acct()); mention.Status == nil || mention.Status.URI != reply.Note {
		t.Errorf("the answer arrives as %+v", mention)
	}
	f.aliceFollows()
	if seen := c.rookery("domain", "check", apex, "--as-seen"); strings.Contains(seen, "FAIL") || !strings.Contains(seen, self.URI) {
		t.Errorf("as another server sees it:\n%s", seen)
	}
}

// findProxy is a web server's program, or skips: deploy/dev/need.sh installs it.
func findProxy(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "../../.rookery/proxies/usr/sbin", "../../.rookery/proxies/usr/bin"} {
		if path, err := filepath.Abs(filepath.Join(dir, name)); err == nil {
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	t.Skipf("no %s here (deploy/dev/need.sh %s)", name, name)
	return ""
}

// startWebsite runs the company's nginx, with some rules of ours in its server block.
func (c *cloud) startWebsite(nginx, ip string, ca *testkit.CA, rules string) *process {
	c.t.Helper()
	dir := c.t.TempDir()
	cert, key := ca.IssueFiles("company.test")
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server {
		listen %[2]s:80; listen %[2]s:443 ssl; server_name company.test;
		ssl_certificate %[3]s; ssl_certificate_key %[4]s;
		%[5]s
		location / { return 200 "the company's website"; }
	}
}
`, dir, ip, cert, key, rules)
	if os.Getuid() == 0 {
		text = "user root; " + text
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	p := spawn(c.t, "nginx", exec.Command(nginx, "-c", config, "-e", "stderr", "-p", dir))
	testkit.Eventually(c.t, time.Minute, "the website answers", func() bool {
		conn, err := net.Dial("tcp", ip+":443")
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return p
}
