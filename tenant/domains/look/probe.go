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
	mostNodeInfos = 2 // documents of a server that are read: each lists one for each version
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

// Why an address did not answer, or what it answered with.
const (
	FailedNoAddress = "no_address" // the name has none
	FailedRefused   = "refused"    // nothing listens, or a firewall says no
	FailedTimeout   = "timeout"
	FailedTLS       = "tls"      // no valid certificate
	FailedRedirect  = "redirect" // it leads round in circles, or to plain http
	FailedBlocked   = "blocked"  // it leads into a private network
	FailedForeign   = "foreign"  // too long, or in a form that was not asked for
	FailedOther     = "other"    // nobody could be asked: nothing is known
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
	answer, final, err := l.get(ctx, p.URL, "text/plain")
	p.Final = final
	if err != nil {
		p.Failure = failureOf(err)
		return p
	}
	p.Status, p.Server = answer.Status, strings.ToLower(answer.Header.Get("Server"))
	given := strings.TrimSpace(string(answer.Body))
	p.Proven = answer.OK() && hmac.Equal([]byte(given), []byte(l.Proof(name, p.Nonce)))
	return p
}

// get also says where it came to in the end, which is worth knowing of a failure too.
func (l *Looker) get(ctx context.Context, at string, accept ...string) (answer *safehttp.Response, final string, err error) {
	answer, err = l.HTTP.Get(ctx, safehttp.GetRequest{
		URL: at, Deadline: probeDeadline, MaxBytes: probeMaxBytes, Accept: accept,
		Check: func(hop *url.URL) error {
			final = hop.String()
			return nil
		},
	})
	return answer, final, err
}

func failureOf(err error) string {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return FailedNoAddress
	case errors.As(err, &name), errors.Is(err, safehttp.ErrBusy), errors.Is(err, context.Canceled):
		return FailedOther
	case errors.Is(err, safehttp.ErrBlocked):
		return FailedBlocked
	case errors.Is(err, safehttp.ErrRedirect), errors.Is(err, safehttp.ErrURL):
		return FailedRedirect
	case errors.Is(err, safehttp.ErrTooLarge), errors.Is(err, safehttp.ErrContentType):
		return FailedForeign
	case isTLS(err):
		return FailedTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return FailedTimeout
	case isRefused(err):
		return FailedRefused
	}
	return FailedOther
}

// software says what fediverse server answers on a name, by its NodeInfo. What leads to
// host is no other server: it is where the name should lead.
func (l *Looker) software(ctx context.Context, scheme, name, host string) string {
	list := struct {
		Links []struct{ Rel, Href string }
	}{}
	if !l.getJSON(ctx, scheme+"://"+name+"/.well-known/nodeinfo", &list) {
		return ""
	}
	for _, link := range list.Links[:min(len(list.Links), mostNodeInfos)] {
		at, err := url.Parse(link.Href)
		if err != nil || !strings.HasPrefix(link.Rel, "http://nodeinfo.diaspora.software/ns/schema/") || at.Host == "" || at.Host == host {
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
	answer, _, err := l.get(ctx, at, "application/json")
	return err == nil && answer.OK() && json.Unmarshal(answer.Body, into) == nil
}
