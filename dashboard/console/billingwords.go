package console

import (
	"rookery/billing"
	"rookery/tenant"
)

var billingStates = map[BillingState]string{
	BillingTrial: "Trial", BillingTrialing: "Trial", BillingActive: "Active", BillingEnding: "Ends soon", BillingGrace: "Payment failed",
	BillingRestricted: "Read-only", BillingSuspended: "Paused", BillingClosing: "Closing", BillingGiven: "Active",
}

// billingFeatures are what only some plans have.
var billingFeatures = map[tenant.Feature]string{
	tenant.Approvals: "Posts that wait for approval", tenant.Inbox: "A shared inbox", tenant.SingleSignOn: "Single sign-on",
}

// billingUses are what plans limit.
var billingUses = struct{ accounts, people, domains, storage, transfer, deliveries string }{
	"Accounts", "People", "Domains", "Storage", "Transfer", "Deliveries",
}

// billingIntervals are how often somebody pays.
var billingIntervals = map[billing.Interval]string{billing.Monthly: "By the month", billing.Yearly: "By the year"}

// billingInvoiceStates are the provider's words for invoices.
var billingInvoiceStates = map[string]string{
	"draft": "Being made", "open": "To be paid", "paid": "Paid", "void": "Cancelled", "uncollectible": "Not paid",
}

func featureWords(all []tenant.Feature) (out []string) {
	for _, f := range all {
		out = append(out, billingFeatures[f])
	}
	return out
}
