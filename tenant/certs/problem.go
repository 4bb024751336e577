package certs

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// The codes of what an order came to. Package doctor has a sentence for each.
const (
	codeRefused     = "CERTIFICATE_REFUSED"
	codeUnreachable = "AUTHORITY_UNREACHABLE"
	codeRateLimited = "RATE_LIMITED"
	codeCAA         = "CAA_FORBIDS"
	codeDNS         = "NS_SERVFAIL"
	codePort80      = "PORT80_BLOCKED"
)

// problem is why an order failed.
type problem struct {
	code   string
	detail map[string]string
	// ours says that the authority did not refuse the name: it was away, or we were. It is
	// tried again soon and counts as no failure of the name.
	ours bool
	// signed says that there is a certificate all the same, only not in our storage.
	signed bool
	// until is when the authority wants to be asked again; zero: it did not say.
	until time.Time
	// pauses is until when it wants no order of the account's, whatever the name; zero: it
	// meant this name.
	pauses time.Time
}

// The parts of an authority's problem types (RFC 8555 section 6.7) that people can mend.
var problemCodes = []struct{ suffix, code string }{
	{":caa", codeCAA},
	{":dns", codeDNS},
	{":connection", codePort80},
	{":rateLimited", codeRateLimited},
}

// problemOf reads why an order failed.
func problemOf(err error, now time.Time) problem {
	var p acme.Problem
	if !errors.As(err, &p) {
		return problem{code: codeUnreachable, detail: map[string]string{"text": reason(err)}, ours: true}
	}
	inner := p
	if len(p.Subproblems) > 0 {
		inner = p.Subproblems[0].Problem
	}
	out := problem{code: codeRefused, detail: map[string]string{"text": textOf(p, inner), "type": inner.Type}}
	for _, known := range problemCodes {
		if strings.HasSuffix(inner.Type, known.suffix) || strings.HasSuffix(p.Type, known.suffix) {
			out.code = known.code
			break
		}
	}
	if p.Status == http.StatusTooManyRequests {
		out.code = codeRateLimited
	}
	if out.code == codeRateLimited {
		out.until = retryAfter(err, now)
		out.detail["until"] = out.until.Format(time.RFC3339)
		if !isAboutName(p, inner) {
			out.pauses = out.until
		}
	}
	// An authority that fails, or that lost a number of ours, says nothing about the name.
	if p.Status >= http.StatusInternalServerError || strings.HasSuffix(p.Type, ":badNonce") || strings.HasSuffix(p.Type, ":serverInternal") {
		out.code, out.ours, out.until, out.pauses = codeUnreachable, true, time.Time{}, time.Time{}
		delete(out.detail, "until")
	}
	if p.Status == http.StatusServiceUnavailable {
		out.pauses = now.Add(oursPause) // it sheds load: all our names would only add to it
	}
	return out
}

// isAboutName tells the limits of a name, of what was bought, and of a set of names from
// those of the account, as Let's Encrypt words them; whoever is just busy names nothing.
func isAboutName(p, inner acme.Problem) bool {
	text := p.Detail + inner.Detail
	return strings.Contains(text, "too many certificates") || strings.Contains(text, "failed authorizations")
}

func textOf(p, inner acme.Problem) string {
	for _, text := range []string{inner.Detail, p.Detail, inner.Title, p.Title} {
		if text != "" {
			return text
		}
	}
	return inner.Type
}

// retryAfter is what the authority said, else an hour: its shortest window.
func retryAfter(err error, now time.Time) time.Time {
	const unsaid = time.Hour
	var p acme.Problem
	if errors.As(err, &p) {
		if _, after, ok := strings.Cut(p.Detail, "retry after "); ok {
			text, _, _ := strings.Cut(after, " UTC")
			if at, err := time.Parse("2006-01-02 15:04:05", strings.TrimSpace(text)); err == nil && at.After(now) {
				return at
			}
		}
	}
	return now.Add(unsaid)
}

// reason is the innermost cause in a few words.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return "its name was not found: " + dns.Name
	case errors.As(err, &op):
		return op.Err.Error()
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
