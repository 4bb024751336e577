package fetch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"rookery/federation/vocab"
	"rookery/internal/fault"
	"rookery/internal/safehttp"
	"rookery/tenant"
)

// served is a document and where it came from after redirects.
type served struct {
	doc vocab.Doc
	url string
}

// isAuthentic reports whether the document was served at its own id.
func (s served) isAuthentic() bool { return s.doc.ID() != "" && s.doc.ID() == s.url }

// document reads a document that speaks for itself: served under its own id. Where
// the id says that it lives elsewhere it is read once more, there.
func (f *Fetcher) document(ctx context.Context, t *tenant.Tenant, uri string) (vocab.Doc, error) {
	for range 2 {
		got, err := f.get(ctx, t, uri, requestDeadline, nil)
		if err != nil {
			return vocab.Doc{}, err
		}
		if got.isAuthentic() {
			return got.doc, nil
		}
		uri = got.doc.ID()
		if uri == "" {
			break
		}
		if f.isOwn(t, uri) {
			return vocab.Doc{}, errOwn
		}
	}
	return vocab.Doc{}, errID
}

// get is one signed GET. The check, if any, is asked before every hop.
func (f *Fetcher) get(ctx context.Context, t *tenant.Tenant, uri string, deadline time.Duration, check func(*url.URL) error) (served, error) {
	if f.isOwn(t, uri) {
		return served{}, errOwn
	}
	if !t.Federates() {
		return served{}, errApart
	}
	if err := f.refuse(t, uri); err != nil {
		return served{}, err
	}
	signer, err := f.keyring.ForTenant(ctx, t)
	if err != nil {
		return served{}, fmt.Errorf("sign a GET for tenant %d: %w", t.ID, err)
	}
	response, err := f.http.Get(ctx, safehttp.GetRequest{
		URL: uri, Types: safehttp.ActivityJSON, Sign: signer.SignGet, Deadline: deadline,
		Check: func(u *url.URL) error {
			if f.isOwn(t, u.String()) {
				return errOwn
			}
			if err := f.refuse(t, u.String()); err != nil {
				return err
			}
			if check != nil {
				return check(u)
			}
			return nil
		},
	})
	if err != nil {
		return served{}, err
	}
	if !response.OK() {
		return served{}, refused(response, uri)
	}
	doc, err := vocab.Parse(response.Body)
	if err != nil {
		return served{}, fault.Wrap(err, fault.Invalid, "The other server answers in a way this server does not understand.")
	}
	return served{doc: doc, url: f.finalURL(uri, response.FinalURL)}, nil
}

// finalURL is where an answer came from: as it was asked for, byte by byte, unless
// there was a redirect. A fragment is never sent and a host is sent in lower case,
// so that the URL of the request may look different.
func (f *Fetcher) finalURL(asked string, final *url.URL) string {
	if u, err := f.http.ParseURL(asked); err == nil && u.String() == final.String() {
		return asked
	}
	return final.String()
}

// refused turns a bad status into what callers tell apart.
func refused(response *safehttp.Response, uri string) error {
	switch status := response.Status; {
	case status == http.StatusGone:
		return fmt.Errorf("get %s: %w", uri, errGone)
	case status == http.StatusNotFound, status == http.StatusForbidden:
		return fmt.Errorf("get %s: status %d: %w", uri, status, errNotFound)
	// 401: whoever asks for signatures could not read our key just now. Servers that will not
	// have us say 403.
	case status == http.StatusUnauthorized, status == http.StatusRequestTimeout, status == http.StatusTooEarly,
		status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("get %s: status %d: %w", uri, status, errTroubled)
	default:
		return fault.Newf(fault.Invalid, "The other server answered %d.", status)
	}
}
