package actor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"rookery/federation/vocab"
	"rookery/tenant"
)

// document is an answer: its bytes, and the name of exactly these bytes.
type document struct {
	status int
	body   []byte
	etag   string
	page   string // the page for people that shows the same
	owner  int64  // the account that it is of
	hidden bool   // not for everybody: never kept
}

func write(doc vocab.Document) (*document, error) {
	body, err := vocab.Write(doc)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return newDocument(http.StatusOK, body), nil
}

func newDocument(status int, body []byte) *document {
	sum := sha256.Sum256(body)
	return &document{status: status, body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// matches reads If-None-Match (RFC 9110 section 13.1.2).
func matches(header, etag string) bool {
	const longest = 1 << 10
	if header == "" || len(header) > longest {
		return false
	}
	for item := range strings.SplitSeq(header, ",") {
		item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
		if item == "*" || item == etag {
			return true
		}
	}
	return false
}

type kind byte

const (
	kindActor kind = iota + 1
	kindObject
	kindInstance
)

type key struct {
	tenant tenant.ID
	kind   kind
	id     int64
}

// cache keeps documents that anybody may read for a moment: when a post is boosted,
// thousands of servers ask for it and its author within seconds (REL-29). Those who
// ask at the same time share one read.
type cache struct {
	documents *otter.Cache[key, *document]
}

const (
	keepFor  = time.Second
	keepSize = 16 << 20 // bytes
)

func newCache() *cache {
	return &cache{documents: otter.Must(&otter.Options[key, *document]{
		MaximumWeight:    keepSize,
		Weigher:          func(_ key, d *document) uint32 { return uint32(len(d.body)) + 256 },
		ExpiryCalculator: otter.ExpiryWriting[key, *document](keepFor),
	})}
}

// get returns a document, reading it if there is no fresh copy. The read has a
// deadline of its own, because others may wait for it. What is hidden is not kept.
func (c *cache) get(ctx context.Context, t tenant.ID, kind kind, id int64, read func(context.Context) (*document, error)) (*document, error) {
	k := key{t, kind, id}
	doc, err := c.documents.Get(ctx, k, otter.LoaderFunc[key, *document](func(ctx context.Context, _ key) (*document, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limitTime)
		defer cancel()
		return read(ctx)
	}))
	if err == nil && doc.hidden {
		c.documents.Invalidate(k)
	}
	return doc, err
}

func (c *cache) drop(t tenant.ID, kind kind, id int64) { c.documents.Invalidate(key{t, kind, id}) }
