// Package billing says what a tenant is entitled to for what it pays: the plans, the
// states of a subscription, and the clock that moves a tenant from one standing to the
// next (docs/billing.md).
//
// It is rules alone: a function of what is known and of the time, so that no message from
// the payment provider is needed for the clock to act, and none that comes late, twice or
// in the wrong order can do harm. billing/ledger calls it when something was read from the
// provider, when time has passed and when usage was counted. It must not know Stripe,
// HTTP or SQL, and must not ask what time it is.
package billing
