// Package ledger keeps what is known of payments true: it takes in the provider's events,
// reads what they are about, and finds out what follows for the tenant.
//
// An event is a doorbell (docs/billing.md): it is stored, and makes a job read the
// customer's whole state; nothing is ever taken from its payload, so that its order, its
// repetition and its version do not matter. What is read later replaces what was read
// earlier, never the other way round. The sweep moves the clock without any event, and
// takes up what a lost job left lying.
//
// billing/webhook hands events in, billing/checkout and the staff's pages ask for a reading,
// cmd/rookery registers the workers. It must not ask the provider within a transaction, nor
// take anything from a tenant because the provider cannot be asked.
package ledger
