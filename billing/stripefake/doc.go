// Package stripefake is a stateful fake of Stripe's API, version 2023-10-16.
//
// Tests start it with httptest; the product mounts it when it runs with
// ROOKERY_BILLING=fake, so that people can try billing without an account.
// Both drive it through stripe-go v76 unchanged: only the backend's URL
// differs. It knows nothing of the product and must not import its packages;
// nothing but tests and that demo mode may use it, and no money ever moves.
//
// # What it imitates
//
//   - Customers, payment methods (test cards), products, prices, coupons,
//     promotion codes, subscriptions with items, schedules of phases,
//     invoices with previews, payment intents, charges, refunds, disputes.
//   - Checkout, the customer portal and hosted invoices, as small HTML pages.
//   - Time: one global clock with an offset, and test clocks with Stripe's
//     limits (three customers, two intervals at once). Trials end,
//     invoices are drafted, finalised an hour later, paid or declined, retried
//     eight times in two weeks and then given up; incomplete subscriptions
//     and pending updates expire after 23 hours, Checkout sessions after 24.
//   - Proration by the second, in integers, each line rounded half away from
//     zero.
//   - The edge of the API: unknown parameters are refused, Idempotency-Key,
//     expand, cursors, Stripe's errors, the version header.
//   - Events, and webhooks signed and delivered at least once, in the shape of
//     the version the endpoint asks for. An endpoint made without a version
//     gets the account's, which is newer than the library: as with a new
//     account at Stripe.
//   - Trouble: see [Server.MisbehaveWebhooks], [Server.MisbehaveAPI] and the
//     other controls, also reachable under /_fake/.
//
// # What it does not
//
//   - A parameter, filter or endpoint it does not know is refused even where
//     Stripe has it: it never pretends.
//   - Only recurring licensed prices per unit, cards, and automatic
//     collection; one discount at a time; no credit notes, metered usage,
//     quotes, payment links, Connect, or search.
//   - Tax is one rate for all addresses ([Options.TaxBasisPoints]).
//   - A test clock has been advanced before the call answers "advancing"; the
//     first look finds it ready.
//   - customer.subscription.created always shows the state before the first
//     payment; an updated event follows, as Checkout does it.
//   - Newer versions' payloads are imitated in the fields the library lost
//     (periods on items, an invoice's parent), not in all of them.
//
// All state is in memory behind one mutex and ids come from counters, so that
// a test sees the same ids at each run.
package stripefake
