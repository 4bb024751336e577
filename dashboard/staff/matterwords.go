package staff

import (
	"rookery/billing/checkout"
	"rookery/billing/ledger"
	"rookery/billing/meter"
)

// MatterWords are what happened, and what a person can do about it.
type MatterWords struct{ Title, What, Do string }

// matterWords are those of each kind.
var matterWords = map[string]MatterWords{
	ledger.UnknownCustomer: {
		"A customer that is nobody’s", "The payment provider told us of a customer that belongs to no tenant. Somebody may pay and get nothing.",
		"Look the customer up at the provider. If it is a tenant’s, write the tenant’s number into its metadata as tenant_id, and look at the event again. If it is nobody’s, cancel what it has subscribed.",
	},
	ledger.CustomerGone: {
		"A customer was deleted", "Somebody deleted the customer at the payment provider. What it had subscribed ended with it, and the clock runs as after any end.",
		"Ask who did it and why. If it was a mistake, decide how the tenant stands until it has paid again, and tell its owner.",
	},
	ledger.UnknownPrice: {
		"A price that is in no plan", "A subscription is to a price that no plan of the file has. The tenant keeps the plan it had.",
		"Put the price into the plans file, or change the subscription at the provider to one that is there.",
	},
	ledger.DoublePaid: {
		"Two subscriptions at once", "A tenant pays twice: two of its subscriptions are live. The better one counts, nothing was cancelled by itself.",
		"Cancel the newer one at the provider, pay back what was charged for it, and tell the owner.",
	},
	ledger.Disputed: {
		"A payment is disputed", "The owner of a card contests a payment at the bank. Until it is settled nothing can be added; if it is lost, the paid time ends.",
		"Answer at the provider before the day it names: with the invoice, and what the tenant has used. Ask the owner whether it was a mistake.",
	},
	ledger.DisputeLost: {
		"A dispute was lost", "The bank gave a contested payment back to the owner of the card. The tenant’s paid time has ended, and its subscription at the payment provider is cancelled by itself.",
		"See at the provider that the subscription is cancelled. If the tenant is to go on nevertheless, decide how it stands, and ask its owner to choose a plan with another card.",
	},
	ledger.GivenBack: {
		"A payment was given back in full", "All of an invoice was refunded. The tenant keeps its plan until somebody decides otherwise.",
		"If the tenant is to end, cancel its subscription at the payment provider. If it was a courtesy, there is nothing to do.",
	},
	ledger.FraudWarning: {
		"A card may be stolen", "The bank that gave out a card believes that a payment was made by somebody else. A dispute follows as a rule.",
		"Look at the tenant and what it publishes. If it is not who it says, pay the money back, cancel the subscription, and restrict the tenant.",
	},
	ledger.FraudEnded: {
		"Fraud was ended by itself", "The bank that gave out a card believes that a payment was made by somebody else, and the tenant is younger than 30 days. By itself the payment was given back, the subscription ended and the tenant made read-only; its owners were told whom to write to.",
		"Look at the tenant and what it publishes. If it is honest, take the decision back that keeps it read-only and ask its owner to pay with another card. If it is not, suspend it.",
	},
	ledger.NotFinal: {
		"An invoice cannot be made", "The payment provider could not finish an invoice, mostly because the address has no country. Nothing is charged until it is, and the tenant keeps its plan.",
		"Ask the owner for the address of the company, or enter it at the provider; then finish the invoice there.",
	},
	checkout.CardTesting: {
		"Cards are being tried", "More than twenty payments were refused within ten minutes. Until that is over nothing can be bought by companies that are new or were refused; it opens again by itself.",
		"Look at the refused payments at the provider. If they come from one tenant or network, close that one, and pay back what went through.",
	},
	meter.OverLimit: {
		"More is in use than the plan allows", "For two weeks a tenant has had more accounts, people or domains than its plan. Its owners had three mails. Nothing was taken away, but nothing can be added.",
		"Ask the owner what is planned: a larger plan, or fewer. If it may stay as it is, decide so for a time.",
	},
	ledger.PaidForNothing: {
		"Money is taken for nothing", "A subscription is live and its tenant is being deleted, or is gone. By itself it is not renewed while the deletion can be undone, and ended after that.", "See at the provider that it is so, and pay back what was charged since.",
	},
}

func wordsOfMatter(kind string) MatterWords {
	if w, ok := matterWords[kind]; ok {
		return w
	}
	return MatterWords{kind, "This kind of matter has no words of its own yet; what was written down stands below.", "Look at the tenant and at the payment provider, then write down what you did."}
}
