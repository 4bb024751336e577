package ledger_test

import (
	"testing"

	"rookery/internal/testkit/billingtest"
)

// What the ledger hears and reads, by the driver for Stripe's test mode.
func TestThroughTestMode(t *testing.T) {
	billingtest.ThroughTestMode(t, map[string]func(*testing.T){
		"a first payment":     TestTheFirstPayment,
		"a renewal fails":     TestARenewalFails,
		"an end":              TestCancelAndResume,
		"two subscriptions":   TestTwoSubscriptions,
		"a refund, a dispute": TestRefundsAndDisputes,
		"a dispute is lost":   TestMoneyThatGoesBack,
		"a deleted customer":  TestWhatSomebodyChangedAtTheProvider,
		"a price that went":   TestPricesThatWent,
		"collection pauses":   TestCollectionIsPaused,
		"other customers":     TestEventsThatAreNotOurs,
	})
}
