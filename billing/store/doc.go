// Package store keeps what billing knows: customers, subscriptions, invoices, events,
// entitlements and what was asked of the payment provider.
//
// billing/ledger and billing/checkout write by it, the console and the staff's pages read.
// Everything goes through a transaction over all tenants that names its tenant, or through
// a tenant's own scope. It must hold no rule: what follows from the rows is billing's.
package store
