package inbox

import (
	"slices"

	"rookery/federation/vocab"
	"rookery/tenant"
)

// relational is what keeps true who follows whom, what was taken back and who somebody is:
// a server that never hears of it again would go on sending to people who are gone, or
// believe in follows that ended. It is all that a tenant takes in whose pages are closed for
// want of payment. It answers 202 to the rest: for a server that is refused for a week the
// whole of the tenant would be gone (Mastodon stops delivering then).
var relational = []string{
	vocab.TypeFollow, vocab.TypeAccept, vocab.TypeReject, vocab.TypeUndo, vocab.TypeDelete, vocab.TypeBlock, vocab.TypeMove, vocab.TypeUpdate,
}

func (i *Inbox) takes(t *tenant.Tenant, kind string) bool {
	return t.Entitlement.Standing.TakesAll() || slices.Contains(relational, kind)
}

// Dropped is how many activities were dropped because their tenant's standing takes in
// relations alone.
func (i *Inbox) Dropped() uint64 { return i.dropped.Load() }
