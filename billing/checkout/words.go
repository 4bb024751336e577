package checkout

import "rookery/internal/fault"

// What people read when something cannot be bought or changed just now.
var (
	errNoOffer  = fault.New(fault.Invalid, "There is no such plan to choose. Look at the plans again.")
	errMail     = fault.New(fault.Forbidden, "Confirm your mail address first: invoices go there.")
	errHas      = fault.New(fault.Conflict, "There is a plan already that is paid for. Change it in place of buying a second one.")
	errHeld     = fault.New(fault.Forbidden, "The people who run this platform have restricted your organisation: a payment would change nothing. Write to them first.")
	errLeaving  = fault.New(fault.Conflict, "The company is being deleted. Keep it first if you want to go on.")
	errPages    = fault.New(fault.TooMany, "Five pages to pay on were opened within an hour. Use the one that is open, or come back in an hour.")
	errAddress  = fault.New(fault.TooMany, "Many pages to pay on were opened from your network within an hour. Come back in an hour.")
	errCalm     = fault.New(fault.Unavailable, "New companies cannot buy anything for a few minutes, because many cards were refused on this platform just now. Nothing was charged. Try again in ten minutes.")
	errAway     = fault.New(fault.Unavailable, "The payment provider does not answer just now. Nothing was charged. Try again in a few minutes.")
	errUnsure   = fault.New(fault.Unavailable, "The payment provider does not answer just now. Within a minute we look whether it made the change; nothing is charged twice.")
	errLapsed   = fault.New(fault.Conflict, "The payment provider did not make the change, and nobody waits for it any more.")
	errStale    = fault.New(fault.Conflict, "Something about the plan was changed just now, perhaps in another window. Look at it again.")
	errBusy     = fault.New(fault.Conflict, "Something about the plan is being changed just now, perhaps in another window. Look again in a minute.")
	errNothing  = fault.New(fault.Conflict, "There is no plan that is paid for yet. Choose one first.")
	errSame     = fault.New(fault.Conflict, "This is your plan already.")
	errOwed     = fault.New(fault.Conflict, "A payment is missing. Pay it first; then the plan can be changed.")
	errPending  = fault.New(fault.Conflict, "A change of the plan waits for its payment. Pay it first, or wait until it lapses.")
	errEnding   = fault.New(fault.Conflict, "The plan is cancelled. Let it go on first; then it can be changed.")
	errPaused   = fault.New(fault.Conflict, "The plan is paused, because no card is known for it. Add one first.")
	errContract = fault.New(fault.Conflict, "Your plan is by contract. Write to the people who run this platform to change it.")
	errCurrency = fault.New(fault.Conflict, "A plan that runs stays in its currency. To pay in another one, cancel it and buy again once it has ended.")
	errDisputed = fault.New(fault.Conflict, "A payment is contested at the bank. The plan cannot be made larger until that is settled.")
	errTooMuch  = fault.New(fault.Conflict, "More is in use than this plan allows.")
	errNoChange = fault.New(fault.Conflict, "No change is planned.")
	errGoesOn   = fault.New(fault.Conflict, "The plan goes on already.")
	errNoPortal = fault.New(fault.Conflict, "There are no payments yet. Choose a plan first.")
)
