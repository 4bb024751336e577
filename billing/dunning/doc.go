// Package dunning tells people what a tenant's standing means before it means it, and
// brings a tenant that does not pay to its end.
//
// Which letters are due is a function of the entitlement and the time (Letters), so that a
// clock that was stopped for a day sends each letter once and none twice. The end is that of
// package tenant/deletion, and quiet unless an owner chose otherwise: a Delete that went out
// cannot be taken back. cmd/rookery registers the worker. It must not decide a standing:
// package billing does.
package dunning
