// Package httpx is the frame of the client API: the route table and everything
// that happens around a handler.
//
// Handlers of api/v1, api/v2, api/oauth and api/streaming are declared as
// Routes; cmd/rookery hands the tables to Mount, which refuses to start when a
// route does not say who may call it. A handler reads its input with Bind or
// PageOf, calls one rule, and returns an entity or an error; Render is the only
// place where an error becomes an answer.
//
// It must not know what the API is about: no store, no rules, no rendering of
// entities. It must never write a token, a query string or the text of an
// internal error into a log line or an answer.
package httpx
