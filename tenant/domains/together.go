package domains

import (
	"slices"

	"rookery/tenant"
)

// Together is a claim of a tenant with the one that it belongs to: of a split domain the one
// on the service host first, then the one on what handles end in. A claim that has ended is
// alone; nil: there is no such claim.
func Together(all []Standing, id tenant.DomainID) []Standing {
	at := slices.IndexFunc(all, func(d Standing) bool { return d.ID == id })
	if at < 0 {
		return nil
	}
	asked := all[at]
	other := slices.IndexFunc(all, func(d Standing) bool {
		return d.ID != id && d.State != tenant.DomainReleased && (d.ID == asked.ServiceID || d.ServiceID == id)
	})
	switch {
	case other < 0 || asked.State == tenant.DomainReleased:
		return []Standing{asked}
	case asked.Role == tenant.HandleDomain:
		return []Standing{all[other], asked}
	}
	return []Standing{asked, all[other]}
}
