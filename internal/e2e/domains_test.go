package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

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
