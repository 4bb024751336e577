package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Settings lists every setting there is.
var Settings = []Setting{
	{Key: "database_url", Help: "Postgres, as a URL. The login must be able to act as rookery_app and rookery_platform.", Secret: true},
	{Key: "database_platform_url", Help: "Postgres for work across tenants; empty: the same as database_url.", Secret: true},
	{Key: "database_owner_url", Help: "Postgres as the owner of the tables, for migrations; empty: the same as database_url.", Secret: true},
	{Key: "database_conns", Default: "24", Help: "How many connections this process may open for tenants' work."},
	{Key: "database_worker_conns", Default: "16", Help: "How many more it may open for the queues, so that jobs and requests do not wait for one another."},
	{Key: "render_cache_mib", Default: "32", Help: "How many MiB of rendered posts and profiles this process may keep."},
	{Key: "platform_host", Default: "rookery.localhost:8080", Help: "The platform's own host: console and staff pages."},
	{Key: "media_host", Default: "media.localhost:8080", Help: "A host of its own for user files, so that they never share an origin with a session."},
	{Key: "master_key", Help: "Seals private keys in the database. At least 32 characters; keep it apart from backups.", Secret: true},
	{Key: "roles", Default: "web,worker", Help: "What this process does: web, worker, or both."},
	{Key: "queues", Default: "inbox=16,deliver=48,fanout=8,fetch=16,domains=4,mail=2,billing=2,upkeep=2", Help: "Which queues this process works, and with how many workers."},
	{Key: "listen", Default: "127.0.0.1:8080", Help: "Where to listen for the public."},
	{Key: "admin_listen", Default: "127.0.0.1:9090", Help: "Where to listen for metrics and profiles; keep it private."},
	{Key: "listen_http", Default: ":80", Help: "With TLS: where to listen for plain http, which answers certificate authorities and redirects."},
	{Key: "tls", Default: "off", Help: "acme: get and renew certificates; files: our own; off: plain http behind a proxy."},
	{Key: "tls_cert_files", Help: "With files: certificates as PEM, each with its chain, separated by commas."},
	{Key: "tls_key_files", Help: "With files: their private keys as PEM, in the same order."},
	{Key: "acme_ca", Default: "https://acme-v02.api.letsencrypt.org/directory", Help: "With acme: the authority's directory."},
	{Key: "acme_test_ca", Help: "A directory to try first after a failure. Empty: Let's Encrypt's own, if that is the authority."},
	{Key: "acme_email", Help: "Whom the authority may write to. Needed for acme."},
	{Key: "acme_profile", Default: "tlsserver", Help: "The kind of certificate to ask for, where the authority offers it. Empty: its usual one."},
	{Key: "acme_ca_file", Help: "Certificate authorities as PEM to trust when talking to the authority. For tests and private authorities."},
	{Key: "acme_account_key_file", Help: "The key of our account at the authority, as PEM. Empty: one is made and kept sealed in the database."},
	{Key: "acme_dns_server", Help: "Address and port of the DNS server that takes updates (RFC 2136) of the platform's own zone: for a wildcard certificate over names of trials. Empty: none."},
	{Key: "acme_dns_key_name", Help: "The name of the key that signs these updates (TSIG)."},
	{Key: "acme_dns_key_secret", Help: "The key, in base64.", Secret: true},
	{Key: "acme_dns_key_algorithm", Default: "hmac-sha256", Help: "hmac-sha256, hmac-sha384 or hmac-sha512."},
	{Key: "public_scheme", Default: "https", Help: "What peers and browsers see in front of a host: https, or http in development."},
	{Key: "sign_up", Default: "off", Help: "Whether strangers may make a login of their own on the platform's host: on or off. It needs a mail server."},
	{Key: "trusted_proxies", Help: "Address ranges whose X-Forwarded-For and X-Forwarded-Proto are believed."},
	{Key: "edge_domain", Help: "Below which each tenant has a name to point its domain at (t-….edge.example.com); it must resolve to this platform. Empty: edge. and the platform host."},
	{Key: "edge_addresses", Help: "Public addresses of this platform, for domains that cannot have a CNAME record."},
	{Key: "dns_resolvers", Default: "9.9.9.9:53,1.1.1.1:53", Help: "Resolvers that checks of domains ask, besides the zones' own servers."},
	{Key: "protected_names", Help: "Domains that nobody may look like without staff's consent."},
	{Key: "limits", Default: "on", Help: "Rate limits: on, off, or a factor such as 10 (for load tests)."},
	{Key: "federation_allow_prefixes", Help: "Extra address ranges that outgoing requests may reach. Empty in production."},
	{Key: "federation_allow_http", Default: "false", Help: "Whether peers may be reached over plain http. False in production."},
	{Key: "federation_ca_file", Help: "Extra certificate authorities for outgoing requests, as PEM. For tests and private networks."},
	{Key: "retention_remote_posts", Default: "90", Help: "Days that posts from elsewhere stay which nobody here follows, answers, likes, keeps, repeats or is named in. 0: for ever."},
	{Key: "retention_remote_accounts", Default: "90", Help: "Days that accounts from elsewhere stay of which nothing is known here any more. 0: for ever."},
	{Key: "retention_remote_edits", Default: "50", Help: "How many earlier versions of a post from elsewhere stay, the first one aside. 0: all."},
	{Key: "retention_notifications", Default: "180", Help: "Days that notifications stay. 0: for ever."},
	{Key: "retention_tombstones", Default: "30", Help: "Days that the deletion of something elsewhere is remembered; of what was here, always. 0: for ever."},
	{Key: "retention_activities", Default: "14", Help: "Days that sent activities stay, with the state of their deliveries: 4 or more. 0: for ever."},
	{Key: "retention_inbox", Default: "7", Help: "Days that received activities are remembered, so that none is applied twice: 4 or more. 0: for ever."},
	{Key: "retention_events", Default: "7", Help: "Days that events stay which were published: 4 or more. 0: for ever."},
	{Key: "retention_apps", Default: "7", Help: "Days that registered apps stay in which nobody is logged in. 0: for ever."},
	{Key: "retention_uploads", Default: "1", Help: "Days that uploaded files stay which nothing uses. 0: for ever."},
	{Key: "smtp_host", Help: "The server that takes our mails. Empty: mails wait in the queue."},
	{Key: "smtp_port", Help: "Its port. Empty: 587 with starttls, 465 with implicit, 25 with none."},
	{Key: "smtp_tls", Default: "starttls", Help: "starttls (required, not tried), implicit, or none for a relay on this machine or in its private network."},
	{Key: "smtp_user", Help: "Whom to log in as; never without TLS. Empty: no log-in."},
	{Key: "smtp_password", Help: "The password for that.", Secret: true},
	{Key: "smtp_from", Help: "The sender's address. Empty: rookery@ and the platform host."},
	{Key: "smtp_from_name", Default: "Rookery", Help: "The sender's name."},
	{Key: "smtp_hello", Help: "How we introduce ourselves to the mail server. Empty: the platform host."},
	{Key: "billing", Default: "off", Help: "off: nothing is charged and nobody sees anything of it; stripe; or fake: a stand-in for Stripe that moves no money, for trying."},
	{Key: "plans", Help: "With billing: the file of plans and prices (TOML). Without: plans of which one may be everybody's. Empty: the examples with fake, no limits with off."},
	{Key: "stripe_key", Help: "With stripe: the secret or restricted key, sk_… or rk_….", Secret: true},
	{Key: "stripe_webhook_secret", Help: "With stripe: the secret of an endpoint for events that was made by hand. Empty: those that rookery billing setup made.", Secret: true},
	{Key: "stripe_url", Help: "With stripe: another address of its API, for tests. Never with a live key."},
	{Key: "log_level", Default: "info", Help: "debug, info, warn or error."},
	{Key: "log_format", Default: "text", Help: "text or json."},
	{Key: "shutdown_grace", Default: "20", Help: "Seconds that requests and jobs in flight get at shutdown."},
}

// validate checks every value whose shape is known, so that a typing error stops the
// start with one sentence and not a request later.
func (c *Config) validate() error {
	checks := []struct {
		keys []string
		ok   func(string) bool
		want string
	}{
		{[]string{"federation_allow_http"}, isBool, "true or false"},
		{[]string{"database_conns", "database_worker_conns", "render_cache_mib", "shutdown_grace"}, isPositive, "a whole number above 0"},
		{[]string{
			"retention_remote_posts", "retention_remote_accounts", "retention_remote_edits", "retention_notifications", "retention_tombstones",
			"retention_apps", "retention_uploads",
		}, isCount, "a whole number, or 0 for ever"},
		{[]string{"retention_activities", "retention_inbox", "retention_events"}, outlastsDelivery, "4 days or more, or 0 for ever"},
		{[]string{"sign_up"}, oneOf("on", "off"), "on or off"},
		{[]string{"billing"}, oneOf("off", "stripe", "fake"), "off, stripe or fake"},
		{[]string{"tls"}, oneOf("off", "acme", "files"), "off, acme or files"},
		{[]string{"acme_dns_key_algorithm"}, oneOf("hmac-sha256", "hmac-sha384", "hmac-sha512"), "hmac-sha256, hmac-sha384 or hmac-sha512"},
		{[]string{"acme_ca"}, isHTTPS, "an https address"},
		{[]string{"acme_dns_server"}, isHostPortOrEmpty, "an address with a port, such as ns1.example.com:53"},
		{[]string{"public_scheme"}, oneOf("https", "http"), "https or http"},
		{[]string{"log_level"}, oneOf("debug", "info", "warn", "error"), "debug, info, warn or error"},
		{[]string{"log_format"}, oneOf("text", "json"), "text or json"},
		{[]string{"smtp_tls"}, oneOf("starttls", "implicit", "none"), "starttls, implicit or none"},
		{[]string{"smtp_port"}, isPortOrEmpty, "a port, or empty"},
		{[]string{"roles"}, each(oneOf("web", "worker")), "web, worker, or web,worker"},
		{[]string{"queues"}, each(isPair), "a list such as inbox=16,deliver=48"},
		{[]string{"federation_allow_prefixes", "trusted_proxies"}, each(isPrefix), "a list of ranges such as 10.0.0.0/8"},
		{[]string{"edge_addresses"}, each(isAddress), "a list of addresses such as 192.0.2.1,2001:db8::1"},
		{[]string{"dns_resolvers"}, each(isAddressPort), "a list of addresses with ports such as 9.9.9.9:53"},
		{[]string{"limits"}, isLimits, "on, off or a factor such as 10"},
	}
	for _, check := range checks {
		for _, key := range check.keys {
			v := c.values[key]
			if !check.ok(v.Value) {
				return fmt.Errorf("%s is “%s” (from the %s): it must be %s", v.Env(), v.Shown(), v.Source, check.want)
			}
		}
	}
	return errors.Join(c.validateTLS(), c.validateBilling())
}

// validateBilling checks what Stripe needs.
func (c *Config) validateBilling() error {
	switch {
	case c.values["billing"].Value != "stripe":
		return nil
	case c.values["stripe_key"].Value == "":
		return errors.New("ROOKERY_BILLING is stripe, so ROOKERY_STRIPE_KEY must be set (or ROOKERY_STRIPE_KEY_FILE)")
	case c.values["plans"].Value == "":
		return errors.New("ROOKERY_BILLING is stripe, so ROOKERY_PLANS must name your plans and prices; `rookery billing plans` prints an example")
	}
	return nil
}

// validateTLS checks what only makes sense together.
func (c *Config) validateTLS() error {
	mode := c.values["tls"].Value
	switch {
	case mode == "off":
		return nil
	case c.values["public_scheme"].Value != "https":
		return fmt.Errorf("ROOKERY_TLS is %s, so ROOKERY_PUBLIC_SCHEME must be https", mode)
	case mode == "acme" && !strings.Contains(c.values["acme_email"].Value, "@"):
		return errors.New("ROOKERY_ACME_EMAIL must be set with ROOKERY_TLS=acme: authorities want to know whom to write to")
	case mode == "files" && (len(c.List("tls_cert_files")) == 0 || len(c.List("tls_cert_files")) != len(c.List("tls_key_files"))):
		return errors.New("ROOKERY_TLS is files: ROOKERY_TLS_CERT_FILES and ROOKERY_TLS_KEY_FILES must name as many files")
	}
	return nil
}

func isBool(s string) bool { _, err := strconv.ParseBool(s); return err == nil }

func isPositive(s string) bool { n, err := strconv.Atoi(s); return err == nil && n > 0 }

func isPortOrEmpty(s string) bool {
	n, err := strconv.Atoi(s)
	return s == "" || err == nil && n > 0 && n < 65_536
}

func isCount(s string) bool { n, err := strconv.Atoi(s); return err == nil && n >= 0 && n <= 36_500 }

// Deliveries are tried for three days, here and elsewhere.
func outlastsDelivery(s string) bool {
	n, _ := strconv.Atoi(s)
	return isCount(s) && (n == 0 || n >= 4)
}

func isHTTPS(s string) bool { return strings.HasPrefix(s, "https://") }

func isHostPortOrEmpty(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return s == "" || err == nil && host != "" && port != ""
}

func isPrefix(s string) bool { _, err := netip.ParsePrefix(s); return err == nil }

func isAddress(s string) bool { _, err := netip.ParseAddr(s); return err == nil }

func isAddressPort(s string) bool { _, err := netip.ParseAddrPort(s); return err == nil }

func isPair(s string) bool {
	name, number, ok := strings.Cut(s, "=")
	return ok && name != "" && isPositive(number)
}

func isLimits(s string) bool {
	return s == "on" || s == "off" || isPositive(s)
}

func oneOf(words ...string) func(string) bool {
	return func(s string) bool {
		for _, w := range words {
			if s == w {
				return true
			}
		}
		return false
	}
}

func each(ok func(string) bool) func(string) bool {
	return func(s string) bool {
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" && !ok(part) {
				return false
			}
		}
		return true
	}
}
