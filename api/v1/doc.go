// Package v1 serves version 1 of Mastodon's client API, one file a resource.
//
// Each file exports the routes of its resource; cmd/rookery hands them to
// httpx.Mount. A handler reads its input, calls one rule and renders the
// result. It must not hold rules, SQL or JSON shapes: those live in
// internal/social, internal/store and api/entity.
package v1
