package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rookery/internal/testkit"
	"rookery/internal/testkit/pebble"
)

// A company brings its name: claim, proof, routing, certificate, live; its trial becomes a
// part of the fediverse. Then the name is lost and comes back. TEN-02: a connection is for
// one name.
func TestE2ETLSOwnDomain(t *testing.T) {
	t.Parallel()
	needsTime(t)
	c := newCloud(t, pebble.Options{RejectNonces: shorten(5, 50)}, nil)
	const trial, name = "acme." + platform, "social.company.test"
	c.rookery("tenant", "create", "--trial", "acme", "--name", "Acme")
	c.rookery("account", "create", "--tenant", trial, "--username", "support", "--display-name", "Support")

	c.claim(trial, "whole", name)
	c.dns.A(name, "127.88.99.99") // where nobody answers
	c.look(name)
	if d := c.awaitState(name, 30*time.Second, "pending_routing"); d.Reason != "WRONG_A" || !strings.Contains(d.Advice, c.ips[0]) {
		t.Errorf("a name that leads elsewhere: %+v", d)
	}
	if _, _, err := c.get(0, "https://"+name+"/"); err == nil {
		t.Error("a certificate is served for a name that is only proven")
	}
	c.dns.A(name, c.ips[1])
	c.look(name)
	c.awaitState(name, time.Minute, "live")
	c.isServed(name)
	c.isFederated(name)
	c.refusesStrangers(name)

	// The authority's next certificate reaches both edges, while handshakes go on.
	before := []string{c.serial(0, name), c.serial(1, name)}
	c.sql(`UPDATE certificates SET next_order_at = now() WHERE name = $1`, name)
	c.enqueue("certificate_sweep")
	for edge := range c.ips {
		testkit.Eventually(t, time.Minute, "the new certificate is served", func() bool {
			now := c.serial(edge, name)
			if now == "" {
				t.Fatal("a handshake failed during the renewal")
			}
			return now != before[edge]
		})
	}

	// Somebody changes a record: bad looks for hours, then two weeks, then it is mended.
	c.dns.A(name, "127.88.99.99")
	c.look(name)
	testkit.Eventually(t, 30*time.Second, "the outage is seen", func() bool { return c.domain(name).Reason == "WRONG_A" })
	c.sql(`UPDATE domains SET failures = 3, failing_since = now() - interval '7 hours' WHERE name = $1`, name)
	c.look(name)
	c.awaitState(name, 30*time.Second, "degraded")
	c.sql(`UPDATE domains SET state_since = now() - interval '15 days' WHERE name = $1`, name)
	c.look(name)
	c.awaitState(name, 30*time.Second, "parked")
	c.isServed(name)
	c.dns.A(name, c.ips...)
	c.look(name)
	c.awaitState(name, 30*time.Second, "live")
	c.rookery("audit", "verify")
}

// enqueue has a periodic job run now.
func (c *cloud) enqueue(kind string) {
	c.t.Helper()
	c.sql(`INSERT INTO river.river_job (kind, args, queue, max_attempts, state) VALUES ($1, '{}', 'domains', 1, 'available')`, kind)
}

// isServed: both edges show the tenant under TLS; plain http leads there.
func (c *cloud) isServed(name string) {
	c.t.Helper()
	for edge := range c.ips {
		testkit.Eventually(c.t, 10*time.Second, "the name is served", func() bool {
			answer, _, err := c.get(edge, "https://"+name+"/@support")
			return err == nil && answer.StatusCode == http.StatusOK
		})
		answer, body, err := c.get(edge, "https://"+name+"/@support")
		if err != nil || !strings.Contains(body, "Support") {
			c.t.Errorf("edge %d: %v", edge, err)
			continue
		}
		if hsts := answer.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(hsts, "max-age=") {
			c.t.Errorf("edge %d: Strict-Transport-Security %q", edge, hsts)
		}
		if answer.ProtoMajor != 1 && answer.ProtoMajor != 2 {
			c.t.Errorf("edge %d: %s", edge, answer.Proto)
		}
		answer, _, err = c.get(edge, "http://"+name+"/@support?page=2")
		if err != nil || answer.StatusCode != http.StatusPermanentRedirect || answer.Header.Get("Location") != "https://"+name+"/@support?page=2" {
			c.t.Errorf("edge %d over plain http: %v, %+v", edge, err, answer)
		}
	}
}

// isFederated: the trial's addresses are the new name's.
func (c *cloud) isFederated(name string) {
	c.t.Helper()
	testkit.Eventually(c.t, 20*time.Second, "WebFinger answers", func() bool {
		_, body, err := c.get(0, "https://"+name+"/.well-known/webfinger?resource=acct:support@"+name)
		return err == nil && strings.Contains(body, `"acct:support@`+name+`"`) && strings.Contains(body, "https://"+name+"/ap/actors/")
	})
}

// refusesStrangers: TEN-02, TEN-25. No order is made for a name that is not ours.
func (c *cloud) refusesStrangers(name string) {
	c.t.Helper()
	orders := c.count(`SELECT count(*) FROM cert_orders`)
	for _, host := range []string{"other.test", "x." + name, "company.test", "t-1.edge." + platform} {
		if _, _, err := c.get(0, "https://"+host+"/"); err == nil {
			c.t.Errorf("%s is served", host)
		}
		if answer, body, err := c.get(0, "http://"+host+"/"); err != nil || answer.StatusCode != http.StatusMisdirectedRequest || strings.Contains(body, "Acme") {
			c.t.Errorf("%s over plain http: %v %s", host, err, body)
		}
	}
	answer, _, err := c.get(0, "https://"+name+"/", "Host", "media."+platform)
	if err != nil || answer.StatusCode != http.StatusMisdirectedRequest {
		c.t.Errorf("TEN-02 another host than the connection's: %v, %v", err, answer)
	}
	if now := c.count(`SELECT count(*) FROM cert_orders`); now != orders {
		c.t.Errorf("TEN-25 %d orders were made for strangers", now-orders)
	}
}

// Whatever breaks, names that work go on, and the others get their certificate in the end:
// an authority that is down, a worker that dies in the middle of an order, a database that
// hangs or is away.
func TestE2ETLSFaults(t *testing.T) {
	t.Parallel()
	if !full() {
		t.Skip("make e2e-tls runs it: it takes a minute")
	}
	c := newCloud(t, pebble.Options{RejectNonces: 20}, nil)
	const first, second, third = "one.company.test", "two.company.test", "three.company.test"
	for _, name := range []string{first, second, third} {
		c.dns.A(name, c.ips...)
	}
	c.rookery("tenant", "create", "--domain", first, "--name", "One")
	c.rookery("account", "create", "--tenant", first, "--username", "support", "--display-name", "Support")
	c.enqueue("certificate_sweep")
	c.isServed(first)

	// REL-12: the authority is away. The name waits, and says why; others are served.
	c.authority.Stop()
	c.rookery("tenant", "create", "--trial", "two", "--name", "Two")
	c.claim("two."+platform, "whole", second)
	c.look(second)
	if d := c.awaitState(second, time.Minute, "issue_failed"); d.Reason != "AUTHORITY_UNREACHABLE" || d.Advice == "" {
		t.Errorf("REL-12 without an authority: %+v", d)
	}
	c.isServed(first)
	c.authority.Run()

	// The worker dies in the middle of the order: another one takes it over at once.
	before := c.count(`SELECT count(*) FROM cert_orders`)
	c.look(second)
	testkit.Eventually(t, time.Minute, "an order is under way", func() bool {
		return c.count(`SELECT count(*) FROM cert_orders WHERE ended_at IS NULL`) > 0 && c.count(`SELECT count(*) FROM cert_orders`) > before
	})
	c.worker.signal(t, syscall.SIGKILL)
	<-c.worker.exited
	c.startWorker()
	testkit.Eventually(t, time.Minute, "another worker finishes the order", func() bool {
		d := c.domain(second)
		if d.State == "issue_failed" {
			c.look(second) // Pebble forgets accounts when it ends: the first order only finds that out
		}
		return d.State == "live"
	})
	if serial := c.serial(1, second); serial == "" {
		t.Error("the name has no certificate after the worker's death")
	}

	// The database hangs where certificates are: who is known is served, others fail soon.
	c.rookery("tenant", "create", "--domain", third, "--name", "Three")
	c.enqueue("certificate_sweep")
	testkit.Eventually(t, time.Minute, "the third name has its certificate", func() bool {
		return c.count(`SELECT count(*) FROM certificates WHERE name = $1 AND not_after IS NOT NULL`, third) == 1
	})
	unlock := lockTable(t, c.server, "cert_kv")
	for range 20 {
		if c.serial(0, first) == "" {
			t.Fatal("a name in memory is not served while the storage hangs")
		}
	}
	began := time.Now()
	if c.serial(0, third) != "" {
		t.Error("a name that is not in memory is served without the storage")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a handshake waited %v for the storage", took)
	}
	unlock()
	testkit.Eventually(t, 30*time.Second, "the third name is served", func() bool { return c.serial(0, third) != "" })

	// The database is away altogether.
	back := c.takeAway()
	for range 20 {
		if c.serial(0, first) == "" || c.serial(0, third) == "" {
			t.Fatal("a name in memory is not served without the database")
		}
	}
	back()
	c.isServed(first)
}

// takeAway lets nobody connect to the database until the returned function is called.
func (c *cloud) takeAway() (back func()) {
	c.t.Helper()
	url, err := pgx.ParseConfig(c.db.SuperURL)
	if err != nil {
		c.t.Fatal(err)
	}
	name := pgx.Identifier{url.Database}.Sanitize()
	elsewhere := url.Copy()
	elsewhere.Database = "postgres"
	run := func(statements ...string) {
		conn, err := pgx.ConnectConfig(context.WithoutCancel(c.t.Context()), elsewhere)
		if err != nil {
			c.t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) }()
		for _, s := range statements {
			if _, err := conn.Exec(context.WithoutCancel(c.t.Context()), s); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	run("ALTER DATABASE "+name+" ALLOW_CONNECTIONS false", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+url.Database+"'")
	isBack := false
	back = func() {
		if !isBack {
			isBack = true
			run("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true")
		}
	}
	c.t.Cleanup(back)
	return back
}

// Where port 80 is closed the authority asks over TLS (TLS-ALPN-01), and an edge answers
// for the worker, which is another process.
func TestE2ETLSByALPN(t *testing.T) {
	t.Parallel()
	if !full() {
		t.Skip("runs in make e2e-tls (ROOKERY_E2E=full)")
	}
	const name = "social.company.test"
	c := newCloud(t, pebble.Options{HTTPPort: 81}, nil)
	c.dns.A(name, c.ips[1])
	c.rookery("tenant", "create", "--domain", name, "--name", "Company")
	c.enqueue("certificate_sweep")
	testkit.Eventually(t, time.Minute, "the certificate is served", func() bool { return c.serial(0, name) != "" && c.serial(1, name) != "" })
}
