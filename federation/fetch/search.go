package fetch

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"rookery/federation/vocab"
	"rookery/federation/webfinger"
	"rookery/internal/fault"
	"rookery/internal/pg"
	"rookery/internal/safehttp"
	"rookery/internal/social"
	"rookery/internal/store"
	"rookery/tenant"
)

// Found is what a search led to: an account or a status, or neither.
type Found struct {
	Account *social.Account
	Status  *social.Status
}

// Search looks up what somebody typed or pasted: a handle, or the address of an
// account or a post, be it its id or its page for people. Whether the person may see
// a status that is found, the caller asks internal/social/status. fault.NotFound: nothing there.
func (f *Fetcher) Search(ctx context.Context, t *tenant.Tenant, query string) (Found, error) {
	query = strings.TrimSpace(query)
	ctx = withBudget(ctx, searchRequests, requestDeadline)
	if !strings.HasPrefix(query, "https://") && !strings.HasPrefix(query, "http://") {
		handle, err := webfinger.ParseHandle(query)
		if err != nil {
			return Found{}, errNotFound
		}
		a, err := f.Resolve(ctx, t, social.Handle{User: handle.User, Host: handle.Domain})
		return Found{Account: a}, err
	}
	if err := f.refuse(t, query); err != nil {
		return Found{}, err
	}
	if found, err := f.byAddress(ctx, t, query); err == nil || !fault.IsNotFound(err) || f.isOwn(t, query) {
		return found, err
	}
	return f.lookUp(ctx, t, query)
}

// byAddress finds what is here already, by its id.
func (f *Fetcher) byAddress(ctx context.Context, t *tenant.Tenant, uri string) (found Found, err error) {
	err = f.db.Tenant(ctx, t.ID, func(scope *pg.Scope) error {
		if found.Account, err = store.AccountByURI(ctx, scope, uri); err == nil || !fault.IsNotFound(err) {
			return err
		}
		found.Status, err = store.StatusByURI(ctx, scope, uri)
		return err
	})
	return found, err
}

// lookUp reads an address that may be an id or a page.
func (f *Fetcher) lookUp(ctx context.Context, t *tenant.Tenant, uri string) (Found, error) {
	doc, err := f.document(ctx, t, uri)
	if fault.CodeOf(err) == fault.Invalid {
		alternate, found := f.alternate(ctx, t, uri)
		if !found {
			return Found{}, err
		}
		doc, err = f.document(ctx, t, alternate)
	}
	if err != nil {
		return Found{}, err
	}
	if actor := vocab.ReadActor(doc); vocab.IsActor(actor.Type) {
		a, err := f.Save(ctx, t, actor)
		return Found{Account: a}, err
	}
	if st, err := f.knownStatus(ctx, t, doc.ID()); err == nil {
		return Found{Status: st}, nil
	}
	object, err := f.post(ctx, t, doc)
	if err != nil {
		return Found{}, err
	}
	st, err := f.StoreQuietly(ctx, t, object)
	return Found{Status: st}, err
}

const maxPage = 512 << 10

// alternate reads a page for people and returns the id that it names in its head.
// What is served there must then speak for itself.
func (f *Fetcher) alternate(ctx context.Context, t *tenant.Tenant, page string) (string, bool) {
	response, err := f.http.Get(ctx, safehttp.GetRequest{URL: page, Types: []string{"text/html"}, MaxBytes: maxPage, Deadline: requestDeadline,
		Check: func(u *url.URL) error { return f.refuse(t, u.String()) }})
	if err != nil || !response.OK() {
		return "", false
	}
	href := alternateLink(response.Body)
	u, err := url.Parse(href)
	if href == "" || err != nil {
		return "", false
	}
	id := vocab.CleanID(response.FinalURL.ResolveReference(u).String())
	return id, id != "" && !f.isOwn(t, id)
}

// alternateLink finds <link rel="alternate" type="application/activity+json">.
func alternateLink(page []byte) string {
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			if token.Data == "body" {
				return ""
			}
			if href := alternateHref(token); href != "" {
				return href
			}
		}
	}
}

func alternateHref(token html.Token) string {
	if token.Data != "link" {
		return ""
	}
	attributes := map[string]string{}
	for _, a := range token.Attr {
		attributes[a.Key] = a.Val
	}
	for rel := range strings.FieldsSeq(attributes["rel"]) {
		if strings.EqualFold(rel, "alternate") && vocab.IsActivityMediaType(attributes["type"]) {
			return attributes["href"]
		}
	}
	return ""
}
