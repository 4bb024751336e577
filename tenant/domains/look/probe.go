package look

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"rookery/internal/safehttp"
)

// ProbePath is what every name that leads here answers, before it is live too.
const ProbePath = "/.well-known/rookery-probe/"

const (
	probeDeadline = 5 * time.Second
	probeMaxBytes = 64 << 10
	longestNonce  = 64
)

// Probe is what answered on a name.
type Probe struct {
	Nonce   string `json:"-"`
	Proven  bool   // it was us
	URL     string // what was asked
	Final   string // what answered after redirects
	Status  int    // 0: nothing answered
	Server  string // the Server header, lower case
	Failure string // why nothing answered: see the Failed… constants
}

// Why an address did not answer.
const (
	FailedNoAddress = "no_address" // the name has none
	FailedRefused   = "refused"    // nothing listens, or a firewall says no
	FailedTimeout   = "timeout"
	FailedTLS       = "tls"      // no valid certificate
	FailedRedirect  = "redirect" // it leads round in circles, or to plain http
	FailedBlocked   = "blocked"  // it leads into a private network
	FailedOther     = "other"
)

// Proof is the answer to a probe: only this platform can make it, and for this name alone.
func (l *Looker) Proof(name, nonce string) string { return ProofOfProbe(l.Secret, name, nonce) }

// ProofOfProbe is what a process that serves the name answers. An empty or overlong nonce
// has none: it is not one of ours.
func ProofOfProbe(secret []byte, name, nonce string) string {
	if nonce == "" || len(nonce) > longestNonce {
		return ""
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("rookery-probe\n" + hostOf(strings.ToLower(name)) + "\n" + nonce))
	return hex.EncodeToString(mac.Sum(nil))
}

// probe asks over plain http, as an authority does first, and then over https: behind a
// proxy only the latter may be there.
func (l *Looker) probe(ctx context.Context, t Target) Probe {
	p := l.probeBy(ctx, "http", t.Name)
	if p.Proven || t.Scheme == "http" {
		return p
	}
	if secure := l.probeBy(ctx, "https", t.Name); secure.Proven || p.Status == 0 && secure.Status != 0 {
		secure.Failure = p.Failure // port 80 is what the authority needs
		return secure
	}
	return p
}

func (l *Looker) probeBy(ctx context.Context, scheme, name string) Probe {
	p := Probe{Nonce: rand.Text()}
	p.URL = scheme + "://" + name + ProbePath + p.Nonce
	answer, err := l.HTTP.Get(ctx, safehttp.GetRequest{URL: p.URL, Deadline: probeDeadline, MaxBytes: probeMaxBytes, Accept: []string{"text/plain"}})
	if err != nil {
		p.Failure = failureOf(err)
		return p
	}
	p.Status, p.Final, p.Server = answer.Status, answer.FinalURL.String(), strings.ToLower(answer.Header.Get("Server"))
	given := strings.TrimSpace(string(answer.Body))
	p.Proven = answer.OK() && hmac.Equal([]byte(given), []byte(l.Proof(name, p.Nonce)))
	return p
}

func failureOf(err error) string {
	var noName *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &noName):
		return FailedNoAddress
	case errors.Is(err, safehttp.ErrBlocked):
		return FailedBlocked
	case errors.Is(err, safehttp.ErrRedirect):
		return FailedRedirect
	case isTLS(err):
		return FailedTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return FailedTimeout
	case isRefused(err):
		return FailedRefused
	}
	return FailedOther
}

// software says what fediverse server answers on a name, by its NodeInfo.
func (l *Looker) software(ctx context.Context, scheme, name string) string {
	list := struct {
		Links []struct{ Rel, Href string }
	}{}
	if !l.getJSON(ctx, scheme+"://"+name+"/.well-known/nodeinfo", &list) {
		return ""
	}
	for _, link := range list.Links {
		at, err := url.Parse(link.Href)
		if err != nil || !strings.HasPrefix(link.Rel, "http://nodeinfo.diaspora.software/ns/schema/") || at.Host == "" {
			continue
		}
		info := struct{ Software struct{ Name string } }{}
		if l.getJSON(ctx, link.Href, &info) && info.Software.Name != "" {
			return strings.ToLower(info.Software.Name)
		}
	}
	return ""
}

func (l *Looker) getJSON(ctx context.Context, at string, into any) bool {
	answer, err := l.HTTP.Get(ctx, safehttp.GetRequest{URL: at, Deadline: probeDeadline, MaxBytes: probeMaxBytes, Accept: []string{"application/json"}})
	return err == nil && answer.OK() && json.Unmarshal(answer.Body, into) == nil
}
