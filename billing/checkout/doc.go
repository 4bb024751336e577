// Package checkout sells: it opens pages to pay on, changes and ends what a tenant has bought,
// and pays for as many accounts as there are.
//
// The console calls it for people, the queue for what follows from the number of accounts.
// What it asks of the provider it writes down before, so that whoever dies in between asks
// again under the same key, or looks at what became of it (intent.go). What a tenant is
// entitled to then, billing/ledger finds out by reading the customer; nothing is granted here.
//
// It must not ask the provider within a transaction, must not believe what a browser brings
// back from the provider's page, and must not charge twice for one thing.
package checkout
