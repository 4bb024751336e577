// Package v2 serves the resources that Mastodon's client API has in a second
// version, one file a resource, beside package v1.
//
// cmd/rookery hands their routes to httpx.Mount. The same holds as for v1: it
// must not hold rules, SQL or JSON shapes.
package v2
