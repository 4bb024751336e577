package main

import (
	"net/netip"
	"strings"

	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/tenant/domains"
	"rookery/tenant/domains/look"
)

// issuers are the names by which CAA records allow the authority that we use.
var issuers = []string{"letsencrypt.org"}

// newDomains builds what leads names from a claim to a working address.
func (s *system) newDomains(db *pg.DB) *domains.Service {
	return domains.New(domains.Options{
		DB: db, Tenants: s.registry, Looker: s.newLooker(), Scheme: s.cfg.String("public_scheme"), Console: s.console(),
		Needs:  domains.Needs{Certificates: s.cfg.String("tls") == tlsACME},
		Suffix: hostname(s.cfg.String("platform_host")), Protected: s.cfg.List("protected_names"), Log: s.log,
	})
}

// newLooker has a client of its own: a check goes out and comes in again, whatever the short
// cut to our own hosts, and speaks plain http, since that is what an authority does first.
func (s *system) newLooker() *look.Looker {
	o := look.Options{
		Resolvers: s.cfg.List("dns_resolvers"), EdgeSuffix: s.edgeDomain(), Secret: s.probeSecret(), Roots: s.roots,
		Own: s.cfg.String("platform_host"),
	}
	// Nobody else minds what CAA records say, and other authorities' names are not known here.
	if s.cfg.String("tls") == tlsACME && strings.Contains(s.cfg.String("acme_ca"), issuers[0]) {
		o.Issuers = issuers
	}
	for _, text := range s.cfg.List("edge_addresses") {
		if addr, err := netip.ParseAddr(text); err == nil { // validated at load
			o.Addresses = append(o.Addresses, addr)
		}
	}
	client := safehttp.Options{
		UserAgent: s.userAgent(), AllowPrefixes: s.cfg.Prefixes("federation_allow_prefixes"), AllowHTTP: true, RootCAs: s.roots,
	}
	if s.cfg.String("public_scheme") == "https" {
		client.LookupIP = look.LookupBy(o.Resolvers) // what is looked at and what is dialled are one
	}
	o.HTTP = safehttp.New(client)
	return look.New(o)
}

func (s *system) edgeDomain() string {
	if set := s.cfg.String("edge_domain"); set != "" {
		return set
	}
	return "edge." + hostname(s.cfg.String("platform_host"))
}

func (s *system) probeSecret() []byte { return s.key.Derive("domain-probe") }

// probeProof is what this process answers to a check of a name.
func (s *system) probeProof(name, nonce string) string {
	return look.ProofOfProbe(s.probeSecret(), name, nonce)
}
