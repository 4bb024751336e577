// Package stripegw speaks to Stripe, by stripe-go v76 and with API version 2023-10-16,
// which the library pins in every request.
//
// It turns Stripe's objects into the few facts that package billing knows, and errors into
// the codes that callers tell apart. billing/ledger reads by it, billing/checkout changes
// things by it. It must not decide anything, store anything, nor be called while somebody
// waits for a page that could do without.
package stripegw
