package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"rookery/internal/pg"
	"rookery/tenant/certs"
	"rookery/tenant/domains/look"
	"rookery/tenant/registry"
)

// The values of ROOKERY_TLS.
const (
	tlsOff   = "off"
	tlsACME  = "acme"
	tlsFiles = "files"
)

// entrance is a listener with what answers on it; tls is nil for plain http.
type entrance struct {
	net.Listener
	handler http.Handler
	tls     *tls.Config
}

// entrances are where the public comes in; the first is where people are.
type entrances struct {
	list   []entrance
	follow func(context.Context) error // what goes on while they are open; nil: nothing
	ended  func()
}

func (e *entrances) close() {
	for _, one := range e.list {
		_ = one.Close() // again, where its server has closed it already
	}
	if e.ended != nil {
		e.ended()
	}
}

// openEntrances listens as ROOKERY_TLS says: behind a proxy on one address; else on one for
// TLS, and on another for plain http, which authorities ask and which redirects people.
func (s *system) openEntrances(ctx context.Context, p *parts, handler http.Handler) (out *entrances, err error) {
	out = &entrances{}
	defer func() {
		if err != nil {
			out.close()
		}
	}()
	public := s.forPublic(handler)
	main := entrance{handler: public}
	plain := http.Handler(nil)
	mode := s.cfg.String("tls")
	if !slices.Contains(s.cfg.List("roles"), "web") {
		mode = tlsOff // only its health is asked for, from within
	}
	switch mode {
	case tlsACME:
		edge := certs.NewEdge(s.edgeOptions())
		out.ended = edge.Close
		main.tls, plain = edge.TLSConfig(), edge.Challenges(s.toHTTPS(public))
	case tlsFiles:
		files, err := certs.OpenFiles(s.cfg.List("tls_cert_files"), s.cfg.List("tls_key_files"), s.log)
		if err != nil {
			return out, err
		}
		out.follow = files.Follow
		main.tls, plain = files.TLSConfig(), s.toHTTPS(public)
	}
	if main.Listener, err = s.listenPublic(ctx, "listen", p, main.tls != nil); err != nil {
		return out, err
	}
	out.list = append(out.list, main)
	if plain == nil {
		return out, nil
	}
	l, err := s.listenPublic(ctx, "listen_http", p, true)
	if err != nil {
		return out, err
	}
	out.list = append(out.list, entrance{Listener: l, handler: plain})
	return out, nil
}

// listenPublic opens the address of a setting. Where clients connect to us directly, each
// gets only so many connections.
func (s *system) listenPublic(ctx context.Context, setting string, p *parts, direct bool) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.String(setting))
	if err != nil {
		return nil, fmt.Errorf("listen for the public (ROOKERY_%s): %w", strings.ToUpper(setting), err)
	}
	if direct {
		return &fewConnections{Listener: l, limiter: p.limiter, trusted: s.cfg.Prefixes("trusted_proxies")}, nil
	}
	return l, nil
}

// toHTTPS redirects what came over plain http, but for what must be answered there: checks
// of names that have no certificate yet, and load balancers.
func (s *system) toHTTPS(public http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(s.cfg.String("listen"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := registry.Normalise(hostname(r.Host))
		_, known := s.registry.Host(host)
		known = known || host == hostname(s.cfg.String("platform_host")) || host == hostname(s.cfg.String("media_host"))
		if !known || strings.HasPrefix(r.URL.Path, look.ProbePath) || r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			public.ServeHTTP(w, r)
			return
		}
		if port != "443" && port != "" && s.cfg.String("tls") != tlsACME {
			host = net.JoinHostPort(host, port)
		}
		// 308 keeps the method (RFC 9110 section 15.4.9): a POST stays one.
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// ownNames are the platform's own, without ports.
func (s *system) ownNames() []string {
	own := []string{hostname(s.cfg.String("platform_host"))}
	if m := hostname(s.cfg.String("media_host")); m != own[0] {
		own = append(own, m)
	}
	return own
}

func (s *system) edgeOptions() certs.EdgeOptions {
	return certs.EdgeOptions{
		DB: s.db, Key: s.key, Table: s.registry, CA: s.cfg.String("acme_ca"), Own: s.ownNames(), Suffix: s.trialSuffix(), Log: s.log,
	}
}

// trialSuffix is below which trials have their names, if there is a way to a wildcard.
func (s *system) trialSuffix() string {
	if s.cfg.String("acme_dns_server") == "" {
		return ""
	}
	return hostname(s.cfg.String("platform_host"))
}

// newCertificates builds what orders certificates, or nil where nobody does.
func (s *system) newCertificates(db *pg.DB) (*certs.Worker, error) {
	if s.cfg.String("tls") != tlsACME {
		return nil, nil
	}
	o := certs.WorkerOptions{
		DB: db, Key: s.key, Table: s.registry, CA: s.cfg.String("acme_ca"), TestCA: s.cfg.String("acme_test_ca"),
		Email: s.cfg.String("acme_email"), Profile: s.cfg.String("acme_profile"), Own: s.ownNames(), Log: s.log,
	}
	if suffix := s.trialSuffix(); suffix != "" {
		o.Wildcard = "*." + suffix
		o.DNS = &certs.DNSUpdates{
			Server: s.cfg.String("acme_dns_server"), KeyName: s.cfg.String("acme_dns_key_name"), Secret: s.cfg.String("acme_dns_key_secret"),
			Algorithm: s.cfg.String("acme_dns_key_algorithm"), Resolvers: s.cfg.List("dns_resolvers"),
		}
	}
	if file := s.cfg.String("acme_account_key_file"); file != "" {
		key, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read ROOKERY_ACME_ACCOUNT_KEY_FILE: %w", err)
		}
		o.AccountKey = string(key)
	}
	if file := s.cfg.String("acme_ca_file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read ROOKERY_ACME_CA_FILE: %w", err)
		}
		if o.Roots = x509.NewCertPool(); !o.Roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ROOKERY_ACME_CA_FILE: %s holds no certificate in PEM", file)
		}
	}
	return certs.NewWorker(o)
}
