package doctor

import (
	"strings"

	"rookery/tenant"
	"rookery/tenant/domains/look"
)

// NamesOf are the names of claims that belong together (domains.Together), for recipes and
// letters. Ports are those of development, which DNS knows nothing of.
func NamesOf(edge string, addresses []string, together ...*tenant.Domain) Names {
	n := Names{Edge: edge, Addresses: addresses}
	for _, d := range together {
		host, _, _ := strings.Cut(d.Name, ":")
		if d.Role == tenant.HandleDomain {
			n.Handle = host
		} else {
			n.Service = host
		}
		if d.Token != "" {
			n.Proofs = append(n.Proofs, Proof{Record: look.ChallengeLabel + "." + host, Value: look.ProofOf(d.Token)})
		}
	}
	if n.Service == "" {
		n.Service = n.Handle // alone: what it belonged to is gone
	}
	if n.Handle == "" {
		n.Handle = n.Service
	}
	return n
}
