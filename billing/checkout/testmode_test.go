package checkout_test

import (
	"testing"

	"rookery/internal/testkit/billingtest"
)

// What the till asks for, by the driver for Stripe's test mode.
func TestThroughTestMode(t *testing.T) {
	billingtest.ThroughTestMode(t, map[string]func(*testing.T){
		"buying":                 TestBuying,
		"a trial":                TestBuyingWithinTheTrial,
		"no card":                TestATrialWithoutACard,
		"declined":               TestTheFirstPaymentFails,
		"abandoned":              TestTheFirstPaymentIsAbandoned,
		"a code":                 TestACodeForAllOfIt,
		"a larger plan":          TestALargerPlan,
		"a smaller plan":         TestASmallerPlan,
		"a larger plan not paid": TestALargerPlanIsNotPaid,
		"an end":                 TestCancelAndResume,
		"a dispute":              TestNoChangeWhileSomethingIsOpen,
		"a deleted customer":     TestBuyingAfterTheCustomerWasDeleted,
		"more accounts":          TestMoreAccounts,
		"two tabs":               TestTwoTabs,
	})
}
